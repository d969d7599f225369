"""The sheets of access paths: all of them, and those that changed."""

from collections.abc import Generator, Iterator, Sequence
from itertools import chain

from sso_batch.access import Access
from sso_batch.report import changes_csv
from sso_batch.report.report_input import ReportInput
from sso_batch.report.workbook.book import Book
from sso_batch.report.workbook.columns import columns
from sso_batch.report.workbook.missing_data import few, incomplete_note
from sso_batch.report.workbook.table_sheet import TableSheet
from sso_batch.run_files import columns as access_columns


def write_access(book: Book, report: ReportInput) -> Generator[bytes, None, TableSheet]:
    """Write the rows of all organizations, as the merged CSV file has them."""
    titles = access_columns.columns_with(report.people)
    sheet = TableSheet(
        book,
        "Access",
        columns(titles),
        warning=incomplete_note(report.outcome),
        note="One row for each access path: one user and one assignment.",
    )
    files = {each.name: each.snapshot_file for each in report.outcome.organizations}
    for snapshot in report.snapshots:
        file = files.get(snapshot.organization)
        sheet.full_values = file.name if file else ""
        for access in report.accesses(snapshot):
            for cells in _rows(access, report.people):
                report.checkpoint()
                sheet.write(cells)
        yield b""
        del snapshot  # free it before the next one is read
    sheet.finish("There are no access paths in what was read.")
    return sheet


def write_changes(book: Book, report: ReportInput) -> Generator[bytes, None, TableSheet]:
    """Write what changed since an earlier run, a row for each user whom a change affects."""
    not_compared = [f"{name} ({reason})" for name, reason in report.not_compared]
    if report.changes is None:
        warning = "This run was not compared with an earlier run."
    elif not_compared:
        warning = f"INCOMPLETE: not compared: {few(not_compared)}. All reasons are in Summary."
    else:
        warning = ""
    sheet = TableSheet(
        book,
        "Changes",
        columns(changes_csv.columns_of_changes(report.people)),
        frozen=4,
        warning=warning,
        note="Changes since the previous complete run of each organization.",
    )
    for change in report.changes or ():
        for cells in _rows(change.access, report.people):
            report.checkpoint()
            sheet.write((change.kind, change.what, *cells))
        yield b""
    sheet.finish("" if report.changes is None else "Nothing changed in what was compared.")
    return sheet


def _rows(access: Access, people: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the access report's cells, one row for each holder."""
    target, group = tuple(access_columns.target(access)), tuple(access_columns.group(access))
    details = tuple(access_columns.details(access))
    for holder in access.holders:
        cells = chain(
            access_columns.person(holder),
            target,
            access_columns.identity(holder),
            group,
            access_columns.state(holder),
            details,
            access_columns.membership(access, holder),
            access_columns.first_seen(access, holder),
            access_columns.user_details(holder, people),
        )
        yield tuple(value for _, value in cells)
