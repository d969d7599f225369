"""The stores for a run's files: a folder or a prefix in S3.

A file appears complete or not at all, and no file is overwritten unintentionally.
"""

from sso_batch.store.draft import Draft
from sso_batch.store.errors import ErrorExplanation, StorageError, explain_error, to_output_error
from sso_batch.store.file_entry import Checksum, FileEntry, FileKind
from sso_batch.store.folder import Folder
from sso_batch.store.overwriting import OverwritingStore
from sso_batch.store.protocol import PREFIX, Store, StoredFile, decode_lines
from sso_batch.store.s3 import S3

__all__ = [
    "PREFIX",
    "S3",
    "Checksum",
    "Draft",
    "ErrorExplanation",
    "FileEntry",
    "FileKind",
    "Folder",
    "OverwritingStore",
    "StorageError",
    "Store",
    "StoredFile",
    "decode_lines",
    "explain_error",
    "to_output_error",
]
