"""The sheet of findings: what was found, why, what to do, and columns to fill in."""

from dataclasses import replace
from datetime import date, datetime

from sso_batch.report.workbook.findings import TITLES
from sso_batch.review.checks import CHECKS
from sso_batch.review.finding import Finding, FindingCounts
from tests.support.overviews import company, findings, overview
from tests.support.records import STARTED, outcome
from tests.support.workbooks import records, table, texts, top, workbook

ACME = company("acme", 1)


def test_row() -> None:
    """A finding has name, reason, remedy and cause; the columns to fill in are empty."""
    finding = replace(findings()[1], user_name="Ada Okafor", cause="c0123456789abcdef")
    check = next(check for check in CHECKS if check.id == "admin-access")

    sheet = workbook(overview(ACME, findings=[finding]))["Findings"]

    (row,) = records(sheet)
    assert table(sheet)[0] == TITLES
    assert row["UserName"] == "Ada Okafor"
    assert row["Message"] == "an administrator"
    assert row["Why"] == check.why
    assert row["What to do"] == check.remedy
    assert row["Cause"] == "c0123456789abcdef"
    assert row["AccountId"] == "000100000001"
    assert [row[title] for title in ("Owner", "Decision", "Due", "Comment")] == [""] * 4


def test_waivers() -> None:
    """Waived findings are listed, with the last day as a date."""
    found = records(workbook(overview(ACME, findings=findings()))["Findings"])

    assert [row["Waived"] for row in found] == ["no", "no", "yes", "no"]
    assert found[2]["WaivedUntil"] == datetime(2026, 12, 31)  # noqa: DTZ001 - a cell has no time zone
    assert found[2]["WaiverReason"] == "break glass, sealed"


def test_unknown_check() -> None:
    """A check of another version has neither a reason nor a remedy."""
    (row,) = records(
        workbook(overview(ACME, findings=[Finding("low", "other", "acme", "is odd")]))["Findings"]
    )

    assert (row["Message"], row["Why"], row["What to do"]) == ("is odd", "", "")


def test_validation() -> None:
    """A decision is one of a list, and a due date a date from the day of the run on; both are explained."""
    sheet = workbook(overview(ACME, findings=findings()))["Findings"]

    (found,) = sheet.tables.values()
    first, last = sheet[found.ref][1][0].row, sheet[found.ref][-1][0].row
    letters = {cell.value: cell.column_letter for cell in sheet[found.ref][0]}
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    decision = rules[f"{letters['Decision']}{first}:{letters['Decision']}{last}"]
    due = rules[f"{letters['Due']}{first}:{letters['Due']}{last}"]
    assert (decision.type, decision.formula1) == ("list", '"Keep,Remove,Change,Waive"')
    assert decision.showErrorMessage
    assert decision.prompt.startswith("Keep: the access is right.")
    assert (due.type, due.operator) == ("date", "greaterThanOrEqual")
    assert int(due.formula1) == (STARTED.date() - date(1899, 12, 30)).days
    assert "2026-03-04" in due.prompt
    assert {len(rule.prompt) <= 255 for rule in rules.values()} == {True}
    assert len(rules) == 4


def test_no_findings() -> None:
    """Without findings the sheet says whether checks were run."""
    checked = overview(ACME)
    counted = replace(checked.outcome, organizations=(outcome(findings=FindingCounts()),))

    unchecked_sheet = workbook(overview(ACME))["Findings"]
    sheet = workbook(replace(checked, outcome=counted))["Findings"]

    assert "No checks were run." in top(unchecked_sheet)
    assert "No checks were run." not in top(sheet)
    assert texts(sheet)[-1][0] == "The checks found nothing."
