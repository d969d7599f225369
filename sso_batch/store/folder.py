"""The store of one run in a folder: a file appears complete or not at all, and is never overwritten."""

import contextlib
import errno
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from sso_batch.open_files import retry_when_exhausted
from sso_batch.store.draft import Draft, validate_file_name
from sso_batch.store.errors import StorageError
from sso_batch.store.file_entry import FileEntry, FileKind
from sso_batch.store.private_folders import make_private, require_folder, sync_folder
from sso_batch.store.protocol import StoredFile

_CHUNK = 1 << 20

_NO_HARD_LINKS = {
    errno.EPERM,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
    errno.EMLINK,
    errno.EIO,
    errno.EXDEV,
    errno.EACCES,
    errno.EINVAL,
}
"""Errors of file systems without hard links: FAT, CIFS, Azure Files, some FUSE and NFS mounts."""

_CLAIM_TIMEOUT = 10.0
"""Seconds after which a claim is considered abandoned by a killed process; a rename takes milliseconds."""

_POLL_INTERVAL = 0.1

_UNPUBLISHED = re.compile(rf"\..+\.({Draft.SUFFIX}|claim)", re.DOTALL)
"""The names of drafts and claims."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Folder:
    """The folder `below` a root, which exists and may be a symbolic link.

    Links in it are never followed: the name of a link counts as taken, and no file is read or written through
    it. Folders are created when a file needs them.
    """

    def __init__(self, root: Path, *below: str) -> None:
        self.directory = root.joinpath(*below)
        self._root = root
        self._below = below

    @property
    def name(self) -> str:
        """The folder's path."""
        return str(self.directory)

    def stored(self) -> Iterator[StoredFile]:
        """Yield everything in the folder and its sub-folders except these; none if it does not exist."""
        with contextlib.suppress(FileNotFoundError):
            yield from _files(self._folder(()), "")

    def draft(self, name: str, kind: FileKind = FileKind.OTHER) -> Draft:
        """Return a new file that can be published as `name`."""
        return Draft(name, self._folder((), create=True), kind)

    def read(self, name: str) -> Iterator[bytes]:
        """Yield a published file in chunks."""
        with os.fdopen(_open_regular_file(self._path(name)), "rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    def publish(self, *drafts: Draft, replace: bool = False) -> tuple[FileEntry, ...]:
        """Give the drafts their final names in order, all of them or none; return their entries.

        Raise FileExistsError if a name is taken, unless `replace` is set.
        """
        entries = tuple(draft.close() for draft in drafts)
        published: list[Path] = []
        try:
            finals = [self._path(draft.name, create=True) for draft in drafts]
            for draft, final in zip(drafts, finals, strict=True):
                if replace:
                    draft.path.replace(final)
                else:
                    _link(draft.path, final)
                    published.append(final)
            for directory in dict.fromkeys(final.parent for final in finals):
                sync_folder(directory)
        except OSError:
            for path in published:
                path.unlink(missing_ok=True)
            raise
        return entries

    def remove(self, name: str) -> None:
        """Remove a published file if it exists."""
        with contextlib.suppress(FileNotFoundError):
            self._path(name).unlink()

    def _path(self, name: str, *, create: bool = False) -> Path:
        """Return the path of a file; raise OSError where a folder on the way to it is a link, or missing."""
        *folders, file_name = validate_file_name(name).split("/")
        return self._folder(folders, create=create) / file_name

    def _folder(self, folders: Iterable[str], *, create: bool = False) -> Path:
        path = self._root
        for folder in (*self._below, *folders):
            path /= folder
            if create:
                with contextlib.suppress(FileExistsError):  # a link or a file, which is refused below
                    make_private(path)
            require_folder(path)
        return path


def _files(directory: Path, prefix: str) -> Iterator[StoredFile]:
    """Yield the files in a folder and its sub-folders.

    A link is a file, and so is a sub-folder that cannot be listed, so that one organization's folder does not
    hide the others.
    """
    with os.scandir(directory) as entries:
        for entry in entries:
            name = f"{prefix}{entry.name}"
            with contextlib.suppress(FileNotFoundError):  # deleted in the meantime
                if entry.is_dir(follow_symlinks=False) and os.access(entry.path, os.R_OK | os.X_OK):
                    yield from _files(Path(entry.path), f"{name}/")
                else:
                    modified = datetime.fromtimestamp(entry.stat(follow_symlinks=False).st_mtime, UTC)
                    yield StoredFile(name, modified, bool(_UNPUBLISHED.fullmatch(entry.name)))


def _open_regular_file(path: Path) -> int:
    """Open a file for reading and return its descriptor; raise StorageError if it is not a regular file."""
    try:
        descriptor = retry_when_exhausted(lambda: os.open(path, _READ))
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _not_a_file(path) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_a_file(path)
    return descriptor


def _not_a_file(path: Path) -> StorageError:
    return StorageError(
        "NotAFile",
        f"{path.name} is not a regular file (a symbolic link, folder or pipe) and was not read",
        hint="remove it from the output folder",
    )


def _link(path: Path, final: Path) -> None:
    """Move `path` to `final` unless that name is taken; atomically if the file system has hard links."""
    try:
        os.link(path, final, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        with _claimed(final):
            if os.path.lexists(final):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(final)) from error
            path.rename(final)


@contextlib.contextmanager
def _claimed(final: Path) -> Iterator[None]:
    """Claim a file name with a hidden file that only one process can create.

    An empty file with the final name would also do, but a reader could mistake it for the report.
    """
    claim = final.with_name(f".{final.name}.claim")
    deadline = time.monotonic() + _CLAIM_TIMEOUT
    while True:
        try:
            os.close(os.open(claim, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            if os.path.lexists(final):
                raise
            if time.monotonic() >= deadline:  # its process was killed
                claim.unlink(missing_ok=True)
            else:
                time.sleep(_POLL_INTERVAL)
        else:
            break
    try:
        yield
    finally:
        claim.unlink(missing_ok=True)
