"""Writes one organization's files, and the merged ones, from snapshots; each whole or not at all."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Protocol

from sso_batch.access import resolve
from sso_batch.model import Snapshot
from sso_batch.run_files import access_csv
from sso_batch.run_files import snapshot as snapshot_file
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.verification import verified
from sso_batch.store import Checksum, FileEntry, FileKind, Store

_LINES_AT_ONCE = 5000


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """The run was told to end while a file was being written; the file is gone."""


@dataclass(frozen=True, slots=True)
class Written:
    """One organization's files, and how many rows its snapshot gives, written or not."""

    files: tuple[FileEntry, ...]
    rows: int


def write_organization(
    store: Store, names: FileNames, snapshot: Snapshot, *, csv: bool, escape: bool, stop: threading.Event
) -> Written:
    """The CSV, if wanted, and the snapshot, the snapshot last.

    Raises Stopped or OSError, and then there is neither.
    """
    name, complete = snapshot.organization, snapshot.complete
    with contextlib.ExitStack() as drafts:
        records = drafts.enter_context(
            store.draft(names.organization_snapshot(name, complete=complete), FileKind.SNAPSHOT)
        )
        wanted = [records]
        if csv:
            rows = drafts.enter_context(
                store.draft(names.organization_access(name, complete=complete), FileKind.ACCESS_CSV)
            )
            wanted = [rows, records]
            _write_rows(rows, snapshot, escape=escape, stop=stop)
        for lines in _batches(snapshot_file.encode(snapshot)):
            _unless(stop)
            records.write("".join(lines).encode())
        count = rows.rows if csv else count_rows(snapshot)
        _unless(stop)
        return Written(store.publish(*wanted), count)


def count_rows(snapshot: Snapshot) -> int:
    """How many rows a snapshot gives."""
    return sum(len(access.holders) for access in resolve(snapshot))


def access_entry(name: str, snapshot: Snapshot, *, escape: bool, stop: threading.Event) -> FileEntry:
    """The entry that a snapshot's CSV has to have. Raises Stopped."""
    rows = _RowChecksum()
    _write_rows(rows, snapshot, escape=escape, stop=stop)
    return FileEntry(name, FileKind.ACCESS_CSV, rows.checksum.sha256, rows.rows, rows.checksum.bytes)


def restore_access(
    store: Store, name: str, snapshot: Snapshot, *, escape: bool, stop: threading.Event
) -> None:
    """Write the CSV of a snapshot that is there, over whatever has its name. Raises Stopped, OSError."""
    with store.draft(name, FileKind.ACCESS_CSV) as draft:
        _write_rows(draft, snapshot, escape=escape, stop=stop)
        _unless(stop)
        store.publish(draft, replace=True)


class _Lines(Protocol):
    """What rows are written to."""

    rows: int

    def write(self, data: bytes) -> None:
        """Append bytes."""


class _RowChecksum:
    """Counts and hashes what is written, and keeps none of it."""

    def __init__(self) -> None:
        self.rows = 0
        self.checksum = Checksum()

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self.checksum.update(data)


def _write_rows(draft: _Lines, snapshot: Snapshot, *, escape: bool, stop: threading.Event) -> None:
    draft.write(access_csv.HEADER.encode())
    for text, count in access_csv.lines(resolve(snapshot), escape=escape):
        _unless(stop)
        draft.write(text.encode())
        draft.rows += count


def write_merged(
    store: Store, names: FileNames, parts: Sequence[FileEntry], *, complete: bool, stop: threading.Event
) -> FileEntry:
    """All organizations' rows under one header, in the order of `parts`, their CSVs.

    Each part is compared with its entry as it is copied. Raises Stopped or OSError, FileChangedError for a
    part that is not as it was written; then there is no merged file.
    """
    header = access_csv.HEADER.encode()
    with store.draft(names.access(complete=complete), FileKind.MERGED_ACCESS_CSV) as merged:
        merged.write(header)
        for part in parts:
            merged.rows += part.rows
            skip = len(header)
            for chunk in verified(store, part):
                _unless(stop)
                merged.write(chunk[skip:])
                skip = max(0, skip - len(chunk))
        _unless(stop)
        return store.publish(merged)[0]


def write_rows(
    store: Store,
    name: str,
    kind: FileKind,
    header: str,
    lines: Iterable[tuple[str, int]],
    *,
    stop: threading.Event,
) -> FileEntry:
    """A CSV of the whole run; `lines` are texts with how many rows each is."""
    with store.draft(name, kind) as draft:
        draft.write(header.encode())
        for text, count in lines:
            _unless(stop)
            draft.write(text.encode())
            draft.rows += count
        _unless(stop)
        return store.publish(draft)[0]


def write_document(store: Store, name: str, content: bytes) -> FileEntry:
    """A small file: the run file, the manifest."""
    with store.draft(name) as draft:
        draft.write(content)
        return store.publish(draft)[0]


def _unless(stop: threading.Event) -> None:
    if stop.is_set():
        raise Stopped


def checkpoint(stop: threading.Event) -> Callable[[], None]:
    """Return a function that raises Stopped once the run is to end, for work that calls it now and then."""
    return partial(_unless, stop)


def _batches(lines: Iterable[str]) -> Iterator[list[str]]:
    iterator = iter(lines)
    while batch := list(islice(iterator, _LINES_AT_ONCE)):
        yield batch
