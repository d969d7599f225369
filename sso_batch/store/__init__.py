"""The output places, a folder or a prefix in S3, and the stores for the files of the runs in them.

A file appears complete or not at all, and no file is overwritten unintentionally.
"""

from sso_batch.store.bucket_place import BucketPlace
from sso_batch.store.draft import Draft
from sso_batch.store.errors import ErrorExplanation, StorageError, explain_error, to_output_error
from sso_batch.store.file_entry import Checksum, FileEntry, FileKind
from sso_batch.store.folder import Folder
from sso_batch.store.folder_place import FolderPlace
from sso_batch.store.overwriting import OverwritingStore
from sso_batch.store.protocol import RUN_ID, Place, Store, StoredFile, decode_lines
from sso_batch.store.s3 import S3

__all__ = [
    "RUN_ID",
    "S3",
    "BucketPlace",
    "Checksum",
    "Draft",
    "ErrorExplanation",
    "FileEntry",
    "FileKind",
    "Folder",
    "FolderPlace",
    "OverwritingStore",
    "Place",
    "StorageError",
    "Store",
    "StoredFile",
    "decode_lines",
    "explain_error",
    "to_output_error",
]
