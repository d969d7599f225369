"""Tests of the rate limiter and its token bucket."""

import asyncio
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.aws.operations import Limit
from sso_batch.aws.rate_limiter import _RECOVERY, RateLimiter, TokenBucket
from tests.aws.conftest import Instantly

LIMIT = Limit("test", rate=20, burst=20)

LIMITS = st.builds(Limit, st.just("any"), st.floats(0.5, 1000), st.floats(1, 1000))
EVENTS = st.lists(st.tuples(st.floats(0, 3) | st.sampled_from([0.0, 0.01, 60.0]), st.booleans()), max_size=60)


def take_until(bucket: TokenBucket, start: float, end: float) -> list[float]:
    """Take tokens as fast as they become available; return the times."""
    now, taken = start, []
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
    """In any period, at most the burst plus the rate times the period is taken."""
    bucket, now = TokenBucket(limit, 0.0), 0.0
    taken: list[float] = []

    for passed, throttled in events:
        now += passed
        if throttled:
            bucket.slow_down(now)
        while len(taken) < 400 and bucket.take(now) == 0:
            taken.append(now)

    for (first, start), (last, end) in combinations(enumerate(taken), 2):
        assert last - first + 1 <= limit.burst + limit.rate * (end - start) + 1e-6


@settings(derandomize=True, deadline=None)
@given(LIMITS, EVENTS, st.integers(1, 30))
def test_waiting_ends(limit: Limit, events: list[tuple[float, bool]], waiting: int) -> None:
    """After the returned wait a token is available, and the wait is never longer than a group needs."""
    bucket, now = TokenBucket(limit, 0.0), 0.0
    for passed, throttled in events:
        now += passed
        if throttled:
            bucket.slow_down(now)
        bucket.take(now)

    waits = 0
    while wait := bucket.take(now, waiting):
        assert 0 < wait <= max(1 / bucket.rate, 0.1) + 1e-4
        now += wait
        waits += 1

    assert waits <= 3


@settings(derandomize=True, deadline=None)
@given(LIMITS, EVENTS)
def test_rate_stays_within_its_bounds(limit: Limit, events: list[tuple[float, bool]]) -> None:
    """The rate is never above the limit and never below a twentieth of it."""
    bucket, now = TokenBucket(limit, 0.0), 0.0

    for passed, throttled in events:
        now += passed
        if throttled:
            bucket.slow_down(now)
        bucket.take(now)

        assert limit.rate * 0.05 <= bucket.rate <= limit.rate


def test_limit_is_used() -> None:
    """Without throttles, the limit is used: first nine tenths of the burst, then the rate."""
    bucket = TokenBucket(LIMIT, 100.0)

    taken = take_until(bucket, 100.0, 110.0)

    assert sum(now == 100.0 for now in taken) == 18
    assert 217 <= len(taken) <= 219


def test_burst_below_one() -> None:
    """A burst below one call still allows one call at a time."""
    bucket = TokenBucket(Limit("slow", rate=0.5, burst=0.5), 0.0)

    assert [bucket.take(0.0), bucket.take(0.0), bucket.take(2.0)] == [0.0, 2.0, 0.0]


def test_throttle() -> None:
    """A throttle removes all tokens and reduces the rate."""
    bucket = TokenBucket(LIMIT, 0.0)

    bucket.slow_down(0.0)

    assert bucket.rate == pytest.approx(14)
    assert bucket.take(0.0) == pytest.approx(1 / 14)


def test_throttles_of_one_event() -> None:
    """Throttles within a second count as one event: those requests were already in flight."""
    bucket = TokenBucket(LIMIT, 0.0)

    for moment in (0.0, 0.1, 0.5, 0.999):
        bucket.slow_down(moment)

    assert bucket.rate == pytest.approx(14 + 20 * 0.999 / _RECOVERY)  # recovery has started


def test_repeated_throttles() -> None:
    """Repeated throttles slow down further, but never below a twentieth of the limit."""
    bucket, rates = TokenBucket(LIMIT, 0.0), []

    for second in range(20):
        bucket.slow_down(float(second))
        rates.append(bucket.rate)

    assert rates[0] == pytest.approx(14)
    assert rates[1] == pytest.approx((14 + 20 / _RECOVERY) * 0.7)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 3


@pytest.mark.parametrize(("part", "rate"), [(0, 14), (0.15, 17), (0.3, 20), (10, 20)])
def test_recovery(part: float, rate: float) -> None:
    """The rate rises back to the limit at a constant speed, and never above it."""
    bucket = TokenBucket(LIMIT, 0.0)
    bucket.slow_down(0.0)

    bucket.take(part * _RECOVERY)

    assert bucket.rate == pytest.approx(rate)


def test_tokens_do_not_accumulate() -> None:
    """After any idle time, only the burst is available."""
    bucket = TokenBucket(LIMIT, 0.0)

    taken = take_until(bucket, 10_000.0, 10_000.01)

    assert len(taken) == 18


def test_clock_that_goes_backwards() -> None:
    """A clock that goes backwards produces no additional tokens."""
    bucket = TokenBucket(LIMIT, 0.0)
    take_until(bucket, 10.0, 10.0001)

    waits = [bucket.take(5.0), bucket.take(10.0)]

    assert waits == pytest.approx([1 / 20] * 2, abs=0.01)


def test_cancelled_in_the_queue(instantly: Instantly) -> None:
    """A cancelled call leaves the queue to those behind it."""

    async def scene() -> float:
        limiter = RateLimiter(Limit("slow", rate=1, burst=1))
        await limiter.acquire()
        first, second = asyncio.create_task(limiter.acquire()), asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0.25)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await second
        return instantly.now()

    assert instantly(scene()) == pytest.approx(1)


def test_order(instantly: Instantly) -> None:
    """Waiting calls are served in the order in which they arrived."""
    served: list[tuple[int, float]] = []

    async def acquire(limiter: RateLimiter, number: int) -> None:
        await limiter.acquire()
        served.append((number, round(instantly.now(), 3)))

    async def scene() -> None:
        limiter = RateLimiter(Limit("two", rate=2, burst=2))
        await asyncio.gather(*(acquire(limiter, number) for number in range(5)))

    instantly(scene())

    assert served == [(0, 0.0), (1, 0.1), (2, 0.6), (3, 1.1), (4, 1.6)]


@pytest.mark.parametrize(
    ("rate", "burst", "expected"),
    [
        (20, 10, [0.05, 0.15, 0.15, 0.25, 0.25, 0.3]),  # the first and the last one wait for no other
        (8, 10, [0.125, 0.25, 0.375, 0.5, 0.625, 0.75]),  # less than two in a tenth of a second
        (20, 1, [0.05, 0.1, 0.15, 0.2, 0.25, 0.3]),  # AWS allows no two at a time
    ],
)
def test_groups(instantly: Instantly, rate: float, burst: float, expected: list[float]) -> None:
    """Calls that wait leave in groups of a tenth of a second, none later than its group."""
    left: list[float] = []

    async def acquire(limiter: RateLimiter) -> None:
        await limiter.acquire()
        left.append(round(instantly.now(), 3))

    async def scene() -> None:
        limiter = RateLimiter(Limit("any", rate, burst))
        await asyncio.gather(*(acquire(limiter) for _ in range(max(1, int(burst * 0.9)) + len(expected))))

    instantly(scene())

    assert [time for time in left if time] == expected


def test_throttle_while_calls_wait(instantly: Instantly) -> None:
    """A throttle also slows down calls that already wait."""

    async def scene() -> float:
        limiter = RateLimiter(Limit("ten", rate=10, burst=1))
        await limiter.acquire()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0.05)
        limiter.slow_down()
        await waiting
        return instantly.now()

    assert 0.05 + 1 / 7 - 0.01 < instantly(scene()) < 0.05 + 1 / 7 + 0.01


def test_one_timer_for_all_who_wait(instantly: Instantly) -> None:
    """Waiting calls wake nobody up but the first of them, and only when there is a token for it."""

    async def scene() -> list[float]:
        timers: list[float] = []
        loop = asyncio.get_running_loop()
        call_later = loop.call_later

        def counted(delay: float, *arguments: Any) -> asyncio.TimerHandle:  # noqa: ANN401 - asyncio's
            timers.append(round(delay, 3))
            return call_later(delay, *arguments)

        limiter = RateLimiter(Limit("ten", rate=10, burst=1))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "call_later", counted)
            await asyncio.gather(*(limiter.acquire() for _ in range(4)))
        return timers

    assert instantly(scene()) == [0.1, 0.1, 0.1]
