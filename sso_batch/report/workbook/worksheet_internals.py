"""What touches the inside of xlsxwriter's worksheets, because its mode with constant memory offers less.

The names are those of xlsxwriter 3.2 and 3.3.
"""

from collections.abc import Sequence

from xlsxwriter.utility import xl_range  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]


def define_table(
    sheet: Worksheet, name: str, titles: Sequence[str], *, first_row: int, last_row: int
) -> None:
    """Make a table with filters of the rows from the header to the last one, both counted from 0.

    `Worksheet.add_table` is refused in this mode, because it would write the header too late. Here the header
    is a written row, and only the table's definition is missing. The texts of the header must be `titles`,
    all different. Excel wants at least one row below it, which may be empty.
    """
    area = xl_range(first_row, 0, max(last_row, first_row + 1), len(titles) - 1)
    sheet.tables.append(
        {
            "name": name,
            "range": area,
            "a_range": area,
            "autofilter": area,
            "header_row_count": 1,
            "totals_row_shown": False,
            "description": None,
            "title": None,
            "style": "",
            "show_first_col": False,
            "show_last_col": False,
            "show_row_stripes": False,
            "show_col_stripes": False,
            "columns": [{"id": number, "name": title} for number, title in enumerate(titles, 1)],
        }
    )


def set_height(sheet: Worksheet, row: int, points: float) -> None:
    """Set the height of the row that is being written.

    The sheet would remember the heights of all rows. Those of rows that are written already are not needed.
    """
    for past in [number for number in sheet.row_info if number < sheet.previous_row]:
        del sheet.row_info[past], sheet.row_sizes[past]
    sheet.set_row(row, points)
