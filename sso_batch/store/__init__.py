"""Where files go: each appears whole or not at all, and is never overwritten unawares."""

from sso_batch.store.draft import Draft
from sso_batch.store.errors import PlaceError, Trouble, trouble, unusable
from sso_batch.store.file_entry import Checksum, FileEntry, FileKind
from sso_batch.store.folder import Folder
from sso_batch.store.overwriting import Replacing
from sso_batch.store.protocol import PREFIX, Store, Stored, lines
from sso_batch.store.s3 import S3

__all__ = [
    "PREFIX",
    "S3",
    "Checksum",
    "Draft",
    "FileEntry",
    "FileKind",
    "Folder",
    "PlaceError",
    "Replacing",
    "Store",
    "Stored",
    "Trouble",
    "lines",
    "trouble",
    "unusable",
]
