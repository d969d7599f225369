"""Tests of what touches the inside of xlsxwriter: the files must be those that xlsxwriter writes itself."""

import io
import zipfile
from collections.abc import Callable, Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st
from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]
from xlsxwriter.utility import xl_col_to_name  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from sso_batch.report.workbook.worksheet_internals import (
    number_markup,
    set_height,
    start_row,
    text_markup,
    write_row,
)

Row = tuple[Sequence[str | float | None], float | None]
"""The values of a row, some of them none, and its height if it is not usual."""

_TEXTS = st.text(
    st.one_of(st.sampled_from("<>&\"' \t\n\x01\x0b\ufffe_x000D"), st.characters(codec="utf-8")), min_size=1
).filter(lambda text: not text.startswith("<r>"))
_NUMBERS = st.one_of(st.integers(-(10**6), 10**6), st.floats(0, 60_000, allow_subnormal=False))
_ROWS = st.tuples(
    st.lists(st.one_of(st.none(), _TEXTS, _NUMBERS), min_size=1, max_size=30),
    st.sampled_from([None, 30.0, 45.0, 75.5]),
).filter(lambda row: any(value is not None for value in row[0]))


def _theirs(sheet: Worksheet, number: int, row: Row, style: Format) -> None:
    values, points = row
    if points is not None:
        sheet.set_row(number, points)
    for column, value in enumerate(values):
        if isinstance(value, str):
            sheet.write_string(number, column, value, style)
        elif value is not None:
            sheet.write_number(number, column, value, style)


def _ours(sheet: Worksheet, number: int, row: Row, style: Format) -> None:
    values, points = row
    start_row(sheet, number)
    cells = [
        (
            xl_col_to_name(column),
            text_markup(sheet, value, style) if isinstance(value, str) else number_markup(value, style),
        )
        for column, value in enumerate(values)
        if value is not None
    ]
    write_row(sheet, number, cells, points=points)


def _written(rows: Sequence[Row], write: Callable[[Worksheet, int, Row, Format], None]) -> bytes:
    """Return a sheet with a header over all columns, rows, and a line below them."""
    file = io.BytesIO()
    with Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        style = book.add_format({"bold": True})
        set_height(sheet, 0, 32)
        for column in range(30):
            sheet.write_string(0, column, "Header")
        for number, row in enumerate(rows, 1):
            write(sheet, number, row, style)
        sheet.write_string(len(rows) + 1, 0, "End")
    return zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml")


@settings(max_examples=60, deadline=None)
@example(rows=[([" a ", "_x0041_", "\x00", "a\ufffe", '"<&>', 0.1, 46085.5, 7], 30.0)])
@given(rows=st.lists(_ROWS, max_size=4))
def test_rows(rows: Sequence[Row]) -> None:
    """Rows have the same bytes as those that xlsxwriter's methods write."""
    assert _written(rows, _ours) == _written(rows, _theirs)
