"""A rate limiter: one token bucket behind a queue, first come, first served.

The bucket says how long to wait so that AWS's limit is used but not exceeded. Kept by hand: aiolimiter and
pyrate-limiter do not adapt to throttles.
"""

import asyncio
import time
from collections import deque

from sso_batch.aws.operations import Limit

_BURST_USED = 0.9
"""The share of AWS's burst that we use; the rest is slack for requests that arrive out of order."""

_SLOWDOWN = 0.7
"""The factor by which a throttle reduces the rate."""

_SAME_EVENT = 1.0
"""Throttles within this many seconds count as one event: those requests were already in flight."""

_RECOVERY = 20.0
"""Seconds in which the rate would rise from zero to the limit."""

_GROUPED = 0.1
"""Calls of this many seconds leave together, if that many wait: two at 20 a second. Between two calls a core
falls asleep and other programs use its caches, which cost a sixth of an audit's processor time."""


class TokenBucket:
    """A token bucket that adapts: it slows down after a throttle and recovers over time. Times in seconds.

    Other programs may use the same limit, so that only a part of it is available.
    """

    def __init__(self, limit: Limit, now: float) -> None:
        self._limit = limit
        self._capacity = max(1.0, limit.burst * _BURST_USED)
        self._tokens = self._capacity
        self._rate = limit.rate
        self._updated = now
        self._throttled = float("-inf")

    @property
    def rate(self) -> float:
        """The requests a second at the time of the last call."""
        return self._rate

    def take(self, now: float, waiting: int = 1) -> float:
        """Take a token and return 0, or take none and return the seconds until the next group can leave.

        A group is at least one of the calls that are `waiting`.
        """
        self._advance(now)
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        group = max(1, min(waiting, int(self._rate * _GROUPED), int(self._capacity)))
        return max((group - self._tokens) / self._rate, 1e-4)

    def slow_down(self, now: float) -> None:
        """React to a throttle: drop all tokens and reduce the rate."""
        self._advance(now)
        self._tokens = min(self._tokens, 0.0)
        if now - self._throttled >= _SAME_EVENT:
            self._throttled = now
            self._rate *= _SLOWDOWN

    def _advance(self, now: float) -> None:
        passed = max(now - self._updated, 0.0)
        self._updated += passed
        self._tokens = min(self._tokens + passed * self._rate, self._capacity)
        self._rate = min(self._rate + passed * self._limit.rate / _RECOVERY, self._limit.rate)


class RateLimiter:
    """Releases calls as fast as their limit allows, and slows down when AWS throttles."""

    def __init__(self, limit: Limit) -> None:
        self._bucket = TokenBucket(limit, time.monotonic())
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self) -> None:
        """Wait for a token."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        if self._timer is None:
            self._release()
        await turn

    def _release(self) -> None:
        """Release calls while there are tokens, and come back when there is one for the next call."""
        self._timer = None
        while self._waiting:
            turn = self._waiting[0]
            if turn.done():  # its call was cancelled
                self._waiting.popleft()
            elif wait := self._bucket.take(time.monotonic(), len(self._waiting)):
                self._timer = turn.get_loop().call_later(wait, self._release)
                return
            else:
                self._waiting.popleft().set_result(None)

    def slow_down(self) -> None:
        """React to a throttle."""
        self._bucket.slow_down(time.monotonic())
