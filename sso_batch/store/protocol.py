"""What every place for files does, whatever it is made of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sso_batch.store.draft import Draft
from sso_batch.store.file_entry import FileEntry, FileKind

PREFIX = "aws_sso_access_report_"
"""How the name of every file of a run begins."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that is there, ours or somebody else's, and when it was last written."""

    name: str
    modified: datetime


class Store(Protocol):
    """A place for the files of runs.

    Whatever fails in it raises OSError, but `check` and `prepare` OutputError; `trouble` gives the words.
    """

    @property
    def name(self) -> str:
        """The place as users write it."""

    @property
    def caveats(self) -> tuple[str, ...]:
        """What `check` or `prepare` found that a person should know."""

    def check(self) -> None:
        """Find out, leaving nothing behind, whether files could be made here; raises OutputError."""

    def prepare(self) -> None:
        """Make the place if need be, and prove that files can be made here; raises OutputError."""

    def stored(self) -> Iterator[Stored]:
        """The files that are here."""

    def draft(self, name: str, kind: FileKind = FileKind.OTHER) -> Draft:
        """A new file to be published under `name`."""

    def read(self, name: str, *, skip: int = 0) -> Iterator[bytes]:
        """A published file in chunks, without its first `skip` bytes; raises FileNotFoundError."""

    def publish(self, *drafts: Draft, replace: bool = False) -> tuple[FileEntry, ...]:
        """Give the drafts their final names, in this order: all of them or none.

        Raises FileExistsError where a name is taken, unless it is to be replaced.
        """

    def remove(self, name: str) -> None:
        """Remove a published file, if it is there."""


def lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """A file's lines, each with its line break, from its chunks; raises UnicodeDecodeError."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield f"{line.decode()}\n"
    if rest:
        yield rest.decode()
