"""The statistics of one organization that a page shows. Pure.

They stay small for any size of the organization: those of all organizations are in memory at the same time.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from sso_batch.access import NOT_READ, OK, Access, Holder
from sso_batch.model import GROUP, Grant, Principal
from sso_batch.privileges.paths import Privilege
from sso_batch.report.application_statistics import ApplicationStatistics, compute_application_statistics
from sso_batch.review.snapshot_index import SnapshotIndex

MAX_ADMINISTRATORS = 100
"""The maximum number of administrators that the statistics of an organization name."""

DIRECT = "directly"
"""Listed among the groups through which someone is administrator."""

_LARGE = 100
"""The minimum number of rows of a large group."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """An administrator: with which permission sets, through which groups, and in how many accounts.

    At another `level`, someone who can become administrator, or who decides who has access.
    """

    organization: str
    holder: Holder
    permission_sets: tuple[str, ...]
    through: tuple[str, ...]
    accounts: int
    level: Privilege = Privilege.ADMINISTRATOR


@dataclass(frozen=True, slots=True)
class LargeGroup:
    """A group whose members have many rows."""

    principal: Principal
    name: str
    members: int
    grants: int

    @property
    def rows(self) -> int:
        """One row for each member and grant."""
        return self.members * self.grants


@dataclass(frozen=True, slots=True)
class Statistics:
    """The statistics of one organization.

    `administrators` has those with the most accounts. `administrators_unread` names what was not read and
    could add administrators; the total is certain only if it is empty. `close` has those of the other users
    who can become administrator or, in accounts that manage Identity Center, decide who has access; each
    counts once, in `can_become` or in `manage_access`. `disabled` counts the disabled users with access,
    `administered` the accounts that have an administrator.
    """

    organization: str
    people: int
    grants: int
    rows: int
    direct: int
    by_access: Mapping[str, int]
    administrators: tuple[Administrator, ...]
    administrators_total: int
    administrators_unread: tuple[str, ...]
    large_groups: tuple[LargeGroup, ...]
    close: tuple[Administrator, ...] = ()
    can_become: int = 0
    manage_access: int = 0
    users: int = 0
    disabled: int = 0
    administered: int = 0
    applications: ApplicationStatistics | None = None

    @property
    def administrators_certain(self) -> bool:
        """Whether every administrator is known."""
        return not self.administrators_unread


def compute_statistics(index: SnapshotIndex, accesses: Iterable[Access]) -> Statistics:
    """Traverse an organization's grants once, and each group's members once for all of its grants."""
    tally = _Tally()
    for access in accesses:
        tally.add(access)
    people = {
        holder.user_id: holder.status
        for holders in tally.holders.values()
        for holder in holders
        if _is_person(holder)
    }
    grants = tally.grants.items()
    administrators = _people(index, tally, Privilege.ADMINISTRATOR, index.admin_grants, ())
    can_become = _people(index, tally, Privilege.CAN_ESCALATE, index.escalating_grants, administrators)
    manage_access = _people(
        index,
        tally,
        Privilege.MANAGES_ACCESS,
        index.access_managing_grants,
        administrators.keys() | can_become.keys(),
    )
    close = chain(can_become.values(), manage_access.values())
    return Statistics(
        organization=index.snapshot.organization,
        people=len(people),
        grants=sum(tally.grants.values()),
        rows=sum(len(tally.holders[principal]) * count for principal, count in grants),
        direct=sum(count for principal, count in grants if principal.type != GROUP),
        by_access=tally.by_access,
        administrators=tuple(heapq.nsmallest(MAX_ADMINISTRATORS, administrators.values(), key=order)),
        administrators_total=len(administrators),
        administrators_unread=tuple(_unread(index)),
        large_groups=tuple(_large_groups(tally)),
        close=tuple(heapq.nsmallest(MAX_ADMINISTRATORS, close, key=order)),
        can_become=len(can_become),
        manage_access=len(manage_access),
        users=len(index.snapshot.users),
        disabled=sum(status == "DISABLED" for status in people.values()),
        administered=len({grant.account_id for grant in index.admin_grants if _has_person(tally, grant)}),
        applications=compute_application_statistics(index.snapshot),
    )


def _unread(index: SnapshotIndex) -> Iterator[str]:
    """Yield what could add administrators; for an incomplete organization, its gaps at the minimum."""
    blind_spots = [str(blind_spot) for blind_spot in index.unread_admins()]
    yield from blind_spots
    if index.snapshot.gaps and not blind_spots:
        yield f"other answers (gaps: {len(index.snapshot.gaps)})"


@dataclass(slots=True)
class _Tally:
    holders: dict[Principal, tuple[Holder, ...]] = field(default_factory=dict)
    names: dict[Principal, str] = field(default_factory=dict)
    grants: Counter[Principal] = field(default_factory=Counter)
    by_access: Counter[str] = field(default_factory=Counter)

    def add(self, access: Access) -> None:
        principal = access.grant.principal
        self.holders[principal] = access.holders
        self.names[principal] = access.group_name
        self.grants[principal] += 1
        self.by_access[access_name(access)] += 1


def access_name(access: Access) -> str:
    """Return the permission set's name or else its ARN; for an entitlement, the role's path and name."""
    if access.grant.role_arn:
        return access.grant.role_arn.partition(":role/")[2] or access.grant.role_arn
    name = access.permission_set.name
    return access.grant.permission_set_arn if name in ("", NOT_READ) else name


def _is_person(holder: Holder) -> bool:
    return holder.state == OK or (holder.state == NOT_READ and bool(holder.user_id))


def _has_person(tally: _Tally, grant: Grant) -> bool:
    return any(map(_is_person, tally.holders[grant.principal]))


def _people(
    index: SnapshotIndex, tally: _Tally, level: Privilege, grants: Sequence[Grant], others: Container[str]
) -> dict[str, Administrator]:
    """Return everyone with one of the grants except for `others`, by id, as the access report has them."""
    holders = {
        holder.user_id: holder
        for principal in {grant.principal for grant in grants}
        for holder in tally.holders[principal]
        if _is_person(holder)
    }
    by_principal: defaultdict[Principal, list[Grant]] = defaultdict(list)
    for grant in grants:
        by_principal[grant.principal].append(grant)
    people: dict[str, Administrator] = {}
    for user_id, principals in index.people(grants).items():
        if user_id in others:
            continue
        own = [grant for principal in principals for grant in by_principal[principal]]
        permission_sets = map(index.permission_set, {grant.permission_set_arn for grant in own})
        people[user_id] = Administrator(
            organization=index.snapshot.organization,
            holder=holders[user_id],
            permission_sets=tuple(sorted({each.name or each.arn for each in permission_sets})),
            through=tuple(sorted({_through(principal, tally) for principal in principals})),
            accounts=len({grant.account_id for grant in own}),
            level=level,
        )
    return people


def _through(principal: Principal, tally: _Tally) -> str:
    return tally.names[principal] or principal.id if principal.type == GROUP else DIRECT


def order(administrator: Administrator) -> tuple[int, int, str, str, str]:
    """Return the key that sorts the highest level and the most accounts first."""
    holder = administrator.holder
    return (
        -administrator.level,
        -administrator.accounts,
        holder.name.casefold(),
        administrator.organization,
        holder.user_id,
    )


def _large_groups(tally: _Tally) -> list[LargeGroup]:
    groups = (
        LargeGroup(principal, tally.names[principal], len(tally.holders[principal]), count)
        for principal, count in tally.grants.items()
        if principal.type == GROUP and len(tally.holders[principal]) > 1
    )
    return [group for group in groups if group.rows >= _LARGE]
