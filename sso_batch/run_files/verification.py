"""Compares a run's files with its manifest: missing, changed, unreadable, extra."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sso_batch.model import Snapshot
from sso_batch.run_files.file_names import MANIFEST, RUN_FILE
from sso_batch.run_files.manifest import Manifest, ManifestError, RunFile, read_run_file
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
    """Yield the state of each file of the manifest in its order, then of the extra files; raise OSError.

    A run file is reported only if it is missing or changed. The manifest of a shard covers only the folders
    of its own organizations.
    """
    entries = manifest.outcome.all_files
    for entry in entries:
        yield _verify_file(store, entry)
    run = _run_file(store, manifest)
    if isinstance(run, VerifiedFile):
        yield run
    names, shards = manifest.names, run.shards if isinstance(run, RunFile) else 0
    known = {RUN_FILE, MANIFEST, *map(names.shard_manifest, range(shards))}
    known.update(entry.name for entry in entries)
    folders = tuple(f"{names.organization_folder(each.name)}/" for each in manifest.organizations)
    for name in sorted(file.name for file in store.stored() if not file.unpublished):
        if name not in known and (manifest.shard is None or name.startswith(folders)):
            yield VerifiedFile(FileState.EXTRA, name, "is in the run's folder, but not in its manifest")


def _run_file(store: Store, manifest: Manifest) -> RunFile | VerifiedFile:
    """Return the run file, or why it is not as the run wrote it."""
    try:
        run = read_run_file(b"".join(store.read(RUN_FILE)))
    except FileNotFoundError:
        return VerifiedFile(FileState.MISSING, RUN_FILE)
    except ManifestError as error:
        return VerifiedFile(FileState.CHANGED, RUN_FILE, error.message)
    except OSError as error:
        return VerifiedFile(FileState.UNREADABLE, RUN_FILE, explain_error(error).message)
    if run.names != manifest.names:
        return VerifiedFile(FileState.CHANGED, RUN_FILE, f"it belongs to the run {run.run_id} of {run.ts}")
    return run


def _verify_file(store: Store, entry: FileEntry) -> VerifiedFile:
    try:
        for _ in read_verified(store, entry):
            pass
    except FileChangedError as error:
        return VerifiedFile(error.state, entry.name, error.reason if error.state is FileState.CHANGED else "")
    except OSError as error:
        return VerifiedFile(FileState.UNREADABLE, entry.name, explain_error(error).message)
    return VerifiedFile(FileState.AS_WRITTEN, entry.name)
