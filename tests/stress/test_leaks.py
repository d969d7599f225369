"""Tests that runs in one process leak no threads, file descriptors or memory."""

from tests.stress.leaks import find_leaks
from tests.stress.worlds import FIRST_SEED


def test_a_few_runs() -> None:
    """The resources of a run are released."""
    assert list(find_leaks(20, FIRST_SEED)) == []
