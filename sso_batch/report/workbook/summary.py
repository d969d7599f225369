"""The workbook's first sheets: the result of the run, the gaps and the findings."""

from dataclasses import fields

from sso_batch.report import findings_csv
from sso_batch.report.report_input import ReportInput
from sso_batch.report.workbook.sheets import Book
from sso_batch.review.finding import SEVERITIES
from sso_batch.run_files.results import Counts, OrganizationOutcome, Status

_COUNTS = tuple(field.name for field in fields(Counts))


def write_summary(book: Book, report: ReportInput) -> None:
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
        overrides = ", ".join(outcome.endpoint_overrides)
        sheet.write_warning(f"Endpoint override: {overrides} (these answers did not come from AWS)")
    sheet.write(())
    counts = [name.replace("_", " ").capitalize() for name in _COUNTS]
    severities = [f"Findings: {severity}" for severity in SEVERITIES]
    sheet.write_title("Organization", "Status", *counts, "Gaps", *severities, "Not examined")
    for organization in outcome.organizations:
        figures = _figures(organization)
        not_examined = "; ".join(item.text for item in organization.not_examined)
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


def write_gaps(book: Book, report: ReportInput) -> None:
    """Write every gap; without gaps there is no such sheet."""
    gaps = [(each.name, gap) for each in report.outcome.organizations for gap in each.gaps]
    if gaps:
        sheet = book.sheet(
            "Gaps", ("Organization", "Operation", "Resource", "Code", "AWS message", "What to do")
        )
        for name, gap in gaps:
            report.checkpoint()
            sheet.write((name, gap.operation, gap.resource, gap.code, gap.message, gap.hint))


def write_findings(book: Book, report: ReportInput) -> None:
    """Write every finding, including waived ones."""
    sheet = book.sheet("Findings", findings_csv.COLUMNS)
    if not report.checked:
        sheet.write_warning("No checks were run.")
    for finding in report.findings:
        report.checkpoint()
        sheet.write(findings_csv.cells(finding))
