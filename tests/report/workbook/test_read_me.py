"""The first sheet: what, when and by whom, the sheets, the columns, and how to reconcile."""

from dataclasses import replace

import pytest

from sso_batch.run_files.results import Counts
from sso_batch.store import FileEntry, FileKind
from tests.support.overviews import FACTS, changes, company, findings, overview
from tests.support.records import outcome, run_outcome
from tests.support.workbooks import labelled, table, texts, workbook

ACME = company("acme", 1)


def test_facts() -> None:
    """The sheet says what was read, when, by whom, and with which configuration."""
    report = replace(overview(ACME), facts=replace(FACTS, not_selected=("initech",)))

    sheet = workbook(report)["Read me"]

    assert labelled(sheet, "Run") == ("nightly-7",)
    assert labelled(sheet, "Started") == ("2026-03-04 05:06:07 UTC",)
    assert labelled(sheet, "Read by") == ("arn:aws:sts::000000000001:assumed-role/Audit/sso-batch",)
    assert labelled(sheet, "Organizations") == ("acme",)
    assert labelled(sheet, "Not selected") == ("initech",)
    assert labelled(sheet, "Configuration") == (f"SHA-256 {'0' * 64} (secrets masked)",)
    assert any("It contains personal data" in str(row[0]) for row in texts(sheet))


def test_sheets() -> None:
    """Every sheet is listed with a link, its rows, and the CSV file that has the same rows."""
    report = overview(ACME, findings=findings(), changes=changes(ACME))
    rows = report.outcome.organizations[0].counts.rows
    files = (
        FileEntry("merged.csv", FileKind.MERGED_ACCESS_CSV, "0" * 64, rows, 1),
        FileEntry("findings.csv", FileKind.FINDINGS_CSV, "0" * 64, 3, 1),
    )
    read = workbook(replace(report, outcome=replace(report.outcome, files=files)))
    sheet = read["Read me"]

    links = {cell.value: cell.hyperlink.location for (cell,) in sheet.iter_rows(max_col=1) if cell.hyperlink}
    assert links == {name: f"'{name}'!A1" for name in read.sheetnames[1:]}
    assert labelled(sheet, "Access")[0::2] == (rows, "merged.csv", "yes")
    assert labelled(sheet, "Findings")[0::2] == (4, "findings.csv", "NO")
    assert labelled(sheet, "Changes")[2] == "not written in this run"
    for name in ("Findings", "Administrators", "People", "Access", "Changes"):
        assert labelled(sheet, name)[0] == len(table(read[name])) - 1


@pytest.mark.parametrize(
    ("more", "result"), [(0, "Equal to the rows of Access."), (1, "DIFFERS FROM THE ROWS OF ACCESS.")]
)
def test_reconciliation(more: int, result: str) -> None:
    """The rows of Access are compared with the sum of the manifest's counts."""
    report = overview(ACME)
    rows = report.outcome.organizations[0].counts.rows
    acme = outcome(counts=Counts(0, 0, 0, 0, 0, 0, rows + more, 0))

    sheet = workbook(replace(report, outcome=run_outcome(acme)))["Read me"]

    assert labelled(sheet, "Rows of Access") == (rows,)
    assert labelled(sheet, "Rows of organizations") == (rows + more, result)
    assert "sso-batch verify" in str(labelled(sheet, "Step 4"))
    assert "manifest.json" in str(labelled(sheet, "Step 2"))


def test_columns() -> None:
    """Every column of every sheet is explained, with the sheets that have it."""
    people = ("title", "user_type", "department", "division", "cost_center", "employee_number", "manager")
    read = workbook(overview(ACME, people=people, applications=True))
    rows = texts(read["Read me"])

    start = next(number for number, row in enumerate(rows) if row[:2] == ("Column", "Cells")) + 1
    explained = {row[0]: row[1:4] for row in rows[start:]}

    for name in read.sheetnames[2:]:
        for title in table(read[name])[0]:
            kind, meaning, sheets = explained[title]
            assert kind
            assert str(meaning).endswith(".")
            assert name in str(sheets).split(", ")
    assert explained["LastSignIn"][0] == "date and time, UTC"
    assert explained["AccountId"][0] == "text"
