"""Whatever stands in a file that we read back, the answer is a value or an error in words."""

from tests.stress.nonsense import nonsense
from tests.stress.worlds import FIXED


def test_damaged_files() -> None:
    """No damage to a file ends in a traceback, and no part of one is taken for the whole."""
    assert list(nonsense(1000, FIXED)) == []
