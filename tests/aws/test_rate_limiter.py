"""Tests of the rate limiter: first come, first served, as fast as the limit allows."""

import asyncio

import pytest

from sso_batch.aws.operations import Limit
from sso_batch.aws.rate_limiter import RateLimiter
from tests.aws.conftest import Instantly


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


def test_throttle(instantly: Instantly) -> None:
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
