"""Tests with random worlds and faults: missing data never looks like an answer."""

import pytest

from tests.stress.trial import ONCE, PERMANENT, TEMPORARY
from tests.stress.worlds import FIRST_SEED, try_worlds

CHUNK = 128
CHUNKS = 4


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_complete_is_exact_and_the_rest_is_honest(chunk: int) -> None:
    """A complete audit is exact; otherwise every row is true, and a gap explains all that is missing."""
    start = FIRST_SEED + chunk * CHUNK

    tally = try_worlds(range(start, start + CHUNK))

    assert tally.problems == []
    assert tally.runs == CHUNK
    assert tally.share("complete") >= 0.3
    assert tally.share("incomplete") >= 0.3
    occurred = {kind for kind, count in tally.injected.items() if count}
    assert occurred >= {*TEMPORARY, *ONCE}
    assert len(occurred) >= 0.8 * len(PERMANENT)
