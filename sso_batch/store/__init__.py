"""Where files go: each appears whole or not at all, and is never overwritten unawares."""

from sso_batch.store.draft import Draft, FileEntry
from sso_batch.store.folder import Folder
from sso_batch.store.place import Store, Stored, lines
from sso_batch.store.trouble import PlaceError, Trouble, trouble

__all__ = ["Draft", "FileEntry", "Folder", "PlaceError", "Store", "Stored", "Trouble", "lines", "trouble"]
