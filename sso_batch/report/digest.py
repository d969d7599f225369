"""What one organization's grants come to: the figures that a page and a workbook show. Pure."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from sso_batch.access import NOT_READ, OK, Access, Holder, resolve
from sso_batch.model import GROUP, Principal, Snapshot
from sso_batch.review.admin import makes_administrators

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

    `administrators_certain` is false where somebody may be one without our knowing: a policy, a group's
    members or anything else was not read.
    """

    organization: str
    people: int
    grants: int
    rows: int
    direct: int
    by_access: Mapping[str, int]
    administrators: tuple[Administrator, ...]
    administrators_certain: bool
    large_groups: tuple[LargeGroup, ...]


def digest(snapshot: Snapshot) -> Digest:
    """Go through an organization's grants once; a group's members are looked at once for all its grants."""
    administrative = {one.arn: makes_administrators(one) for one in snapshot.permission_sets}
    tally = _Tally()
    for access in resolve(snapshot):
        arn = access.grant.permission_set_arn
        tally.add(access, administrative.get(arn) if arn else False)
    return Digest(
        organization=snapshot.organization,
        people=len(
            {holder.user_id for known in tally.holders.values() for holder in known if _is_one(holder)}
        ),
        grants=sum(tally.grants.values()),
        rows=sum(len(tally.holders[one]) * count for one, count in tally.grants.items()),
        direct=sum(count for one, count in tally.grants.items() if one.type != GROUP),
        by_access=tally.by_access,
        administrators=tuple(_administrators(snapshot.organization, tally)),
        administrators_certain=snapshot.complete and tally.certain,
        large_groups=tuple(_large_groups(tally)),
    )


@dataclass(slots=True)
class _Tally:
    holders: dict[Principal, tuple[Holder, ...]] = field(default_factory=dict)
    names: dict[Principal, str] = field(default_factory=dict)
    grants: Counter[Principal] = field(default_factory=Counter)
    by_access: Counter[str] = field(default_factory=Counter)
    administrative: defaultdict[Principal, set[tuple[str, str]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    certain: bool = True

    def add(self, access: Access, administrative: bool | None) -> None:  # noqa: FBT001 - not known is a third value
        principal = access.grant.principal
        self.holders[principal] = access.holders
        self.names[principal] = access.group_name
        self.grants[principal] += 1
        self.by_access[access_name(access)] += 1
        if administrative:
            self.administrative[principal].add((access.grant.account_id, access_name(access)))
        if administrative is None:
            self.certain = False


def access_name(access: Access) -> str:
    """The permission set's name, else its ARN; of an entitlement, the role's ARN without its account."""
    if access.grant.role_arn:
        return access.grant.role_arn.partition(":role/")[2] or access.grant.role_arn
    name = access.permission_set.name
    return access.grant.permission_set_arn if name in ("", NOT_READ) else name


def _is_one(holder: Holder) -> bool:
    return holder.state == OK or (holder.state == NOT_READ and bool(holder.user_id))


def _administrators(organization: str, tally: _Tally) -> list[Administrator]:
    """Those who hold administrative grants, from the one with most accounts."""
    ways: defaultdict[Holder, list[Principal]] = defaultdict(list)
    for principal in tally.administrative:
        for holder in tally.holders[principal]:
            if _is_one(holder):
                ways[holder].append(principal)
    found = [
        Administrator(
            organization=organization,
            holder=holder,
            permission_sets=tuple(sorted({name for one in through for _, name in tally.administrative[one]})),
            through=tuple(
                sorted({tally.names[one] or one.id if one.type == GROUP else DIRECT for one in through})
            ),
            accounts=len({account for one in through for account, _ in tally.administrative[one]}),
        )
        for holder, through in ways.items()
    ]
    return sorted(found, key=lambda one: (-one.accounts, one.holder.name.casefold(), one.holder.user_id))


def _large_groups(tally: _Tally) -> list[LargeGroup]:
    groups = (
        LargeGroup(one, tally.names[one], len(tally.holders[one]), count)
        for one, count in tally.grants.items()
        if one.type == GROUP and len(tally.holders[one]) > 1
    )
    return [one for one in groups if one.rows >= _LARGE]
