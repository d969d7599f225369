"""The sheet of findings: what was found, why it matters, what to do, and room for a decision."""

from collections.abc import Sequence
from datetime import date

from sso_batch.report import findings_csv
from sso_batch.report.report_input import ReportInput
from sso_batch.report.workbook.book import Book
from sso_batch.report.workbook.columns import columns
from sso_batch.report.workbook.missing_data import incomplete_note, sentences
from sso_batch.report.workbook.table_sheet import TableSheet
from sso_batch.review.checks import CHECKS

DECISIONS = ("Keep", "Remove", "Change", "Waive")

TITLES = (
    *("Severity", "UserName", "Check", "GroupName", "UserEmail", "Organization"),
    *("Message", "Why", "What to do"),
    *("AccountId", "AccountName", "PermissionSet", "RoleArn", "Cause"),
    *("Waived", "WaivedUntil", "WaiverReason"),
    *("Owner", "Decision", "Due", "Comment"),
    *("UserId", "PrincipalType", "PrincipalId"),
)
_DETAILS = frozenset({"PrincipalType"})
_WIDTHS = {
    "UserName": 18,
    "Check": 16,
    "GroupName": 18,
    "UserEmail": 24,
    "Organization": 16,
    "AccountName": 16,
    "PermissionSet": 18,
    "RoleArn": 24,
    "WaiverReason": 18,
}
"""Narrower than elsewhere: the sentences need several lines anyway."""
_CHECKS = {check.id: check for check in CHECKS}


def write_findings(book: Book, report: ReportInput) -> TableSheet:
    """Write every finding, including waived ones."""
    unchecked = "" if report.checked else "No checks were run."
    incomplete = incomplete_note(report.outcome)
    to_fill_in = "Fill in the yellow columns: Owner, Decision, Due and Comment." if report.findings else ""
    sheet = TableSheet(
        book,
        "Findings",
        columns(TITLES, details=_DETAILS, widths=_WIDTHS),
        warning=sentences(unchecked, incomplete),
        note=to_fill_in,
    )
    _validate(sheet, report.outcome.started_at.date())
    for finding in report.findings:
        report.checkpoint()
        cells = dict(zip(findings_csv.COLUMNS, findings_csv.cells(finding), strict=True))
        if check := _CHECKS.get(finding.check):
            cells |= {"Why": check.why, "What to do": check.remedy}
        sheet.write([cells.get(title, "") for title in TITLES])
    sheet.finish("" if unchecked else "The checks found nothing.")
    return sheet


def _validate(sheet: TableSheet, first_day: date) -> None:
    rules: Sequence[tuple[str, dict[str, object]]] = (
        (
            "Owner",
            {
                "validate": "any",
                "input_title": "Owner",
                "input_message": "Who decides about this finding: a name or an email address.",
            },
        ),
        (
            "Decision",
            {
                "validate": "list",
                "source": list(DECISIONS),
                "input_title": "Decision",
                "input_message": "Keep: the access is right. Remove: take it back. Change: replace it with "
                "less. Waive: accept the finding for some time; add it to review.waivers in the "
                "configuration.",
                "error_title": "Not a decision",
                "error_message": f"Choose one of {', '.join(DECISIONS)}, or clear the cell.",
            },
        ),
        (
            "Due",
            {
                "validate": "date",
                "criteria": ">=",
                "value": first_day,
                "input_title": "Due",
                "input_message": "The date until which the decision must be carried out, such as "
                f"{first_day.isoformat()}: not before the day of the run.",
                "error_title": "Not a date",
                "error_message": f"Enter a date from {first_day.isoformat()} on, or clear the cell.",
            },
        ),
        (
            "Comment",
            {
                "validate": "any",
                "input_title": "Comment",
                "input_message": "The reason for the decision, or the number of a ticket.",
            },
        ),
    )
    for title, rule in rules:
        sheet.add_validation(title, rule)
