"""Runs in one process leave no threads, file descriptors or memory behind."""

from tests.stress.soak import soak
from tests.stress.worlds import FIXED


def test_a_short_soak() -> None:
    """What one run holds is gone before the next."""
    assert list(soak(20, FIXED)) == []
