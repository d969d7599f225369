"""The interfaces of every output place, and of the store for one run in it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sso_batch.store.draft import Draft
from sso_batch.store.file_entry import FileEntry, FileKind

RUN_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}", re.ASCII)
"""What a run id looks like. It is the name of the run's folder, too."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a run's folder, not necessarily of this program, and when it was last modified.

    `name` is relative to the run's folder; `unpublished` says that it is a draft.
    """

    name: str
    modified: datetime
    unpublished: bool = False


class Store(Protocol):
    """A store for the files of one run: the run's folder.

    A name can have folders in it, as in `organizations/acme/snapshot.jsonl`. All methods raise OSError, which
    `explain_error` explains.
    """

    @property
    def name(self) -> str:
        """The address of the run's folder, as users write it."""

    def stored(self) -> Iterator[StoredFile]:
        """Return the files in the run's folder and its sub-folders; none if the folder does not exist."""

    def draft(self, name: str, kind: FileKind = FileKind.OTHER) -> Draft:
        """Return a new file that can be published as `name`."""

    def read(self, name: str) -> Iterator[bytes]:
        """Return a published file in chunks; raise FileNotFoundError."""

    def publish(self, *drafts: Draft, replace: bool = False) -> tuple[FileEntry, ...]:
        """Give the drafts their final names in order, all of them or none; return their entries.

        Raise FileExistsError if a name is taken, unless `replace` is set.
        """

    def remove(self, name: str) -> None:
        """Remove a published file if it exists."""


class Place(Protocol):
    """An output place: a folder, or a prefix in S3, with one folder for each run."""

    @property
    def name(self) -> str:
        """The place's address, as users write it."""

    @property
    def caveats(self) -> tuple[str, ...]:
        """The limitations that `check` or `prepare` found."""

    def check(self) -> None:
        """Test that runs can be written, leaving nothing behind; raise OutputError if not."""

    def prepare(self) -> None:
        """Create the place if necessary and test that runs can be written; raise OutputError if not."""

    def run_ids(self) -> Iterator[str]:
        """Yield the names of the folders that can be runs, in any order; raise OSError."""

    def run(self, run_id: str) -> Store:
        """Return the store of a run, whether its folder exists or not."""


def decode_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a file from its chunks, with line breaks; raise UnicodeDecodeError."""
    rest = b""
    for chunk in chunks:
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            yield f"{line.decode()}\n"
    if rest:
        yield rest.decode()
