"""Sheets to which rows are added from above, as many sheets as the rows need."""

import io
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from sso_batch.sanitize.html import show_hidden

if TYPE_CHECKING:  # Python 3.12 has it in collections.abc
    from typing_extensions import Buffer

ROWS = 1_048_576
"""Rows that a sheet can have, its heading among them."""

CELL = 32_767
"""UTF-16 units that a cell can hold."""

_NAME = 31
_RESERVED = "history"  # a sheet of this name is not for users
_WIDTHS = {"Message": 60, "Message of AWS": 60, "What to do": 60, "ManagedPolicies": 36}


class Watched(io.RawIOBase):
    """A binary file to write to; `checkpoint` is called before each write.

    Once it has raised, the file takes no more bytes and does not complain: a ZipFile that was cut off
    still ends itself when Python forgets it.
    """

    def __init__(self, file: IO[bytes], checkpoint: Callable[[], None]) -> None:
        self._file: IO[bytes] = file
        self._checkpoint = checkpoint

    def write(self, data: "Buffer") -> int:
        """Append bytes."""
        try:
            self._checkpoint()
        except BaseException:
            self._file, self._checkpoint = io.BytesIO(), lambda: None
            raise
        return self._file.write(data)

    def tell(self) -> int:
        """Return where the next bytes go."""
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to another place."""
        return self._file.seek(offset, whence)

    def seekable(self) -> bool:
        """Return whether `seek` works."""
        return self._file.seekable()


class Book:
    """An xlsx file; leaving the `with` block lets go of whatever was not closed."""

    def __init__(self, file: Watched, folder: str, created: datetime, rows: int) -> None:
        self._book = Workbook(
            file,
            {
                "constant_memory": True,
                "tmpdir": folder,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._book.set_properties({"created": created, "comments": "Made by sso-batch. It names people."})
        self._rows = rows
        self._names = {_RESERVED}
        self.heading = self._book.add_format({"bold": True, "bottom": 1})
        self.bold = self._book.add_format({"bold": True})
        self.alarm = self._book.add_format({"bold": True, "font_color": "#A2210F"})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._book.fileclosed:
            for sheet in self._book.worksheets():
                sheet.row_data_fh.close()

    def sheet(self, name: str, header: Sequence[str], *, whole: str = "") -> "Sheet":
        """A new sheet for rows under a header; `whole` names the file that has what a cell cannot hold."""
        return Sheet(self, name, tuple(header), self._rows, whole)

    def add(self, name: str) -> Worksheet:
        """A new sheet, its name cut and numbered so that Excel takes it."""
        base, number = show_hidden(name), 1
        title = base[:_NAME]
        while title.casefold() in self._names:
            number += 1
            ending = f" ({number})"
            title = base[: _NAME - len(ending)] + ending
        self._names.add(title.casefold())
        return self._book.add_worksheet(title)

    def close(self) -> None:
        """Write the file; raises OSError."""
        try:
            self._book.close()
        except FileCreateError as error:
            raise OSError(*error.args) from error


class Sheet:
    """Rows under a header that stays in sight and filters them; further sheets where one is full."""

    def __init__(self, book: Book, name: str, header: tuple[str, ...], rows: int, whole: str) -> None:
        self._book = book
        self._name = name
        self._header = header
        self._rows = rows
        self._whole = whole
        self._begin()

    def _begin(self) -> None:
        self._sheet = self._book.add(self._name)
        self._next = 0
        if not self._header:
            self._sheet.set_column(0, 0, 30)
            self._sheet.set_column(1, 13, 15)
        else:
            self._sheet.freeze_panes(1, 0)
            self._sheet.autofilter(0, 0, self._rows - 1, len(self._header) - 1)
            for column, title in enumerate(self._header):
                self._sheet.set_column(column, column, _WIDTHS.get(title, max(12, len(title) + 5)))
            self._put(self._header, self._book.heading)

    def write(self, cells: Sequence[str | int]) -> None:
        """Add a row: text stays text, whole numbers are our own counts."""
        self._put(cells, None)

    def say(self, sentence: str) -> None:
        """Add a row with one sentence that must not be missed."""
        self._put((sentence,), self._book.alarm)

    def title(self, *cells: str) -> None:
        """Add a row in bold."""
        self._put(cells, self._book.bold)

    def _put(self, cells: Sequence[str | int], style: Format | None) -> None:
        if self._next == self._rows:
            self._begin()
        for column, value in enumerate(cells):
            if isinstance(value, int):
                self._sheet.write_number(self._next, column, value, style)
            elif value:
                self._sheet.write_string(self._next, column, text(value, whole=self._whole), style)
        self._next += 1


def text(value: str, *, whole: str = "") -> str:
    """The value as a cell can hold it: hidden characters written out, and cut with a note where too long."""
    shown = show_hidden(value)
    if shown.startswith("<r>") and shown.endswith("</r>"):
        shown += " "  # xlsxwriter would take it for markup of its own
    if len(shown) * 2 <= CELL or len(shown.encode("utf-16-le")) // 2 <= CELL:
        return shown
    note = f" ... (cut here; the whole is in {whole or 'the snapshot'})"
    units = (CELL - len(note)) * 2
    return shown.encode("utf-16-le")[:units].decode("utf-16-le", "ignore") + note
