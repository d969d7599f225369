"""A run's files held against its manifest: what is missing, what has changed, what is there beside them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sso_batch.report.manifest_reading import Manifest
from sso_batch.report.names import FileNames
from sso_batch.store import PREFIX, FileEntry, Store, trouble


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
    digest, size = hashlib.sha256(), 0
    try:
        for chunk in store.read(entry.name):
            digest.update(chunk)
            size += len(chunk)
    except FileNotFoundError:
        return Verified(Finding.MISSING, entry.name)
    except OSError as error:
        return Verified(Finding.UNREADABLE, entry.name, trouble(error).message)
    if size != entry.bytes:
        return Verified(Finding.CHANGED, entry.name, f"{size} bytes instead of {entry.bytes}")
    if digest.hexdigest() != entry.sha256:
        return Verified(Finding.CHANGED, entry.name, "the same size, other bytes")
    return Verified(Finding.AS_WRITTEN, entry.name)
