"""The arithmetic of the plan: what each way to the grants costs, and when it is known which is cheaper. Pure.

Costs are calls on sso-admin's bucket, which decides how long a run takes: memberships are asked beside it,
and the same ones either way.
"""

from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    """How the grants are found."""

    BY_PAIR = "by_pair"
    """Ask every provisioned pair of account and permission set: sees everything."""

    BY_PRINCIPAL = "by_principal"
    """Ask every user and group: does not see grants to principals that are gone or not listed."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known so far: numbers, and whether they are final or can still grow.

    `listings` are those of provisioned pairs that are still to be made, `pairs` what they have told. `common`
    are calls of either way: those that told this much, and what is asked of each permission set.
    """

    listings: int
    pairs: int
    principals: int
    pairs_final: bool = False
    principals_final: bool = False
    common: int = 0

    @property
    def by_pair(self) -> int:
        """Calls that going by pair still takes."""
        return self.listings + self.pairs


def decide(known: Known) -> Way | None:
    """The cheaper way, as soon as it is certain; None while it is not.

    By pair costs the listings that are left and a call a pair, by principal a call a principal: whichever
    is settled to be the larger loses. Listings already made are lost either way, so that they are the
    most that a late decision can cost.
    """
    if known.principals_final and known.by_pair > known.principals:
        return Way.BY_PRINCIPAL
    if known.pairs_final and known.by_pair <= known.principals:
        return Way.BY_PAIR
    return None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a way costs: calls on sso-admin's bucket, and the seconds that they take at its limit."""

    calls: int
    seconds: float


def estimate(calls: int, *, rate: float, burst: float | None = None) -> Estimate:
    """The time of `calls` on a bucket that starts full, is never idle and never overdrawn.

    `rate` is in calls a second; AWS's burst is as many calls as a second brings, unless it is given.
    """
    return Estimate(calls, round(max(calls - (rate if burst is None else burst), 0) / rate, 1))
