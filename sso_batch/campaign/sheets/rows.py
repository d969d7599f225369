"""The rows of a reviewer's sheets become decisions, or problems with their places. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from itertools import islice
from operator import itemgetter

from sso_batch.campaign.csv_files import DECISION_COLUMNS
from sso_batch.campaign.decisions import DECISIONS, KEEP, OPEN, Decided
from sso_batch.campaign.item import Item, facts_of
from sso_batch.campaign.sheets.cells import Cell, comment_of, days_of, is_same_fact, same_text, text_of
from sso_batch.campaign.sheets.reading import HEADER_ROWS, Rows
from sso_batch.sanitize import unescape_formulas

ITEM = "Item"
DECISION, COMMENT, UNTIL = DECISION_COLUMNS

MAX_PROBLEMS = 100
"""The number of problems of a reviewer that are reported one by one."""

_MIN_NAMES = 3  # of our columns in a row that is the header
_SHOWN = 60  # characters of a value in a problem
_BEFORE = 15  # characters before the first difference
_LONGEST_COMMENT = 10_000  # characters


@dataclass(frozen=True, slots=True)
class SheetProblem:
    """What is wrong in a sheet, where, and what to do.

    `sheet` is empty for a CSV file. `row` is 0 and `column` empty where there is none.
    """

    file: str
    sheet: str
    row: int
    column: str
    message: str

    def __str__(self) -> str:
        sheet = f", sheet {self.sheet}" if self.sheet else ""
        row = f", row {self.row}" if self.row else ""
        column = f", {self.column}" if self.column else ""
        return f"{self.file}{sheet}{row}{column}: {self.message}"


class Problems:
    """The problems of one reviewer: the first ones, and how many there are beyond them."""

    def __init__(self) -> None:
        self._first: list[SheetProblem] = []
        self._more = 0

    def add(self, problem: SheetProblem) -> None:
        """Add a problem."""
        if len(self._first) < MAX_PROBLEMS:
            self._first.append(problem)
        else:
            self._more += 1

    def finish(self) -> tuple[SheetProblem, ...]:
        """Return the problems."""
        if not self._more:
            return tuple(self._first)
        rest = SheetProblem(self._first[-1].file, "", 0, "", f"and {self._more:,} more problems")
        return (*self._first, rest)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a sheet must comply with: the campaign's columns and rules, and the items.

    `own` are the items of the sheet's reviewer.
    """

    reviewer: str
    own: Mapping[str, Item]
    items: Mapping[str, Item]
    people: tuple[str, ...]
    require_comment: tuple[str, ...]
    first_day: date

    @property
    def facts(self) -> tuple[str, ...]:
        """The columns that must not change."""
        return facts_of(self.people)

    def score(self, row: Iterable[Cell]) -> int:
        """Return how many of the sheet's columns a row names; a header names at least three."""
        return len(
            {_name(cell) for cell in row} & {name.casefold() for name in (*self.facts, *DECISION_COLUMNS)}
        )


@dataclass(slots=True)
class Entry:
    """What a file says about an item, and where; it is not `sound` if one of its rows has a problem."""

    decided: Decided
    sheet: str
    row: int
    sound: bool = True

    @property
    def place(self) -> str:
        """The sheet and the row, in words."""
        return f"sheet {self.sheet}, row {self.row}" if self.sheet else f"row {self.row}"


@dataclass(slots=True)
class SheetReader:
    """Reads the sheets of one file.

    `entries` has what was found, by item. It `is_complete` if every sheet of items could be read; only then
    can items be missing.
    """

    file: str
    rules: Rules
    problems: Problems
    entries: dict[str, Entry] = field(default_factory=dict)
    sheets: int = 0
    is_complete: bool = True
    _sheet: str = field(init=False, default="")

    def read(self, sheet: str, rows: Rows) -> None:
        """Read a sheet, unless it has no header with our columns."""
        self._sheet = sheet
        first = islice(rows, HEADER_ROWS)
        found = next((row for row in first if self.rules.score(row[1]) >= _MIN_NAMES), None)
        if found is None:
            return
        number, header = found
        self.sheets += 1
        columns = self._columns(number, header)
        if columns is None:
            self.is_complete = False
            return
        is_csv = not sheet
        reader = _RowReader(self, columns, width=len(header) if is_csv else None, header=tuple(header))
        for number, row in rows:
            reader.read(number, row)

    def finish(self) -> None:
        """Add problems for missing items, or for a file without a sheet of items."""
        self._sheet = ""
        if not self.sheets and self.is_complete:
            text = "no header: the columns Item, Decision and others are missing; restore the file as it was"
            self.add(0, "", text)
            self.is_complete = False
        if not self.is_complete:
            return
        for item in self.rules.own.values():
            if item.id not in self.entries:
                text = f"no row for item {item.id} ({item.who} / {item.what}): restore the row"
                self.problems.add(SheetProblem(self.file, "", 0, ITEM, text))

    def fail(self, row: int, message: str) -> None:
        """Add the problem of a file that cannot be read: nothing of it counts."""
        self.problems.add(SheetProblem(self.file, "", row, "", message))
        self.entries.clear()
        self.is_complete = False

    def add(self, row: int, column: str, message: str) -> None:
        """Add a problem in the sheet that is read."""
        self.problems.add(SheetProblem(self.file, self._sheet, row, column, message))

    def enter(self, item_id: str, decided: Decided, row: int, *, sound: bool) -> None:
        """Add what a row says about an item; the same twice is fine."""
        first = self.entries.setdefault(item_id, Entry(decided, self._sheet, row))
        first.sound = first.sound and sound
        if not sound or first.decided == decided:
            return
        column, here, there = difference(decided, first.decided) or ("", "", "")
        if column and first.sound:
            text = f"{quoted(here)}, but {quoted(there)} in {first.place}: remove one of the two rows"
            self.add(row, column, text)
            first.sound = False

    def _columns(self, row: int, header: Sequence[Cell]) -> dict[str, int] | None:
        """Return the positions of our columns; None if one is missing or there twice."""
        names = [_name(cell) for cell in header]
        columns: dict[str, int] = {}
        is_valid = True
        for column in (*self.rules.facts, *DECISION_COLUMNS):
            number = names.count(column.casefold())
            if number == 1:
                columns[column] = names.index(column.casefold())
                continue
            is_valid = False
            self.add(row, column, _MISSING_COLUMN if not number else _COLUMN_TWICE)
        return columns if is_valid else None


_MISSING_COLUMN = "the column is missing: restore it, with the values that it had"
_COLUMN_TWICE = "the column appears twice: remove or rename the one that you added"


class _RowReader:
    """Reads the rows under one header."""

    def __init__(
        self, sheet: SheetReader, columns: Mapping[str, int], *, width: int | None, header: tuple[Cell, ...]
    ) -> None:
        self._sheet = sheet
        self._rules = sheet.rules
        self._width = width
        self._header = header
        self._columns = self._rules.facts
        self._facts: Callable[[Sequence[Cell]], tuple[Cell, ...]] = itemgetter(
            *(columns[column] for column in self._columns)
        )
        self._item = columns[ITEM]
        self._filled: Callable[[Sequence[Cell]], tuple[Cell, ...]] = itemgetter(
            *(columns[column] for column in DECISION_COLUMNS)
        )
        self._needed = max(columns.values()) + 1

    def read(self, number: int, row: Sequence[Cell]) -> None:
        """Read a row."""
        if len(row) < self._needed:
            row = [*row, *[""] * (self._needed - len(row))]
        raw = self._facts(row)
        filled = self._filled(row)
        item_id = text_of(row[self._item]).lstrip("'").strip()
        if not item_id:
            if any(map(_is_filled, (*raw, *filled))):
                text = "the id is missing: restore it, or remove the row"
                self._sheet.add(number, ITEM, text)
            return
        item = self._rules.own.get(item_id)
        if item is None:
            if tuple(map(text_of, row)) != tuple(map(text_of, self._header)):
                self._sheet.add(number, ITEM, self._unknown(item_id))
            return
        problems = [*self._misplaced(row), *self._changed(raw, item)]
        decided, wrong = self._decided(filled)
        for column, text in (*problems, *wrong):
            self._sheet.add(number, column, text)
        self._sheet.enter(item_id, decided, number, sound=not problems and not wrong)

    def _unknown(self, item_id: str) -> str:
        item = self._rules.items.get(item_id)
        if item is None:
            return f"unknown item {quoted(item_id)}: restore its id, or remove the row"
        return f"the reviewer of item {item_id} is {item.reviewer}: remove the row"

    def _misplaced(self, row: Sequence[Cell]) -> Iterator[tuple[str, str]]:
        if self._width is not None and any(map(_is_filled, row[self._width :])):
            text = f"{len(row)} cells, but the header has {self._width}: quote cells with separators"
            yield "", text

    def _changed(self, raw: tuple[Cell, ...], item: Item) -> Iterator[tuple[str, str]]:
        """Yield the facts that are not as they were."""
        facts = item.cells[: len(raw)]
        if raw == facts:
            return
        for column, value, fact in zip(self._columns, raw, facts, strict=True):
            if value != fact and column != ITEM and not is_same_fact(value, fact):
                here, there = _around_difference(unescape_formulas(text_of(value)), fact)
                yield column, f"{here} was {there}: restore it; only {_FILLED} can be filled in"

    def _decided(self, filled: tuple[Cell, ...]) -> tuple[Decided, Sequence[tuple[str, str]]]:
        """Return what was filled in, and what is wrong with it."""
        if filled == ("", "", ""):
            return OPEN, ()
        problems = []
        raw = text_of(filled[0]).lstrip("'").strip()
        decision = raw.casefold()
        if decision and decision not in DECISIONS:
            problems.append((DECISION, _unknown_decision(raw)))
        comment = comment_of(filled[1])
        if len(comment) > _LONGEST_COMMENT:
            problems.append((COMMENT, f"{len(comment):,} characters: write at most {_LONGEST_COMMENT:,}"))
        if decision in self._rules.require_comment and not comment:
            problems.append((COMMENT, f"{decision} needs a comment: write the reason"))
        until, wrong = self._until(filled[2], decision)
        if wrong:
            problems.append((UNTIL, wrong))
        return Decided(decision, comment, until), problems

    def _until(self, value: Cell, decision: str) -> tuple[str, str]:
        """Return a day, and what is wrong with it."""
        text = text_of(value)
        if not text:
            return "", ""
        days = days_of(value)
        first = self._rules.first_day
        if not days:
            return "", f"{quoted(text)} is not a date: write it as {first.year + 1}-01-31"
        if len(days) > 1:
            forms = " or ".join(day.isoformat() for day in reversed(days))
            return "", f"{quoted(text)} is ambiguous: write {forms}"
        (day,) = days
        if day < first:
            return "", f"{day.isoformat()} is before the campaign was opened: write a day from {first} on"
        if decision in {*DECISIONS, ""} - {KEEP}:
            return "", f"a date needs the decision {KEEP}: choose it, or clear the date"
        return day.isoformat(), ""


_FILLED = f"{DECISION}, {COMMENT} and {UNTIL}"


def difference(one: Decided, other: Decided) -> tuple[str, str, str] | None:
    """Return the first column in which two decisions differ, and both values; None if they agree."""
    if one.decision != other.decision:
        return DECISION, one.decision, other.decision
    if not same_text(one.comment, other.comment):
        return COMMENT, one.comment, other.comment
    if one.until != other.until:
        return UNTIL, one.until, other.until
    return None


def quoted(text: str) -> str:
    """Return a value for a message: in quotes, on one line, and not too long."""
    shown = " ".join(text.split())
    return f'"{shown[:_SHOWN]}…"' if len(shown) > _SHOWN else f'"{shown}"'


def _around_difference(one: str, other: str) -> tuple[str, str]:
    """Return two values, quoted; of long ones, the part where they begin to differ."""
    if max(len(one), len(other)) <= _SHOWN:
        return quoted(one), quoted(other)
    pairs = enumerate(zip(one, other, strict=False))
    start = next((number for number, (a, b) in pairs if a != b), min(len(one), len(other))) - _BEFORE
    if start <= 0:
        return quoted(one), quoted(other)
    return quoted(f"…{one[start:]}"), quoted(f"…{other[start:]}")


def _unknown_decision(raw: str) -> str:
    close = get_close_matches(raw.casefold(), DECISIONS, 1)
    meant = f"did you mean {close[0]}? Write" if close else "write"
    return f"unknown decision {quoted(raw)}: {meant} {', '.join(DECISIONS[:-1])} or {DECISIONS[-1]}"


def _name(cell: Cell) -> str:
    return " ".join(cell.split()).lstrip("'").casefold() if isinstance(cell, str) else ""


def _is_filled(cell: Cell) -> bool:
    return not isinstance(cell, str) or bool(cell.strip())
