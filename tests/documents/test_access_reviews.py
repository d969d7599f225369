"""The documents about access reviews show what the demo prints, and name every file and column."""

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sso_batch.campaign import revocations
from sso_batch.campaign.csv_files import DECISION_COLUMNS
from sso_batch.campaign.file_names import OUT_OF_SCOPE
from sso_batch.campaign.item import columns_of
from sso_batch.campaign.proof_record import RESULTS
from sso_batch.campaign.sheets.workbook import columns_of_sheet
from sso_batch.commands.demo import CAMPAIGN_SETTINGS
from sso_batch.exit_codes import ExitCode
from sso_batch.run_files.columns import ATTRIBUTES
from tests.documents.test_readme import timeless
from tests.documents.text import ROOT, blocks, marked

_TUTORIAL = "docs/access-reviews.md"
_PARTS = ("demo-open", "demo-status", "demo-close", "demo-prove")
_ELISION = "…"
_SECTION = re.compile(r"^## Campaigns$(.*?)^## ", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Run the demo of a campaign; return the folder of the campaign, and what was printed at 100 columns."""
    folder = tmp_path_factory.mktemp("demo")
    done = sso_batch("demo", "--campaign", "-o", "reports/demo", folder=folder)
    assert done.returncode == ExitCode.OK
    return folder / "reports" / "demo" / "campaign", done.stdout


@pytest.mark.parametrize("part", _PARTS)
def test_output(part: str, demo: tuple[Path, str]) -> None:
    """The tutorial shows the demo's output; a line with an ellipsis stands for lines left out."""
    shown = dateless(marked(_TUTORIAL, part))[1:-1]  # between the fences
    printed = iter(dateless(demo[1]))

    missing = [line for line in shown if line != _ELISION and line not in printed]

    assert len(shown) > 5
    assert missing == []


def test_problems(demo: tuple[Path, str], tmp_path: Path) -> None:
    """The problems of sheets that the tutorial shows are those that `campaign status` prints."""
    campaign = Path(shutil.copytree(demo[0], tmp_path / "campaign"))
    sheet = campaign / "review_amara.okafor_harborbank.example.csv"
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        first, second, third = list(csv.DictReader(file))
    first["Decision"] = "remove"
    second |= {"Decision": "revoke", "Comment": ""}
    third |= {"Where": "ledger-test", "Until": "03/04/2027"}
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(first))
        writer.writeheader()
        writer.writerows([first, second, third])
    workbook = campaign / "review_ciso_example.com.xlsx"
    shutil.copy(workbook, workbook.with_name("review_ciso_example.com (1).xlsx"))

    done = sso_batch("campaign", "status", str(campaign), folder=tmp_path)

    printed = [line.strip() for line in done.stdout.partition("Problems (")[2].splitlines()[1:]]
    assert done.returncode == ExitCode.USAGE
    assert marked(_TUTORIAL, "problems").splitlines()[1:-1] == printed


def test_script(demo: tuple[Path, str]) -> None:
    """The comment of a command in the tutorial is in the script of the demo."""
    (shown,) = [block.text for block in blocks("text", within=_TUTORIAL) if "# Item:" in block.text]
    script = (demo[0] / "revocations.sh").read_text()

    assert all(line in script for line in shown.splitlines() if line != _ELISION)


def test_configuration() -> None:
    """The campaign of the tutorial's configuration is the one of the demo."""
    (shown,) = [yaml.safe_load(block.text) for block in blocks("yaml", within=_TUTORIAL)]

    assert shown["campaign"] == yaml.safe_load(CAMPAIGN_SETTINGS)["campaign"]


def test_results() -> None:
    """The tutorial explains each result of a proof."""
    explained = re.findall(r"^\| `(\w+)` \| .* \| .* \|$", (ROOT / _TUTORIAL).read_text(), re.MULTILINE)

    assert {*RESULTS} <= {*explained}


def test_columns() -> None:
    """The reference describes every column of every file, and no other."""
    people = tuple(ATTRIBUTES)
    expected = {*columns_of(people), *DECISION_COLUMNS, *revocations.COLUMNS, "Result", "Detail"}
    expected |= {column.title for column in columns_of_sheet(people)}

    described = re.findall(r"^\| ((?:`[A-Z]\w+`(?:, )?)+) \| ", campaigns(), re.MULTILINE)

    assert {name for cell in described for name in re.findall(r"\w+", cell)} == expected


def test_files(demo: tuple[Path, str]) -> None:
    """The reference names every file of a campaign."""
    named = re.findall(r"`([\w.]+\.(?:csv|json|html|yaml|sh))`(?:, `(\.xlsx)`)? \|", campaigns())
    patterns = [re.escape(name).replace("REVIEWER", ".+").replace("RUNID", ".+") for name, _ in named]
    patterns += [re.sub("csv$", "xlsx", pattern) for pattern in patterns if "review_" in pattern]
    found = [file.name for file in demo[0].iterdir()]
    found.append(OUT_OF_SCOPE)  # the demo reviews all access

    assert [name for name in found if not any(re.fullmatch(pattern, name) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not any(re.fullmatch(pattern, name) for name in found)] == []


def sso_batch(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder, on a terminal of 100 columns."""
    return subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-m", "sso_batch", "--quiet", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PATH": "", "COLUMNS": "100", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )


def dateless(text: str) -> list[str]:
    """Return the lines without times, ports and dates."""
    return [re.sub(r"\d{4}-\d{2}-\d{2}", "DATE", line) for line in timeless(text)]


def campaigns() -> str:
    """Return the section of the reference about the files of campaigns."""
    found = _SECTION.search((ROOT / "docs" / "reference" / "files.md").read_text())
    assert found
    return found[1]
