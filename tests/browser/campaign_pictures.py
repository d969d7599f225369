"""Pictures of the demo's access review: a reviewer's workbook, the sign-off and the proof."""

import csv
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openpyxl import load_workbook
from openpyxl.cell import Cell
from openpyxl.styles import Border, Side
from openpyxl.workbook import Workbook
from openpyxl.worksheet.header_footer import HeaderFooterItem
from openpyxl.worksheet.worksheet import Worksheet

from tests.browser.palette import trimmed

ROOT = Path(__file__).parents[2]

LIBRE_OFFICE = shutil.which("soffice")
"""What shows a workbook, if it is installed; `pdftoppm` of Poppler is needed, too."""

PAGES: Final = {"signoff": "signoff.html", "proof": "proof_after-revocations.html"}
"""The pages in the folder of the campaign, by the names of their pictures."""

_REVIEWER = "review_security_example.com"
_HEADER = 5  # the row with the names of the columns
_SHOWN = ("Who", "What", "Where", "Privilege", "Findings", "Decision", "Comment", "Until")
_FILLED = {*range(6, 11), 13}  # rows
_WIDTHS = {"What": 19, "Where": 19, "Findings": 40, "Comment": 24}  # characters, narrower than they are
_DOTS_PER_INCH = 96
_MARGIN = 6  # pixels
_LINE = Side("thin", "D9D9D9")


@dataclass(frozen=True, slots=True)
class SheetPicture:
    """A part of a workbook that a picture shows."""

    sheet: str
    cells: str


SHEETS: Final = {
    "review-instructions": SheetPicture("Read me", "A1:C25"),
    "review-sheet": SheetPicture("Review", "A5:AF17"),
}


def demo_campaign(folder: Path) -> Path:
    """Run the demo of an access review and return the folder of the campaign."""
    command = [sys.executable, "-m", "sso_batch", "--quiet", "demo", "--campaign", "-o", str(folder / "demo")]
    _run(command, ROOT)
    return folder / "demo" / "campaign"


def sheet_picture(campaign: Path, picture: SheetPicture, folder: Path) -> bytes:
    """Return the PNG of a part of a workbook as LibreOffice shows it, with decisions in some lines."""
    book = load_workbook(campaign / f"{_REVIEWER}.xlsx")
    _fill_in(book["Review"], _decisions(campaign / f"{_REVIEWER}.csv"))
    _keep_only(book, picture)
    book.save(folder / "sheet.xlsx")
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    _run([LIBRE_OFFICE or "soffice", profile, "--headless", "--convert-to", "pdf", "sheet.xlsx"], folder)
    _run(["pdftoppm", "-r", str(_DOTS_PER_INCH), "-singlefile", "sheet.pdf", "sheet"], folder)
    return trimmed((folder / "sheet.ppm").read_bytes(), _MARGIN)


def _decisions(sheet: Path) -> Mapping[str, Mapping[str, str]]:
    """Return the rows that the demo has filled in, by item."""
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        return {row["Item"]: row for row in csv.DictReader(file)}


def _fill_in(sheet: Worksheet, decisions: Mapping[str, Mapping[str, str]]) -> None:
    """Write decisions into some rows, and hide columns that would make the text too small."""
    header = {cell.value: cell for cell in sheet[_HEADER] if isinstance(cell, Cell)}
    for title, cell in header.items():
        column = sheet.column_dimensions[cell.column_letter]
        column.hidden = title not in _SHOWN
        column.width = _WIDTHS.get(str(title), column.width)
    for row in _FILLED:
        decided = decisions[str(sheet.cell(row, header["Item"].column).value)]
        for title in ("Decision", "Comment", "Until"):
            sheet.cell(row, header[title].column, decided[title] or None)


def _keep_only(book: Workbook, picture: SheetPicture) -> None:
    """Print one sheet only, with the letters and numbers of a spreadsheet and light lines."""
    for sheet in book.worksheets:
        if sheet.title != picture.sheet:
            sheet.sheet_state = "hidden"
            continue
        book.active = book.index(sheet)
        sheet.print_area = picture.cells
        sheet.print_title_rows = None
        sheet.print_options.headings = True
        sheet.page_setup.paperSize = Worksheet.PAPERSIZE_A3
        sheet.HeaderFooter.oddFooter = HeaderFooterItem()
        for row in sheet[picture.cells]:
            for cell in row:
                if not cell.has_style:  # a new cell has lost the style of its column
                    column = sheet.column_dimensions[cell.column_letter]
                    cell.fill, cell.alignment = copy(column.fill), copy(column.alignment)
                    cell.number_format = column.number_format
                cell.border = Border(_LINE, _LINE, _LINE, _LINE)


def _run(command: Sequence[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, timeout=120, check=True)  # noqa: S603 - ours
