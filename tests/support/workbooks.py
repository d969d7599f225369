"""Workbooks, read back with another library than the one that wrote them."""

import io

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from sso_batch.report.report_input import ReportInput
from sso_batch.report.workbook import render_workbook
from sso_batch.report.workbook.book import MAX_BYTES, MAX_ROWS

Value = object
Rows = list[tuple[Value, ...]]


def content(report: ReportInput, *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the bytes of a run's workbook."""
    return b"".join(render_workbook(report, max_rows=max_rows, max_bytes=max_bytes))


def workbook(report: ReportInput, *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> Workbook:
    """Return a run's workbook."""
    return load_workbook(io.BytesIO(content(report, max_rows=max_rows, max_bytes=max_bytes)))


def texts(sheet: Worksheet) -> Rows:
    """Return the rows of a sheet, with empty cells as empty text."""
    return [tuple("" if value is None else value for value in row) for row in sheet.values]


def table(sheet: Worksheet) -> Rows:
    """Return the header and the rows of a sheet's table."""
    (found,) = sheet.tables.values()
    rows = [tuple("" if cell.value is None else cell.value for cell in row) for row in sheet[found.ref]]
    return [row for row in rows if any(value != "" for value in row)]


def records(sheet: Worksheet) -> list[dict[object, object]]:
    """Return the rows of a sheet's table by the titles of its columns."""
    header, *rows = table(sheet)
    return [dict(zip(header, row, strict=True)) for row in rows]


def top(sheet: Worksheet) -> str:
    """Return what a sheet says above its table, in one line."""
    (found,) = sheet.tables.values()
    header = sheet[found.ref][0][0].row
    above = [value for row in sheet.iter_rows(max_row=header - 1, values_only=True) for value in row]
    return " ".join(str(value) for value in above if value is not None)


def labelled(sheet: Worksheet, label: str) -> tuple[Value, ...]:
    """Return the cells after a label in the first column of a sheet, without empty ones at the end."""
    found = next(row for row in texts(sheet) if row[0] == label)
    end = max((number for number, value in enumerate(found) if value != ""), default=0)
    return found[1 : end + 1]
