"""What touches the inside of xlsxwriter's worksheets, because its mode with constant memory offers less.

The names are those of xlsxwriter 3.2 and 3.3.
"""

from collections.abc import Iterable, Sequence

from xlsxwriter.format import Format  # type: ignore[import-untyped]
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


def text_markup(sheet: Worksheet, text: str, style: Format) -> str:
    """Return the element of a cell with a text, without its start `<c r="A1"`."""
    shown = sheet._escape_control_characters(text)  # noqa: SLF001 - see above
    space = ' xml:space="preserve"' if shown[:1].isspace() or shown[-1:].isspace() else ""
    content = sheet._escape_data(shown)  # noqa: SLF001
    return f' s="{style._get_xf_index()}" t="inlineStr"><is><t{space}>{content}</t></is></c>'  # noqa: SLF001


def number_markup(number: float, style: Format) -> str:
    """Return the element of a cell with a number, without its start `<c r="A1"`."""
    return f' s="{style._get_xf_index()}"><v>{number:.16G}</v></c>'  # noqa: SLF001


def start_row(sheet: Worksheet, row: int) -> None:
    """Write the rows before a new row, which must come after them; `write_row` writes it."""
    sheet._write_single_row(row)  # noqa: SLF001


def write_row(sheet: Worksheet, row: int, cells: Iterable[tuple[str, str]], *, points: float | None) -> int:
    """Write a row of cells, each the letters of its column and its markup, with a height if it is not usual.

    Returns the number of bytes. It takes less time than `Worksheet.write_string`, which checks and renders
    each cell again.
    """
    sheet._check_dimensions(row, 0)  # noqa: SLF001
    height = "" if points is None else f' ht="{int(points * 4 / 3 + 0.5) * 0.75:.16g}" customHeight="1"'
    number = row + 1
    elements = [f'<c r="{letters}{number}"{markup}' for letters, markup in cells]
    text = f'<row r="{number}"{height}>{"".join(elements)}</row>'
    sheet.fh.write(text)
    return len(text.encode())
