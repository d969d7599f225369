"""The promise of the whole run, over random worlds and random faults: a hole never looks like an answer."""

import pytest

from tests.stress.trial import LASTING, ONCE, PASSING
from tests.stress.worlds import FIXED, try_worlds

CHUNK = 128
CHUNKS = 4


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_complete_is_exact_and_the_rest_is_honest(chunk: int) -> None:
    """Complete: byte for byte the truth. Else: every row is true, and a gap tells of all that is missing."""
    begin = FIXED + chunk * CHUNK

    tally = try_worlds(range(begin, begin + CHUNK))

    assert tally.wrong == []
    assert tally.runs == CHUNK
    assert tally.share("complete") >= 0.3
    assert tally.share("incomplete") >= 0.3
    struck = {kind for kind, count in tally.injected.items() if count}
    assert struck >= {*PASSING, *ONCE}
    assert len(struck) >= 0.8 * len(LASTING)
