"""A rate limiter: one token bucket behind a queue, first come, first served."""

import asyncio
import time

from sso_batch.aws.operations import Limit
from sso_batch.aws.token_bucket import TokenBucket


class RateLimiter:
    """Releases calls as fast as their limit allows, and slows down when AWS throttles."""

    def __init__(self, limit: Limit) -> None:
        self._bucket = TokenBucket(limit, time.monotonic())
        self._turn = asyncio.Lock()

    async def acquire(self) -> None:
        """Wait for a token."""
        async with self._turn:
            while wait := self._bucket.take(time.monotonic()):  # noqa: ASYNC110 - tokens come with time, not events
                await asyncio.sleep(wait)

    def slow_down(self) -> None:
        """React to a throttle."""
        self._bucket.slow_down(time.monotonic())
