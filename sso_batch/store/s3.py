"""The store of one run in S3: a file appears complete or not at all."""

import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sso_batch.store.draft import Draft, is_file_name, validate_file_name
from sso_batch.store.errors import StorageError, explain_error
from sso_batch.store.file_entry import FileEntry, FileKind
from sso_batch.store.private_folders import make_private
from sso_batch.store.protocol import StoredFile
from sso_batch.store.spool import SpooledDraft


class BucketClient(Protocol):
    """The operations on a bucket that a store needs; all failures raise OSError."""

    def prove(self, key: str, *, patient: bool) -> None:
        """Test that `key`, which does not exist, could be written; leave nothing behind.

        With `patient`, retry as every other call does; otherwise for a few seconds only.
        """

    def upload(self, key: str, path: Path, sha256: str, *, replace: bool) -> None:
        """Upload a file; raise FileExistsError if the key exists, unless `replace` is set."""

    def read(self, key: str) -> Iterator[bytes]:
        """Return an object in chunks; raise FileNotFoundError."""

    def listed(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """Return all keys with `prefix`, each with its time of modification."""

    def folders(self, prefix: str) -> Iterator[str]:
        """Return what comes after `prefix`, up to the next slash, each once, without listing the keys."""

    def delete(self, key: str) -> None:
        """Delete an object if it exists."""


class S3:
    """The store of one run in a prefix of a bucket; drafts are written to the local folder `spool`.

    Files that cannot be uploaded are kept there, in a folder that the error names.
    """

    def __init__(self, bucket: str, prefix: str, objects: BucketClient, spool: Path) -> None:
        self.name = f"s3://{bucket}/{prefix}".rstrip("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._objects = objects
        self._spool = spool
        self._kept_files: Path | None = None
        self._tested = False

    def stored(self) -> Iterator[StoredFile]:
        """Yield the files of the run; keys that no store can have, such as those of folders, are none."""
        for key, modified in self._objects.listed(self._prefix):
            name = key.removeprefix(self._prefix)
            if is_file_name(name):
                yield StoredFile(name, modified)

    def draft(self, name: str, kind: FileKind = FileKind.OTHER) -> Draft:
        """Return a new file that can be published as `name`."""
        return SpooledDraft(name, self._spool, kind)

    def read(self, name: str) -> Iterator[bytes]:
        """Return a published file in chunks."""
        return self._objects.read(self._key(name))

    def publish(self, *drafts: Draft, replace: bool = False) -> tuple[FileEntry, ...]:
        """Upload the drafts in order, all of them or none as far as S3 allows; return their entries.

        Raise FileExistsError if a name is taken, unless `replace` is set. After any other failure keep the
        drafts, and name their folder in the error.
        """
        entries = tuple(draft.close() for draft in drafts)
        published: list[str] = []
        try:
            for draft, entry in zip(drafts, entries, strict=True):
                self._objects.upload(self._key(draft.name), draft.path, entry.sha256, replace=replace)
                if not replace:
                    published.append(draft.name)
                    self._test_first_file(draft, entry)
        except OSError as error:
            remaining = self._delete(published)
            if isinstance(error, FileExistsError) and not remaining:
                raise
            raise self._keep_drafts(drafts, error, remaining) from error
        return entries

    def remove(self, name: str) -> None:
        """Remove a published file if it exists."""
        self._objects.delete(self._key(name))

    def _key(self, name: str) -> str:
        return f"{self._prefix}{validate_file_name(name)}"

    def _test_first_file(self, draft: Draft, entry: FileEntry) -> None:
        """Upload the first file again, replace it and read it, because the end of a run needs all three.

        A bucket that accepts the second upload would overwrite other files, too. A bucket that rejects the
        replacement would prevent a resumed run from writing its manifest.
        """
        if self._tested:
            return
        key = self._key(draft.name)
        try:
            self._objects.upload(key, draft.path, entry.sha256, replace=False)
        except FileExistsError:
            self._objects.upload(key, draft.path, entry.sha256, replace=True)
            next(iter(self._objects.read(key)), None)
            self._tested = True
            return
        raise StorageError(
            "OverwritesFiles",
            f"{self.name} allowed an overwrite: it does not support conditional writes (If-None-Match)",
            hint="use Amazon S3, or another service that supports conditional writes",
        )

    def _delete(self, names: Iterable[str]) -> list[str]:
        """Remove published files; return the names of those that could not be removed."""
        remaining = []
        for name in names:
            try:
                self.remove(name)
            except OSError:
                remaining.append(name)
        return remaining

    def _keep_drafts(self, drafts: Iterable[Draft], error: OSError, remaining: list[str]) -> StorageError:
        """Move the drafts to a folder of kept files; return the error that names the folder."""
        explanation = explain_error(error)
        message, hint = explanation.message, explanation.hint
        if remaining:
            message += f"; {', '.join(remaining)} could not be removed"
        # The run file is written first; without it no other file is worth keeping.
        worth_keeping = [draft for draft in drafts if draft.kind is not FileKind.RUN_FILE]
        if worth_keeping:
            try:
                folder = self._kept_files_folder()
                for draft in worth_keeping:
                    kept = folder / draft.name
                    make_private(kept.parent)
                    draft.path.replace(kept)
                message += f"; the files are kept in {folder}"
                hint = "; ".join(filter(None, (hint, f"copy them from {folder}, or run again")))
            except OSError as second:
                message += f"; the files could not be kept either: {explain_error(second).message}"
        transient = isinstance(error, StorageError) and error.transient
        return StorageError(explanation.code, message, hint=hint, transient=transient)

    def _kept_files_folder(self) -> Path:
        if self._kept_files is None:
            self._kept_files = Path(tempfile.mkdtemp(prefix="sso-batch-kept-", dir=self._spool))  # mode 0700
        return self._kept_files
