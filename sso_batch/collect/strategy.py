"""The listing strategies: what each costs, and when it is certain which one is cheaper. Pure.

Costs are calls against the quota of sso-admin, which decides how long a run takes. Memberships have a quota
of their own: unless there are more groups than users, they are listed while AWS answers for users.
"""

from dataclasses import dataclass

from sso_batch.model import ListingStrategy

SAMPLE = 4
"""The number of listings of pairs from which the others are estimated."""

_CLEARLY = 1.5
"""How many times the calls by user an estimate by pair must exceed, because it is one."""


@dataclass(frozen=True, slots=True)
class Workload:
    """The numbers known so far, and whether they are final or can still grow.

    `listings` counts the listings of provisioned pairs that are still to be made, `made` those that have
    been, `pairs` the pairs they have named. `common` counts calls that all strategies make: the listings made
    so far, and what is read of each permission set.
    """

    listings: int
    pairs: int
    users: int
    groups: int = 0
    made: int = 0
    pairs_final: bool = False
    principals_final: bool = False
    common: int = 0

    @property
    def by_pair(self) -> int:
        """The calls that listing by pair still takes."""
        return self.listings + self.pairs

    @property
    def by_pair_estimate(self) -> float:
        """The same, if the listings still to be made name as many pairs as those made."""
        return self.by_pair + (self.listings * self.pairs / self.made if self.made >= SAMPLE else 0)

    @property
    def by_user(self) -> int:
        """The calls that listing by principal takes if answers for users hold the assignments of groups.

        The members of all groups are listed meanwhile, at the same rate.
        """
        return max(self.users, self.groups)

    @property
    def by_principal(self) -> int:
        """The calls that listing by principal takes if answers for users do not hold those of groups."""
        return self.users + self.groups


def choose_strategy(workload: Workload) -> ListingStrategy | None:
    """Return the cheaper strategy as soon as it is certain; None while it is not.

    By pair costs the remaining listings and a call for each pair, by principal a call for each user: their
    answers are expected to hold the assignments of their groups, and which groups must be asked all the same
    is not known before. By pair loses if it is certain to cost more, or clearly does by the estimate from
    some listings: making all of them would cost more than users alone. By principal loses only if it is
    certain to cost more. Listings that were already made are spent in either case.
    """
    certain = workload.by_pair > workload.by_user
    clear = workload.by_pair_estimate > _CLEARLY * workload.by_user
    if workload.principals_final and (certain or clear):
        return ListingStrategy.BY_PRINCIPAL
    if workload.pairs_final and workload.by_pair <= workload.by_user:
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
