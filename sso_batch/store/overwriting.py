"""A place in which one run's files of the whole are written anew, over those of an earlier try."""

from collections.abc import Iterator

from sso_batch.store.draft import Draft
from sso_batch.store.file_entry import FileEntry, FileKind
from sso_batch.store.protocol import Store, Stored


class Replacing:
    """The same place, where whatever is published replaces a file of that name.

    For the manifest and the merged files of a run that is resumed or merged: two processes that do so at
    once write the same bytes.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def name(self) -> str:
        """The place as users write it."""
        return self._store.name

    @property
    def caveats(self) -> tuple[str, ...]:
        """What `check` or `prepare` found that a person should know."""
        return self._store.caveats

    def check(self) -> None:
        """Find out, leaving nothing behind, whether files could be made here; raises OutputError."""
        self._store.check()

    def prepare(self) -> None:
        """Prove that files can be made here; raises OutputError."""
        self._store.prepare()

    def stored(self) -> Iterator[Stored]:
        """The files that are here."""
        return self._store.stored()

    def draft(self, name: str, kind: FileKind = FileKind.OTHER) -> Draft:
        """A new file to be published under `name`."""
        return self._store.draft(name, kind)

    def read(self, name: str, *, skip: int = 0) -> Iterator[bytes]:
        """A published file in chunks, without its first `skip` bytes; raises FileNotFoundError."""
        return self._store.read(name, skip=skip)

    def publish(self, *drafts: Draft, replace: bool = True) -> tuple[FileEntry, ...]:
        """Give the drafts their final names, in this order, whether or not those are taken."""
        del replace
        return self._store.publish(*drafts, replace=True)

    def remove(self, name: str) -> None:
        """Remove a published file, if it is there."""
        self._store.remove(name)
