"""The sheet of applications: who is assigned to which."""

from collections.abc import Generator

from sso_batch.application_access import resolve_applications
from sso_batch.model import GapKind
from sso_batch.report.report_input import ReportInput
from sso_batch.report.workbook.book import Book
from sso_batch.report.workbook.columns import columns
from sso_batch.report.workbook.missing_data import few
from sso_batch.report.workbook.table_sheet import TableSheet
from sso_batch.run_files import applications_csv


def write_applications(book: Book, report: ReportInput) -> Generator[bytes, None, TableSheet]:
    """Write the rows of all organizations, as the applications CSV file has them."""
    unread = [
        each.name
        for each in report.outcome.organizations
        if not each.status.was_read or any(gap.kind is GapKind.APPLICATIONS for gap in each.gaps)
    ]
    incomplete = f"INCOMPLETE: applications were not all read: {few(unread)}. See Gaps." if unread else ""
    sheet = TableSheet(
        book,
        "Applications",
        columns(applications_csv.COLUMNS),
        warning=incomplete,
        note="One row for each user and each assignment to an application.",
    )
    for snapshot in report.snapshots:
        for access in resolve_applications(snapshot):
            for holder in access.holders:
                report.checkpoint()
                sheet.write(applications_csv.cells(access, holder))
        yield b""
        del snapshot  # free it before the next one is read
    sheet.finish("There are no applications in what was read.")
    return sheet
