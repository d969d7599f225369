"""The sheet of gaps: every call that was not answered."""

from collections.abc import Iterator

from sso_batch.model import Gap
from sso_batch.report.report_input import ReportInput
from sso_batch.report.workbook.book import Book
from sso_batch.report.workbook.columns import columns
from sso_batch.report.workbook.table_sheet import TableSheet
from sso_batch.run_files.results import RunOutcome

TITLES = ("Organization", "Operation", "Resource", "Code", "AWS message", "What to do")

THE_RUN = "(the run)"
"""Stands for the organization of a gap of the run itself."""


def all_gaps(outcome: RunOutcome) -> Iterator[tuple[str, Gap]]:
    """Yield the gaps of all organizations and of the run itself, each with the organization's name."""
    for organization in outcome.organizations:
        for gap in organization.gaps:
            yield organization.name, gap
    for gap in outcome.gaps:
        yield THE_RUN, gap


def write_gaps(book: Book, report: ReportInput) -> TableSheet:
    """Write every gap."""
    found = any(True for _ in all_gaps(report.outcome))
    sheet = TableSheet(
        book,
        "Gaps",
        columns(TITLES),
        warning="What could not be read, and how to read it in the next run." if found else "",
    )
    for organization, gap in all_gaps(report.outcome):
        report.checkpoint()
        sheet.write((organization, gap.operation, gap.resource, gap.code, gap.message, gap.hint))
    sheet.finish("There are no gaps: every call was answered.")
    return sheet
