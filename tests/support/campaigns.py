"""A small campaign whose facts are what spreadsheets damage, and its sheets as grids that tests edit."""

import csv
import hashlib
import io
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from openpyxl import Workbook, load_workbook

from sso_batch.campaign import file_names
from sso_batch.campaign.csv_files import BOM, ItemLines
from sso_batch.campaign.decisions import Decided
from sso_batch.campaign.item import Item
from sso_batch.campaign.record import (
    CampaignRecord,
    FallbackCounts,
    File,
    ReviewedRun,
    Reviewer,
    encode_campaign,
    read_campaign,
)
from sso_batch.campaign.returned import Returned, SheetProblem, read_population, read_returned
from sso_batch.campaign.sheets.facts import SheetFacts
from sso_batch.campaign.sheets.workbook import REVIEW, render_sheet
from sso_batch.store import Folder

ANN, BOB = "ann@example.com", "bob@example.com"
PEOPLE = ("title", "cost_center", "employee_number")
OPENED = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
DUE = date(2026, 12, 18)

CSV, XLSX = "review_ann_example.com.csv", "review_ann_example.com.xlsx"
BOBS_CSV, BOBS_XLSX = "review_bob_example.com.csv", "review_bob_example.com.xlsx"

Cell = object
Grid = list[list[Cell]]
"""The header of a sheet and its rows."""


def item(number: int, reviewer: str = ANN, **values: object) -> Item:
    """Return an item; most of its values depend on its number."""
    texts = dict.fromkeys(Item.__dataclass_fields__, "") | {
        "id": f"ax{number:016x}",
        "kind": "assignment",
        "reviewer": reviewer,
        "who": f"User {number}",
        "what": "AdministratorAccess",
        "where": f"account-{number}",
        "privilege": "ADMINISTRATOR",
        "findings": "high admin-access; low direct-grant",
        "through": "assigned directly",
        "people": "1",
        "accounts": "1",
        "since": "2026-03-04T15:06:07Z",
        "assigned_by": "NOT_READ",
        "last_sign_in": "2026-11-20T00:00:00Z",
        "first_seen": "NOT_READ",
        "user_email": f"user{number}@example.com",
        "organization": "acme",
        "account_id": f"{number:012}",
        "account_path": "Root/Prod",
        "user_status": "ENABLED",
        "principal_state": "OK",
        "privilege_reason": "AdministratorAccess allows every action on every resource",
        "reviewer_rule": "fallback",
        "principal_type": "USER",
        "principal_id": f"906{number:033}",
    }
    return Item(**(texts | {"attributes": ("Engineer", f"{number:06}", "1E5")} | values))  # type: ignore[arg-type]


ITEMS = (
    item(1, who="Jürgen Müller; Ops", account_id="111122223333", people="1234"),
    item(2, who="=SUM(A1)", what="-Deny, all", attributes=("+49 30 1234", "000012", "-5")),
    item(3, who="'quoted'", what='say "no"', attributes=("true", "1E5", "0007")),
    item(4, who="00123", where="012345670006", since="NOT_READ"),
    item(5, who="zero\u200bwidth", what="a;=b", attributes=("@home", "3.10", "12345678901234567890")),
    item(6, who="two  spaces", kind="membership", since=""),
    item(11, BOB),
    item(12, BOB),
)
OWN = tuple(each for each in ITEMS if each.reviewer == ANN)


def write_campaign(folder: Path) -> CampaignRecord:
    """Write the files of the campaign into a folder."""
    lines = ItemLines(PEOPLE, escape=True)
    facts = SheetFacts("20261127-090000", OPENED, OPENED, DUE, PEOPLE, ("revoke",), escape_formulas=True)
    folder.mkdir()

    def write(name: str, content: bytes, rows: int) -> File:
        (folder / name).write_bytes(content)
        return File(name=name, sha256=hashlib.sha256(content).hexdigest(), rows=rows, bytes=len(content))

    reviewers = []
    for address, csv_name, workbook_name in ((ANN, CSV, XLSX), (BOB, BOBS_CSV, BOBS_XLSX)):
        own = [each for each in ITEMS if each.reviewer == address]
        text = BOM + lines.sheet_header + "".join(lines.lines(each)[1] for each in own)
        workbook = b"".join(render_sheet(facts, address, [each.cells for each in own]))
        files = (
            write(csv_name, text.encode(), len(own)),
            write(workbook_name, workbook, len(own)),
        )
        reviewers.append(Reviewer(address=address, items=len(own), files=files))
    population = lines.population_header + "".join(lines.lines(each)[0] for each in ITEMS)
    record = CampaignRecord.model_construct(
        schema_=1,
        version="1.0",
        opened_at=OPENED,
        due=DUE,
        scope="all",
        run=ReviewedRun(
            run_id="20261127-090000",
            ts="20261127_090000",
            started_at=OPENED,
            finished_at=OPENED,
            status="complete",
            version="1.0",
            manifest_sha256="0" * 64,
            endpoint_overrides=(),
        ),
        since=None,
        organizations=(),
        left_out=(),
        people=PEOPLE,
        population=write(file_names.POPULATION, population.encode(), len(ITEMS)),
        assignments=7,
        memberships=1,
        out_of_scope=0,
        out_of_scope_file=None,
        unread_groups=0,
        groups_without_access=0,
        escape_formulas=True,
        require_comment=("revoke",),
        fallback=FallbackCounts(no_rule=0, own_access=0),
        reviewers=tuple(reviewers),
    )
    content = encode_campaign(record)
    (folder / file_names.CAMPAIGN).write_bytes(content)
    return read_campaign(content, file_names.CAMPAIGN)


@dataclass(frozen=True, slots=True)
class Campaign:
    """The small campaign in a folder."""

    folder: Path
    record: CampaignRecord

    def copy(self, folder: Path) -> "Campaign":
        """Return the same campaign in a new folder."""
        shutil.copytree(self.folder, folder)
        return Campaign(folder, self.record)

    def read(self) -> dict[str, Returned]:
        """Return what came back, by reviewer."""
        store = Folder(self.folder)
        items = read_population(store, self.record)
        return {each.reviewer.address: each for each in read_returned(store, self.record, items)}

    def problems(self) -> list[str]:
        """Return the problems of Ann's sheets, as they are shown."""
        return list(map(str, self.read()[ANN].problems))

    def decisions(self) -> dict[str, Decided]:
        """Return Ann's decisions; there must be no problem."""
        returned = self.read()[ANN]
        assert returned.problems == ()
        return dict(returned.decisions)

    def first_problem(self) -> SheetProblem:
        """Return the first problem of Ann's sheets."""
        return self.read()[ANN].problems[0]

    def edit(self, name: str, change: Callable[[Grid], object]) -> int:
        """Change a sheet, and return the number of its header's row."""
        return self.edit_csv(change, name) if name.endswith(".csv") else self.edit_workbook(change, name)

    def edit_csv(self, change: Callable[[Grid], object], name: str = CSV) -> int:
        """Change a CSV file, and return the number of its header's row."""
        text = (self.folder / name).read_bytes().decode("utf-8-sig")
        grid: Grid = [list(row) for row in csv.reader(io.StringIO(text, newline=""))]
        change(grid)
        (self.folder / name).write_bytes(csv_bytes(grid))
        return 1

    def edit_workbook(self, change: Callable[[Grid], object], name: str = XLSX) -> int:
        """Change the table of a workbook, and return the number of its header's row."""
        book = load_workbook(self.folder / name)
        rows = [["" if value is None else value for value in row] for row in book[REVIEW].values]
        header = next(number for number, row in enumerate(rows) if row[0] == "Item")
        grid: Grid = [list(row) for row in rows[header:]]
        change(grid)
        replace_sheet(book, REVIEW, [*rows[:header], *grid])
        book.save(self.folder / name)
        return header + 1


def replace_sheet(book: Workbook, name: str, grid: Sequence[Sequence[Cell]]) -> None:
    """Write a sheet again, with other rows."""
    if name in book.sheetnames:
        book.remove(book[name])
    sheet = book.create_sheet(name)
    for number, row in enumerate(grid, 1):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(number, column)
            if isinstance(value, str) and value.startswith("="):
                cell.value, cell.data_type = value, "s"
            elif value != "":
                cell.value = value


def csv_bytes(grid: Grid, *, separator: str = ",", encoding: str = "utf-8", line_end: str = "\r\n") -> bytes:
    """Return a grid as a CSV file."""
    text = io.StringIO(newline="")
    writer = (
        csv.writer(text, delimiter=separator, lineterminator=line_end, quoting=csv.QUOTE_ALL)
        if line_end == "\r"  # the module does not quote LF then
        else csv.writer(text, delimiter=separator, lineterminator=line_end)
    )
    writer.writerows(grid)
    return text.getvalue().encode(encoding)


def column(grid: Grid, name: str) -> int:
    """Return the position of a column."""
    return grid[0].index(name)


def fill(grid: Grid, row: int, decision: Cell = "", comment: Cell = "", until: Cell = "") -> None:
    """Fill in a decision; rows count from 1, after the header."""
    grid[row][column(grid, "Decision")] = decision
    grid[row][column(grid, "Comment")] = comment
    grid[row][column(grid, "Until")] = until


def fill_all(grid: Grid, decision: str, comment: str = "") -> None:
    """Fill in the same decision for every item."""
    for row in range(1, len(grid)):
        fill(grid, row, decision, comment)


def setting(row: int, name: str, value: Cell) -> Callable[[Grid], None]:
    """Return a change of one cell."""

    def change(grid: Grid) -> None:
        grid[row][column(grid, name)] = value

    return change


def filling(row: int, decision: Cell = "", comment: Cell = "", until: Cell = "") -> Callable[[Grid], None]:
    """Return a change that fills in one decision."""
    return lambda grid: fill(grid, row, decision, comment, until)
