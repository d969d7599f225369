"""The workbook of one reviewer: instructions, and a sheet with room for decisions."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from sso_batch.access import NOT_READ
from sso_batch.campaign.csv_files import DECISION_COLUMNS
from sso_batch.campaign.decisions import DECISIONS
from sso_batch.campaign.findings import findings_of
from sso_batch.campaign.item import facts_of
from sso_batch.campaign.sheets.facts import SheetFacts
from sso_batch.report.workbook.book import MAX_ROWS, READ_ME, Book
from sso_batch.report.workbook.columns import Column, Kind, columns
from sso_batch.report.workbook.interruptible_file import InterruptibleFile
from sso_batch.report.workbook.page_sheet import PageSheet
from sso_batch.report.workbook.table_sheet import TableSheet
from sso_batch.review.checks import CHECKS
from sso_batch.run_files.columns import ATTRIBUTES, IDS
from sso_batch.sanitize import unescape_formulas

REVIEW = "Review"
"""The sheet with the items; a second one is `Review 2`."""


_CHUNK = 1 << 20
_LINE = 130
_CHECKS = {check.id: check for check in CHECKS}

_COLUMNS = (
    Column("Item", "Id of the item: the same in every campaign.", width=18),
    Column(
        "Kind", "assignment of a permission set or role in an account, or membership of a user in a group."
    ),
    Column("Reviewer", "Who decides.", detail=True),
    Column("Who", "The user or group that has the access.", width=26),
    Column("What", "The permission set or role; for a membership, all that the group gives.", width=34),
    Column("Where", "The account; for a membership, all accounts in which the group gives access.", width=26),
    Column(
        "Privilege",
        "What the access amounts to, at most: ADMINISTRATOR, CAN_ESCALATE (can become administrator), "
        "MANAGES_ACCESS (can change who has access), WRITE, READ or NONE; before SCPs and RCPs.",
        Kind.LEVEL,
    ),
    Column(
        "Findings",
        "What the checks found: severity and check, explained below; waived: accepted until a day.",
        width=44,
    ),
    Column(
        "Change",
        "Since the last campaign: NEW, CHANGED or UNCHANGED. Empty if there was none to compare with.",
        Kind.LEVEL,
    ),
    Column(
        "Through", "How: assigned directly, to a group with members, or as a member of a group.", width=26
    ),
    Column("People", "How many people the decision affects.", Kind.NUMBER),
    Column("Accounts", "How many accounts the decision affects.", Kind.NUMBER),
    Column("Since", "When the access was given; NOT_READ if that is not known.", Kind.TIME),
    Column("AssignedBy", "Who gave it: AWS's identifier.", detail=True),
    Column("LastSignIn", "The user's latest known sign-in.", Kind.TIME),
    Column("FirstSeen", "Start of the first complete run that had it.", Kind.TIME, detail=True),
    Column("UserEmail", "Email address of the user.", width=30),
    Column("Organization", "The AWS organization.", width=20),
    Column("AccountId", "Id of the account, if it is only one.", detail=True),
    Column("AccountPath", "Names of the organizational units above the account.", width=30, detail=True),
    Column("UserStatus", "ENABLED or DISABLED.", detail=True),
    Column(
        "PrincipalState",
        "OK, or NOT_FOUND (user or group was deleted), EMPTY_GROUP (no members), MEMBER_NOT_FOUND (the group "
        "lists a deleted user).",
        detail=True,
    ),
    Column("PrivilegeReason", "Which policies and actions decide the level.", width=50, detail=True),
    Column("PrivilegeUnread", "What was not read and could raise the level.", width=30),
    Column("ChangeDetail", "What changed since the last campaign.", width=30, detail=True),
    Column("ReviewerRule", "Which rule of the configuration chose the reviewer.", width=26, detail=True),
    Column("Decision", f"To fill in: {', '.join(DECISIONS)}.", width=12, to_fill_in=True),
    Column("Comment", "To fill in: the reason, or a ticket.", width=36, to_fill_in=True),
    Column("Until", "To fill in for keep, if at all: the last day of the access.", Kind.DAY, to_fill_in=True),
)
_STEPS = {
    "1. Read": "Who has What, Where, and how much it allows (Privilege). Findings say why it may be wrong.",
    "2. Decide": "Choose keep or revoke in the column Decision. With unsure, the item stays open: ask, and "
    "decide later.",
    "3. Comment": "Write the reason, or the number of a ticket. {comment}",
    "4. Until": "If you keep access despite a finding, or only for some time, write the last day. Until "
    "then, the findings are accepted; after it, you are asked again in the next campaign.",
    "5. Return": "Save the file under the same name, and send it back or put it where you found it. A CSV "
    "file of the same name has the same lines: fill in one of the two.",
}
_BY_TITLE = {column.title: column for column in _COLUMNS}
_NUMBERS = frozenset({"People", "Accounts"})
_FINDINGS = facts_of(()).index("Findings")


def write_workbook(facts: SheetFacts, reviewer: str, sheet: Path, folder: Path) -> Path:
    """Write the workbook of one reviewer into a folder, from the sheet in CSV, and return its path."""
    workbook = folder / f"{sheet.name}.xlsx"
    with workbook.open("xb") as file:
        file.writelines(render_sheet(facts, reviewer, _rows(sheet, facts)))
    return workbook


def render_sheet(
    facts: SheetFacts, reviewer: str, items: Iterable[Sequence[str]], *, max_rows: int = MAX_ROWS
) -> Iterator[bytes]:
    """Yield the workbook of one reviewer in chunks, with at most `max_rows` on a sheet.

    Only the first cells of items are used: those that a sheet has.
    """
    with TemporaryDirectory() as folder, TemporaryFile() as file:
        created = facts.opened_at.replace(tzinfo=None, microsecond=0)
        footer = f"Access review of run {facts.run_id} - contains personal data"
        output = InterruptibleFile(file, lambda: None)
        with Book(output, folder, created, footer=footer, max_rows=max_rows) as book:
            first = PageSheet(book, READ_ME, (30, 14, 100), line=_LINE, wrapped=frozenset({2}))
            found: set[str] = set()
            sheet = _write_items(book, facts, _with_findings(items, found))
            _write_instructions(first, facts, reviewer, sheet, found)
            book.close()
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _rows(sheet: Path, facts: SheetFacts) -> Iterator[list[str]]:
    """Yield the cells of each item in a sheet."""
    columns = facts_of(facts.people)
    to_unescape = [number for number, column in enumerate(columns) if column not in IDS]
    with sheet.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines)
        for cells in lines:
            if facts.escape_formulas and "'" in "".join(cells):
                for number in to_unescape:
                    cells[number] = unescape_formulas(cells[number])
            yield cells


def _with_findings(items: Iterable[Sequence[str]], found: set[str]) -> Iterator[Sequence[str]]:
    """Yield the items, and collect their cells with findings."""
    for cells in items:
        found.add(cells[_FINDINGS])
        yield cells


def columns_of_sheet(people: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of a sheet, described."""
    attributes = dict(zip((ATTRIBUTES[name] for name in people), _attributes(people), strict=True))
    titles = (*facts_of(people), *DECISION_COLUMNS)
    return tuple(attributes.get(title) or _BY_TITLE[title] for title in titles)


def _attributes(people: Sequence[str]) -> tuple[Column, ...]:
    return columns([ATTRIBUTES[name] for name in people])


def _write_items(book: Book, facts: SheetFacts, items: Iterable[Sequence[str]]) -> TableSheet:
    described = columns_of_sheet(facts.people)
    numbers = [number for number, column in enumerate(described) if column.title in _NUMBERS]
    sheet = TableSheet(
        book,
        REVIEW,
        described,
        frozen=4,
        note="Fill in the yellow columns at the right. The riskiest access comes first.",
        locked=True,
    )
    for title, rule in _rules(facts.opened_at.date()).items():
        sheet.add_validation(title, rule)
    facts_only = len(described) - len(DECISION_COLUMNS)
    for item in items:
        cells: list[str | int] = list(item[:facts_only])
        for number in numbers:
            if cells[number] != NOT_READ:
                cells[number] = int(cells[number])
        sheet.write(cells)
    sheet.finish()
    return sheet


def _rules(first_day: date) -> dict[str, dict[str, object]]:
    return {
        "Decision": {
            "validate": "list",
            "source": list(DECISIONS),
            "input_title": "Decision",
            "input_message": "keep: the access is right. revoke: it must be removed. unsure: you "
            "cannot decide yet; the item stays open.",
            "error_title": "Not a decision",
            "error_message": f"Choose one of {', '.join(DECISIONS)}, or clear the cell.",
        },
        "Until": {
            "validate": "date",
            "criteria": ">=",
            "value": first_day,
            "input_title": "Until",
            "input_message": "For keep, if at all: the last day of the access, and on which its findings are "
            f"accepted, such as {first_day.year + 1}-01-31.",
            "error_title": "Not a date",
            "error_message": f"Enter a date from {first_day.isoformat()} on, or clear the cell.",
        },
    }


def _write_instructions(
    page: PageSheet, facts: SheetFacts, reviewer: str, sheet: TableSheet, found: Iterable[str]
) -> None:
    bold = page.formats.bold
    page.title("Access review")
    page.paragraph(
        "Each line of the sheet Review is access to AWS that somebody has. Please decide whether each is "
        "still right. The list contains personal data: share it only with people who need it."
    )
    page.heading("Your review")
    for name, value in (
        ("Reviewer", reviewer),
        ("Due", facts.due.isoformat()),
        ("Opened", f"{facts.opened_at:%Y-%m-%d}"),
        ("Access as of", f"{facts.run_started_at:%Y-%m-%d} (run {facts.run_id})"),
    ):
        page.row(name, "", value, first=bold)
    page.linked_row(sheet.names[0], REVIEW, sheet.rows, "items to decide", first=bold)
    page.heading("What to do")
    comment = f"It is required for {' and '.join(facts.require_comment)}." if facts.require_comment else ""
    for name, text in _STEPS.items():
        page.row(name, "", text.format(comment=comment).strip(), first=bold)
    page.paragraph(
        "You may filter lines. The other columns are locked, because a changed line is refused: so no "
        "decision is taken for another item. To sort, remove the sheet's protection, which has no password.",
        page.formats.note,
    )
    _write_findings(page, found)
    page.heading("Columns")
    page.header("Column", "Cells", "Meaning")
    for column in sheet.columns:
        page.row(column.title, column.kind.value, column.meaning, first=bold)
    page.finish()


def _write_findings(page: PageSheet, found: Iterable[str]) -> None:
    severities = {finding.check: finding.severity for text in found for finding in findings_of(text)}
    described = [check for check in CHECKS if check.id in severities]
    if not described:
        return
    page.heading("Findings on these items")
    page.header("Finding", "Severity", "Why it matters")
    for check in described:
        page.row(check.id, severities[check.id], check.why, first=page.formats.bold)
