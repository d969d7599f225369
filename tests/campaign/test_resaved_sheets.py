"""Sheets that came back: whatever a spreadsheet does without changing them, the decisions are read."""

import io
import random
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from sso_batch.campaign.decisions import Decided
from sso_batch.campaign.item import Item
from sso_batch.campaign.returned import read_population, read_returned
from sso_batch.campaign.sheets.cells import days_of, is_same_fact
from sso_batch.campaign.sheets.workbook import REVIEW
from sso_batch.store import Folder
from tests.support.campaigns import (
    ANN,
    BOB,
    CSV,
    ITEMS,
    OWN,
    XLSX,
    Campaign,
    Cell,
    Grid,
    column,
    csv_bytes,
    fill,
    filling,
    replace_sheet,
)

DECIDED = {
    OWN[0].id: Decided("keep", "needed; for Müller", "2027-01-31"),
    OWN[1].id: Decided("revoke", "line 1\nline 2", ""),
    OWN[3].id: Decided("unsure", "", ""),
    OWN[4].id: Decided("", "4711", ""),
}


def decide(grid: Grid) -> None:
    fill(grid, 1, "keep", "needed; for Müller", "2027-01-31")
    fill(grid, 2, "revoke", "line 1\nline 2")
    fill(grid, 4, "unsure")
    fill(grid, 5, "", "4711")


def shuffled(grid: Grid) -> None:
    header, *rows = grid
    random.Random(7).shuffle(rows)  # noqa: S311 - no secret
    grid[:] = [header, *rows]


def mirrored(grid: Grid) -> None:
    for row in grid:
        row.reverse()


def with_empty_rows(grid: Grid) -> None:
    for position in (7, 3, 1, 0, 0):
        grid.insert(position, ["", " ", ""])
    grid.append([])


def with_more_columns(grid: Grid) -> None:
    for number, row in enumerate(grid):
        row.insert(2, "Note" if not number else f"keep {number}")
        row.append("" if not number else "my own")
    grid.append(["" for _ in grid[0]])
    grid[-1][2] = "a line below the table, in a column of the reviewer's own"


def with_titles(grid: Grid) -> None:
    grid.insert(0, ["Access review", "Item"])
    grid.insert(1, ["Please return it"])


def with_spaces(grid: Grid) -> None:
    for row in grid:
        row[:] = [f" {value}\u00a0 " if isinstance(value, str) else value for value in row]


def in_another_form(grid: Grid) -> None:
    """Save texts in another Unicode normal form."""
    for row in grid:
        row[:] = [unicodedata.normalize("NFD", value) if isinstance(value, str) else value for value in row]
    grid[1][column(grid, "Comment")] = "needed; for Müller"


def as_numbers(grid: Grid) -> None:
    """Save what looks like a number as spreadsheets show it."""
    shown: dict[str, Cell] = {
        "111122223333": "1.11122E+11",
        "000000000002": "2",
        "000000000003": 3.0,
        "00123": "123",
        "012345670006": "12345670006",
        "1234": "1,234",
        "0007": "7",
        "000012": "12",
        "1E5": "1,00E+05",
        "3.10": "3,1",
        "true": "TRUE",
        "12345678901234567890": "12345678901234500000",
    }
    for row in grid[1:]:
        row[:] = [shown.get(str(value).lstrip("'"), value) for value in row]


def as_local_dates(grid: Grid) -> None:
    """Save times as other countries write them, without seconds."""
    shown = {"2026-03-04T15:06:07Z": "04.03.26 15:06", "2026-11-20T00:00:00Z": "11/20/2026 12:00 AM"}
    for row in grid[1:]:
        for position, value in enumerate(row):
            text = f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else str(value)
            row[position] = shown.get(text, value)


def without_apostrophes(grid: Grid) -> None:
    for row in grid[1:]:
        row[:] = [value.lstrip("'") if isinstance(value, str) else value for value in row]


def with_capitals(grid: Grid) -> None:
    grid[1][column(grid, "Decision")] = " KEEP "
    grid[4][column(grid, "Decision")] = "'Unsure"
    grid[0] = [str(name).upper() for name in grid[0]]


def with_rows_twice(grid: Grid) -> None:
    grid += [list(grid[1]), list(grid[0]), list(grid[2]), list(grid[3])]


def with_line_ends(grid: Grid) -> None:
    grid[2][column(grid, "Comment")] = "line 1\r\nline 2\x07\r\n"


HARMLESS: dict[str, Callable[[Grid], None]] = {
    "nothing else": lambda _grid: None,
    "sorted": shuffled,
    "columns moved": mirrored,
    "empty rows": with_empty_rows,
    "more columns": with_more_columns,
    "titles": with_titles,
    "spaces": with_spaces,
    "normal form": in_another_form,
    "numbers": as_numbers,
    "local dates": as_local_dates,
    "apostrophes": without_apostrophes,
    "capitals": with_capitals,
    "rows twice": with_rows_twice,
    "line ends": with_line_ends,
}


@pytest.mark.parametrize("name", [CSV, XLSX])
@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_harmless(campaign: Campaign, name: str, change: Callable[[Grid], None]) -> None:
    """What spreadsheets and reviewers do to a sheet without changing it makes no difference."""
    if name == XLSX and change is with_line_ends:
        pytest.skip("openpyxl refuses control characters")

    def changes(grid: Grid) -> None:
        decide(grid)
        change(grid)

    campaign.edit(name, changes)

    assert campaign.decisions() == DECIDED
    assert campaign.read()[BOB].decisions == {}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_forms_of_csv(campaign: Campaign, separator: str, encoding: str, line_end: str) -> None:
    """Separators, encodings and line ends make no difference."""

    def change(grid: Grid) -> None:
        decide(grid)
        (campaign.folder / CSV).with_suffix(".new").write_bytes(
            csv_bytes(grid, separator=separator, encoding=encoding, line_end=line_end)
        )

    campaign.edit_csv(change)
    (campaign.folder / CSV).with_suffix(".new").replace(campaign.folder / CSV)

    assert campaign.decisions() == DECIDED


def test_separator_line(campaign: Campaign) -> None:
    """The first line that names the separator for Excel is not the header."""
    campaign.edit(CSV, decide)
    file = campaign.folder / CSV
    campaign.edit_csv(lambda grid: file.with_suffix(".new").write_bytes(csv_bytes(grid, separator=";")))
    file.write_bytes(b"sep=;\r\n" + file.with_suffix(".new").read_bytes())

    assert campaign.decisions() == DECIDED


def test_unchanged(campaign: Campaign) -> None:
    """Sheets with the bytes that were written are all open."""
    returned = campaign.read()

    assert list(returned) == [ANN, BOB]
    for each in returned.values():
        assert (each.decisions, each.problems) == ({}, ())
        assert [file.changed for file in each.files] == [False, False]
        assert [file.sha256 for file in each.files] == [file.sha256 for file in each.reviewer.files]


def test_first_day(campaign: Campaign) -> None:
    """The day on which the campaign was opened is a day that can be filled in."""
    campaign.edit(CSV, filling(1, "keep", "", "2026-11-27"))

    assert campaign.decisions() == {OWN[0].id: Decided("keep", "", "2026-11-27")}


def test_both_files_agree(campaign: Campaign) -> None:
    """The same decisions in both files are no problem."""
    campaign.edit(CSV, decide)
    campaign.edit(XLSX, decide)

    assert campaign.decisions() == DECIDED
    assert [file.changed for file in campaign.read()[ANN].files] == [True, True]


def test_one_file_is_missing(campaign: Campaign) -> None:
    """The workbook alone is enough."""
    campaign.edit(XLSX, decide)
    (campaign.folder / CSV).unlink()

    assert campaign.decisions() == DECIDED


def test_sheets_of_a_workbook(campaign: Campaign) -> None:
    """Sheets can have any name, and the items can be in several; sheets without our columns are ignored."""
    campaign.edit(XLSX, decide)
    book = load_workbook(campaign.folder / XLSX)
    rows = [["" if value is None else value for value in row] for row in book[REVIEW].values]
    book.remove(book[REVIEW])
    replace_sheet(book, "Meine Prüfung", rows[:8])
    replace_sheet(book, "Review 2", [*rows[4:5], *rows[8:]])
    replace_sheet(book, "Notes", [["Item", "Price"], ["Coffee", 3]])
    book.create_sheet("Empty")
    book.create_chartsheet("Chart")
    book.save(campaign.folder / XLSX)

    assert campaign.decisions() == DECIDED


def test_values_of_workbooks(campaign: Campaign) -> None:
    """Days, serial numbers and numbers in the columns to fill in are what they look like."""

    def change(grid: Grid) -> None:
        fill(grid, 1, "keep", 4711, date(2027, 1, 31))
        fill(grid, 2, "keep", 1.5, datetime(2027, 1, 31, 12))  # noqa: DTZ001 - workbooks have no time zones
        fill(grid, 3, "keep", date(2026, 12, 1), 46418)
        fill(grid, 4, "keep", comment=True, until="46418")

    campaign.edit(XLSX, change)

    assert list(campaign.decisions().values()) == [
        Decided("keep", comment, "2027-01-31") for comment in ("4711", "1.5", "2026-12-01", "TRUE")
    ]


@pytest.mark.parametrize(
    ("value", "days"),
    [
        ("2027-01-31", ["2027-01-31"]),
        ("2027-01-31T00:00:00Z", ["2027-01-31"]),
        ("2027-01-31 00:00", ["2027-01-31"]),
        ("2027/1/31", ["2027-01-31"]),
        ("2027. 01. 31.", ["2027-01-31"]),
        ("31.01.2027", ["2027-01-31"]),
        ("03.04.2027", ["2027-04-03"]),
        ("31.1.27", ["2027-01-31"]),
        ("31/01/2027", ["2027-01-31"]),
        ("01/31/2027", ["2027-01-31"]),
        ("1/31/27 12:00 AM", ["2027-01-31"]),
        ("31-01-2027", ["2027-01-31"]),
        ("03/03/2027", ["2027-03-03"]),
        ("03/04/2027", ["2027-03-04", "2027-04-03"]),
        ("46418", ["2027-01-31"]),
        ("'46418.0", ["2027-01-31"]),
        (46418.0, ["2027-01-31"]),
        (date(2027, 1, 31), ["2027-01-31"]),
        ("", []),
        ("31/31/2027", []),
        ("20270131", []),
        ("12345", []),
        ("9" * 400, []),
        (1e300, []),
        (float("nan"), []),
        (True, []),
        ("tomorrow", []),
        ("\u0663\u0661.\u0660\u0661.2027", ["2027-01-31"]),
    ],
)
def test_days(value: str | float | date, days: list[str]) -> None:
    """A day is read in every form that has one reading; forms with two are known as such."""
    assert [day.isoformat() for day in days_of(value)] == days


@given(
    st.one_of(st.text(), st.floats(), st.booleans(), st.datetimes(), st.from_regex(r"[-+0-9.,eE:/ ]{1,30}")),
    st.one_of(st.text(), st.just("2026-03-04T15:06:07Z"), st.from_regex(r"[-+0-9.eE]{1,30}")),
)
def test_any_value(value: str | float | datetime, fact: str) -> None:
    """Comparing a cell with a fact and reading a day from it never fails."""
    assert is_same_fact(value, fact) in {True, False}
    assert len(days_of(value)) <= 2


@given(st.from_regex(r"[0-9]{12}", fullmatch=True), st.from_regex(r"[0-9]{12}", fullmatch=True))
def test_other_accounts(one: str, other: str) -> None:
    """Another account id is never taken for the same, unless it was rounded."""
    assert is_same_fact(str(int(one)), one)
    assert is_same_fact(float(one), one)
    assert is_same_fact(other, one) == (other == one)
    assert is_same_fact(str(int(other)), one) == (other == one)
    assert is_same_fact(f"{int(one):.5E}", one)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_decisions_stay_with_their_items(campaign: Campaign, data: st.DataObject) -> None:
    """In whatever order rows and columns are, a decision is never taken for another item."""
    order = data.draw(st.permutations(range(len(OWN))))
    filled = data.draw(
        st.lists(st.sampled_from(["", "keep", "unsure"]), min_size=len(OWN), max_size=len(OWN))
    )
    population: dict[str, Item] = {each.id: each for each in ITEMS}

    def change(grid: Grid) -> None:
        for row, decision in enumerate(filled, 1):
            fill(grid, row, decision, f"for {grid[row][0]}")
        columns = data.draw(st.permutations(range(len(grid[0]))))
        rows = [grid[0], *(grid[1 + number] for number in order)]
        grid[:] = [[row[number] for number in columns] for row in rows]

    original = (campaign.folder / CSV).read_bytes()
    try:
        campaign.edit_csv(change)
        returned = next(read_returned(Folder(campaign.folder), campaign.record, population))
    finally:
        (campaign.folder / CSV).write_bytes(original)

    assert returned.problems == ()
    assert returned.decisions == {
        each.id: Decided(decision, f"for {each.id}", "") for each, decision in zip(OWN, filled, strict=True)
    }


def test_population(campaign: Campaign) -> None:
    """The population is what was written, and each value is kept once."""
    items = read_population(Folder(campaign.folder), campaign.record)

    assert tuple(items.values()) == ITEMS
    one, other = items[OWN[0].id], items[OWN[1].id]
    assert one.privilege_reason is other.privilege_reason


def test_no_temporary_files_are_left(
    campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies of workbooks are removed."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    campaign.edit(XLSX, filling(1, "keep"))

    assert len(campaign.decisions()) == 1
    assert list(temporary.iterdir()) == []


def test_no_file_is_kept_open(campaign: Campaign) -> None:
    """A text that is read as CSV does not close the file of its caller."""
    from sso_batch.campaign.sheets.reading import read_csv  # noqa: PLC0415

    content = io.BytesIO((campaign.folder / CSV).read_bytes())

    assert len(list(read_csv(content, lambda row: len(list(row))))) == len(OWN) + 1
    assert not content.closed
