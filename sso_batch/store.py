"""Where files go: a folder in which a file appears whole or not at all, and is never overwritten."""

import contextlib
import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sso_batch.errors import OutputError

_MODE = 0o600  # reports name people

_CHUNK = 1 << 20

_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A published file as the manifest names it; `rows` is 0 where a file has none to count."""

    name: str
    sha256: str
    rows: int
    bytes: int


class Draft:
    """A file that is being written, under a hidden name beside its final one.

    Leaving the `with` block removes whatever was not published.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        self.rows = 0
        self.final = directory / name
        self.path = directory / f".{name}.{secrets.token_hex(4)}.part"
        self._digest = hashlib.sha256()
        self._bytes = 0
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        self._file = os.fdopen(descriptor, "wb", buffering=1 << 16)

    def write(self, data: bytes) -> None:
        """Append bytes; raises OSError where they do not fit."""
        self._file.write(data)
        self._digest.update(data)
        self._bytes += len(data)

    def close(self) -> FileEntry:
        """Bring every byte to the disk and give the finished file's entry."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        return FileEntry(self.name, self._digest.hexdigest(), self.rows, self._bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # a full disk refuses the buffer's last bytes once more
            self._file.close()
        self.path.unlink(missing_ok=True)


class Folder:
    """A folder on a local disk or a mounted volume."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

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
                hint="name a folder that this user may write to with --output or output.directory",
            ) from error

    def names(self) -> Iterator[str]:
        """The names of the files that are in the folder."""
        return (entry.name for entry in self.directory.iterdir())

    def draft(self, name: str) -> Draft:
        """A new file to be published under `name`."""
        return Draft(self.directory, name)

    def read(self, name: str, *, skip: int = 0) -> Iterator[bytes]:
        """A published file in chunks, without its first `skip` bytes."""
        with (self.directory / name).open("rb") as file:
            file.seek(skip)
            while chunk := file.read(_CHUNK):
                yield chunk

    def publish(self, *drafts: Draft) -> tuple[FileEntry, ...]:
        """Give the drafts their final names, in this order: all of them or none.

        Raises FileExistsError where a name is taken: nothing is ever overwritten.
        """
        entries = tuple(draft.close() for draft in drafts)
        published: list[Path] = []
        try:
            for draft in drafts:
                _link(draft.path, draft.final)
                published.append(draft.final)
            self._sync()
        except OSError:
            for path in published:
                path.unlink(missing_ok=True)
            raise
        return entries

    def _sync(self) -> None:
        """Bring the new names to the disk, too."""
        descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:  # some network file systems cannot sync a folder
                raise
        finally:
            os.close(descriptor)


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
