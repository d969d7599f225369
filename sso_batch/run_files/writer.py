"""Writes an organization's files and the merged ones from snapshots; each appears complete or not at all."""

import contextlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from sso_batch.access import resolve
from sso_batch.model import Snapshot
from sso_batch.run_files import access_csv
from sso_batch.run_files import snapshot as snapshot_file
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.run import raise_if_stopped
from sso_batch.run_files.verification import read_verified
from sso_batch.store import Checksum, FileEntry, FileKind, Store

_LINES_PER_WRITE = 5000


@dataclass(frozen=True, slots=True)
class WrittenOrganization:
    """One organization's files, and how many rows its snapshot gives, with or without a CSV."""

    files: tuple[FileEntry, ...]
    rows: int


def write_organization(
    store: Store, names: FileNames, snapshot: Snapshot, *, csv: bool, escape: bool, stop: threading.Event
) -> WrittenOrganization:
    """Write the snapshot and, with `csv`, the access CSV; publish both at once, the snapshot last.

    Raises Stopped or OSError; then neither file exists.
    """
    name, complete = snapshot.organization, snapshot.complete
    snapshot_name = names.organization_snapshot(name, complete=complete)
    access_name = names.organization_access(name, complete=complete)
    with contextlib.ExitStack() as drafts:
        records = drafts.enter_context(store.draft(snapshot_name, FileKind.SNAPSHOT))
        to_publish = [records]
        if csv:
            rows = drafts.enter_context(store.draft(access_name, FileKind.ACCESS_CSV))
            to_publish = [rows, records]
            _write_access(rows, snapshot, escape=escape, stop=stop)
        for lines in _batches(snapshot_file.encode(snapshot)):
            raise_if_stopped(stop)
            records.write("".join(lines).encode())
        count = rows.rows if csv else count_rows(snapshot)
        raise_if_stopped(stop)
        return WrittenOrganization(store.publish(*to_publish), count)


def count_rows(snapshot: Snapshot) -> int:
    """Return how many rows a snapshot gives."""
    return sum(len(access.holders) for access in resolve(snapshot))


def access_entry(name: str, snapshot: Snapshot, *, escape: bool, stop: threading.Event) -> FileEntry:
    """Return the entry that the CSV of a snapshot must have, without writing it. Raises Stopped."""
    rows = _CountedRows()
    _write_access(rows, snapshot, escape=escape, stop=stop)
    return FileEntry(name, FileKind.ACCESS_CSV, rows.checksum.sha256, rows.rows, rows.checksum.bytes)


def restore_access(
    store: Store, name: str, snapshot: Snapshot, *, escape: bool, stop: threading.Event
) -> None:
    """Write the CSV of an existing snapshot, replacing any file of that name. Raises Stopped, OSError."""
    with store.draft(name, FileKind.ACCESS_CSV) as draft:
        _write_access(draft, snapshot, escape=escape, stop=stop)
        raise_if_stopped(stop)
        store.publish(draft, replace=True)


class _RowSink(Protocol):
    """What rows are written to."""

    rows: int

    def write(self, data: bytes) -> None:
        """Append bytes."""


class _CountedRows:
    """Rows that are counted and hashed, and not kept."""

    def __init__(self) -> None:
        self.rows = 0
        self.checksum = Checksum()

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self.checksum.update(data)


def _write_access(sink: _RowSink, snapshot: Snapshot, *, escape: bool, stop: threading.Event) -> None:
    people = snapshot.people
    sink.write(access_csv.header(people).encode())
    _write_lines(sink, access_csv.lines(resolve(snapshot), escape=escape, people=people), stop)


def _write_lines(sink: _RowSink, lines: Iterable[tuple[str, int]], stop: threading.Event) -> None:
    for text, count in lines:
        raise_if_stopped(stop)
        sink.write(text.encode())
        sink.rows += count


def write_merged(
    store: Store,
    name: str,
    parts: Sequence[FileEntry],
    *,
    people: Sequence[str],
    stop: threading.Event,
) -> FileEntry:
    """Write all organizations' rows under one header, in the order of `parts`, their CSVs.

    `people` names the attributes of users in all of them.

    Each part is verified while it is copied. Raises Stopped, OSError, or FileChangedError for a part that
    was changed; then there is no merged file.
    """
    header = access_csv.header(people).encode()
    with store.draft(name, FileKind.MERGED_ACCESS_CSV) as merged:
        merged.write(header)
        for part in parts:
            merged.rows += part.rows
            skip = len(header)
            for chunk in read_verified(store, part):
                raise_if_stopped(stop)
                merged.write(chunk[skip:])
                skip = max(0, skip - len(chunk))
        raise_if_stopped(stop)
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
    """Write a file about all organizations; `lines` are texts, each with its number of rows."""
    with store.draft(name, kind) as draft:
        draft.write(header.encode())
        _write_lines(draft, lines, stop)
        raise_if_stopped(stop)
        return store.publish(draft)[0]


def write_document(store: Store, name: str, content: bytes, kind: FileKind = FileKind.OTHER) -> FileEntry:
    """Write a small file that no manifest lists: the run file or a manifest."""
    with store.draft(name, kind) as draft:
        draft.write(content)
        return store.publish(draft)[0]


def _batches(lines: Iterable[str]) -> Iterator[list[str]]:
    iterator = iter(lines)
    while batch := list(islice(iterator, _LINES_PER_WRITE)):
        yield batch
