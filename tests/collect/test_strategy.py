"""The costs of the listing strategies, and when the cheaper one is certain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.collect.strategy import Estimate, Workload, choose_strategy, estimate
from sso_batch.model import ListingStrategy

COUNTS = st.integers(0, 60)


@pytest.mark.parametrize(
    ("workload", "strategy"),
    [
        (Workload(3, 0, 0), None),
        (Workload(3, 9, 5), None),
        (Workload(3, 9, 5, principals_final=True), ListingStrategy.BY_PRINCIPAL),
        (Workload(3, 9, 11, groups=90, principals_final=True), None),
        (Workload(3, 90, 11, groups=90, principals_final=True), ListingStrategy.BY_PRINCIPAL),
        (Workload(0, 60, 11, groups=90, pairs_final=True), ListingStrategy.BY_PAIR),
        (Workload(3, 2, 5, principals_final=True), None),
        (Workload(12, 40, 100, made=4, principals_final=True), ListingStrategy.BY_PRINCIPAL),
        (Workload(12, 40, 120, made=4, principals_final=True), None),
        (Workload(12, 40, 100, made=4), None),
        (Workload(12, 30, 60, made=3, principals_final=True), None),
        (Workload(0, 5, 5, pairs_final=True), ListingStrategy.BY_PAIR),
        (Workload(0, 6, 5, pairs_final=True), None),
        (Workload(0, 6, 5, pairs_final=True, principals_final=True), ListingStrategy.BY_PRINCIPAL),
        (Workload(0, 0, 0, pairs_final=True, principals_final=True), ListingStrategy.BY_PAIR),
    ],
)
def test_choose_strategy(workload: Workload, strategy: ListingStrategy | None) -> None:
    """A strategy is chosen as soon as the other one is certain to cost more, and not before."""
    assert choose_strategy(workload) == strategy


@given(
    listings=st.lists(st.integers(0, 12), max_size=30),
    users=COUNTS,
    groups=COUNTS,
    order=st.lists(st.booleans(), max_size=120),
)
def test_regret_is_bounded(listings: list[int], users: int, groups: int, order: list[bool]) -> None:
    """Without an estimate, the cost is at most the cheaper strategy's plus the listings', in whatever order.

    If answers for users do not hold the assignments of groups, it is at most a call for each group more.
    """
    made = pairs = seen = 0
    strategy = choose_strategy(
        Workload(len(listings), 0, 0, pairs_final=not listings, principals_final=not users)
    )
    turns = iter(order)
    while strategy is None:
        by_pair = next(turns, True)
        if made < len(listings) and (by_pair or seen == users):
            pairs += listings[made]
            made += 1
        else:
            seen += 1
        strategy = choose_strategy(
            Workload(
                len(listings) - made,
                pairs,
                seen,
                pairs_final=made == len(listings),
                principals_final=seen == users,
            )
        )

    all_pairs = len(listings) + sum(listings)
    by_pair = strategy is ListingStrategy.BY_PAIR
    assert (all_pairs if by_pair else made + users) <= min(all_pairs, users) + len(listings)
    regret = (all_pairs if by_pair else made + users + groups) - min(all_pairs, users + groups)
    assert regret <= len(listings) + groups


@given(numbers=st.tuples(COUNTS, COUNTS, COUNTS))
def test_all_known_is_decided(numbers: tuple[int, int, int]) -> None:
    """Once every number is final, the cheaper strategy is chosen."""
    listings, pairs, users = numbers
    workload = Workload(listings, pairs, users, pairs_final=True, principals_final=True)

    strategy = choose_strategy(workload)

    assert strategy is (
        ListingStrategy.BY_PAIR if workload.by_pair <= users else ListingStrategy.BY_PRINCIPAL
    )


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
    """The burst takes no time, and the other calls come at the rate limit."""
    assert estimate(calls, **settings) == Estimate(calls, seconds)
