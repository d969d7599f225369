"""Compares a run's files with its manifest: missing, changed, unreadable, extra."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sso_batch.model import Snapshot
from sso_batch.run_files.manifest import Manifest
from sso_batch.run_files.run import until_stopped
from sso_batch.run_files.snapshot import decode
from sso_batch.store import Checksum, FileEntry, StorageError, Store, decode_lines, explain_error

FILES_CHANGED = "FilesChanged"
"""The code of the gap of an organization whose files are not as they were written."""


class FileState(StrEnum):
    """The result of comparing a file with its entry."""

    AS_WRITTEN = "ok"
    MISSING = "missing"
    CHANGED = "changed"
    UNREADABLE = "unreadable"
    EXTRA = "extra"


@dataclass(frozen=True, slots=True)
class VerifiedFile:
    """One file, and in `reason` why it is not as it was written."""

    state: FileState
    name: str
    reason: str = ""


class FileChangedError(StorageError):
    """A file of a run that does not match its entry: changed, cut off or missing."""

    def __init__(self, entry: FileEntry, state: FileState, reason: str) -> None:
        super().__init__(
            "FileChanged",
            f"{entry.name} is not as it was written: {reason}",
            hint="find out what else writes to the output place, then run again with --resume",
        )
        self.entry = entry
        self.state = state
        self.reason = reason


def read_verified(store: Store, entry: FileEntry) -> Iterator[bytes]:
    """Yield a file's chunks, and compare size and SHA-256 with its entry.

    Raises FileChangedError, after the last chunk at the latest, or another OSError.
    """
    checksum = Checksum()
    try:
        for chunk in store.read(entry.name):
            checksum.update(chunk)
            yield chunk
    except FileNotFoundError as error:
        raise FileChangedError(entry, FileState.MISSING, "the file is missing") from error
    if checksum.bytes != entry.bytes:
        reason = f"{checksum.bytes} bytes instead of {entry.bytes}"
        raise FileChangedError(entry, FileState.CHANGED, reason)
    if checksum.sha256 != entry.sha256:
        raise FileChangedError(entry, FileState.CHANGED, "same size, different content")


def read_snapshot(store: Store, entry: FileEntry, stop: threading.Event) -> Snapshot:
    """Return the snapshot in the file that an entry names.

    Raises FileChangedError where the file does not match the entry, Stopped, another OSError, or
    SnapshotError.
    """
    return decode(until_stopped(decode_lines(read_verified(store, entry)), stop))


def verify(store: Store, manifest: Manifest) -> Iterator[VerifiedFile]:
    """Yield the state of each file of the manifest in its order, then of the extra files; raise OSError."""
    entries = manifest.outcome.all_files
    for entry in entries:
        yield _verify_file(store, entry)
    listed = {entry.name for entry in entries}
    for name in sorted(stored.name for stored in store.stored()):
        if name not in listed and _covers(manifest, name):
            yield VerifiedFile(FileState.EXTRA, name, "belongs to this run, but is not in its manifest")


def _covers(manifest: Manifest, name: str) -> bool:
    """Return whether the manifest would have to list a file of that name.

    The manifest of a shard lists the files of its own organizations alone.
    """
    names = manifest.names
    if not names.taken(name) or names.is_manifest(name):
        return False
    return manifest.shard is None or any(
        names.is_named_after(organization.name, name) for organization in manifest.organizations
    )


def _verify_file(store: Store, entry: FileEntry) -> VerifiedFile:
    try:
        for _ in read_verified(store, entry):
            pass
    except FileChangedError as error:
        return VerifiedFile(error.state, entry.name, error.reason if error.state is FileState.CHANGED else "")
    except OSError as error:
        return VerifiedFile(FileState.UNREADABLE, entry.name, explain_error(error).message)
    return VerifiedFile(FileState.AS_WRITTEN, entry.name)
