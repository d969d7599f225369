"""A file that is being written: it counts and hashes what it holds, and is gone unless it is published."""

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from sso_batch.open_files import patiently
from sso_batch.store.file_entry import Checksum, FileEntry, FileKind

_MODE = 0o600  # reports name people

_OTHERS = 0o077

_CANNOT_SYNC = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
"""How file systems refuse to sync a file at all; a sync that fails has other numbers."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""Never a file that is there, nor through a link."""


def within(name: str) -> str:
    """A file's name, which must not lead out of its place; raises ValueError, since that is a defect."""
    if "/" in name or "\0" in name:
        raise ValueError("the name of a file leads out of its place")
    return name


class Draft:
    """A file to be published as `name`, under a hidden name in `directory` until then.

    Leaving the `with` block removes whatever was not published.
    """

    SUFFIX = "part"

    def __init__(self, name: str, directory: Path, kind: FileKind = FileKind.OTHER) -> None:
        self.name = name
        self.kind = kind
        self.rows = 0
        self.path = directory / f".{within(name)}.{secrets.token_hex(4)}.{self.SUFFIX}"
        self._checksum = Checksum()
        descriptor = patiently(lambda: os.open(self.path, _NEW, _MODE))
        with contextlib.suppress(OSError):  # some mounts refuse it, others ignore it: `private` tells
            os.fchmod(descriptor, _MODE)  # whatever the umask took away
        self.private = not stat.S_IMODE(os.fstat(descriptor).st_mode) & _OTHERS
        """Whether the file system keeps the file from everybody but its owner."""
        self._file = os.fdopen(descriptor, "wb", buffering=1 << 16)

    def write(self, data: bytes) -> None:
        """Append bytes; raises OSError where they do not fit."""
        self._file.write(data)
        self._checksum.update(data)

    def close(self) -> FileEntry:
        """Bring every byte to the disk and give the finished file's entry."""
        if not self._file.closed:
            self._file.flush()
            self._sync()
            self._file.close()
        return FileEntry(self.name, self.kind, self._checksum.sha256, self.rows, self._checksum.bytes)

    def _sync(self) -> None:
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            if error.errno not in _CANNOT_SYNC:
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # a full disk refuses the buffer's last bytes once more
            self._file.close()
        self.path.unlink(missing_ok=True)
