"""A run's files held against its manifest: what is missing, what has changed, what is there beside them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest_reading import Manifest
from sso_batch.store import PREFIX, Checksum, FileEntry, PlaceError, Store, trouble


class Finding(StrEnum):
    """What became of a file since its run."""

    AS_WRITTEN = "ok"
    MISSING = "missing"
    CHANGED = "changed"
    UNREADABLE = "unreadable"
    EXTRA = "extra"


@dataclass(frozen=True, slots=True)
class Verified:
    """One file, and in `reason` why it is not as it was written."""

    finding: Finding
    name: str
    reason: str = ""


class FileChangedError(PlaceError):
    """A file of a run that is not what its entry says: changed, cut off or gone."""

    def __init__(self, entry: FileEntry, finding: Finding, reason: str) -> None:
        super().__init__(
            "FileChanged",
            f"{entry.name} is not as it was written: {reason}",
            hint="find out what else writes to the output place, then run again with --resume",
        )
        self.entry = entry
        self.finding = finding
        self.reason = reason


def verified(store: Store, entry: FileEntry) -> Iterator[bytes]:
    """Yield a file's chunks, and compare them with its entry on the way.

    Raises FileChangedError, after the last chunk at the latest, or another OSError.
    """
    checksum = Checksum()
    try:
        for chunk in store.read(entry.name):
            checksum.update(chunk)
            yield chunk
    except FileNotFoundError as error:
        raise FileChangedError(entry, Finding.MISSING, "it is gone") from error
    if checksum.bytes != entry.bytes:
        raise FileChangedError(entry, Finding.CHANGED, f"{checksum.bytes} bytes instead of {entry.bytes}")
    if checksum.sha256 != entry.sha256:
        raise FileChangedError(entry, Finding.CHANGED, "the same size, other bytes")


def verify(store: Store, manifest: Manifest) -> Iterator[Verified]:
    """Look at each file of the manifest in its order, then at those beside them; raises OSError."""
    entries = [
        *manifest.outcome.files,
        *(file for one in manifest.outcome.organizations for file in one.files),
    ]
    for entry in entries:
        yield _verified(store, entry)
    listed = {entry.name for entry in entries}
    for name in sorted(one.name for one in store.stored()):
        if name not in listed and _covers(manifest, name):
            yield Verified(Finding.EXTRA, name, "of this run, and not in its manifest")


def _covers(manifest: Manifest, name: str) -> bool:
    """Whether a file of that name belongs to what the manifest answers for, were it there.

    That of a shard answers for its own organizations alone.
    """
    if not FileNames(manifest.run_id, manifest.ts).taken(name) or name.endswith("_manifest.json"):
        return False
    return manifest.shard is None or any(
        name.startswith(f"{PREFIX}{one.name}_{manifest.ts}") for one in manifest.outcome.organizations
    )


def _verified(store: Store, entry: FileEntry) -> Verified:
    try:
        for _ in verified(store, entry):
            pass
    except FileChangedError as error:
        return Verified(error.finding, entry.name, error.reason if error.finding is Finding.CHANGED else "")
    except OSError as error:
        return Verified(Finding.UNREADABLE, entry.name, trouble(error).message)
    return Verified(Finding.AS_WRITTEN, entry.name)
