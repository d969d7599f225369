"""What one organization's grants come to: the figures that a page shows. Pure.

A digest stays small, however large the organization is: the digests of a whole run are in memory at once.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sso_batch.access import NOT_READ, OK, Access, Holder
from sso_batch.model import GROUP, Principal
from sso_batch.review.snapshot_index import SnapshotIndex

SHOWN = 100
"""Administrators of an organization that a digest names at most."""

DIRECT = "directly"
"""Stands among the groups that somebody is an administrator through."""

_LARGE = 100
"""Rows that a group has to give to be remembered for them."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who is an administrator, with what, through which groups, and in how many accounts."""

    organization: str
    holder: Holder
    permission_sets: tuple[str, ...]
    through: tuple[str, ...]
    accounts: int


@dataclass(frozen=True, slots=True)
class LargeGroup:
    """A group whose members give many rows."""

    principal: Principal
    name: str
    members: int
    grants: int

    @property
    def rows(self) -> int:
        """A row for each member and grant."""
        return self.members * self.grants


@dataclass(frozen=True, slots=True)
class Digest:
    """The figures of one organization.

    `administrators` has those with the most accounts. `administrators_unread` says what was not read and
    could make more of them; the total is certain only where it is empty.
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

    @property
    def administrators_certain(self) -> bool:
        """Whether every administrator is known."""
        return not self.administrators_unread


def digest(facts: SnapshotIndex, accesses: Iterable[Access]) -> Digest:
    """Go through an organization's grants once; a group's members are looked at once for all its grants."""
    tally = _Tally()
    for access in accesses:
        tally.add(access)
    administrators = _administrators(facts, tally)
    return Digest(
        organization=facts.snapshot.organization,
        people=len(
            {holder.user_id for known in tally.holders.values() for holder in known if _is_one(holder)}
        ),
        grants=sum(tally.grants.values()),
        rows=sum(len(tally.holders[one]) * count for one, count in tally.grants.items()),
        direct=sum(count for one, count in tally.grants.items() if one.type != GROUP),
        by_access=tally.by_access,
        administrators=tuple(heapq.nsmallest(SHOWN, administrators, key=_order)),
        administrators_total=len(facts.admins),
        administrators_unread=tuple(_unread(facts)),
        large_groups=tuple(_large_groups(tally)),
    )


def _unread(facts: SnapshotIndex) -> Iterator[str]:
    """What could make more administrators; of an incomplete organization at least its gaps."""
    holes = [hole.what for hole in facts.unread_admins()]
    yield from holes
    if facts.snapshot.gaps and not holes:
        yield f"other answers (gaps: {len(facts.snapshot.gaps)})"


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
    """The permission set's name, else its ARN; of an entitlement, the role's ARN without its account."""
    if access.grant.role_arn:
        return access.grant.role_arn.partition(":role/")[2] or access.grant.role_arn
    name = access.permission_set.name
    return access.grant.permission_set_arn if name in ("", NOT_READ) else name


def _is_one(holder: Holder) -> bool:
    return holder.state == OK or (holder.state == NOT_READ and bool(holder.user_id))


def _administrators(facts: SnapshotIndex, tally: _Tally) -> Iterator[Administrator]:
    """Every administrator, with a holder as the report has it."""
    holders = {
        holder.user_id: holder
        for principal in {grant.principal for grant in facts.admin_grants}
        for holder in tally.holders[principal]
        if _is_one(holder)
    }
    for user_id, through in facts.admins.items():
        grants = [grant for one in through for grant in facts.by_principal[one] if facts.is_admin(grant)]
        sets = [facts.permission_set(arn) for arn in {grant.permission_set_arn for grant in grants}]
        yield Administrator(
            organization=facts.snapshot.organization,
            holder=holders[user_id],
            permission_sets=tuple(sorted({one.name or one.arn for one in sets})),
            through=tuple(
                sorted({tally.names[one] or one.id if one.type == GROUP else DIRECT for one in through})
            ),
            accounts=len({grant.account_id for grant in grants}),
        )


def _order(one: Administrator) -> tuple[int, str, str]:
    return -one.accounts, one.holder.name.casefold(), one.holder.user_id


def _large_groups(tally: _Tally) -> list[LargeGroup]:
    groups = (
        LargeGroup(one, tally.names[one], len(tally.holders[one]), count)
        for one, count in tally.grants.items()
        if one.type == GROUP and len(tally.holders[one]) > 1
    )
    return [one for one in groups if one.rows >= _LARGE]
