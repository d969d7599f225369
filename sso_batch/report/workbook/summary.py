"""The workbook's first sheets: what became of the run, what was not read, and what was found."""

from dataclasses import fields

from sso_batch.report import findings_csv
from sso_batch.report.report_input import Overview
from sso_batch.report.workbook.sheets import Book
from sso_batch.review.finding import SEVERITIES
from sso_batch.run_files.results import Counts, OrganizationOutcome, Status

_COUNTS = tuple(one.name for one in fields(Counts))


def write_summary(book: Book, overview: Overview) -> None:
    """Write the status, in words that cannot be missed, and a row for each organization."""
    outcome, facts = overview.outcome, overview.facts
    sheet = book.sheet("Summary", ())
    sheet.title("Who can reach what: AWS IAM Identity Center")
    if outcome.status is Status.COMPLETE:
        sheet.write(("Status", "complete: every organization was read whole"))
    elif outcome.status is Status.INCOMPLETE:
        sheet.say("INCOMPLETE: not all was read. Somebody may have access that is not in this workbook.")
    else:
        sheet.say("FAILED: nothing was read. That no access is shown does not mean that nobody has any.")
    sheet.write(("Run", facts.names.run_id))
    sheet.write(("Started", outcome.started_at.isoformat(timespec="seconds")))
    sheet.write(("Strategy", facts.strategy))
    if facts.not_selected:
        sheet.write(("Not selected", ", ".join(facts.not_selected)))
    if outcome.endpoint_overrides:
        sheet.say(f"These answers did not come from AWS, but from {', '.join(outcome.endpoint_overrides)}")
    sheet.write(())
    words = [name.replace("_", " ").capitalize() for name in _COUNTS]
    severities = [f"Findings: {severity}" for severity in SEVERITIES]
    sheet.title("Organization", "Status", *words, "Gaps", *severities, "Not examined")
    for one in outcome.organizations:
        sheet.write((one.name, one.status.value, *_figures(one), "; ".join(one.not_examined)))


def _figures(one: OrganizationOutcome) -> tuple[str | int, ...]:
    """The counts; a question mark where nothing was read, and where no findings were looked for."""
    read = one.status.was_read
    counts = (getattr(one.counts, name) if read else "?" for name in _COUNTS)
    findings = (getattr(one.findings, severity) if one.findings else "?" for severity in SEVERITIES)
    return (*counts, len(one.gaps), *findings)


def write_gaps(book: Book, overview: Overview) -> None:
    """Write every gap; without any there is no such sheet."""
    gaps = [(one.name, gap) for one in overview.outcome.organizations for gap in one.gaps]
    if gaps:
        sheet = book.sheet(
            "Gaps", ("Organization", "Operation", "Resource", "Code", "Message of AWS", "What to do")
        )
        for name, gap in gaps:
            overview.checkpoint()
            sheet.write((name, gap.operation, gap.resource, gap.code, gap.message, gap.hint))


def write_findings(book: Book, overview: Overview) -> None:
    """Write every finding, the waived ones too."""
    sheet = book.sheet("Findings", findings_csv.COLUMNS)
    if not overview.findings and all(one.findings is None for one in overview.outcome.organizations):
        sheet.say("This run looked for no findings.")
    for one in overview.findings:
        overview.checkpoint()
        sheet.write(findings_csv.cells(one))
