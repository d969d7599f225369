"""A store that replaces existing files, for the manifest and merged files of a resumed or merged run."""

from collections.abc import Iterator

from sso_batch.store.draft import Draft
from sso_batch.store.file_entry import FileEntry, FileKind
from sso_batch.store.protocol import Store, StoredFile


class OverwritingStore:
    """A view of a store in which a published file replaces an existing one of the same name.

    It is safe for the manifest and merged files of one run: two processes that write them at the same time
    write the same bytes.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def name(self) -> str:
        """The address of the run's folder, as users write it."""
        return self._store.name

    def stored(self) -> Iterator[StoredFile]:
        """Return the files in the run's folder."""
        return self._store.stored()

    def draft(self, name: str, kind: FileKind = FileKind.OTHER) -> Draft:
        """Return a new file that can be published as `name`."""
        return self._store.draft(name, kind)

    def read(self, name: str) -> Iterator[bytes]:
        """Return a published file in chunks; raise FileNotFoundError."""
        return self._store.read(name)

    def publish(self, *drafts: Draft, replace: bool = True) -> tuple[FileEntry, ...]:
        """Give the drafts their final names in order, replacing existing files; return their entries."""
        del replace
        return self._store.publish(*drafts, replace=True)

    def remove(self, name: str) -> None:
        """Remove a published file if it exists."""
        self._store.remove(name)
