"""The arithmetic of a pace: how long to wait so that AWS's limit is met and not passed. Pure."""

from sso_batch.aws.operations import Limit

_SLACK = 0.9
"""Of AWS's burst we use this much: the rest lets answers overtake one another on the way."""

_SLOWER = 0.7
"""What is left of the rate after AWS has throttled."""

_REST = 1.0
"""Seconds in which further throttles are the same event: their requests had left already."""

_RECOVERY = 20.0
"""Seconds in which the rate would climb from nothing to the limit."""


class Bucket:
    """A token bucket that learns: it slows down when AWS throttles and recovers after. Times in seconds.

    Somebody else may use the same limit, so that only a part of it is ours.
    """

    def __init__(self, limit: Limit, now: float) -> None:
        self._limit = limit
        self._capacity = max(1.0, limit.burst * _SLACK)
        self._tokens = self._capacity
        self._rate = limit.rate
        self._updated = now
        self._throttled = float("-inf")

    @property
    def rate(self) -> float:
        """Requests a second, as far as is known at the last look at the clock."""
        return self._rate

    def take(self, now: float) -> float:
        """Take a token and give 0; or take none and give the seconds until there will be one."""
        self._advance(now)
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return max((1.0 - self._tokens) / self._rate, 1e-4)

    def throttled(self, now: float) -> None:
        """AWS refused a request for coming too soon: there are no tokens left, and fewer to come."""
        self._advance(now)
        self._tokens = min(self._tokens, 0.0)
        if now - self._throttled >= _REST:
            self._throttled = now
            self._rate *= _SLOWER

    def _advance(self, now: float) -> None:
        passed = max(now - self._updated, 0.0)
        self._updated += passed
        self._tokens = min(self._tokens + passed * self._rate, self._capacity)
        self._rate = min(self._rate + passed * self._limit.rate / _RECOVERY, self._limit.rate)
