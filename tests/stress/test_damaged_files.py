"""Tests of damaged files: each can be read or is a clear error."""

from tests.stress.damaged_files import read_damaged_files
from tests.stress.worlds import FIRST_SEED


def test_damaged_files() -> None:
    """No damage causes a traceback, and no truncated file is accepted."""
    assert list(read_damaged_files(1000, FIRST_SEED)) == []
