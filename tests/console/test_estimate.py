"""Tests of how far a run has come."""

from hypothesis import given
from hypothesis import strategies as st

from sso_batch.console.estimate import Estimate

CALLS = st.integers(0, 500)


def test_estimate() -> None:
    """Half of the organizations in ten minutes leave ten more."""
    estimate = Estimate(4, 0.0)
    estimate.ended(10)
    estimate.ended(30)

    assert estimate.look([], 600.0) == (0.5, 600.0)
    assert estimate.look([(10, 10)], 600.0) == (0.625, 360.0)


def test_no_estimate_at_the_start() -> None:
    """Without anything done there is no time left to show."""
    assert Estimate(60, 0.0).look([(0, 0), (1, 9)], 5.0)[1] is None


def test_no_organizations() -> None:
    """A shard without organizations is done."""
    assert Estimate(0, 0.0).look([], 1.0) == (1.0, 0.0)


@given(st.lists(st.tuples(st.booleans(), CALLS, CALLS), max_size=40))
def test_never_goes_backwards(steps: list[tuple[bool, int, int]]) -> None:
    """Whatever becomes known, the share never falls and the time left never grows."""
    estimate = Estimate(len(steps) + 1, 0.0)
    share, left = 0.0, float("inf")
    for now, (ended, done, known) in enumerate(steps, 1):
        if ended:
            estimate.ended(known)
        before, left_before = share, left
        share, seconds = estimate.look([(min(done, known), known)], float(now))
        left = left if seconds is None else seconds
        assert before <= share <= 1
        assert left <= left_before
