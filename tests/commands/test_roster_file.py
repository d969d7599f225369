"""A roster's file is read as a whole, or refused as a problem of the configuration."""

import os
from pathlib import Path

import pytest

from sso_batch.commands import roster_file
from sso_batch.commands.roster_file import read_roster
from sso_batch.errors import ConfigurationError
from sso_batch.review.roster import Person

KEY = "correct review.roster, which is relative to the place of the configuration"


def problem(path: Path) -> str:
    """Return the only problem of a file, without its path."""
    with pytest.raises(ConfigurationError) as caught:
        read_roster(str(path), numbers_are_read=False)
    (text,) = caught.value.problems
    assert text.startswith(f"{path}:")
    return text.removeprefix(f"{path}:").strip()


def test_a_roster(tmp_path: Path) -> None:
    """A file becomes a roster."""
    file = tmp_path / "hr.csv"
    file.write_text("email,status\nann@example.com,active\n")

    assert read_roster(str(file), numbers_are_read=False).people == (Person("ann@example.com"),)


def test_a_problem_has_its_line(tmp_path: Path) -> None:
    """A problem names the file and the line."""
    file = tmp_path / "hr.csv"
    file.write_text("email,status\nann@example.com,gone\n")

    assert problem(file) == "2: status: unknown status: write active or leaver"


def test_what_is_not_a_file(tmp_path: Path) -> None:
    """A missing file, a folder and a pipe without a writer are refused, and never waited for."""
    os.mkfifo(tmp_path / "pipe")

    assert problem(tmp_path / "nowhere.csv") == f"no such file: {KEY}"
    assert problem(tmp_path) == f"not a file: {KEY}"
    assert problem(tmp_path / "pipe") == f"not a file: {KEY}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every file")
def test_a_file_without_permission(tmp_path: Path) -> None:
    """A file that cannot be read is refused with the system's reason."""
    file = tmp_path / "hr.csv"
    file.touch(mode=0)

    assert problem(file) == "the file cannot be read: Permission denied"


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file larger than the limit is refused."""
    monkeypatch.setattr(roster_file, "MAX_BYTES", 10)
    file = tmp_path / "hr.csv"
    file.write_text("email,status\n")

    assert problem(file) == "the file is larger than 100 MB: export only the columns that are needed"
