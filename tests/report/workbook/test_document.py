"""The sheets of a workbook: each is a table that prints well, and nothing in it is more than text."""

import io
import zipfile
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path

import pytest
from openpyxl import load_workbook

from sso_batch.access import resolve
from sso_batch.model import USER, ApplicationAssignment, GapKind, Principal, User
from sso_batch.report import changes_csv
from sso_batch.report.workbook import render_workbook
from sso_batch.run_files import applications_csv
from sso_batch.run_files.columns import COLUMNS
from sso_batch.sanitize import show_hidden
from tests.support.overviews import HOSTILE, changes, company, findings, hostile, overview, rows, with_gap
from tests.support.records import application, gap, grant, small_organization, snapshot, user
from tests.support.workbooks import content, records, table, texts, top, workbook

ACME = company("acme", 1)
SHEETS = ["Read me", "Summary", "Findings", "Administrators", "People", "Access", "Changes", "Gaps"]
TABLES = SHEETS[1:]


# Incomplete and hostile data


def test_incomplete() -> None:
    """Every sheet that can lack rows names the organizations that were not read completely."""
    read = workbook(overview(with_gap(ACME), failed=["initech"]))

    assert read.sheetnames == SHEETS
    for name in ("Findings", "Administrators", "People", "Access"):
        assert "INCOMPLETE: not read completely: acme; not read at all: initech." in top(read[name])
    assert [row[:2] for row in table(read["Gaps"])[1:]] == [
        ("acme", "ListGroupMemberships"),
        ("initech", "ListAccountAssignments"),
    ]


def test_unread_applications() -> None:
    """The sheet of applications says where they were not all read."""
    acme = snapshot(
        users=(user(),),
        applications=(application("=cmd()"), application("Wiki", complete=False)),
        application_assignments=(ApplicationAssignment(application("=cmd()").arn, Principal(USER, "u-1")),),
        gaps=(gap(application().arn, kind=GapKind.APPLICATIONS),),
    )

    read = workbook(overview(acme, failed=["initech"], applications=True))

    assert read.sheetnames == [*SHEETS[:-1], "Applications", "Gaps"]
    assert "INCOMPLETE: applications were not all read: acme, initech." in top(read["Applications"])
    found = table(read["Applications"])
    assert found[0] == applications_csv.COLUMNS
    assert [row[:3] for row in found[1:]] == [("u-1@example.com", "Ann Lee", "=cmd()"), ("", "", "Wiki")]
    assert found[2][-1] == "NOT_READ"


def test_hostile_names() -> None:
    """No name becomes a formula, a link, a number or markup: each is plain text."""
    raw = content(overview(hostile()))
    read = load_workbook(io.BytesIO(raw))

    for name in ("Findings", "Administrators", "People", "Access", "Gaps"):
        rows_of_table = list(read[name].iter_rows(min_row=2))
        assert {cell.data_type for row in rows_of_table for cell in row} <= {"s", "n", "inlineStr"}
        assert not any(cell.hyperlink for row in rows_of_table for cell in row)
    shown = {str(value).strip() for row in table(read["Access"]) for value in row}
    assert {show_hidden(name).strip() for name in HOSTILE} <= shown
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        xml = b"".join(archive.read(name) for name in archive.namelist() if "sheet" in name)
    assert b"<f>" not in xml
    assert b"<r>" not in xml
    assert b'TargetMode="External"' not in xml


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(1)", "\uff1d1", "\t=1"])
def test_formulas(start: str) -> None:
    """A value that a spreadsheet would run as a formula is text, in each sheet that shows people."""
    acme = snapshot(users=(User("u-1", start, start, start, start),), grants=(grant(Principal(USER, "u-1")),))

    read = workbook(overview(acme))

    for name in ("People", "Access"):
        cells = [cell for row in read[name].iter_rows() for cell in row if cell.value == show_hidden(start)]
        assert len(cells) > 1
        assert {cell.data_type for cell in cells} == {"s"}


def test_ids_and_numbers() -> None:
    """Ids and names that look like numbers stay text and keep their zeros."""
    organization = replace(ACME, users=(User("1-user-0000", "007", "1e5", "", "ENABLED"), *ACME.users[1:]))

    values = {value for row in table(workbook(overview(organization))["Access"]) for value in row}

    assert {"007", "1e5", ACME.grants[0].account_id} <= values
    assert all(isinstance(value, str) for value in values)


def test_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing the generator early removes the temporary files."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    chunks = render_workbook(overview(ACME))

    next(chunks)
    before = list(tmp_path.iterdir())
    chunks.close()  # type: ignore[attr-defined] # a generator

    assert before
    assert list(tmp_path.iterdir()) == []


def test_same_bytes() -> None:
    """The same run gives the same bytes."""
    report = overview(ACME, company("globex", 2), findings=findings(), changes=changes(ACME))

    assert content(report) == content(report)


# Rows


def test_access() -> None:
    """The rows of all organizations are one table, in the columns and the order of the CSV file."""
    globex = company("globex", 2)

    read = workbook(overview(ACME, globex))

    expected = [tuple(map(show_hidden, row.values())) for row in rows((ACME, globex))]
    assert table(read["Access"]) == [COLUMNS, *expected]


def test_dates() -> None:
    """Dates are dates, and what was not read stays text."""
    user_id = "u-1"
    acme = snapshot(
        users=(user(user_id),),
        grants=(replace(grant(Principal(USER, user_id)), first_seen="2026-02-03T04:05:06Z"),),
    )

    (row,) = records(workbook(overview(acme))["Access"])

    assert row["FirstSeen"] == datetime(2026, 2, 3, 4, 5, 6)  # noqa: DTZ001 - a cell has no time zone
    assert row["AssignedAt"] == "NOT_READ"


def test_split() -> None:
    """Rows that do not fit on a sheet continue on the next one: a table of its own, after the same header."""
    whole = table(workbook(overview(ACME))["Access"])

    read = workbook(overview(ACME), max_rows=50)

    names = [name for name in read.sheetnames if name.startswith("Access")]
    parts = [table(read[name]) for name in names]
    assert names[:2] == ["Access", "Access 2"]
    assert read.sheetnames[read.sheetnames.index("Access") : read.sheetnames.index("Changes")] == names
    assert {part[0] for part in parts} == {COLUMNS}
    assert {read[name].max_row for name in names[:-1]} == {50}
    assert list(chain.from_iterable(part[1:] for part in parts)) == whole[1:]
    assert ("Access 2", "", "More rows of Access.") in [row[:3] for row in texts(read["Read me"])]


def test_split_by_size() -> None:
    """A sheet ends with the row that reaches its size in bytes, and all rows are there."""
    whole = table(workbook(overview(ACME))["Access"])

    read = workbook(overview(ACME), max_bytes=20_000)

    with zipfile.ZipFile(io.BytesIO(content(overview(ACME), max_bytes=20_000))) as book:
        sizes = [len(book.read(f"xl/worksheets/sheet{1 + at}.xml")) for at in range(len(read.sheetnames))]
    names = [name for name in read.sheetnames if name.startswith("Access")]
    parts = [table(read[name]) for name in names]
    assert len(names) > 2
    assert (
        max(sizes[read.sheetnames.index(name)] for name in names) < 30_000
    )  # one row, and what is around them
    assert list(chain.from_iterable(part[1:] for part in parts)) == whole[1:]


def test_large_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A workbook that is too large for an ordinary zip file is written with the 64-bit extensions."""
    whole = table(workbook(overview(ACME))["Access"])
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10_000)

    assert table(workbook(overview(ACME))["Access"]) == whole


def test_changes() -> None:
    """A change has one row for each affected user; the sheet says what was not compared."""
    changed = changes(ACME)

    read = workbook(overview(ACME, changes=changed, not_compared=[("globex", "it is incomplete")]))

    found = table(read["Changes"])
    assert found[0] == changes_csv.columns_of_changes()
    assert "not compared: globex (it is incomplete)." in top(read["Changes"])
    assert len(found) - 1 == sum(len(change.access.holders) for change in changed)
    assert found[1][:2] == ("added", "")
    alone = workbook(overview(ACME))["Changes"]
    assert "This run was not compared with an earlier run." in top(alone)


def test_nothing_found() -> None:
    """A table without rows says why it has none."""
    read = workbook(overview(snapshot(), changes=()))

    assert {name: texts(read[name])[-1][0] for name in ("Administrators", "People", "Access", "Gaps")} == {
        "Administrators": "There are no administrators in what was read.",
        "People": "There are no users in what was read.",
        "Access": "There are no access paths in what was read.",
        "Gaps": "There are no gaps: every call was answered.",
    }
    assert texts(read["Changes"])[-1][0] == "Nothing changed in what was compared."


# Layout


@pytest.mark.parametrize("name", TABLES)
def test_table(name: str) -> None:
    """Each sheet has one Excel table with filters, whose columns are its header."""
    sheet = workbook(overview(with_gap(ACME), findings=findings(), changes=changes(ACME)))[name]

    (found,) = sheet.tables.values()

    header = [cell.value for cell in sheet[found.ref][0]]
    assert [column.name for column in found.tableColumns] == header
    assert found.autoFilter.ref == found.ref
    assert len(set(header)) == len(header)


@pytest.mark.parametrize("name", TABLES[1:])
def test_in_view(name: str) -> None:
    """The header and the first columns stay in view; the header is repeated on every page."""
    sheet = workbook(overview(with_gap(ACME), findings=findings(), changes=changes(ACME)))[name]

    (found,) = sheet.tables.values()
    header = sheet[found.ref][0][0].row

    assert sheet.freeze_panes == f"{'E' if name == 'Changes' else 'C'}{header + 1}"
    assert sheet.print_title_rows == f"${header}:${header}"


@pytest.mark.parametrize("name", SHEETS)
def test_print(name: str) -> None:
    """Every sheet is printed in landscape, one page wide, with run id, page and a warning in its footer."""
    sheet = workbook(overview(ACME))[name]

    assert sheet.page_setup.orientation == "landscape"
    assert sheet.sheet_properties.pageSetUpPr
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) in {(1, 0), (None, 0)}
    assert sheet.oddFooter
    assert sheet.oddFooter.left
    assert sheet.oddFooter.right
    assert sheet.oddFooter.left.text == "Run nightly-7 - contains personal data"
    assert sheet.oddFooter.right.text == "Page &P of &N"


def test_widths() -> None:
    """Widths follow the data up to a maximum; longer text is wrapped in a row that is high enough."""
    long = "a long name with many words " * 8
    acme = replace(small_organization(), users=(User("u-1", "l", long, "a@b.example", "ENABLED"),))

    sheet = workbook(overview(acme))["Access"]

    header = {cell.value: cell for cell in sheet[next(iter(sheet.tables.values())).ref][0]}
    width = {title: sheet.column_dimensions[cell.column_letter].width for title, cell in header.items()}
    name = next(cell for row in sheet.iter_rows() for cell in row if cell.value == long)
    assert width["UserEmail"] < width["UserName"] < 30
    assert 13 <= width["AccountId"] < 18
    assert name.alignment.wrap_text
    assert sheet.row_dimensions[name.row].height >= 15 * (len(long) // width["UserName"])


def test_details() -> None:
    """Ids, ARNs and policies are in collapsed columns, which the sheet mentions."""
    sheet = workbook(overview(ACME))["Access"]

    header = {cell.value: cell.column_letter for cell in sheet[next(iter(sheet.tables.values())).ref][0]}
    hidden = {title for title, letter in header.items() if sheet.column_dimensions[letter].hidden}
    assert {"PrincipalId", "UserId", "PermissionSetArn"} <= hidden
    assert not hidden & {"UserEmail", "AccountId", "PermissionSet", "PrincipalState", "PrivilegeUnread"}
    assert all(sheet.column_dimensions[header[title]].outlineLevel == 1 for title in hidden)
    assert "click 2 in the top left corner to show them." in top(sheet)


@pytest.mark.parametrize("name", TABLES[1:])
def test_link_back(name: str) -> None:
    """Every table has a link to the first sheet."""
    link = workbook(overview(ACME))[name]["A1"].hyperlink

    assert link.location == "'Read me'!A1"


def test_rows_of_a_company() -> None:
    """The company of these tests has rows of every state."""
    states = {holder.state for access in resolve(ACME) for holder in access.holders}

    assert {"OK", "EMPTY_GROUP", "NOT_FOUND", "MEMBER_NOT_FOUND"} <= states
