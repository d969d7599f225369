"""The formats for people: each whole or not at all, and imported by nobody who does not want them."""

import threading
from pathlib import Path
from typing import Literal

import pytest

from sso_batch.report.human_formats import write_for_people
from sso_batch.run_files.run import Stopped
from sso_batch.store import Folder
from tests.end_to_end.command import execute
from tests.run_files.test_writer import StopsAfter, names
from tests.support.overviews import company, hostile, overview, with_gap

Format = Literal["html", "xlsx"]

ACME = company("acme", 1)


@pytest.mark.parametrize("looks", [0, 1, 2])
@pytest.mark.parametrize("format_", ["html", "xlsx"])
def test_stopped(tmp_path: Path, format_: Format, looks: int) -> None:
    """A run that is told to end leaves no part of a page or workbook."""
    folder = Folder(tmp_path)

    with pytest.raises(Stopped):
        write_for_people(folder, overview(ACME), format_, stop=StopsAfter(looks))

    assert names(folder) == []


@pytest.mark.parametrize("format_", ["html", "xlsx"])
@pytest.mark.parametrize("incomplete", [False, True])
def test_written(tmp_path: Path, format_: Format, *, incomplete: bool) -> None:
    """The file is its owner's alone, and its name says where it has holes."""
    run = overview(with_gap(ACME) if incomplete else ACME)

    entry = write_for_people(Folder(tmp_path), run, format_, stop=threading.Event())

    (file,) = tmp_path.iterdir()
    mark = "_INCOMPLETE" if incomplete else ""
    assert file.name == entry.name == f"aws_sso_access_report_20260304_050607{mark}.{format_}"
    assert (file.stat().st_mode & 0o777, file.stat().st_size) == (0o600, entry.bytes)


@pytest.mark.parametrize("format_", ["html", "xlsx"])
def test_reproducible(tmp_path: Path, format_: Format) -> None:
    """The same run gives the same bytes."""
    sums = []
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        folder = Folder(tmp_path / str(number))
        run = overview(ACME, hostile())
        sums.append(write_for_people(folder, run, format_, stop=threading.Event()).sha256)

    assert sums[0] == sums[1]


def test_who_wants_neither_imports_neither() -> None:
    """A run that writes CSVs alone imports neither jinja2 nor xlsxwriter."""
    script = (
        "import sys, sso_batch.commands.run, sso_batch.commands.demo\n"
        "assert not {'jinja2', 'markupsafe', 'xlsxwriter'} & set(sys.modules)\n"
    )

    ended = execute(python=("-c", script))

    assert (ended.code, ended.stderr) == (0, "")
