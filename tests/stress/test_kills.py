"""Tests of signals: published files are complete, and manifests are true."""

from tests.stress.kills import kill_runs
from tests.stress.worlds import FIRST_SEED


def test_a_few_kills() -> None:
    """A killed run publishes only complete files and can be resumed."""
    assert list(kill_runs(4, FIRST_SEED)) == []


def test_a_few_kills_of_workers_and_their_run() -> None:
    """A killed worker loses its own organizations alone, and a killed run ends its workers."""
    assert list(kill_runs(3, FIRST_SEED, processes=2)) == []
