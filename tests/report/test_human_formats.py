"""The formats for people: each complete or absent, and imported only when written."""

import threading
from pathlib import Path

import pytest

from sso_batch.report.human_formats import HumanFormat, write_human_format
from sso_batch.run_files.run import Stopped
from sso_batch.store import Folder
from tests.run_files.test_writer import StopsAfter, names
from tests.support.command import execute
from tests.support.overviews import company, hostile, overview, with_gap

ACME = company("acme", 1)


@pytest.mark.parametrize("checks", [0, 1, 2])
@pytest.mark.parametrize("format_", ["html", "xlsx"])
def test_stopped(tmp_path: Path, format_: HumanFormat, checks: int) -> None:
    """A run that is stopped leaves no part of a page or workbook."""
    folder = Folder(tmp_path)

    with pytest.raises(Stopped):
        write_human_format(folder, overview(ACME), format_, stop=StopsAfter(checks))

    assert names(folder) == []


@pytest.mark.parametrize("format_", ["html", "xlsx"])
@pytest.mark.parametrize("incomplete", [False, True])
def test_written(tmp_path: Path, format_: HumanFormat, *, incomplete: bool) -> None:
    """Only its owner can read the file, and its name shows whether it is incomplete."""
    run = overview(with_gap(ACME) if incomplete else ACME)

    entry = write_human_format(Folder(tmp_path), run, format_, stop=threading.Event())

    (file,) = tmp_path.iterdir()
    mark = "_INCOMPLETE" if incomplete else ""
    assert file.name == entry.name == f"aws_sso_access_report_20260304_050607{mark}.{format_}"
    assert (file.stat().st_mode & 0o777, file.stat().st_size) == (0o600, entry.bytes)


@pytest.mark.parametrize("format_", ["html", "xlsx"])
def test_reproducible(tmp_path: Path, format_: HumanFormat) -> None:
    """The same run gives the same bytes."""
    sums = []
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        folder = Folder(tmp_path / str(number))
        run = overview(ACME, hostile())
        sums.append(write_human_format(folder, run, format_, stop=threading.Event()).sha256)

    assert sums[0] == sums[1]


def test_imports() -> None:
    """A run that writes only CSV files imports neither jinja2 nor xlsxwriter."""
    script = (
        "import sys, sso_batch.commands.run, sso_batch.commands.demo\n"
        "assert not {'jinja2', 'markupsafe', 'xlsxwriter'} & set(sys.modules)\n"
    )

    ended = execute(python=("-c", script))

    assert (ended.code, ended.stderr) == (0, "")
