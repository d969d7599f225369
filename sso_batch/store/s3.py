"""Where files go: a prefix of a bucket in S3, in which a file appears whole or not at all."""

import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sso_batch.errors import OutputError
from sso_batch.store.draft import Draft, within
from sso_batch.store.errors import PlaceError, trouble, unusable
from sso_batch.store.file_entry import FileEntry, FileKind
from sso_batch.store.protocol import PREFIX, Stored
from sso_batch.store.spool import SpooledDraft, remove_abandoned

_RUN_FILE = "_run.json"
"""How the name of a run's first file ends; a run that cannot begin has nothing to keep."""


class Objects(Protocol):
    """As much of a bucket as a place for files needs. Whatever fails raises OSError."""

    def prove(self, key: str, *, patient: bool) -> None:
        """Prove that `key`, which is not there, could be put; leaves nothing behind.

        `patient` waits for trouble to pass as every other call does; otherwise it has a few seconds.
        """

    def upload(self, key: str, path: Path, sha256: str, *, replace: bool) -> None:
        """Put a file, whose SHA-256 is `sha256`; raises FileExistsError where the key is taken."""

    def read(self, key: str, *, skip: int = 0) -> Iterator[bytes]:
        """An object in chunks, without its first `skip` bytes; raises FileNotFoundError."""

    def listed(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """The keys that begin with `prefix` and have no slash after it, and when each was written."""

    def delete(self, key: str) -> None:
        """Delete an object, if it is there."""


class S3:
    """A prefix of a bucket. Drafts are spooled in a local folder, `spool`.

    Files that could not be put are kept there, in a folder of their own that the error names.
    """

    def __init__(self, bucket: str, prefix: str, objects: Objects, spool: Path) -> None:
        self.name = f"s3://{bucket}/{prefix}".rstrip("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._objects = objects
        self._spool = spool
        self._kept: Path | None = None
        self._proved = False

    @property
    def caveats(self) -> tuple[str, ...]:
        """Nothing: who can read the objects is the bucket's matter."""
        return ()

    def check(self) -> None:
        """Find out, leaving nothing behind, whether files could be put here; raises OutputError."""
        self._prove(patient=False)

    def prepare(self) -> None:
        """Prove that files can be put here; raises OutputError.

        Drafts that a killed process left in the spool are removed.
        """
        remove_abandoned(self._spool)
        self._prove(patient=True)

    def _prove(self, *, patient: bool) -> None:
        try:
            with self.draft(f"{PREFIX}probe") as draft:
                draft.write(b"x")
                draft.close()
        except OSError as error:
            raise OutputError(
                f"cannot write to {self._spool}, where files are made before they go to {self.name}: "
                f"{trouble(error).message}",
                hint="name a folder that this user may write to in the environment variable TMPDIR",
            ) from error
        try:
            self._objects.prove(self._key(f"{PREFIX}probe"), patient=patient)
            next(self.stored(), None)
        except OSError as error:
            raise unusable(self.name, error) from error

    def stored(self) -> Iterator[Stored]:
        """The files of runs that are here."""
        for key, modified in self._objects.listed(self._key(PREFIX)):
            yield Stored(key.removeprefix(self._prefix), modified)

    def draft(self, name: str, kind: FileKind = FileKind.OTHER) -> Draft:
        """A new file to be published under `name`."""
        return SpooledDraft(name, self._spool, kind)

    def read(self, name: str, *, skip: int = 0) -> Iterator[bytes]:
        """A published file in chunks, without its first `skip` bytes."""
        return self._objects.read(self._key(name), skip=skip)

    def publish(self, *drafts: Draft, replace: bool = False) -> tuple[FileEntry, ...]:
        """Give the drafts their final names, in this order: all of them or none, as far as S3 lets us.

        Raises FileExistsError where a name is taken, unless it is to be replaced. After any other failure
        the drafts are kept, and the error tells where.
        """
        entries = tuple(draft.close() for draft in drafts)
        published: list[str] = []
        try:
            for draft, entry in zip(drafts, entries, strict=True):
                self._objects.upload(self._key(draft.name), draft.path, entry.sha256, replace=replace)
                if not replace:
                    published.append(draft.name)
                    self._prove_first(draft, entry)
        except OSError as error:
            left = self._take_back(published)
            if isinstance(error, FileExistsError) and not left:
                raise
            raise self._keep(drafts, error, left) from error
        return entries

    def remove(self, name: str) -> None:
        """Remove a published file, if it is there."""
        self._objects.delete(self._key(name))

    def _key(self, name: str) -> str:
        return f"{self._prefix}{within(name)}"

    def _prove_first(self, draft: Draft, entry: FileEntry) -> None:
        """Once, put the same file again, replace it, and read it: the end of a run needs all three.

        A place that does not refuse the second put would overwrite other files, too. A place that refuses to
        replace would keep a resumed run from its manifest.
        """
        if self._proved:
            return
        key = self._key(draft.name)
        try:
            self._objects.upload(key, draft.path, entry.sha256, replace=False)
        except FileExistsError:
            self._objects.upload(key, draft.path, entry.sha256, replace=True)
            next(iter(self._objects.read(key)), None)
            self._proved = True
            return
        raise PlaceError(
            "OverwritesFiles",
            f"{self.name} overwrites what is there: it does not know If-None-Match",
            hint="name a bucket of Amazon S3, or of a service that knows conditional writes",
        )

    def _take_back(self, names: Iterable[str]) -> list[str]:
        """Remove files whose companions could not be put; give those that are left all the same."""
        left = []
        for name in names:
            try:
                self.remove(name)
            except OSError:
                left.append(name)
        return left

    def _keep(self, drafts: Iterable[Draft], error: OSError, left: list[str]) -> PlaceError:
        """Move the drafts out of the way of their removal; give the error that tells where they are."""
        told = trouble(error)
        message, hint = told.message, told.hint
        if left:
            message += f"; {', '.join(left)} could not be taken back"
        worth = [draft for draft in drafts if not draft.name.endswith(_RUN_FILE)]
        if worth:
            try:
                folder = self._folder_to_keep()
                for draft in worth:
                    draft.path.replace(folder / draft.name)
                message += f"; the files are kept in {folder}"
                hint = "; ".join(filter(None, (hint, f"copy them from {folder}, or run again")))
            except OSError as second:
                message += f"; the files could not be kept either: {trouble(second).message}"
        transient = isinstance(error, PlaceError) and error.transient
        return PlaceError(told.code, message, hint=hint, transient=transient)

    def _folder_to_keep(self) -> Path:
        if self._kept is None:
            self._kept = Path(tempfile.mkdtemp(prefix="sso-batch-kept-", dir=self._spool))  # mode 0700
        return self._kept
