"""The file of a sheet that came back: bytes of a CSV file or a workbook become rows.

It comes from outside: whatever its content is, only SheetFileError is raised.
"""

import contextlib
import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING, Final

from sso_batch.campaign.sheets.cells import Cell
from sso_batch.errors import UsageError

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

MAX_BYTES: Final = {".csv": 500_000_000, ".xlsx": 50_000_000}
"""The maximum size of a file, by its extension."""

MAX_UNPACKED = 500_000_000
"""The maximum size of the parts of a workbook, in bytes."""

HEADER_ROWS = 50
"""In how many rows the header is searched: spreadsheets may have lines above it."""

_MAX_CELLS = 20_000_000  # between the first and the last one, which the library keeps in memory
_SEPARATORS = ",;\t"
_CHUNK = 1 << 20
_HEAD = 4096
_UTF8 = "save it as `CSV UTF-8`"
_SAVE_AGAIN = "open it in a spreadsheet and save it as .xlsx, or fill in the CSV file of the same name"
_COMPOUND = b"\xd0\xcf\x11\xe0"  # of encrypted workbooks, and of those of Excel 97
_PARTS = re.compile(
    r"(?:\[Content_Types\]|_rels/.*|xl/(?!media/|theme/|drawings/|printerSettings/).*)\.(?:xml|rels)",
    re.IGNORECASE,
)
_FAR = rb"(?:([A-Za-z]*)([0-9]{4,})|([A-Za-z]{2,})[0-9]+)[\"']"
_REFERENCE = re.compile(b'r="' + _FAR)
_UNUSUAL_REFERENCE = re.compile(rb"r(?:\s+=|=[\s'])")
_ANY_REFERENCE = re.compile(rb"r\s*=\s*[\"']" + _FAR)  # takes twice as long
_CELL_WITHOUT_REFERENCE = re.compile(rb"<(?:\w+:)?c(?:\s+(?!r\s*=)|/?>)")
_HUGE_COUNT = re.compile(rb"ount\s*=\s*[\"'][0-9]{8,}")
_OVERLAP = 64  # bytes of a chunk that are examined again with the next one
_LONGEST_REFERENCE = 9
_LETTERS = 26
_UNSEEN_ROWS, _UNSEEN_COLUMNS = 999, 26  # shorter references are not looked at

Rows = Iterator[tuple[int, Sequence[Cell]]]
"""The rows of a sheet with their numbers, as a spreadsheet shows them."""


class SheetFileError(Exception):
    """A file that cannot be read as a sheet; `row` is 0 where it is about the whole file."""

    def __init__(self, message: str, *, row: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.row = row


HeaderScore = Callable[[Iterable[Cell]], int]
"""Returns how much a row looks like the header."""


def read_csv(file: IO[bytes], score: HeaderScore) -> Rows:
    """Yield the rows of a CSV file, whose separator is the one that gives the best header."""
    head = file.read(_HEAD)
    is_utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding = "utf-16" if is_utf16 else "utf-8-sig"
    if b"\0" in head and not is_utf16:
        raise SheetFileError(f"the file contains NUL bytes, as only binary files do: {_UTF8}")

    def rows(separator: str) -> Iterator[list[str]]:
        file.seek(0)
        text = io.TextIOWrapper(file, encoding, newline="")
        try:
            yield from csv.reader(text, delimiter=separator, strict=True)
        finally:
            text.detach()

    def best(separator: str) -> int:
        found = 0
        first = islice(rows(separator), HEADER_ROWS)
        try:
            for row in first:
                found = max(found, score(row))
        except (csv.Error, UnicodeDecodeError):
            pass  # reported below, where it is certain that the separator is right
        return found

    separator = max(_SEPARATORS, key=best)
    number = 0
    try:
        for number, row in enumerate(rows(separator), 1):
            yield number, row
    except UnicodeDecodeError:
        what = "damaged" if is_utf16 else "not UTF-8"
        raise SheetFileError(f"the file is {what}: {_UTF8}") from None
    except csv.Error:
        remedy = 'close each quote, and write a quote in a cell as ""'
        raise SheetFileError(f"the quotes in this row are wrong: {remedy}", row=number + 1) from None


def read_workbook(file: IO[bytes]) -> Iterator[tuple[str, Rows]]:
    """Yield the name and the rows of each sheet of a workbook.

    Raises UsageError where the library for it is not installed.
    """
    try:
        from python_calamine import CalamineWorkbook, SheetTypeEnum  # noqa: PLC0415 - optional
    except ImportError:
        raise UsageError(
            "a workbook came back, and the library that reads workbooks is not installed",
            hint='install it with `pip install "sso-batch[xlsx]"`',
        ) from None
    with NamedTemporaryFile(suffix=".xlsx") as copy:
        _unpack(file, copy)
        copy.flush()
        with _damage(), CalamineWorkbook.from_path(copy.name) as book:
            for sheet in book.sheets_metadata:
                if sheet.typ == SheetTypeEnum.WorkSheet:
                    yield sheet.name, _rows(book.get_sheet_by_name(sheet.name))


def _rows(sheet: "CalamineSheet") -> Rows:
    if sheet.start is not None:
        with _damage():
            yield from enumerate(sheet.iter_rows(), 1)


@contextlib.contextmanager
def _damage() -> Iterator[None]:
    """Raise SheetFileError for what the library raises; its panics are no Exception."""
    from python_calamine import CalamineError  # noqa: PLC0415 - optional

    try:
        yield
    except CalamineError as error:
        raise SheetFileError(f"the workbook is damaged ({error}): {_SAVE_AGAIN}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise SheetFileError(f"the workbook is damaged: {_SAVE_AGAIN}") from None


def _unpack(file: IO[bytes], copy: IO[bytes]) -> None:
    """Copy what is read of a workbook, uncompressed.

    The copy is as large as the directory of the workbook says, whatever its compressed data are.
    """
    if file.read(len(_COMPOUND)) == _COMPOUND:
        raise SheetFileError("the workbook is encrypted, or of Excel 97: save it as .xlsx without a password")
    file.seek(0)
    bounds = _Bounds()
    try:
        with zipfile.ZipFile(file) as packed, zipfile.ZipFile(copy, "w") as unpacked:
            parts = [part for part in packed.infolist() if _PARTS.fullmatch(part.filename)]
            if sum(part.file_size for part in packed.infolist()) > MAX_UNPACKED:
                limit = f"{MAX_UNPACKED // 1_000_000} MB"
                raise SheetFileError(
                    f"the workbook is larger than {limit} when it is unpacked: {_SAVE_AGAIN}"
                )
            if len({part.filename.lower() for part in parts}) < len(parts):
                raise SheetFileError(f"the workbook has a part twice: {_SAVE_AGAIN}")
            for part in parts:
                bounds.start()
                with (
                    packed.open(part) as source,
                    unpacked.open(part.filename, "w", force_zip64=True) as target,
                ):
                    while chunk := source.read(_CHUNK):
                        bounds.check(chunk)
                        target.write(chunk)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OSError,
    ) as error:
        raise SheetFileError(f"the file is not a workbook, or it is damaged: {_SAVE_AGAIN}") from error


class _Bounds:
    """Refuses what would not fit into memory: the library reserves it, and a failure ends the process.

    A single cell far outside the table is enough, because the library keeps all cells between.
    """

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start with another part."""
        self._rest = b""
        self._rows = self._last_row = _UNSEEN_ROWS
        self._columns = _UNSEEN_COLUMNS

    def check(self, chunk: bytes) -> None:
        """Look at the references and counts in a chunk; raise SheetFileError."""
        text = self._rest + chunk
        self._rest = chunk[-_OVERLAP:]
        if _HUGE_COUNT.search(text):
            raise SheetFileError(f"the workbook says that it has far too many texts: {_SAVE_AGAIN}")
        pattern = _ANY_REFERENCE if _UNUSUAL_REFERENCE.search(text) else _REFERENCE
        for letters, row, column in set(pattern.findall(text)):
            number = int(row[:_LONGEST_REFERENCE] or 0)
            self._last_row = max(self._last_row, number)
            if letters or column:
                self._rows = max(self._rows, number)
                self._columns = max(self._columns, _column_number((letters or column)[:_LONGEST_REFERENCE]))
        if self._last_row * self._columns > _MAX_CELLS and _CELL_WITHOUT_REFERENCE.search(text):
            self._rows = self._last_row
        if self._rows * self._columns > _MAX_CELLS:
            raise SheetFileError(
                f"a sheet has cells far outside the table, up to row {self._rows:,} and "
                f"column {self._columns:,}: remove what is right of and below the table, and save it again"
            )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * _LETTERS + letter - ord("A") + 1
    return number
