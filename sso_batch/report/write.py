"""Writes one organization's files, and the merged ones, from snapshots; each whole or not at all."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from sso_batch.access import resolve
from sso_batch.model import Snapshot
from sso_batch.report import access_csv
from sso_batch.report import snapshot as snapshot_file
from sso_batch.report.names import FileNames
from sso_batch.store import FileEntry, Folder

_LINES_AT_ONCE = 5000


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """The run was told to end while a file was being written; the file is gone."""


def write_organization(
    folder: Folder, names: FileNames, snapshot: Snapshot, *, escape: bool, stop: threading.Event
) -> tuple[FileEntry, ...]:
    """The CSV and the snapshot, the snapshot last; raises Stopped or OSError, and then there is neither."""
    name, complete = snapshot.organization, snapshot.complete
    with (
        folder.draft(names.organization_access(name, complete=complete)) as rows,
        folder.draft(names.organization_snapshot(name, complete=complete)) as records,
    ):
        rows.write(access_csv.HEADER.encode())
        for text, count in access_csv.lines(resolve(snapshot), escape=escape):
            _unless(stop)
            rows.write(text.encode())
            rows.rows += count
        for lines in _batches(snapshot_file.encode(snapshot)):
            _unless(stop)
            records.write("".join(lines).encode())
        return folder.publish(rows, records)


def write_merged(
    folder: Folder, names: FileNames, parts: Sequence[FileEntry], *, complete: bool, stop: threading.Event
) -> FileEntry:
    """All organizations' rows under one header, in the order of `parts`, their CSVs."""
    with folder.draft(names.access(complete=complete)) as merged:
        merged.write(access_csv.HEADER.encode())
        for part in parts:
            merged.rows += part.rows
            for chunk in folder.read(part.name, skip=len(access_csv.HEADER.encode())):
                _unless(stop)
                merged.write(chunk)
        return folder.publish(merged)[0]


def write_document(folder: Folder, name: str, content: bytes) -> FileEntry:
    """A small file: the run file, the manifest."""
    with folder.draft(name) as draft:
        draft.write(content)
        return folder.publish(draft)[0]


def _unless(stop: threading.Event) -> None:
    if stop.is_set():
        raise Stopped


def _batches(lines: Iterable[str]) -> Iterator[list[str]]:
    iterator = iter(lines)
    while batch := list(islice(iterator, _LINES_AT_ONCE)):
        yield batch
