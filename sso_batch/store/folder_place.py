"""An output place in a folder: each run has a folder of its own in it."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from sso_batch.errors import OutputError
from sso_batch.store.folder import Folder
from sso_batch.store.private_folders import MODE, make_private
from sso_batch.store.protocol import RUN_ID

_CHOOSE_ANOTHER = "choose a folder that this user can write to with --output or output.directory"

_NOT_PRIVATE = (
    "the file system of the output folder does not keep file modes: anyone with access to the folder can "
    "read the reports; restrict access to the mount"
)


class FolderPlace:
    """A folder on a local disk or a mounted volume. It may be a symbolic link; no link in it is followed."""

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
        absolute = self.directory.absolute()
        parents = (absolute, *absolute.parents)
        with self._usable():
            self._test(next(path for path in parents if os.path.lexists(path)))

    def prepare(self) -> None:
        """Create the folder and test that runs can be written in it; raise OutputError if not."""
        with self._usable():
            make_private(self.directory)
            self._test(self.directory)

    def run_ids(self) -> Iterator[str]:
        """Yield the names of the folders that can be runs, and of links, which no run is read through."""
        nothing = contextlib.suppress(FileNotFoundError, NotADirectoryError)
        with nothing, os.scandir(self.directory) as entries:
            for entry in entries:
                if RUN_ID.fullmatch(entry.name) and (entry.is_symlink() or entry.is_dir()):
                    yield entry.name

    def run(self, run_id: str) -> Folder:
        """Return the store of a run, whether its folder exists or not."""
        return Folder(self.directory, run_id)

    def _test(self, parent: Path) -> None:
        """Do what a run does in a hidden folder: create it, write, publish, replace, read, remove."""
        probe = parent / f".sso-batch-probe-{secrets.token_hex(4)}"
        probe.mkdir(MODE)
        folder, name = Folder(probe), "probe"
        try:
            for replace in (False, True):
                with folder.draft(name) as draft:
                    draft.write(b"x")
                    folder.publish(draft, replace=replace)
                    self._private = draft.private
            b"".join(folder.read(name))
        finally:
            with contextlib.suppress(OSError):  # NFS keeps a deleted file for a moment
                folder.remove(name)
                probe.rmdir()

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"cannot write to the output folder {self.directory}: {error.strerror or error}",
                hint=_CHOOSE_ANOTHER,
            ) from error
