"""Signals: no file looks whole and is not, and no manifest says what is not so."""

from tests.stress.kills import kill_often
from tests.stress.worlds import FIXED


def test_a_few_kills() -> None:
    """Whatever the moment, what is published is what an undisturbed run publishes, and can be resumed."""
    assert list(kill_often(4, FIXED)) == []
