"""The interface of every store."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sso_batch.store.draft import Draft
from sso_batch.store.file_entry import FileEntry, FileKind

PREFIX = "aws_sso_access_report_"
"""The prefix of the names of a run's files."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a store, not necessarily of this program, and when it was last modified."""

    name: str
    modified: datetime


class Store(Protocol):
    """A store for the files of runs.

    `check` and `prepare` raise OutputError; all other methods raise OSError, which `explain_error` explains.
    """

    @property
    def name(self) -> str:
        """The store's address as users write it."""

    @property
    def caveats(self) -> tuple[str, ...]:
        """The limitations that `check` or `prepare` found."""

    def check(self) -> None:
        """Test that files can be written, leaving nothing behind; raise OutputError if not."""

    def prepare(self) -> None:
        """Create the store if necessary and test that files can be written; raise OutputError if not."""

    def stored(self) -> Iterator[StoredFile]:
        """Return the files in the store."""

    def draft(self, name: str, kind: FileKind = FileKind.OTHER) -> Draft:
        """Return a new file that can be published as `name`."""

    def read(self, name: str, *, skip: int = 0) -> Iterator[bytes]:
        """Return a published file in chunks, without its first `skip` bytes; raise FileNotFoundError."""

    def publish(self, *drafts: Draft, replace: bool = False) -> tuple[FileEntry, ...]:
        """Give the drafts their final names in order, all of them or none; return their entries.

        Raise FileExistsError if a name is taken, unless `replace` is set.
        """

    def remove(self, name: str) -> None:
        """Remove a published file if it exists."""


def decode_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a file from its chunks, with line breaks; raise UnicodeDecodeError."""
    rest = b""
    for chunk in chunks:
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            yield f"{line.decode()}\n"
    if rest:
        yield rest.decode()
