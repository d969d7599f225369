"""The workbook: a summary, gaps, findings, changes, applications, and the rows of each organization.

Every cell is text except for our own counts: nothing from AWS becomes a formula, a link or a number, and
account ids keep their leading zeros. The same run gives the same bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import UTC
from itertools import chain
from tempfile import TemporaryDirectory, TemporaryFile

from sso_batch.access import Access
from sso_batch.application_access import resolve_applications
from sso_batch.coverage import in_short
from sso_batch.model import GapKind
from sso_batch.report import changes_csv, findings_csv
from sso_batch.report.report_input import ReportInput
from sso_batch.report.workbook_sheets import MAX_ROWS, Book, InterruptibleFile
from sso_batch.review.finding import SEVERITIES
from sso_batch.run_files import applications_csv, columns
from sso_batch.run_files.results import Counts, OrganizationOutcome, Status

_CHUNK = 1 << 20

_COUNTS = tuple(field.name for field in fields(Counts))


def render_workbook(report: ReportInput, *, max_rows: int = MAX_ROWS) -> Iterator[bytes]:
    """Yield the workbook in chunks, with at most `max_rows` on a sheet; memory does not grow with them.

    It is first written to the folder for temporary files; until then, the chunks are empty.
    """
    with TemporaryDirectory() as folder, TemporaryFile() as file:
        created = report.outcome.started_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        with Book(InterruptibleFile(file, report.checkpoint), folder, created, max_rows) as book:
            _write_summary(book, report)
            _write_gaps(book, report)
            _write_findings(book, report)
            yield from _write_changes(book, report)
            if report.applications:
                yield from _write_applications(book, report)
            yield from _write_access(book, report)
            book.close()
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _write_changes(book: Book, report: ReportInput) -> Iterator[bytes]:
    sheet = book.sheet("Changes", changes_csv.columns_of_changes(report.people))
    if report.changes is None:
        sheet.write_warning("This run was not compared with an earlier run.")
        return
    for name, reason in report.not_compared:
        sheet.write_warning(f"{name} was not compared: {reason}")
    for change in report.changes:
        for cells in _rows(change.access, report.people):
            report.checkpoint()
            sheet.write((change.kind, change.what, *cells))
        yield b""


def _write_applications(book: Book, report: ReportInput) -> Iterator[bytes]:
    """Write who is assigned to which application; without `collect.applications` there is no such sheet."""
    sheet = book.sheet("Applications", applications_csv.COLUMNS)
    for organization in report.outcome.organizations:
        if any(gap.kind is GapKind.APPLICATIONS for gap in organization.gaps):
            sheet.write_warning(f"INCOMPLETE: applications of {organization.name} were not all read.")
        elif not organization.status.was_read:
            sheet.write_warning(f"{organization.name} was not read.")
    for snapshot in report.snapshots:
        for access in resolve_applications(snapshot):
            for holder in access.holders:
                report.checkpoint()
                sheet.write(applications_csv.cells(access, holder))
        yield b""
        del snapshot  # free it before the next one is read


def _write_access(book: Book, report: ReportInput) -> Iterator[bytes]:
    files = {each.name: each.snapshot_file for each in report.outcome.organizations}
    header = columns.columns_with(report.people)
    for snapshot in report.snapshots:
        file = files.get(snapshot.organization)
        sheet = book.sheet(snapshot.organization, header, full_values=file.name if file else "")
        if not snapshot.complete:
            sheet.write_warning("INCOMPLETE: some access paths may be missing. See the sheet Gaps.")
        for access in report.accesses(snapshot):
            for cells in _rows(access, report.people):
                report.checkpoint()
                sheet.write(cells)
        yield b""
        del snapshot  # free it before the next one is read


def _rows(access: Access, people: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the access report's cells, one row for each holder."""
    target, group = tuple(columns.target(access)), tuple(columns.group(access))
    details = tuple(columns.details(access))
    for holder in access.holders:
        person, identity, state = columns.person(holder), columns.identity(holder), columns.state(holder)
        membership, seen = columns.membership(access, holder), columns.first_seen(access, holder)
        further = columns.user_details(holder, people)
        cells = chain(person, target, identity, group, state, details, membership, seen, further)
        yield tuple(value for _, value in cells)


def _write_summary(book: Book, report: ReportInput) -> None:
    """Write the status, highlighted unless complete, and a row for each organization."""
    outcome, facts = report.outcome, report.facts
    sheet = book.sheet("Summary", ())
    sheet.write_title("Who has access to what: AWS IAM Identity Center")
    if outcome.status is Status.COMPLETE:
        sheet.write(("Status", "complete: every organization was read completely"))
    elif outcome.status is Status.INCOMPLETE:
        sheet.write_warning(
            "INCOMPLETE: some data was not read. Users may have access that is not in this workbook."
        )
    else:
        sheet.write_warning(
            "FAILED: no data was read. An empty workbook does not mean that nobody has access."
        )
    sheet.write(("Run", facts.names.run_id))
    sheet.write(("Started", outcome.started_at.isoformat(timespec="seconds")))
    sheet.write(("Strategy", facts.strategy))
    if facts.not_selected:
        sheet.write(("Not selected", ", ".join(facts.not_selected)))
    if outcome.endpoint_overrides:
        overrides = ", ".join(map(str, outcome.endpoint_overrides))
        sheet.write_warning(f"Endpoint override: {overrides} (these answers did not come from AWS)")
    sheet.write(())
    counts = [name.replace("_", " ").capitalize() for name in _COUNTS]
    severities = [f"Findings: {severity}" for severity in SEVERITIES]
    sheet.write_title("Organization", "Status", *counts, "Gaps", *severities, "Not examined")
    for organization in outcome.organizations:
        figures = _figures(organization)
        not_examined = "; ".join(in_short(organization.not_examined))
        sheet.write((organization.name, organization.status.value, *figures, not_examined))


def _figures(organization: OrganizationOutcome) -> tuple[str | int, ...]:
    """Return the counts, with "?" if nothing was read or no check was run."""
    read = organization.status.was_read
    findings = organization.findings
    return (
        *(getattr(organization.counts, name) if read else "?" for name in _COUNTS),
        len(organization.gaps),
        *(getattr(findings, severity) if findings else "?" for severity in SEVERITIES),
    )


def _write_gaps(book: Book, report: ReportInput) -> None:
    """Write every gap; without gaps there is no such sheet."""
    gaps = [(each.name, gap) for each in report.outcome.organizations for gap in each.gaps]
    if gaps:
        sheet = book.sheet(
            "Gaps", ("Organization", "Operation", "Resource", "Code", "AWS message", "What to do")
        )
        for name, gap in gaps:
            report.checkpoint()
            sheet.write((name, gap.operation, gap.resource, gap.code, gap.message, gap.hint))


def _write_findings(book: Book, report: ReportInput) -> None:
    """Write every finding, including waived ones."""
    sheet = book.sheet("Findings", findings_csv.COLUMNS)
    if not report.checked:
        sheet.write_warning("No checks were run.")
    for finding in report.findings:
        report.checkpoint()
        sheet.write(findings_csv.cells(finding))
