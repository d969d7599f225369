"""A pace: one bucket with a queue before it, first come, first served."""

import asyncio
import time

from sso_batch.aws.operations import Limit
from sso_batch.aws.token_bucket import Bucket


class Pace:
    """Lets calls go as fast as their limit allows, and learns from AWS's throttles."""

    def __init__(self, limit: Limit) -> None:
        self._bucket = Bucket(limit, time.monotonic())
        self._turn = asyncio.Lock()

    async def take(self) -> None:
        """Wait for a token."""
        async with self._turn:
            while wait := self._bucket.take(time.monotonic()):  # noqa: ASYNC110 - a token comes with time alone
                await asyncio.sleep(wait)

    def throttled(self) -> None:
        """Tell the bucket that AWS throttled."""
        self._bucket.throttled(time.monotonic())
