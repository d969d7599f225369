"""Local files before their upload to S3; the next run removes those of killed processes."""

import contextlib
import errno
import fcntl
import os
import stat
from pathlib import Path
from types import TracebackType

from sso_batch.store.draft import Draft
from sso_batch.store.file_entry import FileKind


class SpooledDraft(Draft):
    """A draft whose file is locked while its process runs and needs it."""

    SUFFIX = "sso-batch-spool"

    def __init__(self, name: str, directory: Path, kind: FileKind = FileKind.OTHER) -> None:
        while True:
            super().__init__(name, directory, kind)
            self._lock: int | None = os.dup(self._file.fileno())  # still open after the file is closed
            if self._locked(self._lock):
                return
            self.__exit__(None, None, None)  # another run mistook the new file for an abandoned one

    @staticmethod
    def _locked(descriptor: int) -> bool:
        """Lock the file if the file system supports locks; return False if another process removes it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno != errno.EWOULDBLOCK
        return os.fstat(descriptor).st_nlink > 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def remove_abandoned(directory: Path) -> None:
    """Remove this user's drafts whose lock is free, because their process has ended."""
    for path in directory.glob(f".*.{SpooledDraft.SUFFIX}"):
        with contextlib.suppress(OSError):  # of another user, in use, or removed in the meantime
            _remove_abandoned(path)


def _remove_abandoned(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    finally:
        os.close(descriptor)
