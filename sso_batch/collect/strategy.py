"""The listing strategies: what each costs, and when it is certain which one is cheaper. Pure.

Costs are calls against the quota of sso-admin, which decides how long a run takes. Memberships have a quota
of their own, and both strategies list the same ones.
"""

from dataclasses import dataclass
from enum import StrEnum


class ListingStrategy(StrEnum):
    """How assignments are listed. The setting `strategy: fastest` chooses one during the run."""

    BY_PAIR = "by_pair"
    """For each provisioned pair of account and permission set: shows every assignment."""

    BY_PRINCIPAL = "by_principal"
    """For each user and group: does not show assignments of principals that are deleted or not listed."""


@dataclass(frozen=True, slots=True)
class Workload:
    """The numbers known so far, and whether they are final or can still grow.

    `listings` counts the listings of provisioned pairs that are still to be made, `pairs` the pairs they
    have named. `common` counts calls that both strategies make: the listings made so far, and what is
    read of each permission set.
    """

    listings: int
    pairs: int
    principals: int
    pairs_final: bool = False
    principals_final: bool = False
    common: int = 0

    @property
    def by_pair(self) -> int:
        """The calls that listing by pair still takes."""
        return self.listings + self.pairs


def choose_strategy(workload: Workload) -> ListingStrategy | None:
    """Return the cheaper strategy as soon as it is certain; None while it is not.

    By pair costs the remaining listings and a call for each pair, by principal a call for each principal.
    The one that is certain to cost more loses. Listings that were already made are spent in either case,
    so they are the most that a late decision can cost.
    """
    if workload.principals_final and workload.by_pair > workload.principals:
        return ListingStrategy.BY_PRINCIPAL
    if workload.pairs_final and workload.by_pair <= workload.principals:
        return ListingStrategy.BY_PAIR
    return None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of a strategy: calls to sso-admin, and the seconds they take at its rate limit."""

    calls: int
    seconds: float


def estimate(calls: int, *, rate: float, burst: float | None = None) -> Estimate:
    """Return the time of `calls` at a rate limit that is used all the time and never exceeded.

    `rate` is in calls per second. The default burst is the calls of one second, as in AWS.
    """
    return Estimate(calls, round(max(calls - (rate if burst is None else burst), 0) / rate, 1))
