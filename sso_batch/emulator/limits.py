"""The request limits of AWS, as token buckets that refill continuously."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

_HIERARCHY = ("ListParents", "ListAccountsForParent", "ListOrganizationalUnitsForParent")
"""These operations share one bucket."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A request rate and the burst that is possible after a pause."""

    per_second: float
    burst: float


IDENTITY_CENTER = Rate(20, 20)
IDENTITY_STORE = Rate(20, 20)
ORGANIZATIONS = {
    "ListAccounts": Rate(8, 12),
    "ListParents": Rate(5, 8),
    "ListAccountsForParent": Rate(5, 8),
    "ListOrganizationalUnitsForParent": Rate(5, 8),
    "DescribeOrganization": Rate(1, 2),
    "DescribeOrganizationalUnit": Rate(2, 2),
    "ListRoots": Rate(1, 2),
    "ListTagsForResource": Rate(10, 15),
    "ListDelegatedAdministrators": Rate(5, 8),
}
"""The limits of one account. Source: AWS Organizations User Guide, "Quotas and service limits"."""

IAM = Rate(10, 20)
"""A cautious guess for each operation: IAM has a token bucket for each API, but AWS publishes no numbers.

Source: AWS Security Blog, "How to monitor and query IAM resources at scale - Part 2".
"""

CLOUDTRAIL = Rate(2, 2)
"""The limit of one account in one Region. Source: AWS CloudTrail API Reference, "LookupEvents"."""

_GLOBAL = {"organizations", "iam"}
"""Services with one limit for all Regions."""

_SHARED = dict.fromkeys(_HIERARCHY, ", ".join(_HIERARCHY))


@dataclass(frozen=True, slots=True)
class Limits:
    """The request limits of the services; None or a missing name means no limit."""

    identity_center: Rate | None = IDENTITY_CENTER
    identity_store: Rate | None = IDENTITY_STORE
    organizations: Mapping[str, Rate] = field(default_factory=lambda: dict(ORGANIZATIONS))
    iam: Rate | None = IAM
    cloudtrail: Rate | None = CLOUDTRAIL

    @classmethod
    def off(cls) -> Self:
        """Return limits that never throttle."""
        return cls(identity_center=None, identity_store=None, organizations={}, iam=None, cloudtrail=None)

    def of(self, service: str, operation: str) -> tuple[str, Rate] | None:
        """Return the name and rate of the bucket that a call uses, or None."""
        match service:
            case "sso-admin":
                found = ("sso-admin", self.identity_center)
            case "identitystore":
                found = (f"identitystore {operation}", self.identity_store)
            case "iam":
                found = (f"iam {operation}", self.iam)
            case "cloudtrail":
                found = (f"cloudtrail {operation}", self.cloudtrail)
            case "organizations":
                name = _SHARED.get(operation, operation)
                found = (f"organizations {name}", self.organizations.get(operation))
            case _:
                return None
        name, rate = found
        return (name, rate) if rate else None


@dataclass(slots=True)
class RateBucket:
    """A token bucket: the tokens left at a point in time."""

    rate: Rate
    tokens: float
    filled_at: float

    def take(self, now: float) -> bool:
        """Take one token; return False if none is left."""
        elapsed = max(0.0, now - self.filled_at)
        self.tokens = min(self.rate.burst, self.tokens + elapsed * self.rate.per_second)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Throttle:
    """The token buckets of all accounts and Regions."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], RateBucket] = {}

    def admits(self, account_id: str, region: str, service: str, operation: str) -> bool:
        """Take a token for one call; return False if AWS would throttle it."""
        found = self._limits.of(service, operation)
        if found is None:
            return True
        name, rate = found
        key = (account_id, "" if service in _GLOBAL else region, name)
        bucket = self._buckets.get(key)
        now = self._clock()
        if bucket is None:
            bucket = self._buckets[key] = RateBucket(rate, rate.burst, now)
        return bucket.take(now)
