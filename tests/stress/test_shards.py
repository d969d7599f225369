"""Tests of the comparison of shards with a single run."""

import subprocess
import sys

from tests.support.command import SOURCES


def test_a_few_shards() -> None:
    """It audits, kills, resumes, merges, compares and prints measurements."""
    arguments = ("--organizations", "6", "--shards", "2", "--at-once", "2", "--seed", "1")
    command = [sys.executable, "-m", "tests.stress.shards", *arguments]

    done = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, check=False)  # noqa: S603

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("seed 1\none run of 6 organizations: ")
    assert "8 CSVs of" in done.stdout
