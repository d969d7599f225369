"""A pace: first come, first served, as fast as the limit allows."""

import asyncio

import pytest

from sso_batch.aws.operations import Limit
from sso_batch.aws.rate_limiter import Pace
from tests.aws.conftest import Instantly


def test_cancelled_in_the_queue(instantly: Instantly) -> None:
    """Whoever is cancelled while waiting leaves the queue to those behind."""

    async def scene() -> float:
        pace = Pace(Limit("slow", rate=1, burst=1))
        await pace.take()
        first, second = asyncio.create_task(pace.take()), asyncio.create_task(pace.take())
        await asyncio.sleep(0.25)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await second
        return instantly.now()

    assert instantly(scene()) == pytest.approx(1)


def test_order(instantly: Instantly) -> None:
    """Those who wait are served in the order in which they came, one token after the other."""
    served: list[tuple[int, float]] = []

    async def take(pace: Pace, number: int) -> None:
        await pace.take()
        served.append((number, round(instantly.now(), 3)))

    async def scene() -> None:
        pace = Pace(Limit("two", rate=2, burst=2))
        await asyncio.gather(*(take(pace, number) for number in range(5)))

    instantly(scene())

    assert served == [(0, 0.0), (1, 0.1), (2, 0.6), (3, 1.1), (4, 1.6)]


def test_throttled(instantly: Instantly) -> None:
    """A throttle slows down even those who wait already."""

    async def scene() -> float:
        pace = Pace(Limit("ten", rate=10, burst=1))
        await pace.take()
        waiting = asyncio.create_task(pace.take())
        await asyncio.sleep(0.05)
        pace.throttled()
        await waiting
        return instantly.now()

    assert 0.05 + 1 / 7 - 0.01 < instantly(scene()) < 0.05 + 1 / 7 + 0.01
