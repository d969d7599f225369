"""The workbook: a summary, gaps, findings, changes, and the rows of each organization.

Every cell is text but for the counts that we make: nothing from AWS becomes a formula, a link or a number,
and account numbers keep their leading zeros. The same run gives the same bytes.
"""

from collections.abc import Iterator
from datetime import UTC
from itertools import chain
from tempfile import TemporaryDirectory, TemporaryFile

from sso_batch.access import Access
from sso_batch.report.report_input import Overview
from sso_batch.report.workbook.sheets import ROWS, Book, Watched
from sso_batch.report.workbook.summary import write_findings, write_gaps, write_summary
from sso_batch.run_files import columns
from sso_batch.run_files.columns import COLUMNS

_CHUNK = 1 << 20


def workbook(overview: Overview, *, rows: int = ROWS) -> Iterator[bytes]:
    """The workbook in pieces, with so many rows on a sheet at most; memory does not grow with them.

    It is written beside, in the folder for temporary files, and the pieces are empty until it is whole.
    """
    with TemporaryDirectory() as folder, TemporaryFile() as file:
        created = overview.outcome.started_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        watched = Watched(file, overview.checkpoint)
        with Book(watched, folder, created, rows) as book:
            write_summary(book, overview)
            write_gaps(book, overview)
            write_findings(book, overview)
            yield from _write_changes(book, overview)
            yield from _write_access(book, overview)
            book.close()
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _write_changes(book: Book, overview: Overview) -> Iterator[bytes]:
    sheet = book.sheet("Changes", ("Change", "What", *COLUMNS))
    if overview.changes is None:
        sheet.say("This run was not compared with an earlier one.")
        return
    for name, why in overview.not_compared:
        sheet.say(f"{name} was not compared: {why}")
    for change in overview.changes:
        for cells in _rows(change.access):
            overview.checkpoint()
            sheet.write((change.kind, change.what, *cells))
        yield b""


def _write_access(book: Book, overview: Overview) -> Iterator[bytes]:
    files = {one.name: one.snapshot_file for one in overview.outcome.organizations}
    for snapshot in overview.snapshots:
        file = files.get(snapshot.organization)
        sheet = book.sheet(snapshot.organization, COLUMNS, whole=file.name if file else "")
        if not snapshot.complete:
            sheet.say("INCOMPLETE: what was not read may hold more ways. See the sheet Gaps.")
        for access in overview.accesses(snapshot):
            for cells in _rows(access):
                overview.checkpoint()
                sheet.write(cells)
        yield b""
        del snapshot  # before the next one is read


def _rows(access: Access) -> Iterator[tuple[str, ...]]:
    """The report's cells, a row for each holder."""
    target, group = tuple(columns.target(access)), tuple(columns.group(access))
    details = tuple(columns.details(access))
    for holder in access.holders:
        person, identity, state = columns.person(holder), columns.identity(holder), columns.state(holder)
        yield tuple(value for _, value in chain(person, target, identity, group, state, details))
