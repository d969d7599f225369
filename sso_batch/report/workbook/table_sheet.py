"""A sheet with one table, filled row by row, that continues on further sheets when it is full."""

import textwrap
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from xlsxwriter.format import Format  # type: ignore[import-untyped]
from xlsxwriter.utility import cell_autofit_width, xl_col_to_name  # type: ignore[import-untyped]

from sso_batch.report.workbook.book import READ_ME, Book
from sso_batch.report.workbook.cells import (
    MAX_CELL,
    MISSING,
    AtLeast,
    Cell,
    cell_text,
    serial_date,
    serial_day,
)
from sso_batch.report.workbook.columns import Column, Kind
from sso_batch.report.workbook.line_heights import count_lines, height_of
from sso_batch.report.workbook.worksheet_internals import (
    define_table,
    number_markup,
    start_row,
    text_markup,
    write_row,
)

_DETAILS = (
    "Ids, ARNs and other details are in collapsed columns: click 2 in the top left corner to show them."
)
_HIDDEN_DETAILS = (
    "Further details are in hidden columns: select the columns on both sides, and choose Unhide (Excel) or "
    "Show (LibreOffice)."
)
_NOTE = 120  # characters in a line
_PIXELS = 7  # of one digit
_CACHED = 1_024  # cells
_SHORT = 100  # characters of a cell that is kept
_BUTTON = 3  # characters for the filter button of a header
_FIXED = {Kind.TIME: 17, Kind.DAY: 13}
_PROTECTION = {
    "autofilter": True,
    "format_columns": True,
    "format_rows": True,
    "select_locked_cells": True,
}


class TableSheet:
    """A table under a title, a highlighted warning, and a note.

    The header and the first `frozen` columns stay in view. `full_values` can be set to the name of the file
    with values that are too long for a cell. With `locked`, only the columns to fill in can be
    changed, and details are hidden columns; no password is set. `rows` counts the rows of all parts, whose
    sheets `names` lists. Call `finish` at the end.
    """

    def __init__(
        self,
        book: Book,
        name: str,
        columns: Sequence[Column],
        *,
        frozen: int = 2,
        warning: str = "",
        note: str = "",
        full_values: str = "",
        locked: bool = False,
    ) -> None:
        self.full_values = full_values
        self.columns = tuple(columns)
        self.rows = 0
        self.names: list[str] = []
        self._rules: list[tuple[int, dict[str, object]]] = []
        self._book = book
        self._formats = book.formats
        self._name = name
        self._frozen = frozen
        self._locked = locked
        self._note = note
        self._warning = warning
        self._limits = [MAX_CELL if column.detail else column.width + _BUTTON for column in columns]
        self._letters = tuple(map(xl_col_to_name, range(len(columns))))
        self._start()

    def write(self, cells: Sequence[Cell]) -> None:
        """Add a row: text stays text except for dates in columns of dates; integers are our own counts."""
        if self._next == self._book.max_rows or self._bytes >= self._book.max_bytes:
            self._end()
            self._start()
        start_row(self._sheet, self._next)
        rendered = [
            (letters, *self._render(number, value))
            for number, (letters, value) in enumerate(zip(self._letters, cells, strict=False))
            if value != ""
        ]
        lines = max((lines for _, _, lines in rendered), default=1)
        self._bytes += write_row(
            self._sheet,
            self._next,
            [(letters, markup) for letters, markup, _ in rendered],
            points=height_of(lines) if lines > 1 else None,
        )
        self._next += 1
        self.rows += 1

    def finish(self, empty: str = "") -> None:
        """Set widths, filters and print layout; without rows, write the sentence `empty`."""
        if not self.rows and empty:
            self._sheet.write_string(self._next, 0, cell_text(empty), self._formats.note)
        self._end()

    def add_validation(self, title: str, rule: dict[str, object]) -> None:
        """Check what is filled into a column of every part; `rule` is one of xlsxwriter's."""
        self._rules.append(([column.title for column in self.columns].index(title), rule))

    def _start(self) -> None:
        part = len(self.names) + 1
        title = self._name if part == 1 else f"{self._name} {part}"
        self.names.append(title)
        self._sheet = self._book.add(title)
        self._bytes = 0
        self._longest = [""] * len(self.columns)
        self._rendered: dict[tuple[int, Cell], tuple[str, int]] = {}
        formats = self._formats
        self._sheet.write_url(0, 0, f"internal:'{READ_ME}'!A1", formats.back, f"← {READ_ME}")
        self._sheet.set_row(0, 24)
        self._sheet.write_string(0, 1, title, formats.title)
        has_details = any(column.detail for column in self.columns)
        details = (_HIDDEN_DETAILS if self._locked else _DETAILS) if has_details else ""
        self._header = 1
        for text, style in (
            (self._warning, formats.warning),
            (self._note, formats.note),
            (details, formats.note),
        ):
            for line in textwrap.wrap(cell_text(text), _NOTE):
                self._sheet.write_string(self._header, 0, line, style)
                self._header += 1
        if self._locked:
            self._uncolor_rows_above()
        self._sheet.set_row(self._header, 32)
        for number, column in enumerate(self.columns):
            style = formats.header_to_fill_in if column.to_fill_in else formats.header
            self._sheet.write_string(self._header, number, column.title, style)
        self._next = self._header + 1

    def _render(self, number: int, value: Cell) -> tuple[str, int]:
        """Return the markup of a cell and how many lines it needs, as it was rendered before if possible."""
        if isinstance(value, str) and len(value) > _SHORT:
            return self._render_text(number, value)
        rendered = self._rendered.get((number, value))
        if rendered is None:
            if len(self._rendered) >= _CACHED:
                self._rendered.clear()
            rendered = self._rendered[number, value] = self._render_cell(number, value)
        return rendered

    def _render_cell(self, number: int, value: Cell) -> tuple[str, int]:
        """Return the markup of a cell and how many lines it needs."""
        if isinstance(value, str):
            return self._render_text(number, value)
        if isinstance(value, AtLeast):
            return number_markup(value.number, self._formats.at_least), 1
        return number_markup(value, self._formats.number), 1

    def _render_text(self, number: int, value: str) -> tuple[str, int]:
        """Return the markup of a text or a date, and how many lines it needs."""
        kind = self.columns[number].kind
        if kind is Kind.TIME or kind is Kind.DAY:
            serial = serial_date(value) if kind is Kind.TIME else serial_day(value)
            if serial is not None:
                return number_markup(
                    serial, self._formats.time if kind is Kind.TIME else self._formats.day
                ), 1
        if len(value) > len(self._longest[number]):
            self._longest[number] = value[: self.columns[number].width + _BUTTON]
        limit = self._limits[number]
        style = self._formats.wrapped if len(value) > limit else self._style(number, value)
        text = cell_text(value, full_values=self.full_values)
        return text_markup(self._sheet, text, style), count_lines(text, limit) if len(value) > limit else 1

    def _uncolor_rows_above(self) -> None:
        """Keep the color of columns to fill in out of the rows above the header."""
        for number, column in enumerate(self.columns):
            if column.to_fill_in:
                for row in range(self._header):
                    self._sheet.write_blank(row, number, None, self._formats.plain)

    def _style(self, number: int, value: str) -> Format:
        if value in MISSING:
            return self._formats.missing
        if self.columns[number].kind is Kind.LEVEL:
            return self._formats.levels.get(value, self._formats.plain)
        return self._formats.plain

    def _end(self) -> None:
        self._rendered.clear()
        last_column = len(self.columns) - 1
        titles = [column.title for column in self.columns]
        last_row = max(self._next - 1, self._header + 1)
        name = self.names[-1].replace(" ", "_")
        define_table(self._sheet, name, titles, first_row=self._header, last_row=last_row)
        self._sheet.freeze_panes(self._header + 1, self._frozen)
        self._sheet.conditional_format(
            *(self._header + 1, 0, last_row, last_column),
            {"type": "formula", "criteria": "=TRUE", "format": self._formats.row_line},
        )
        for number, rule in self._rules:
            self._sheet.data_validation(self._header + 1, number, last_row, number, rule)
        widths = [
            _FIXED.get(column.kind)
            or (column.width if self._locked and column.to_fill_in else 0)
            or width_of(column, longest)
            for column, longest in zip(self.columns, self._longest, strict=True)
        ]
        self._set_widths(widths)
        if self._locked:
            self._sheet.protect("", _PROTECTION)
        visible = sum(width for column, width in zip(self.columns, widths, strict=True) if not column.detail)
        self._book.set_up_page(self._sheet, width=visible, header_row=self._header)

    def _set_widths(self, widths: Sequence[float]) -> None:
        for number, (column, width) in enumerate(zip(self.columns, widths, strict=True)):
            if column.to_fill_in and self._locked:
                style = self._formats.day_to_fill_in if column.kind is Kind.DAY else self._formats.to_fill_in
                self._sheet.set_column(number, number, width, style)
            elif column.detail and self._locked:
                self._sheet.set_column(number, number, width, None, {"hidden": True})
            elif column.detail:
                self._sheet.set_column(number, number, width, None, {"level": 1, "hidden": True})
            else:
                self._sheet.set_column(number, number, width)
        if self._locked:  # the outline's buttons do not work on a protected sheet
            return
        ends = (
            number for number, (one, two) in enumerate(pairwise(self.columns), 1) if one.detail > two.detail
        )
        for number in ends:
            self._sheet.set_column(number, number, widths[number], None, {"collapsed": True})
        if self.columns[-1].detail:
            self._sheet.set_column(len(widths), len(widths), None, None, {"collapsed": True})


def width_of(column: Column, longest: str) -> float:
    """Return the width of a column in characters, from its longest text and its title."""
    title = max(map(len, column.title.split(" "))) + _BUTTON
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in longest)
    text = cell_autofit_width(longest) / _PIXELS + wide + 0.5
    return float(min(max(title, text), max(column.width + _BUTTON, title)))
