"""A sheet that is read like a page: titles, sentences, and short lists."""

import textwrap
from collections.abc import Sequence

from xlsxwriter.format import Format  # type: ignore[import-untyped]

from sso_batch.report.workbook.book import Book
from sso_batch.report.workbook.cells import MISSING, AtLeast, Cell, cell_text
from sso_batch.report.workbook.line_heights import count_lines, height_of
from sso_batch.report.workbook.worksheet_internals import define_table, set_height

_BUTTON = 3  # characters for the filter button of a header


class PageSheet:
    """A sheet of rows of any form, with columns of the given widths, in characters.

    Sentences are wrapped at `line`, in characters. Texts from the column number `wrapped` on are wrapped in
    their cells. Call `finish` at the end.
    """

    def __init__(
        self,
        book: Book,
        name: str,
        widths: Sequence[float],
        *,
        line: int,
        wrapped: frozenset[int] = frozenset(),
    ) -> None:
        self._book = book
        self.formats = book.formats
        self._sheet = book.add(name)
        self._widths = widths
        self._line = line
        self._wrapped = wrapped
        self._next = 0
        self._header_row: int | None = None
        for number, width in enumerate(widths):
            self._sheet.set_column(number, number, width)

    def title(self, text: str) -> None:
        """Add the title of the sheet."""
        set_height(self._sheet, self._next, 26)
        self._put(0, text, self.formats.title)
        self._next += 1

    def heading(self, text: str) -> None:
        """Add an empty row and the title of a section, underlined over all columns."""
        self._next += 1
        set_height(self._sheet, self._next, 20)
        self._put(0, text, self.formats.heading)
        for number in range(1, len(self._widths)):
            self._sheet.write_blank(self._next, number, None, self.formats.heading)
        self._next += 1

    def paragraph(self, text: str, style: Format | None = None) -> None:
        """Add a text, in as many rows as it needs."""
        for part in textwrap.wrap(cell_text(text), self._line):
            self._put(0, part, style or self.formats.plain)
            self._next += 1

    def header(self, *titles: str) -> int:
        """Add the titles of the columns below; return the number of the row, from 0."""
        widths = zip(titles, self._widths, strict=False)
        lines = max(count_lines(title, int(width) - _BUTTON) for title, width in widths)
        set_height(self._sheet, self._next, height_of(lines) + 3)
        for number, title in enumerate(titles):
            self._put(number, title, self.formats.header)
        self._next += 1
        return self._next - 1

    def row(self, *cells: Cell, style: Format | None = None, first: Format | None = None) -> None:
        """Add a row; `style` is the style of all texts, `first` that of the first one."""
        for number, value in enumerate(cells):
            self._cell(number, value, (first if number == 0 else None) or style)
        self._end_row(cells)

    def linked_row(self, sheet: str, *cells: Cell, column: int = 0, first: Format | None = None) -> None:
        """Add a row with a link to another sheet in one cell; `first` is the style of the first cell."""
        for number, value in enumerate(cells):
            if number == column:
                self._link(number, value, sheet)
            else:
                self._cell(number, value, first if number == 0 else None)
        self._end_row(cells)

    def table(self, name: str, header_row: int, titles: Sequence[str]) -> None:
        """Make a table of the rows since a header, which is repeated on every page."""
        define_table(self._sheet, name, titles, first_row=header_row, last_row=self._next - 1)
        self._header_row = header_row

    def freeze(self, rows: int, columns: int) -> None:
        """Keep the first rows and columns in view."""
        self._sheet.freeze_panes(rows, columns)

    def finish(self) -> None:
        """Set the print layout."""
        self._book.set_up_page(self._sheet, width=sum(self._widths), header_row=self._header_row)

    def _end_row(self, cells: Sequence[Cell]) -> None:
        texts = ((number, value) for number, value in enumerate(cells) if isinstance(value, str))
        lines = [
            count_lines(text, int(self._widths[number])) for number, text in texts if number in self._wrapped
        ]
        if max(lines, default=1) > 1:
            set_height(self._sheet, self._next, height_of(max(lines)))
        self._next += 1

    def _cell(self, number: int, value: Cell, style: Format | None) -> None:
        formats = self.formats
        if isinstance(value, AtLeast):
            self._sheet.write_number(self._next, number, value.number, formats.at_least)
        elif isinstance(value, int):
            self._sheet.write_number(self._next, number, value, formats.number)
        elif value in MISSING:
            self._put(number, value, formats.missing)
        elif value:
            usual = formats.wrapped if number in self._wrapped else formats.plain
            self._put(number, value, style or usual)

    def _link(self, number: int, value: Cell, sheet: str) -> None:
        formats, target = self.formats, f"internal:'{sheet}'!A1"
        if isinstance(value, str):
            self._sheet.write_url(self._next, number, target, formats.link, cell_text(value))
            return
        minimum = isinstance(value, AtLeast)
        style = formats.at_least_link if minimum else formats.number_link
        self._sheet.write_url(self._next, number, target, style, "0")
        number_value = value.number if isinstance(value, AtLeast) else value
        self._sheet.write_number(self._next, number, number_value, style)

    def _put(self, number: int, text: str, style: Format) -> None:
        self._sheet.write_string(self._next, number, cell_text(text), style)
