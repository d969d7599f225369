"""Folders that only their owner can access, created and synced to disk, and never reached through a link."""

import contextlib
import errno
import os
import stat
from pathlib import Path

from sso_batch.open_files import retry_when_exhausted
from sso_batch.store.errors import StorageError

MODE = 0o700  # reports contain personal data

_NO_FOLDER_SYNC = {
    errno.EINVAL,
    errno.EBADF,
    errno.EACCES,
    errno.EPERM,
    errno.EISDIR,
    errno.ENOSYS,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
}
"""Errors of file systems that cannot open or sync a folder; a failed sync is EIO."""


def make_private(directory: Path) -> None:
    """Create a folder and its parents with access for their owner only, whatever the umask.

    Existing folders stay unchanged. Raise OSError on failure.
    """
    try:
        directory.mkdir(MODE)
    except FileNotFoundError:
        make_private(directory.parent)
        make_private(directory)
    except FileExistsError:
        if not directory.is_dir():
            raise
    else:
        with contextlib.suppress(OSError):  # some mounts reject modes
            directory.chmod(MODE)  # the umask may have removed bits
        sync_folder(directory.parent)


def require_folder(path: Path) -> None:
    """Raise StorageError if a path is not a folder itself, such as a link, or FileNotFoundError."""
    if not stat.S_ISDIR(path.lstat().st_mode):
        raise StorageError(
            "NotAFolder",
            f"{path.name} is not a folder (but a symbolic link or a file) and was not used",
            hint="remove it from the output folder, or use another --run-id or --output",
        )


def sync_folder(directory: Path) -> None:
    """Sync the names in a folder to disk; raise OSError on failure."""
    try:
        descriptor = retry_when_exhausted(
            lambda: os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        )
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
