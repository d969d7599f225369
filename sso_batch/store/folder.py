"""A store in a folder: a file appears complete or not at all, and is never overwritten."""

import contextlib
import errno
import os
import secrets
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sso_batch.errors import OutputError
from sso_batch.open_files import retry_when_exhausted
from sso_batch.store.draft import Draft, validate_file_name
from sso_batch.store.errors import StorageError
from sso_batch.store.file_entry import FileEntry, FileKind
from sso_batch.store.protocol import StoredFile

_CHUNK = 1 << 20

_CHOOSE_ANOTHER = "choose a folder that this user can write to with --output or output.directory"

_MODE = 0o700  # reports contain personal data

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

_CLAIM_TIMEOUT = 10.0
"""Seconds after which a claim is considered abandoned by a killed process; a rename takes milliseconds."""

_POLL_INTERVAL = 0.1

_NOT_PRIVATE = (
    "the file system of the output folder does not keep file modes: anyone with access to the folder can "
    "read the reports; restrict access to the mount"
)


_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Folder:
    """A folder on a local disk or a mounted volume.

    The folder may be a symbolic link, but links in it are never followed: the name of a link counts as taken,
    and no file is read or written through it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._private = True

    @property
    def name(self) -> str:
        """The folder's path, as configured."""
        return str(self.directory)

    @property
    def caveats(self) -> tuple[str, ...]:
        """The limitations that `check` or `prepare` found."""
        return () if self._private else (_NOT_PRIVATE,)

    def check(self) -> None:
        """Test the folder as `prepare` does, without creating it; raise OutputError if it is unusable."""
        try:
            if self.directory.is_dir():
                self._test(self.directory)
                return
            absolute = self.directory.absolute()
            parent = next(path for path in absolute.parents if os.path.lexists(path))
            if os.path.lexists(absolute):
                parent = absolute  # a file: creating a folder in it raises the error to report
            probe = parent / f".sso-batch-probe-{secrets.token_hex(4)}"
            probe.mkdir(_MODE)
            try:
                self._test(probe)
            finally:
                with contextlib.suppress(OSError):  # NFS keeps a deleted file for a moment
                    probe.rmdir()
        except OSError as error:
            raise self._unusable(error) from error

    def prepare(self) -> None:
        """Create the folder and test that files can be published in it; raise OutputError if not."""
        try:
            make_private(self.directory)
            self._test(self.directory)
        except OSError as error:
            raise self._unusable(error) from error

    def _test(self, directory: Path) -> None:
        """Do what a run does with a hidden file: write, publish, replace, read, remove."""
        folder = Folder(directory)
        name = f".sso-batch-probe-{secrets.token_hex(4)}"
        try:
            for replace in (False, True):
                with folder.draft(name) as probe:
                    probe.write(b"x")
                    folder.publish(probe, replace=replace)
                    self._private = probe.private
            b"".join(folder.read(name))
        finally:
            with contextlib.suppress(OSError):
                folder.remove(name)

    def _unusable(self, error: OSError) -> OutputError:
        return OutputError(
            f"cannot write to the output folder {self.directory}: {error.strerror or error}",
            hint=_CHOOSE_ANOTHER,
        )

    def stored(self) -> Iterator[StoredFile]:
        """Yield everything in the folder."""
        for path in self.directory.iterdir():
            with contextlib.suppress(FileNotFoundError):  # deleted in the meantime
                yield StoredFile(path.name, datetime.fromtimestamp(path.lstat().st_mtime, UTC))

    def draft(self, name: str, kind: FileKind = FileKind.OTHER) -> Draft:
        """Return a new file that can be published as `name`."""
        return Draft(name, self.directory, kind)

    def read(self, name: str, *, skip: int = 0) -> Iterator[bytes]:
        """Yield a published file in chunks, without its first `skip` bytes."""
        with os.fdopen(_open_regular_file(self.directory / validate_file_name(name)), "rb") as file:
            file.seek(skip)
            while chunk := file.read(_CHUNK):
                yield chunk

    def publish(self, *drafts: Draft, replace: bool = False) -> tuple[FileEntry, ...]:
        """Give the drafts their final names in order, all of them or none; return their entries.

        Raise FileExistsError if a name is taken, unless `replace` is set.
        """
        entries = tuple(draft.close() for draft in drafts)
        published: list[Path] = []
        try:
            for draft in drafts:
                final = self.directory / draft.name
                if replace:
                    draft.path.replace(final)
                else:
                    _link(draft.path, final)
                    published.append(final)
            self._sync()
        except OSError:
            for path in published:
                path.unlink(missing_ok=True)
            raise
        return entries

    def remove(self, name: str) -> None:
        """Remove a published file if it exists."""
        (self.directory / validate_file_name(name)).unlink(missing_ok=True)

    def _sync(self) -> None:
        """Sync the new names to disk."""
        try:
            descriptor = retry_when_exhausted(
                lambda: os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            )
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC:
                raise


def make_private(directory: Path) -> None:
    """Create a folder and its parents with access for their owner only, whatever the umask.

    Existing folders stay unchanged. Raise OSError on failure.
    """
    try:
        directory.mkdir(_MODE)
    except FileNotFoundError:
        make_private(directory.parent)
        make_private(directory)
    except FileExistsError:
        if not directory.is_dir():
            raise
    else:
        with contextlib.suppress(OSError):  # some mounts reject modes
            directory.chmod(_MODE)  # the umask may have removed bits


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
