"""Where files go: a folder in which a file appears whole or not at all, and is never overwritten."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sso_batch.errors import OutputError
from sso_batch.open_files import patiently
from sso_batch.store.draft import Draft, FileEntry, within
from sso_batch.store.place import Stored
from sso_batch.store.trouble import PlaceError

_CHUNK = 1 << 20

_NAME_ANOTHER = "name a folder that this user may write to with --output or output.directory"

_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Folder:
    """A folder on a local disk or a mounted volume.

    It may be reached through a symbolic link, as whoever configures it says; what is in it may not be one:
    a link's name is taken, and no file is read or written through it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def name(self) -> str:
        """The folder's path, as it was given."""
        return str(self.directory)

    def check(self) -> None:
        """Look whether the folder could be made and written to; raises OutputError."""
        absolute = self.directory.absolute()
        there = next(path for path in (absolute, *absolute.parents) if path.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            raise OutputError(
                f"cannot write to the output folder {self.directory}: {there} is no folder that this user "
                "may write to",
                hint=_NAME_ANOTHER,
            )

    def prepare(self) -> None:
        """Create the folder and prove that a file can be made in it; raises OutputError."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with self.draft("aws_sso_access_report_probe") as probe:
                probe.write(b"x")
                probe.close()
        except OSError as error:
            raise OutputError(
                f"cannot write to the output folder {self.directory}: {error.strerror or error}",
                hint=_NAME_ANOTHER,
            ) from error

    def stored(self) -> Iterator[Stored]:
        """The files and whatever else is in the folder."""
        for path in self.directory.iterdir():
            with contextlib.suppress(FileNotFoundError):  # gone meanwhile
                yield Stored(path.name, datetime.fromtimestamp(path.lstat().st_mtime, UTC))

    def draft(self, name: str) -> Draft:
        """A new file to be published under `name`."""
        return Draft(name, self.directory)

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
        descriptor = patiently(lambda: os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY))
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:  # some network file systems cannot sync a folder
                raise
        finally:
            os.close(descriptor)


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
        # No hard links (FAT, some network mounts): look, then rename. Whoever takes the name in between
        # runs with the same run id at the same moment, which the run file has already refused.
        if os.path.lexists(final):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(final)) from error
        path.rename(final)
