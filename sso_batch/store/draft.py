"""A file that is being written; it is deleted unless it is published."""

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from sso_batch.open_files import retry_when_exhausted
from sso_batch.store.file_entry import Checksum, FileEntry, FileKind

_MODE = 0o600  # reports contain personal data

_GROUP_AND_OTHERS = 0o077

_CANNOT_SYNC = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
"""Errors of file systems that cannot sync files; a failed sync has other error numbers."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""Flags that neither open an existing file nor follow a link."""


def is_file_name(name: str) -> bool:
    """Return whether a name, which can have folders in it, stays in its store."""
    return "\0" not in name and not {"", ".", ".."} & set(name.split("/"))


def validate_file_name(name: str) -> str:
    """Return a file name; raise ValueError if it would leave the store, which is a bug."""
    if not is_file_name(name):
        raise ValueError(f"the file name {name!r} would leave the store")
    return name


class Draft:
    """A file that will be published as `name`; until then it has a hidden name in `directory`.

    Folders in `name` are not created before it is published. Leaving the `with` block deletes an unpublished
    file.
    """

    SUFFIX = "part"

    def __init__(self, name: str, directory: Path, kind: FileKind = FileKind.OTHER) -> None:
        self.name = name
        self.kind = kind
        self.rows = 0
        file_name = validate_file_name(name).rpartition("/")[2]
        self.path = directory / f".{file_name}.{secrets.token_hex(4)}.{self.SUFFIX}"
        self._checksum = Checksum()
        descriptor = retry_when_exhausted(lambda: os.open(self.path, _NEW, _MODE))
        with contextlib.suppress(OSError):  # some mounts reject or ignore modes: see `private`
            os.fchmod(descriptor, _MODE)  # the umask may have removed bits
        self.private = not stat.S_IMODE(os.fstat(descriptor).st_mode) & _GROUP_AND_OTHERS
        """Whether only the owner can access the file."""
        self._file = os.fdopen(descriptor, "wb", buffering=1 << 16)

    def write(self, data: bytes) -> None:
        """Append bytes; raise OSError if they cannot be written."""
        self._file.write(data)
        self._checksum.update(data)

    def close(self) -> FileEntry:
        """Sync the file to disk and return its entry."""
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
        with contextlib.suppress(OSError):  # flushing the buffer fails again on a full disk
            self._file.close()
        self.path.unlink(missing_ok=True)
