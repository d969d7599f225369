"""The workbook: a summary, gaps, findings, changes, and the rows of each organization.

Every cell is text except for our own counts: nothing from AWS becomes a formula, a link or a number, and
account ids keep their leading zeros. The same run gives the same bytes.
"""

from collections.abc import Iterator
from datetime import UTC
from itertools import chain
from tempfile import TemporaryDirectory, TemporaryFile

from sso_batch.access import Access
from sso_batch.report.report_input import ReportInput
from sso_batch.report.workbook.sheets import MAX_ROWS, Book, InterruptibleFile
from sso_batch.report.workbook.summary import write_findings, write_gaps, write_summary
from sso_batch.run_files import columns
from sso_batch.run_files.columns import COLUMNS

_CHUNK = 1 << 20


def render_workbook(report: ReportInput, *, max_rows: int = MAX_ROWS) -> Iterator[bytes]:
    """Yield the workbook in chunks, with at most `max_rows` on a sheet; memory does not grow with them.

    It is first written to the folder for temporary files; until then, the chunks are empty.
    """
    with TemporaryDirectory() as folder, TemporaryFile() as file:
        created = report.outcome.started_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        with Book(InterruptibleFile(file, report.checkpoint), folder, created, max_rows) as book:
            write_summary(book, report)
            write_gaps(book, report)
            write_findings(book, report)
            yield from _write_changes(book, report)
            yield from _write_access(book, report)
            book.close()
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _write_changes(book: Book, report: ReportInput) -> Iterator[bytes]:
    sheet = book.sheet("Changes", ("Change", "What", *COLUMNS))
    if report.changes is None:
        sheet.write_warning("This run was not compared with an earlier run.")
        return
    for name, reason in report.not_compared:
        sheet.write_warning(f"{name} was not compared: {reason}")
    for change in report.changes:
        for cells in _rows(change.access):
            report.checkpoint()
            sheet.write((change.kind, change.what, *cells))
        yield b""


def _write_access(book: Book, report: ReportInput) -> Iterator[bytes]:
    files = {each.name: each.snapshot_file for each in report.outcome.organizations}
    for snapshot in report.snapshots:
        file = files.get(snapshot.organization)
        sheet = book.sheet(snapshot.organization, COLUMNS, full_values=file.name if file else "")
        if not snapshot.complete:
            sheet.write_warning("INCOMPLETE: some access paths may be missing. See the sheet Gaps.")
        for access in report.accesses(snapshot):
            for cells in _rows(access):
                report.checkpoint()
                sheet.write(cells)
        yield b""
        del snapshot  # free it before the next one is read


def _rows(access: Access) -> Iterator[tuple[str, ...]]:
    """Yield the access report's cells, one row for each holder."""
    target, group = tuple(columns.target(access)), tuple(columns.group(access))
    details = tuple(columns.details(access))
    for holder in access.holders:
        person, identity, state = columns.person(holder), columns.identity(holder), columns.state(holder)
        yield tuple(value for _, value in chain(person, target, identity, group, state, details))
