"""Where files go: each appears whole or not at all, and is never overwritten unawares."""

from sso_batch.store.draft import Draft, FileEntry
from sso_batch.store.folder import Folder
from sso_batch.store.place import Store, Stored, lines
from sso_batch.store.replacing import Replacing

__all__ = ["Draft", "FileEntry", "Folder", "Replacing", "Store", "Stored", "lines"]
