"""The workbook, read back with another library than the one that wrote it."""

import io
import zipfile
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from sso_batch.model import USER, ApplicationAssignment, GapKind, Principal, User
from sso_batch.report import changes_csv
from sso_batch.report.report_input import ReportInput
from sso_batch.report.workbook import render_workbook
from sso_batch.report.workbook_sheets import MAX_CELL, MAX_ROWS, cell_text
from sso_batch.review.finding import FindingCounts
from sso_batch.run_files import applications_csv
from sso_batch.run_files.columns import COLUMNS
from sso_batch.sanitize import show_hidden
from tests.support.overviews import HOSTILE, changes, company, findings, hostile, overview, rows, with_gap
from tests.support.records import application, gap, outcome, snapshot, user

ACME = company("acme", 1)

Rows = list[tuple[str | int, ...]]


def content(report: ReportInput, *, max_rows: int = MAX_ROWS) -> bytes:
    return b"".join(render_workbook(report, max_rows=max_rows))


def book(report: ReportInput, *, max_rows: int = MAX_ROWS) -> Workbook:
    return load_workbook(io.BytesIO(content(report, max_rows=max_rows)))


def cells(read: Workbook, sheet: str) -> Rows:
    """Return a sheet's rows, with empty cells as empty text."""
    found = read[sheet].iter_rows(values_only=True)
    return [
        tuple("" if value is None else value if isinstance(value, int) else str(value) for value in row)
        for row in found
    ]


# Incomplete and hostile data


def test_incomplete() -> None:
    """Gaps are shown in the summary, on the organization's sheet, and on a sheet of their own."""
    read = book(overview(with_gap(ACME), failed=["initech"]))

    assert read.sheetnames == ["Summary", "Gaps", "Findings", "Changes", "acme"]
    assert cells(read, "Summary")[1][0] == (
        "INCOMPLETE: some data was not read. Users may have access that is not in this workbook."
    )
    assert str(cells(read, "acme")[1][0]).startswith("INCOMPLETE: ")
    assert [row[:2] for row in cells(read, "Gaps")[1:]] == [
        ("acme", "ListGroupMemberships"),
        ("initech", "ListAccountAssignments"),
    ]
    assert [row[:3] for row in cells(read, "Summary")[-2:]] == [
        ("acme", "incomplete", 30),
        ("initech", "failed", "?"),
    ]


def test_applications() -> None:
    """Applications have a sheet if they were read; what was not read of them is said first."""
    acme = snapshot(
        users=(user(),),
        applications=(application("=cmd()"), application("Wiki", complete=False)),
        application_assignments=(ApplicationAssignment(application("=cmd()").arn, Principal(USER, "u-1")),),
        gaps=(gap(application().arn, kind=GapKind.APPLICATIONS),),
    )

    read = book(overview(acme, failed=["initech"], applications=True))

    assert read.sheetnames == ["Summary", "Gaps", "Findings", "Changes", "Applications", "acme"]
    found = cells(read, "Applications")
    assert found[0] == applications_csv.COLUMNS
    assert [row[0] for row in found[1:3]] == [
        "INCOMPLETE: applications of acme were not all read.",
        "initech was not read.",
    ]
    assert [row[:3] for row in found[3:]] == [("u-1@example.com", "Ann Lee", "=cmd()"), ("", "", "Wiki")]
    assert found[4][-1] == "NOT_READ"


def test_failed() -> None:
    """A run that read no data never looks like one without access."""
    read = book(overview(failed=["acme"]))

    assert cells(read, "Summary")[1][0] == (
        "FAILED: no data was read. An empty workbook does not mean that nobody has access."
    )


def test_hostile_names() -> None:
    """No name becomes a formula, a link, a number or markup: each is plain text."""
    raw = content(overview(hostile()))
    read = load_workbook(io.BytesIO(raw))
    sheet = read["hostile"]

    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    assert not any(cell.hyperlink for row in sheet.iter_rows() for cell in row)
    shown = {cell.value for row in sheet.iter_rows(min_row=3) for cell in row}
    assert {show_hidden(name).strip() for name in HOSTILE} <= {str(value).strip() for value in shown}
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        xml = b"".join(archive.read(name) for name in archive.namelist() if "sheet" in name)
    assert b"<f>" not in xml
    assert b"<r>" not in xml
    assert b"<hyperlink" not in xml


def test_cell_text() -> None:
    """A value too long for a cell is truncated with a note about the full value; others are unchanged."""
    fits, too_long = "x" * MAX_CELL, "x" * (MAX_CELL + 1)
    pairs = "\U0001f600" * MAX_CELL

    assert cell_text(fits) == fits
    assert cell_text("00012") == "00012"
    truncated = cell_text(too_long, full_values="a.jsonl")
    assert truncated.endswith("x ... (truncated; the full value is in a.jsonl)")
    assert len(cell_text(too_long)) == MAX_CELL
    assert len(cell_text(pairs).encode("utf-16-le")) // 2 in {MAX_CELL, MAX_CELL - 1}
    assert "the full value is in the snapshot" in cell_text(pairs)


def test_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing the generator early removes the temporary files."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    chunks = render_workbook(overview(ACME))

    next(chunks)
    before = list(tmp_path.iterdir())
    chunks.close()  # type: ignore[attr-defined] # a generator

    assert before
    assert list(tmp_path.iterdir()) == []


# Sheets


def test_rows() -> None:
    """An organization's sheet has the rows of its CSV file, every cell as text."""
    read = book(overview(ACME))

    assert cells(read, "acme") == [COLUMNS, *(tuple(map(show_hidden, row.values())) for row in rows((ACME,)))]


def test_header() -> None:
    """The header is frozen and has filters."""
    sheet = book(overview(ACME))["acme"]

    assert sheet.freeze_panes == "A2"
    assert str(sheet.auto_filter.ref).startswith("A1:AF")


def test_split() -> None:
    """Rows that do not fit on a sheet continue on the next one, under the same header."""
    read = book(overview(ACME), max_rows=50)

    parts = [cells(read, name) for name in read.sheetnames if name.startswith("acme")]
    assert [name for name in read.sheetnames if name.startswith("acme")][:2] == ["acme", "acme (2)"]
    assert {part[0] for part in parts} == {COLUMNS}
    assert max(map(len, parts)) == 50
    assert list(chain.from_iterable(part[1:] for part in parts)) == cells(book(overview(ACME)), "acme")[1:]


def test_names() -> None:
    """Sheet names are shortened to Excel's limit, unique regardless of case, and never reserved names."""
    long = ["a" * 63, "a" * 31, "history", "summary", "a" * 40]

    read = book(overview(*(snapshot(organization=name) for name in long)))

    assert read.sheetnames[3:] == [
        "a" * 31,
        "a" * 27 + " (2)",
        "history (2)",
        "summary (2)",
        "a" * 27 + " (3)",
    ]


def test_findings() -> None:
    """Findings have their waivers; without findings the sheet says whether checks were run."""
    found = findings()

    read = book(overview(ACME, findings=found))
    none = book(overview(ACME))
    checked = overview(ACME)
    counted = replace(checked.outcome, organizations=(outcome(findings=FindingCounts()),))

    sheet = cells(read, "Findings")
    assert [row[:4] for row in sheet[1:]] == [
        (finding.severity, finding.check, finding.organization, finding.message) for finding in found
    ]
    assert [row[-3:] for row in sheet[2:4]] == [
        ("no", "", ""),
        ("yes", "2026-12-31", "break glass, sealed"),
    ]
    assert cells(none, "Findings")[1][0] == "No checks were run."
    assert len(cells(book(replace(checked, outcome=counted)), "Findings")) == 1


def test_changes() -> None:
    """A change has one row for each affected user; what was not compared comes first."""
    changed = changes(ACME)

    read = book(overview(ACME, changes=changed, not_compared=[("globex", "it is incomplete")]))

    sheet = cells(read, "Changes")
    assert sheet[0] == changes_csv.columns_of_changes()
    assert sheet[1][0] == "globex was not compared: it is incomplete"
    assert len(sheet) - 2 == sum(len(change.access.holders) for change in changed)
    assert sheet[2][:2] == ("added", "")
    assert cells(book(overview(ACME)), "Changes")[1][0] == "This run was not compared with an earlier run."


def test_leading_zeros() -> None:
    """Ids and names that look like numbers stay text and keep their zeros."""
    organization = replace(ACME, users=(User("1-user-0000", "007", "1e5", "", "ENABLED"), *ACME.users[1:]))

    read = book(overview(organization))

    values = {value for row in cells(read, "acme") for value in row}
    assert {"007", "1e5", ACME.grants[0].account_id} <= values
    assert all(isinstance(value, str) for value in values)
