"""Where files go: a folder in which a file appears whole or not at all, and is never overwritten."""

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
from sso_batch.open_files import patiently
from sso_batch.store.draft import Draft, within
from sso_batch.store.errors import PlaceError
from sso_batch.store.file_entry import FileEntry, FileKind
from sso_batch.store.protocol import Stored

_CHUNK = 1 << 20

_NAME_ANOTHER = "name a folder that this user may write to with --output or output.directory"

_MODE = 0o700  # reports name people

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
"""How file systems refuse hard links: FAT, CIFS, Azure Files, some FUSE and NFS mounts."""

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
"""How file systems refuse to sync a folder at all, or to open it for that; a sync that fails gives EIO."""

_CLAIM_PATIENCE = 10.0
"""Seconds after which the claim on a name is of a process that was killed: a rename takes a moment."""

_LOOK = 0.1

_NOT_PRIVATE = (
    "the file system of the output folder does not keep file modes: whoever can reach the folder can read "
    "the reports; restrict the access where it is mounted"
)


_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Folder:
    """A folder on a local disk or a mounted volume.

    It may be reached through a symbolic link, as whoever configures it says; what is in it may not be one:
    a link's name is taken, and no file is read or written through it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._private = True

    @property
    def name(self) -> str:
        """The folder's path, as it was given."""
        return str(self.directory)

    @property
    def caveats(self) -> tuple[str, ...]:
        """What `check` or `prepare` found that a person should know."""
        return () if self._private else (_NOT_PRIVATE,)

    def check(self) -> None:
        """Prove as `prepare` does, but leave nothing behind, not even the folder; raises OutputError."""
        try:
            if self.directory.is_dir():
                self._prove(self.directory)
                return
            absolute = self.directory.absolute()
            above = next(path for path in absolute.parents if os.path.lexists(path))
            if os.path.lexists(absolute):
                above = absolute  # a file: what cannot be made in it says why
            made = above / f".sso-batch-probe-{secrets.token_hex(4)}"
            made.mkdir(_MODE)
            try:
                self._prove(made)
            finally:
                with contextlib.suppress(OSError):  # NFS keeps a removed file for a moment
                    made.rmdir()
        except OSError as error:
            raise self._unusable(error) from error

    def prepare(self) -> None:
        """Create the folder and prove that files can be published in it; raises OutputError."""
        try:
            make_private(self.directory)
            self._prove(self.directory)
        except OSError as error:
            raise self._unusable(error) from error

    def _prove(self, directory: Path) -> None:
        """Publish a hidden file as a run does: write, publish under a name that is free, replace, remove."""
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
            hint=_NAME_ANOTHER,
        )

    def stored(self) -> Iterator[Stored]:
        """The files and whatever else is in the folder."""
        for path in self.directory.iterdir():
            with contextlib.suppress(FileNotFoundError):  # gone meanwhile
                yield Stored(path.name, datetime.fromtimestamp(path.lstat().st_mtime, UTC))

    def draft(self, name: str, kind: FileKind = FileKind.OTHER) -> Draft:
        """A new file to be published under `name`."""
        return Draft(name, self.directory, kind)

    def read(self, name: str, *, skip: int = 0) -> Iterator[bytes]:
        """A published file in chunks, without its first `skip` bytes."""
        with os.fdopen(_regular(self.directory / within(name)), "rb") as file:
            file.seek(skip)
            while chunk := file.read(_CHUNK):
                yield chunk

    def publish(self, *drafts: Draft, replace: bool = False) -> tuple[FileEntry, ...]:
        """Give the drafts their final names, in this order: all of them or none.

        Raises FileExistsError where a name is taken, unless it is to be replaced.
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
        """Remove a published file, if it is there."""
        (self.directory / within(name)).unlink(missing_ok=True)

    def _sync(self) -> None:
        """Bring the new names to the disk, too."""
        try:
            descriptor = patiently(
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
    """Make a folder and those above it for their owner alone, whatever the umask; raises OSError.

    A folder that is there stays as it is.
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
        with contextlib.suppress(OSError):  # the mount decides
            directory.chmod(_MODE)  # whatever the umask took away


def _regular(path: Path) -> int:
    """Open a file to read it; a link, or what is no file at all, such as a pipe, is refused."""
    try:
        descriptor = patiently(lambda: os.open(path, _READ))
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _no_file(path) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _no_file(path)
    return descriptor


def _no_file(path: Path) -> PlaceError:
    return PlaceError(
        "NotAFile",
        f"{path.name} is a symbolic link, or no file at all, and is not read",
        hint="take it out of the output folder",
    )


def _link(path: Path, final: Path) -> None:
    """Move `path` to `final` unless that name is taken, in one step where the file system can."""
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
    """Hold a file name against every other process that publishes, by a hidden file that only one can create.

    An empty file under the final name would do as well, but a reader could take it for the report.
    """
    claim = final.with_name(f".{final.name}.claim")
    end = time.monotonic() + _CLAIM_PATIENCE
    while True:
        try:
            os.close(os.open(claim, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            if os.path.lexists(final):
                raise
            if time.monotonic() >= end:  # its process was killed
                claim.unlink(missing_ok=True)
            else:
                time.sleep(_LOOK)
        else:
            break
    try:
        yield
    finally:
        claim.unlink(missing_ok=True)
