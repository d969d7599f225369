"""Damage of sheets that came back: each kind is refused, with its file, sheet, row and column."""

import io
import re
import struct
import zipfile
from collections.abc import Callable
from datetime import date

import pytest
from openpyxl import load_workbook

from sso_batch.campaign.decisions import Decided
from sso_batch.campaign.item import facts_of
from sso_batch.campaign.sheets import reading
from sso_batch.campaign.sheets.rows import MAX_PROBLEMS
from sso_batch.campaign.sheets.workbook import REVIEW
from tests.support.campaigns import (
    ANN,
    BOB,
    BOBS_CSV,
    BOBS_XLSX,
    CSV,
    ITEMS,
    OWN,
    PEOPLE,
    XLSX,
    Campaign,
    Grid,
    column,
    fill,
    filling,
    replace_sheet,
    setting,
)

Change = Callable[[Grid], object]


def removed_row(grid: Grid) -> None:
    del grid[3]


def removed_column(name: str) -> Change:
    def change(grid: Grid) -> None:
        position = column(grid, name)
        for row in grid:
            del row[position]

    return change


def doubled_column(name: str) -> Change:
    def change(grid: Grid) -> None:
        position = column(grid, name)
        for row in grid:
            row.append(row[position])

    return change


def doubled_row(first: tuple[str, str, str], second: tuple[str, str, str]) -> Change:
    def change(grid: Grid) -> None:
        grid.append(list(grid[2]))
        fill(grid, 2, *first)
        fill(grid, 7, *second)

    return change


def swapped_ids(grid: Grid) -> None:
    grid[1][0], grid[2][0] = grid[2][0], grid[1][0]


def shifted_decisions(grid: Grid) -> None:
    """Sort only one column, as Excel can do."""
    position = column(grid, "Who")
    values = [row[position] for row in grid[1:]]
    for row, value in zip(grid[1:], values[1:] + values[:1], strict=True):
        row[position] = value


def row_without_id(grid: Grid) -> None:
    grid.append(["" for _ in grid[0]])
    fill(grid, 7, "keep")


def header_removed(grid: Grid) -> None:
    del grid[0]


DAMAGE: dict[str, tuple[Change, int | None, str, str]] = {
    "unknown item": (setting(1, "Item", "ax00"), 1, "Item", 'unknown item "ax00": restore its id'),
    "item of another": (
        setting(1, "Item", ITEMS[-1].id),
        1,
        "Item",
        f"the reviewer of item {ITEMS[-1].id} is {BOB}: remove the row",
    ),
    "removed row": (
        removed_row,
        None,
        "Item",
        f"no row for item {OWN[2].id} ('quoted' / say \"no\"): restore the row",
    ),
    "id cleared": (setting(2, "Item", " "), 2, "Item", "the id is missing: restore it, or remove the row"),
    "row without id": (row_without_id, 7, "Item", "the id is missing"),
    "name": (
        setting(1, "Who", "Jürgen Meier; Ops"),
        1,
        "Who",
        '"Jürgen Meier; Ops" was "Jürgen Müller; Ops"',
    ),
    "capitals": (
        setting(1, "Privilege", "administrator"),
        1,
        "Privilege",
        '"administrator" was "ADMINISTRATOR"',
    ),
    "account": (setting(4, "AccountId", "000000000005"), 4, "AccountId", '"000000000005" was "000000000004"'),
    "rounded": (setting(1, "AccountId", "1.11123E+11"), 1, "AccountId", '"1.11123E+11" was "111122223333"'),
    "number": (setting(1, "People", 1235), 1, "People", '"1235" was "1234"'),
    "number cleared": (setting(1, "People", ""), 1, "People", '"" was "1234"'),
    "day": (
        setting(1, "Since", "2026-03-05 15:06"),
        1,
        "Since",
        '"2026-03-05 15:06" was "2026-03-04T15:06:07Z"',
    ),
    "hour": (setting(1, "Since", "2026-03-04 16:06"), 1, "Since", '"2026-03-04 16:06" was'),
    "not read": (setting(4, "Since", date(2026, 3, 4)), 4, "Since", '"2026-03-04" was "NOT_READ"'),
    "formula": (setting(2, "Who", "=SUM(A2)"), 2, "Who", '"=SUM(A2)" was "=SUM(A1)"'),
    "boolean": (setting(3, "Title", "FALSE"), 3, "Title", '"FALSE" was "true"'),
    "long number": (
        setting(5, "EmployeeNumber", "12345678901234667890"),
        5,
        "EmployeeNumber",
        '"12345678901234667890" was "12345678901234567890"',
    ),
    "end of a long text": (
        setting(
            1, "PrivilegeReason", "AdministratorAccess allows every action on every resource, but no more"
        ),
        1,
        "PrivilegeReason",
        '"… every resource, but no more" was "… every resource"',
    ),
    "swapped ids": (swapped_ids, 1, "Who", '"Jürgen Müller; Ops" was "=SUM(A1)"'),
    "one column sorted": (shifted_decisions, 1, "Who", '"=SUM(A1)" was "Jürgen Müller; Ops"'),
    "no Item": (removed_column("Item"), 0, "Item", "the column is missing: restore it"),
    "no Decision": (removed_column("Decision"), 0, "Decision", "the column is missing"),
    "no Comment": (removed_column("Comment"), 0, "Comment", "the column is missing"),
    "no Until": (removed_column("Until"), 0, "Until", "the column is missing"),
    "no fact": (removed_column("Findings"), 0, "Findings", "the column is missing"),
    "two decisions": (doubled_column("Decision"), 0, "Decision", "the column appears twice"),
    "two ids": (doubled_column("Item"), 0, "Item", "the column appears twice"),
    "no header": (header_removed, None, "", "no header: the columns Item, Decision and others are missing"),
    "unknown decision": (
        filling(2, "yes"),
        2,
        "Decision",
        'unknown decision "yes": write keep, revoke or unsure',
    ),
    "misspelled": (
        filling(2, "Revoek", "x"),
        2,
        "Decision",
        'unknown decision "Revoek": did you mean revoke? Write',
    ),
    "TRUE": (filling(2, "TRUE"), 2, "Decision", 'unknown decision "TRUE"'),
    "different decisions": (
        doubled_row(("keep", "a", ""), ("revoke", "a", "")),
        7,
        "Decision",
        '"revoke", but "keep" in ',
    ),
    "decided and open": (doubled_row(("keep", "", ""), ("", "", "")), 7, "Decision", '"", but "keep" in '),
    "different comments": (
        doubled_row(("keep", "a", ""), ("keep", "b", "")),
        7,
        "Comment",
        '"b", but "a" in ',
    ),
    "different days": (
        doubled_row(("keep", "", "2027-01-31"), ("keep", "", "2027-02-28")),
        7,
        "Until",
        '"2027-02-28", but "2027-01-31" in ',
    ),
    "no comment": (filling(2, "revoke", " "), 2, "Comment", "revoke needs a comment: write the reason"),
    "no date": (filling(2, "keep", "", "soon"), 2, "Until", '"soon" is not a date: write it as 2027-01-31'),
    "no such date": (filling(2, "keep", "", "2027-02-30"), 2, "Until", '"2027-02-30" is not a date'),
    "a year": (filling(2, "keep", "", "2027"), 2, "Until", '"2027" is not a date'),
    "ambiguous": (
        filling(2, "keep", "", "03/04/2027"),
        2,
        "Until",
        '"03/04/2027" is ambiguous: write 2027-04-03 or 2027-03-04',
    ),
    "too early": (
        filling(2, "keep", "", "2026-11-26"),
        2,
        "Until",
        "2026-11-26 is before the campaign was opened: write a day from 2026-11-27 on",
    ),
    "date for revoke": (
        filling(2, "revoke", "x", "2027-01-31"),
        2,
        "Until",
        "a date needs the decision keep",
    ),
    "date alone": (filling(2, "", "", "2027-01-31"), 2, "Until", "a date needs the decision keep"),
}


@pytest.mark.parametrize("name", [CSV, XLSX])
@pytest.mark.parametrize(("change", "row", "column", "message"), DAMAGE.values(), ids=DAMAGE)
def test_refused(
    campaign: Campaign, name: str, change: Change, row: int | None, column: str, message: str
) -> None:
    """Each kind of damage is reported at its place, in a CSV file and in a workbook."""
    header = campaign.edit(name, change)

    problem = campaign.first_problem()

    sheet = REVIEW if name == XLSX and row is not None else ""
    place = (name, sheet, 0 if row is None else header + row, column)
    assert (problem.file, problem.sheet, problem.row, problem.column) == place
    assert problem.message.startswith(message)


@pytest.mark.parametrize("name", [CSV, XLSX])
def test_other_rows_count(campaign: Campaign, name: str) -> None:
    """A row with a problem counts as open, and all others count."""

    def change(grid: Grid) -> None:
        fill(grid, 1, "keep")
        fill(grid, 2, "yes", "why not")
        fill(grid, 3, "revoke", "left")

    campaign.edit(name, change)

    returned = campaign.read()[ANN]
    assert len(returned.problems) == 1
    assert returned.decisions == {
        OWN[0].id: Decided("keep", "", ""),
        OWN[2].id: Decided("revoke", "left", ""),
    }


@pytest.mark.parametrize("name", [CSV, XLSX])
def test_two_rows_of_which_one_is_changed(campaign: Campaign, name: str) -> None:
    """An item counts as open if one of its rows has a problem."""

    def change(grid: Grid) -> None:
        fill(grid, 2, "keep")
        grid.append(list(grid[2]))
        grid[7][column(grid, "Who")] = "another"

    campaign.edit(name, change)

    returned = campaign.read()[ANN]
    assert [problem.column for problem in returned.problems] == ["Who"]
    assert returned.decisions == {}


def test_unknown_decision_with_a_date(campaign: Campaign) -> None:
    """A misspelled decision is one problem, even if a day belongs to it."""
    campaign.edit(CSV, filling(1, "kepe", "", "2027-01-31"))

    assert campaign.problems() == [
        f'{CSV}, row 2, Decision: unknown decision "kepe": did you mean keep? Write keep, revoke or unsure'
    ]


@pytest.mark.parametrize("name", [CSV, XLSX])
def test_every_fact_is_compared(campaign: Campaign, name: str) -> None:
    """A change is noticed in every column that must not change."""
    columns = facts_of(PEOPLE)[1:]

    def change(grid: Grid) -> None:
        for title in columns:
            setting(1, title, "other")(grid)

    campaign.edit(name, change)

    assert [problem.column for problem in campaign.read()[ANN].problems] == list(columns)


@pytest.mark.parametrize(("sound", "damaged"), [(CSV, XLSX), (XLSX, CSV)])
def test_item_with_a_problem_in_one_file(campaign: Campaign, sound: str, damaged: str) -> None:
    """An item counts as open if its row in one of the two files has a problem."""
    campaign.edit(sound, filling(1, "keep"))
    campaign.edit(damaged, filling(1, "yes"))

    returned = campaign.read()[ANN]
    assert [(problem.file, problem.column) for problem in returned.problems] == [(damaged, "Decision")]
    assert returned.decisions == {}


def test_at_most_100_problems(campaign: Campaign) -> None:
    """After 100 problems, only their number is reported."""

    def change(grid: Grid) -> None:
        grid.extend([f"ax{number}", *grid[1][1:]] for number in range(MAX_PROBLEMS + 25))

    campaign.edit(CSV, change)

    problems = campaign.problems()
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[0] == f'{CSV}, row 8, Item: unknown item "ax0": restore its id, or remove the row'
    assert problems[-1] == f"{CSV}: and 25 more problems"


def not_utf8(content: bytes) -> bytes:
    return content.decode("utf-8-sig").replace("\u200b", "").encode("cp1252")


def cut_in_quotes(content: bytes) -> bytes:
    return (
        content[: content.index(b'"-Deny') + 8]
        if b'"-Deny' in content
        else content[: content.rindex(b'""') + 1]
    )


def unquoted(content: bytes) -> bytes:
    return content.replace(b",,,\r\n", b",keep,well, yes, no,,\r\n", 1)


CSV_DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "Windows-1252": (not_utf8, f"{CSV}: the file is not UTF-8: save it as `CSV UTF-8`"),
    "half of UTF-16": (
        lambda content: content.decode("utf-8-sig").encode("utf-16")[:-1],
        f"{CSV}: the file is damaged: save it as `CSV UTF-8`",
    ),
    "UTF-16 without a mark": (
        lambda content: content.decode("utf-8-sig").encode("utf-16-le"),
        f"{CSV}: the file contains NUL bytes, as only binary files do: save it as `CSV UTF-8`",
    ),
    "open quote": (
        lambda content: content + b'"open',
        f"{CSV}, row 8: the quotes in this row are wrong: close each quote",
    ),
    "separators in a comment": (unquoted, f"{CSV}, row 2: 35 cells, but the header has 32: quote cells"),
    "empty": (lambda _content: b"", f"{CSV}: no header: the columns Item, Decision and others are missing"),
    "only a mark": (lambda _content: b"\xef\xbb\xbf\r\n\r\n", f"{CSV}: no header: the columns Item"),
    "only a header": (lambda content: content.split(b"\r\n")[0], f"{CSV}, Item: no row for item"),
    "a workbook": (lambda _content: b"PK\x03\x04\x14\0\0\0", f"{CSV}: the file contains NUL bytes"),
}


@pytest.mark.parametrize(("damage", "message"), CSV_DAMAGE.values(), ids=CSV_DAMAGE)
def test_damaged_csv(campaign: Campaign, damage: Callable[[bytes], bytes], message: str) -> None:
    """A CSV file that cannot be understood is refused, and says how to save it."""
    file = campaign.folder / CSV
    file.write_bytes(damage(file.read_bytes()))

    assert campaign.problems()[0].startswith(message)


def lying(content: bytes) -> bytes:
    """Return a workbook whose directory says that its sheet is empty."""
    name = b"xl/worksheets/sheet2.xml"
    position = content.rindex(name) - 46
    return content[: position + 24] + struct.pack("<L", 0) + content[position + 28 :]


def bomb(content: bytes) -> bytes:
    """Return a workbook whose directory says that its sheet has 2 GB."""
    name = b"xl/worksheets/sheet2.xml"
    position = content.rindex(name) - 46
    return content[: position + 24] + struct.pack("<L", 2_000_000_000) + content[position + 28 :]


def doubled_part(content: bytes) -> bytes:
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as packed:
        packed.writestr("xl/Workbook.xml", packed.read("xl/workbook.xml"))
    return out.getvalue()


def without_part(content: bytes, part: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(out, "w") as copy:
        for name in packed.namelist():
            if name != part:
                copy.writestr(name, packed.read(name))
    return out.getvalue()


def replaced_in_sheet(pattern: bytes, replacement: bytes) -> Callable[[bytes], bytes]:
    def damage(content: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(out, "w") as copy:
            for name in packed.namelist():
                part = packed.read(name)
                if name == "xl/worksheets/sheet2.xml":
                    part = re.sub(pattern, replacement, part, count=1)
                copy.writestr(name, part)
        return out.getvalue()

    return damage


def other_file(_content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("content.xml", "<office/>")
    return out.getvalue()


NO_WORKBOOK = f"{XLSX}: the file is not a workbook, or it is damaged: open it in a spreadsheet"
DAMAGED = f"{XLSX}: the workbook is damaged"
FAR = f"{XLSX}: a sheet has cells far outside the table, up to row "
WORKBOOK_DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _content: b"", NO_WORKBOOK),
    "text": (lambda _content: b"Item,Decision\r\n", NO_WORKBOOK),
    "half": (lambda content: content[: len(content) // 2], NO_WORKBOOK),
    "wrong bytes": (lambda content: content[:3000] + b"\xff" * 900 + content[3900:], NO_WORKBOOK),
    "another zip": (other_file, DAMAGED),
    "no sheet": (lambda content: without_part(content, "xl/worksheets/sheet2.xml"), DAMAGED),
    "no list of sheets": (
        lambda content: without_part(content, "xl/workbook.xml"),
        f"{XLSX}: no header: the columns Item, Decision and others are missing",
    ),
    "broken XML": (replaced_in_sheet(rb"</sheetData>", b"</row>"), DAMAGED),
    "encrypted": (
        lambda _content: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        f"{XLSX}: the workbook is encrypted, or of Excel 97: save it as .xlsx without a password",
    ),
    "zip bomb": (bomb, f"{XLSX}: the workbook is larger than 500 MB when it is unpacked"),
    "part twice": (doubled_part, f"{XLSX}: the workbook has a part twice"),
    "lying zip": (lying, NO_WORKBOOK),
    "far cell": (replaced_in_sheet(rb'r="B1"', b'r="XFD1048576"'), f"{FAR}1,048,576 and column 16,384"),
    "row number": (replaced_in_sheet(rb'r="B1"', b'r="B10485760000"'), f"{FAR}104,857,600 and column 32"),
    "cell without a place": (
        replaced_in_sheet(rb'<row r="5"(.*?)<c r="A5"', rb'<row r="1000000"\1<c'),
        f"{FAR}1,000,000 and column 32",
    ),
    "huge count": (
        replaced_in_sheet(rb"<sheetData>", b'<sst uniqueCount="999999999999"/><sheetData>'),
        f"{XLSX}: the workbook says that it has far too many texts",
    ),
    "far column": (replaced_in_sheet(rb'r="B1"', b"r = 'XFD2000'"), f"{FAR}2,000 and column 16,384"),
}


@pytest.mark.parametrize(("damage", "message"), WORKBOOK_DAMAGE.values(), ids=WORKBOOK_DAMAGE)
def test_damaged_workbook(campaign: Campaign, damage: Callable[[bytes], bytes], message: str) -> None:
    """A broken or hostile workbook is a problem with the name of the file, and the CSV file still counts."""
    file = campaign.folder / XLSX
    file.write_bytes(damage(file.read_bytes()))
    campaign.edit(CSV, filling(1, "keep"))

    returned = campaign.read()[ANN]

    assert [str(problem)[: len(message)] for problem in returned.problems] == [message]
    assert returned.decisions == {OWN[0].id: Decided("keep", "", "")}


@pytest.mark.parametrize("name", [CSV, XLSX])
def test_too_large(campaign: Campaign, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file above the maximum size is not read."""
    monkeypatch.setitem(reading.MAX_BYTES, ".csv", 1000)
    monkeypatch.setitem(reading.MAX_BYTES, ".xlsx", 1000)
    campaign.edit(name, filling(1, "keep"))

    assert campaign.problems() == [
        f"{name}: the file is larger than 0 MB: remove what was added, and save it again"
    ]


def test_every_byte_matters(campaign: Campaign) -> None:
    """A workbook that is cut or has a wrong byte, wherever it is, is read or refused, and nothing else."""
    file = campaign.folder / XLSX
    content = file.read_bytes()
    for position in range(0, len(content), len(content) // 60):
        for damaged in (content[:position], content[:position] + b"\x7f" + content[position + 1 :]):
            file.write_bytes(damaged)
            for problem in campaign.read()[ANN].problems:
                assert problem.file == XLSX


def test_sheets_that_disagree(campaign: Campaign) -> None:
    """Where CSV file and workbook both changed, they must agree on everything; both places are named."""

    def change_csv(grid: Grid) -> None:
        for row in (1, 2, 3, 4):
            fill(grid, row, "keep", "same")

    def change(grid: Grid) -> None:
        fill(grid, 1, "KEEP", "same ")
        fill(grid, 2, "revoke", "same")
        fill(grid, 3, "keep", "other")
        fill(grid, 4, "keep", "same", date(2027, 1, 31))
        fill(grid, 5, "unsure")

    campaign.edit(CSV, change_csv)
    campaign.edit(XLSX, change)

    returned = campaign.read()[ANN]
    rest = ": write the same in both, or remove the file that is out of date"
    assert list(map(str, returned.problems)) == [
        f'{XLSX}, sheet Review, row 7, Decision: "revoke", but "keep" in {CSV}, row 3{rest}',
        f'{XLSX}, sheet Review, row 8, Comment: "other", but "same" in {CSV}, row 4{rest}',
        f'{XLSX}, sheet Review, row 9, Until: "2027-01-31", but "" in {CSV}, row 5{rest}',
        f'{XLSX}, sheet Review, row 10, Decision: "unsure", but "" in {CSV}, row 6{rest}',
    ]
    assert returned.decisions == {OWN[0].id: Decided("keep", "same", "")}


def test_missing_sheets(campaign: Campaign) -> None:
    """One of the two files may be missing, but not both."""
    (campaign.folder / BOBS_CSV).unlink()
    assert campaign.read()[BOB].problems == ()

    (campaign.folder / BOBS_XLSX).unlink()
    (problem,) = campaign.read()[BOB].problems
    assert str(problem) == f"{BOBS_CSV}: the sheet is missing ({BOBS_CSV} and {BOBS_XLSX}): put it back"


def test_sheet_under_another_name(campaign: Campaign) -> None:
    """A sheet that came back under another name is not ignored."""
    (campaign.folder / XLSX).rename(campaign.folder / "review_ann_example.com (1).xlsx")
    (campaign.folder / f".~lock.{CSV}#").touch()
    (campaign.folder / f"~${XLSX}").touch()
    (campaign.folder / f"{CSV}.bak").touch()

    assert campaign.problems() == [
        f"review_ann_example.com (1).xlsx: the file is not read: rename it to {CSV} or {XLSX}, or remove it"
    ]


def test_two_sheets_of_a_workbook(campaign: Campaign) -> None:
    """Two sheets with different decisions for an item are refused, with both places."""
    campaign.edit(XLSX, filling(1, "keep"))
    book = load_workbook(campaign.folder / XLSX)
    rows = [["" if value is None else value for value in row] for row in book[REVIEW].values]
    rows[5][-3] = "revoke"
    rows[5][-2] = "left"
    replace_sheet(book, "Old", rows)
    book.save(campaign.folder / XLSX)

    assert campaign.problems() == [
        (
            f'{XLSX}, sheet Old, row 6, Decision: "revoke", but "keep" in sheet Review, row 6: '
            "remove one of the two rows"
        )
    ]


@pytest.mark.parametrize("text", ["27-01-31", "27/01/31"])
def test_short_years(campaign: Campaign, text: str) -> None:
    """A year of two digits can be the first number or the last one."""
    campaign.edit(CSV, filling(1, "keep", until=text))

    (problem,) = campaign.problems()
    assert problem.endswith(f'"{text}" is ambiguous: write 2031-01-27 or 2027-01-31')


def test_long_comment(campaign: Campaign) -> None:
    """A comment that would not fit into a cell of the decisions is refused."""
    campaign.edit(CSV, filling(1, "keep", "=" * 10_001))

    (problem,) = campaign.problems()
    assert problem.endswith("Comment: 10,001 characters: write at most 10,000")
