"""A run's files held against its manifest: what is missing, what has changed, what is there beside them."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sso_batch.report.manifest import SCHEMA
from sso_batch.report.names import FileNames
from sso_batch.store import PREFIX, FileEntry, Store, trouble

_TS = re.compile(r"[0-9]{8}_[0-9]{6}", re.ASCII)
_NAME = re.compile(rf"{PREFIX}[A-Za-z0-9_.-]+", re.ASCII)


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


class ManifestError(ValueError):
    """A text that is no manifest; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a manifest says of its run. That of a shard answers for its own organizations alone."""

    name: str
    names: FileNames
    status: str
    shard: bool
    organizations: tuple[str, ...]
    files: tuple[FileEntry, ...]

    def covers(self, name: str) -> bool:
        """Whether a file of that name belongs to what the manifest answers for, were it there."""
        if not self.names.taken(name) or name.endswith("_manifest.json"):
            return False
        return not self.shard or any(
            name.startswith(f"{PREFIX}{one}_{self.names.ts}") for one in self.organizations
        )


def recorded(name: str, content: bytes) -> Recorded:
    """Read the manifest that is called `name`; raises ManifestError."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ManifestError("it is not JSON, or was cut off") from error
    try:
        if document["schema"] != SCHEMA:
            raise ManifestError(f"its schema is not {SCHEMA}: it was written by another version of sso-batch")
        if not _TS.fullmatch(_text(document["ts"])):
            raise ManifestError("its ts is no start of a run")
        organizations: list[dict[str, Any]] = document["organizations"]
        entries = [entry for part in (document, *organizations) for entry in part["files"]]
        return Recorded(
            name=name,
            names=FileNames(_text(document["run_id"]), _text(document["ts"])),
            status=_text(document["status"]),
            shard=document["shard"] is not None,
            organizations=tuple(_text(one["name"]) for one in organizations),
            files=tuple(_entry(entry) for entry in entries),
        )
    except (KeyError, TypeError) as error:
        raise ManifestError(f"it lacks what a manifest has: {error}") from error


def verify(store: Store, manifest: Recorded) -> Iterator[Verified]:
    """Look at each file of the manifest in its order, then at those beside them; raises OSError."""
    for entry in manifest.files:
        yield _verified(store, entry)
    listed = {entry.name for entry in manifest.files}
    for name in sorted(one.name for one in store.stored()):
        if name not in listed and manifest.covers(name):
            yield Verified(Finding.EXTRA, name, "of this run, and not in its manifest")


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


def _entry(entry: dict[str, Any]) -> FileEntry:
    name, size = _text(entry["name"]), entry["bytes"]
    if not _NAME.fullmatch(name):
        raise ManifestError("it names a file that no run writes")
    if not isinstance(size, int):
        raise TypeError("bytes")
    return FileEntry(name, _text(entry["sha256"]), entry["rows"], size)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
