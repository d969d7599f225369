"""The arithmetic of a pace."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.aws.operations import Limit
from sso_batch.aws.token_bucket import _RECOVERY, Bucket

LIMIT = Limit("test", rate=20, burst=20)

LIMITS = st.builds(Limit, st.just("any"), st.floats(0.5, 1000), st.floats(1, 1000))
EVENTS = st.lists(st.tuples(st.floats(0, 3) | st.sampled_from([0.0, 0.01, 60.0]), st.booleans()), max_size=60)


def take_until(bucket: Bucket, begin: float, end: float) -> list[float]:
    """Take tokens as fast as they come, waiting as long as one is told to; give the times."""
    now, taken = begin, []
    while now < end:
        wait = bucket.take(now)
        if wait:
            now += wait
        else:
            taken.append(now)
    return taken


@settings(derandomize=True, deadline=None)
@given(LIMITS, EVENTS)
def test_never_more_than_the_limit(limit: Limit, events: list[tuple[float, bool]]) -> None:
    """In no span of time more is taken than the limit's burst and its rate times the span."""
    bucket, now = Bucket(limit, 0.0), 0.0
    taken: list[float] = []

    for passed, throttled in events:
        now += passed
        if throttled:
            bucket.throttled(now)
        while len(taken) < 400 and bucket.take(now) == 0:
            taken.append(now)

    for (first, begin), (last, end) in combinations(enumerate(taken), 2):
        assert last - first + 1 <= limit.burst + limit.rate * (end - begin) + 1e-6


@settings(derandomize=True, deadline=None)
@given(LIMITS, EVENTS)
def test_waiting_ends(limit: Limit, events: list[tuple[float, bool]]) -> None:
    """Whoever waits as long as told gets a token, and is never told to wait for longer than needed."""
    bucket, now = Bucket(limit, 0.0), 0.0
    for passed, throttled in events:
        now += passed
        if throttled:
            bucket.throttled(now)
        bucket.take(now)

    looks = 0
    while wait := bucket.take(now):
        assert 0 < wait <= 1 / bucket.rate + 1e-4
        now += wait
        looks += 1

    assert looks <= 3


@settings(derandomize=True, deadline=None)
@given(LIMITS, EVENTS)
def test_rate_stays_within_its_bounds(limit: Limit, events: list[tuple[float, bool]]) -> None:
    """The rate is never above the limit and never below a twentieth of it."""
    bucket, now = Bucket(limit, 0.0), 0.0

    for passed, throttled in events:
        now += passed
        if throttled:
            bucket.throttled(now)
        bucket.take(now)

        assert limit.rate * 0.05 <= bucket.rate <= limit.rate


def test_the_limit_is_met() -> None:
    """Where AWS never throttles, the limit is used: first the burst but for a tenth, then the rate."""
    bucket = Bucket(LIMIT, 100.0)

    taken = take_until(bucket, 100.0, 110.0)

    assert sum(now == 100.0 for now in taken) == 18
    assert 217 <= len(taken) <= 219


def test_a_burst_of_less_than_one() -> None:
    """A limit that is lower than a call at once still lets one go at a time."""
    bucket = Bucket(Limit("slow", rate=0.5, burst=0.5), 0.0)

    assert [bucket.take(0.0), bucket.take(0.0), bucket.take(2.0)] == [0.0, 2.0, 0.0]


def test_throttled() -> None:
    """After a throttle no token is left, and fewer are to come."""
    bucket = Bucket(LIMIT, 0.0)

    bucket.throttled(0.0)

    assert bucket.rate == pytest.approx(14)
    assert bucket.take(0.0) == pytest.approx(1 / 14)


def test_throttles_of_one_event() -> None:
    """Throttles within a second are the same event: their requests had left already."""
    bucket = Bucket(LIMIT, 0.0)

    for moment in (0.0, 0.1, 0.5, 0.999):
        bucket.throttled(moment)

    assert bucket.rate == pytest.approx(14 + 20 * 0.999 / _RECOVERY)  # it has begun to recover


def test_throttles_that_go_on() -> None:
    """Throttles that go on slow down further, to a twentieth of the limit at the least."""
    bucket, rates = Bucket(LIMIT, 0.0), []

    for second in range(20):
        bucket.throttled(float(second))
        rates.append(bucket.rate)

    assert rates[0] == pytest.approx(14)
    assert rates[1] == pytest.approx((14 + 20 / _RECOVERY) * 0.7)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 3


@pytest.mark.parametrize(("part", "rate"), [(0, 14), (0.15, 17), (0.3, 20), (10, 20)])
def test_recovery(part: float, rate: float) -> None:
    """The rate climbs back to the limit as fast as it would from nothing, and never above it."""
    bucket = Bucket(LIMIT, 0.0)
    bucket.throttled(0.0)

    bucket.take(part * _RECOVERY)

    assert bucket.rate == pytest.approx(rate)


def test_tokens_do_not_pile_up() -> None:
    """However long nobody asks, only the burst is there."""
    bucket = Bucket(LIMIT, 0.0)

    taken = take_until(bucket, 10_000.0, 10_000.01)

    assert len(taken) == 18


def test_clock_that_goes_back() -> None:
    """Time that seems to pass twice gives no token twice."""
    bucket = Bucket(LIMIT, 0.0)
    take_until(bucket, 10.0, 10.0001)

    waits = [bucket.take(5.0), bucket.take(10.0)]

    assert waits == pytest.approx([1 / 20] * 2, abs=0.01)
