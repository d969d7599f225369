"""The CSV files of a campaign, written and read: population, sheets, decisions, proof. Pure."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence

from sso_batch.campaign.decisions import Decided
from sso_batch.campaign.item import Item, columns_of, facts_of
from sso_batch.run_files.columns import IDS, Cells, csv_renderer
from sso_batch.sanitize import unescape_formulas

DECISION_COLUMNS = ("Decision", "Comment", "Until")
"""What a reviewer fills in, at the end of a sheet."""

BOM = "\ufeff"
"""The start of a sheet's CSV file: without it, Excel misreads names that are not in ASCII."""

_EMPTY = "," * len(DECISION_COLUMNS)


class ItemLines:
    """Renders the lines of items, once for all files that have the same cells."""

    def __init__(self, people: Sequence[str], *, escape: bool) -> None:
        self._columns = columns_of(people)
        self._facts = len(facts_of(people))
        self._render: Callable[[Cells], str] = csv_renderer(escape=escape)

    @property
    def population_header(self) -> str:
        """The first line of the population."""
        return ",".join(self._columns) + "\r\n"

    @property
    def sheet_header(self) -> str:
        """The first line of a sheet."""
        return ",".join((*self._columns[: self._facts], *DECISION_COLUMNS)) + "\r\n"

    def lines(self, item: Item) -> tuple[str, str]:
        """Return the line of an item in the population, and in its reviewer's sheet."""
        cells = list(zip(self._columns, item.cells, strict=True))
        facts = self._render(cells[: self._facts])
        return f"{facts},{self._render(cells[self._facts :])}\r\n", f"{facts}{_EMPTY}\r\n"

    def header_after(self, first: Sequence[str], *, start: int) -> str:
        """Return the header of a file with other columns first, and then those of items from `start` on."""
        return ",".join((*first, *self._columns[start:])) + "\r\n"

    def line_after(self, first: Sequence[tuple[str, str]], item: Item, *, start: int) -> str:
        """Return a line with other cells first, and then those of an item from the column `start` on."""
        cells = list(zip(self._columns, item.cells, strict=True))[start:]
        return f"{self._render([*first, *cells])}\r\n"


def read_items(lines: Iterable[str], *, people: Sequence[str], escaped: bool) -> Iterator[Item]:
    """Yield the items in the lines of a population; raise ValueError for another file."""
    return map(Item.of_cells, _rows(lines, columns_of(people), escaped=escaped))


_IDENTITY = 3  # the columns Item, Kind and Reviewer


def decisions_header(lines: ItemLines, people: Sequence[str]) -> str:
    """Return the first line of the decisions."""
    first = (*columns_of(people)[:_IDENTITY], *DECISION_COLUMNS)
    return lines.header_after(first, start=_IDENTITY)


def decision_line(lines: ItemLines, people: Sequence[str], item: Item, decided: Decided) -> str:
    """Return the line of an item and its decision."""
    values = (item.id, item.kind, item.reviewer, decided.decision, decided.comment, decided.until)
    names = (*columns_of(people)[:_IDENTITY], *DECISION_COLUMNS)
    return lines.line_after(list(zip(names, values, strict=True)), item, start=_IDENTITY)


def read_decisions(
    lines: Iterable[str], *, people: Sequence[str], escaped: bool
) -> Iterator[tuple[Item, Decided]]:
    """Yield the items in the lines of decisions, each with its decision; raise ValueError."""
    facts = columns_of(people)
    columns = (*facts[:_IDENTITY], *DECISION_COLUMNS, *facts[_IDENTITY:])
    end = _IDENTITY + len(DECISION_COLUMNS)
    for cells in _rows(lines, columns, escaped=escaped):
        yield Item.of_cells((*cells[:_IDENTITY], *cells[end:])), Decided(*cells[_IDENTITY:end])


def _rows(lines: Iterable[str], columns: Sequence[str], *, escaped: bool) -> Iterator[list[str]]:
    """Yield the rows of our own CSV file, as they were before formulas were escaped.

    Each different value is kept once: all rows are often kept.
    """
    rows = csv.reader(lines)
    header = next(rows, [])
    if tuple(header) != tuple(columns):
        raise ValueError("its columns are not those of this campaign")
    values: dict[str, str] = {}
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"line {rows.line_num} has {len(row)} cells instead of {len(header)}")
        cells = _unescaped(row, columns) if escaped and "'" in "".join(row) else row
        yield list(map(values.setdefault, cells, cells))


def _unescaped(cells: Iterable[str], columns: Iterable[str]) -> list[str]:
    return [
        cell if column in IDS else unescape_formulas(cell)
        for cell, column in zip(cells, columns, strict=True)
    ]
