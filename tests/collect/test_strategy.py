"""The arithmetic of the plan, apart from everything that runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.collect.strategy import Estimate, Known, Way, decide, estimate

COUNTS = st.integers(0, 60)


@pytest.mark.parametrize(
    ("known", "way"),
    [
        (Known(3, 0, 0), None),
        (Known(3, 9, 5), None),
        (Known(3, 9, 5, principals_final=True), Way.BY_PRINCIPAL),
        (Known(3, 2, 5, principals_final=True), None),
        (Known(0, 5, 5, pairs_final=True), Way.BY_PAIR),
        (Known(0, 6, 5, pairs_final=True), None),
        (Known(0, 6, 5, pairs_final=True, principals_final=True), Way.BY_PRINCIPAL),
        (Known(0, 0, 0, pairs_final=True, principals_final=True), Way.BY_PAIR),
    ],
)
def test_decide(known: Known, way: Way | None) -> None:
    """A way is taken once the other one is certain to cost more, and not before."""
    assert decide(known) == way


@given(
    listings=st.lists(st.integers(0, 12), max_size=30),
    principals=COUNTS,
    order=st.lists(st.booleans(), max_size=120),
)
def test_regret_is_bounded(listings: list[int], principals: int, order: list[bool]) -> None:
    """In whatever order the numbers come, the cost is the cheaper way's and the listings', at the most."""
    made = pairs = seen = 0
    way = decide(Known(len(listings), 0, 0, pairs_final=not listings, principals_final=not principals))
    turns = iter(order)
    while way is None:
        by_pair = next(turns, True)
        if made < len(listings) and (by_pair or seen == principals):
            pairs += listings[made]
            made += 1
        else:
            seen += 1
        way = decide(
            Known(
                len(listings) - made,
                pairs,
                seen,
                pairs_final=made == len(listings),
                principals_final=seen == principals,
            )
        )

    all_pairs = len(listings) + sum(listings)
    cost = all_pairs if way is Way.BY_PAIR else made + principals
    assert cost <= min(all_pairs, principals) + len(listings)


@given(numbers=st.tuples(COUNTS, COUNTS, COUNTS))
def test_all_known_is_decided(numbers: tuple[int, int, int]) -> None:
    """Once every number is final there is a way, and it is the cheaper one."""
    listings, pairs, principals = numbers
    known = Known(listings, pairs, principals, pairs_final=True, principals_final=True)

    way = decide(known)

    assert way is (Way.BY_PAIR if known.by_pair <= principals else Way.BY_PRINCIPAL)


@pytest.mark.parametrize(
    ("calls", "settings", "seconds"),
    [
        (0, {"rate": 20}, 0.0),
        (20, {"rate": 20}, 0.0),
        (1020, {"rate": 20}, 50.0),
        (1020, {"rate": 40}, 24.5),
        (10, {"rate": 2, "burst": 4}, 3.0),
    ],
)
def test_estimate(calls: int, settings: dict[str, float], seconds: float) -> None:
    """The burst is free, and the rest comes at the limit's rate."""
    assert estimate(calls, **settings) == Estimate(calls, seconds)
