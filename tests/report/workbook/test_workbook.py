"""The workbook, read back by another library than the one that wrote it."""

import io
import zipfile
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from sso_batch.model import User
from sso_batch.report.report_input import Overview
from sso_batch.report.workbook import workbook
from sso_batch.report.workbook.sheets import CELL, ROWS, text
from sso_batch.review.finding import FindingCounts
from sso_batch.run_files.columns import COLUMNS
from sso_batch.sanitize.html import visible
from tests.support.overviews import HOSTILE, changes, company, findings, hostile, overview, rows, with_gap
from tests.support.records import outcome, snapshot

ACME = company("acme", 1)

Rows = list[tuple[str | int, ...]]


def content(run: Overview, *, at_most: int = ROWS) -> bytes:
    return b"".join(workbook(run, rows=at_most))


def book(run: Overview, *, at_most: int = ROWS) -> Workbook:
    return load_workbook(io.BytesIO(content(run, at_most=at_most)))


def cells(read: Workbook, sheet: str) -> Rows:
    """A sheet's rows, empty cells as empty text."""
    found = read[sheet].iter_rows(values_only=True)
    return [
        tuple("" if one is None else one if isinstance(one, int) else str(one) for one in row)
        for row in found
    ]


# Trouble


def test_incomplete() -> None:
    """Holes are said in the summary, on the organization's sheet, and each on a sheet of their own."""
    read = book(overview(with_gap(ACME), failed=["initech"]))

    assert read.sheetnames == ["Summary", "Gaps", "Findings", "Changes", "acme"]
    assert cells(read, "Summary")[1][0] == (
        "INCOMPLETE: not all was read. Somebody may have access that is not in this workbook."
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


def test_failed() -> None:
    """A run in which nothing was read never looks like one without access."""
    read = book(overview(failed=["acme"]))

    assert cells(read, "Summary")[1][0] == (
        "FAILED: nothing was read. That no access is shown does not mean that nobody has any."
    )


def test_hostile_names() -> None:
    """No name becomes a formula, a link, a number or markup: each is the text of its cell."""
    raw = content(overview(hostile()))
    read = load_workbook(io.BytesIO(raw))
    sheet = read["hostile"]

    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    assert not any(cell.hyperlink for row in sheet.iter_rows() for cell in row)
    shown = {cell.value for row in sheet.iter_rows(min_row=3) for cell in row}
    assert {visible(one).strip() for one in HOSTILE} <= {str(one).strip() for one in shown}
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        xml = b"".join(archive.read(name) for name in archive.namelist() if "sheet" in name)
    assert b"<f>" not in xml
    assert b"<r>" not in xml
    assert b"<hyperlink" not in xml


def test_text_of_a_cell() -> None:
    """A value that no cell can hold is cut with a note that names the whole; others are not touched."""
    fits, one_more = "x" * CELL, "x" * (CELL + 1)
    pairs = "\U0001f600" * CELL

    assert text(fits) == fits
    assert text("00012") == "00012"
    assert text(one_more, whole="a.jsonl").endswith("x ... (cut here; the whole is in a.jsonl)")
    assert len(text(one_more)) == CELL
    assert len(text(pairs).encode("utf-16-le")) // 2 in {CELL, CELL - 1}
    assert "the whole is in the snapshot" in text(pairs)


def test_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops in the middle leaves no temporary file."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pieces = workbook(overview(ACME))

    next(pieces)
    held = list(tmp_path.iterdir())
    pieces.close()  # type: ignore[attr-defined] # a generator

    assert held
    assert list(tmp_path.iterdir()) == []


# Sheets


def test_rows() -> None:
    """An organization's sheet has the rows of its CSV, every cell as text."""
    read = book(overview(ACME))

    assert cells(read, "acme") == [COLUMNS, *(tuple(map(visible, row.values())) for row in rows((ACME,)))]


def test_heading() -> None:
    """The heading stays in sight and filters."""
    sheet = book(overview(ACME))["acme"]

    assert sheet.freeze_panes == "A2"
    assert str(sheet.auto_filter.ref).startswith("A1:W")


def test_split() -> None:
    """More rows than a sheet can have go on on the next one, under the same heading."""
    read = book(overview(ACME), at_most=50)

    parts = [cells(read, name) for name in read.sheetnames if name.startswith("acme")]
    assert [name for name in read.sheetnames if name.startswith("acme")][:2] == ["acme", "acme (2)"]
    assert {part[0] for part in parts} == {COLUMNS}
    assert max(map(len, parts)) == 50
    assert list(chain.from_iterable(part[1:] for part in parts)) == cells(book(overview(ACME)), "acme")[1:]


def test_names() -> None:
    """Names of sheets are cut to what Excel takes, are unique whatever their case, and never reserved."""
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
    """Findings stand with their waivers; without any the sheet says whether they were looked for."""
    found = findings()

    read = book(overview(ACME, findings=found))
    none = book(overview(ACME))
    looked = overview(ACME)
    counted = replace(looked.outcome, organizations=(outcome(findings=FindingCounts()),))

    sheet = cells(read, "Findings")
    assert [row[:4] for row in sheet[1:]] == [
        (one.severity, one.check, one.organization, one.message) for one in found
    ]
    assert [row[13:] for row in sheet[2:4]] == [
        ("no", "", ""),
        ("yes", "2026-12-31", "break glass, sealed"),
    ]
    assert cells(none, "Findings")[1][0] == "This run looked for no findings."
    assert len(cells(book(replace(looked, outcome=counted)), "Findings")) == 1


def test_changes() -> None:
    """A change is as many rows as people it concerns; what was not compared is said first."""
    changed = changes(ACME)

    read = book(overview(ACME, changes=changed, not_compared=[("globex", "it is incomplete")]))

    sheet = cells(read, "Changes")
    assert sheet[0] == ("Change", "What", *COLUMNS)
    assert sheet[1][0] == "globex was not compared: it is incomplete"
    assert len(sheet) - 2 == sum(len(one.access.holders) for one in changed)
    assert sheet[2][:2] == ("added", "")
    assert cells(book(overview(ACME)), "Changes")[1][0] == "This run was not compared with an earlier one."


def test_leading_zeros() -> None:
    """Numbers that are names stay text: ids keep their zeros."""
    one = replace(ACME, users=(User("1-user-0000", "007", "1e5", "", "ENABLED"), *ACME.users[1:]))

    read = book(overview(one))

    values = {value for row in cells(read, "acme") for value in row}
    assert {"007", "1e5", ACME.grants[0].account_id} <= values
    assert all(isinstance(value, str) for value in values)
