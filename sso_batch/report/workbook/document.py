"""The order in which a workbook is written: the sheets that count the others are written last."""

from collections.abc import Iterator
from datetime import UTC
from tempfile import TemporaryDirectory, TemporaryFile

from sso_batch.privileges.paths import Privilege
from sso_batch.report.report_input import ReportInput
from sso_batch.report.workbook import read_me, summary
from sso_batch.report.workbook.access import write_access, write_changes
from sso_batch.report.workbook.applications import write_applications
from sso_batch.report.workbook.book import MAX_BYTES, MAX_ROWS, READ_ME, Book
from sso_batch.report.workbook.findings import write_findings
from sso_batch.report.workbook.gaps import write_gaps
from sso_batch.report.workbook.interruptible_file import InterruptibleFile
from sso_batch.report.workbook.page_sheet import PageSheet
from sso_batch.report.workbook.people import collect_people, write_administrators, write_people
from sso_batch.report.workbook.people_store import PeopleStore
from sso_batch.report.workbook.read_me import Entry
from sso_batch.store import FileKind

_CHUNK = 1 << 20


def render_workbook(
    report: ReportInput, *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES
) -> Iterator[bytes]:
    """Yield the workbook in chunks; memory does not grow with the rows.

    A sheet has at most `max_rows` rows, and ends with the row that reaches `max_bytes`. The workbook is
    first written to the folder for temporary files; until then, the chunks are empty.
    """
    created = report.outcome.started_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    footer = f"Run {report.facts.names.run_id} - contains personal data"
    with TemporaryDirectory() as folder, TemporaryFile() as file, PeopleStore(folder) as people:
        output = InterruptibleFile(file, report.checkpoint)
        with Book(output, folder, created, footer=footer, max_rows=max_rows, max_bytes=max_bytes) as book:
            yield from _write_sheets(book, report, people)
            book.close()
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _write_sheets(book: Book, report: ReportInput, store: PeopleStore) -> Iterator[bytes]:
    first = PageSheet(book, READ_ME, read_me.WIDTHS, line=read_me.LINE, wrapped=read_me.WRAPPED)
    numbers = PageSheet(book, "Summary", summary.WIDTHS, line=summary.LINE)
    findings = write_findings(book, report)
    unread = yield from collect_people(report, store)
    administrators = yield from write_administrators(book, report, store, unread)
    people = yield from write_people(book, report, store)
    access = yield from write_access(book, report)
    changes = yield from write_changes(book, report)
    applications = (yield from write_applications(book, report)) if report.applications else None
    gaps = write_gaps(book, report)
    written = summary.Written(
        people=people.rows,
        access=access.rows,
        changes=changes.rows,
        applications=applications.rows if applications else None,
        levels={level: store.count_at(level) for level in Privilege},
        unread=unread,
    )
    summary.write_summary(numbers, report, written)
    entries = [
        Entry("Summary", "Whether the data is complete, what is missing, and the numbers."),
        Entry(
            "Findings", "What should be reviewed, with room for decisions.", findings, FileKind.FINDINGS_CSV
        ),
        Entry(
            "Administrators",
            "Who administers accounts, can become administrator, or manages access.",
            administrators,
        ),
        Entry("People", "One line for each person over all organizations.", people),
        Entry(
            "Access", "Every access path: one user and one assignment.", access, FileKind.MERGED_ACCESS_CSV
        ),
        Entry(
            "Changes",
            "What was added, removed or changed since the previous run.",
            changes,
            FileKind.CHANGES_CSV,
        ),
        Entry("Gaps", "What could not be read, and what to do about it.", gaps),
    ]
    if applications:
        contents = "Who is assigned to which application of IAM Identity Center."
        entries.insert(-1, Entry("Applications", contents, applications, FileKind.APPLICATIONS_CSV))
    read_me.write_read_me(first, report, entries)
