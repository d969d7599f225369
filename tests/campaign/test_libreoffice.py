"""A real spreadsheet opens the sheets and saves them again: every decision is read."""

import shutil
import subprocess
from pathlib import Path

import pytest
from openpyxl import load_workbook

from sso_batch.campaign.decisions import Decided
from sso_batch.campaign.sheets.workbook import REVIEW
from tests.support.campaigns import CSV, OWN, XLSX, Campaign, Grid, fill

SOFFICE = shutil.which("soffice")
DECIDED = {
    OWN[0].id: Decided("keep", "Müller, until then", "2027-01-31"),
    OWN[1].id: Decided("revoke", "line 1\nline 2", ""),
    OWN[2].id: Decided("keep", "because", ""),
    OWN[5].id: Decided("unsure", "", ""),
}

pytestmark = pytest.mark.skipif(
    SOFFICE is None, reason="LIBREOFFICE IS MISSING: no real spreadsheet has opened the sheets (soffice)"
)

_SEMICOLON, _COMMA, _TAB, _UTF8, _UTF16 = 59, 44, 9, 76, 65535
_CSV = "Text - txt - csv (StarCalc)"
_XLSX = "Calc MS Excel 2007 XML"


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of LibreOffice's settings, so that no other instance is disturbed."""
    return tmp_path_factory.mktemp("libreoffice")


def save_again(profile: Path, file: Path, to: Path, output: str, infilter: str = "") -> Path:
    """Open a file in LibreOffice and save it in a form; return what was saved."""
    to.mkdir()
    assert SOFFICE is not None
    subprocess.run(  # noqa: S603 - of this machine
        [
            SOFFICE,
            f"-env:UserInstallation={profile.as_uri()}",
            "--headless",
            *([f"--infilter={infilter}"] if infilter else []),
            *("--convert-to", output),
            *("--outdir", str(to)),
            str(file),
        ],
        check=True,
        capture_output=True,
        timeout=100,
    )
    (saved,) = to.iterdir()
    return saved


def save_csv(separator: int, *, sheet: int = 0, as_shown: bool = True) -> str:
    """Return the form of CSV files in LibreOffice: https://wiki.documentfoundation.org/Documentation/DevGuide."""
    shown = str(as_shown).lower()
    return f"csv:{_CSV}:{separator},34,{_UTF8},1,,0,false,{shown},false,false,false,{sheet}"


def decide_in_workbook(campaign: Campaign) -> None:
    """Fill in the cells of the workbook; everything else stays as it was written."""
    file = campaign.folder / XLSX
    book = load_workbook(file)
    sheet = book[REVIEW]
    rows = {str(row[0].value): row for row in sheet.iter_rows()}
    for item_id, decided in DECIDED.items():
        cells = rows[item_id][-3:]
        for cell, value in zip(cells, (decided.decision, decided.comment, decided.until), strict=True):
            cell.value = value or None
    book.save(file)


def decide(grid: Grid) -> None:
    """Fill in the CSV file."""
    for number, item in enumerate(OWN, 1):
        if decided := DECIDED.get(item.id):
            fill(grid, number, decided.decision, decided.comment, decided.until)


def test_workbook(campaign: Campaign, profile: Path, tmp_path: Path) -> None:
    """A workbook that LibreOffice saved is read."""
    decide_in_workbook(campaign)
    file = campaign.folder / XLSX

    save_again(profile, file, tmp_path / "saved", f"xlsx:{_XLSX}").replace(file)

    assert campaign.decisions() == DECIDED


@pytest.mark.parametrize("as_shown", [True, False])
def test_workbook_as_csv(campaign: Campaign, profile: Path, tmp_path: Path, *, as_shown: bool) -> None:
    """The sheet of a workbook that LibreOffice saved as CSV is read, with times as cells show them or not."""
    decide_in_workbook(campaign)
    file = campaign.folder / XLSX
    form = save_csv(_SEMICOLON, sheet=-1, as_shown=as_shown)

    to = tmp_path / "saved"
    to.mkdir()
    with pytest.raises(ValueError, match="too many values"):
        save_again(profile, file, to / "all", form)  # one file for each sheet
    (to / "all" / f"{file.stem}-{REVIEW}.csv").replace(campaign.folder / CSV)
    file.unlink()

    assert campaign.decisions() == DECIDED


@pytest.mark.parametrize("detect", [False, True])
@pytest.mark.parametrize("language", [1033, 1031], ids=["English", "German"])
def test_csv(campaign: Campaign, profile: Path, tmp_path: Path, language: int, *, detect: bool) -> None:
    """A CSV file that LibreOffice saved is read, even if it took texts for numbers and dates."""
    campaign.edit(CSV, decide)
    file = campaign.folder / CSV
    infilter = f"{_CSV}:{_COMMA},34,{_UTF8},1,,{language},false,{str(detect).lower()}"

    save_again(profile, file, tmp_path / "saved", save_csv(_SEMICOLON), infilter).replace(file)

    assert b";" in file.read_bytes().splitlines()[0]
    assert campaign.decisions() == DECIDED


def test_csv_as_workbook(campaign: Campaign, profile: Path, tmp_path: Path) -> None:
    """A CSV file that LibreOffice saved as a workbook is read."""
    campaign.edit(CSV, decide)
    file = campaign.folder / CSV
    infilter = f"{_CSV}:{_COMMA},34,{_UTF8},1,,1033,false,true"

    saved = save_again(profile, file, tmp_path / "saved", f"xlsx:{_XLSX}", infilter)
    saved.replace(campaign.folder / XLSX)
    file.unlink()

    assert campaign.decisions() == DECIDED
