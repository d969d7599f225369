"""The CSV files of a campaign, written and read: population, sheets, decisions, proof. Pure."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

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

    def line(self, first: Sequence[tuple[str, str]], item: Item) -> str:
        """Return a line with other cells first, and then those of an item."""
        cells = zip(self._columns, item.cells, strict=True)
        return f"{self._render([*first, *cells])}\r\n"


def read_items(
    text: str | Iterable[str],
    *,
    people: Sequence[str],
    escaped: bool,
    skip: int = 0,
    values: dict[str, str] | None = None,
) -> Iterator[Item]:
    """Yield the items of a population, a text or its lines; raise ValueError for another file.

    `skip` is the number of cells before the item's own. `values` keeps each different value once, for callers
    that keep all items.
    """
    columns = columns_of(people)
    for row in rows_of(text, skip_columns=skip, columns=columns):
        cells = row[skip:]
        if escaped and "'" in "".join(cells):
            cells = unescaped(cells, columns)
        yield Item.of_cells(cells if values is None else list(map(values.setdefault, cells, cells)))


def rows_of(text: str | Iterable[str], *, skip_columns: int, columns: Sequence[str]) -> Iterator[list[str]]:
    """Yield the rows of our own CSV file, a text or its lines; raise ValueError if its columns are others."""
    lines = io.StringIO(text.removeprefix(BOM), newline="") if isinstance(text, str) else text
    rows = csv.reader(lines)
    header = next(rows, [])
    if tuple(header[skip_columns:]) != tuple(columns):
        raise ValueError("its columns are not those of this campaign")
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"line {rows.line_num} has {len(row)} cells instead of {len(header)}")
        yield row


def unescaped(cells: Iterable[str], columns: Iterable[str]) -> list[str]:
    """Return cells without the apostrophes before formulas."""
    return [
        cell if column in IDS else unescape_formulas(cell)
        for cell, column in zip(cells, columns, strict=True)
    ]
