"""What the page's explorer searches: each organization's people, accounts and grants, never their product.

The browser puts the rows together. A group of 20,000 on 500 accounts is ten million rows, so rows are held
to a budget: the largest groups stand for their members, and the page says which they are. Where that is not
enough, whole organizations are left out, and named. Bytes have a budget, too: names can be long.
"""

import json
from array import array
from collections.abc import Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sso_batch.access import Access, Holder
from sso_batch.model import GROUP, USER, Principal, Snapshot
from sso_batch.report.report_input import Overview
from sso_batch.report.statistics import Digest, LargeGroup, access_name
from sso_batch.review.admin import grants_administrator_access
from sso_batch.sanitize.html import visible

ROWS = 200_000
"""Rows that the explorer holds at most; a browser stays fluid with them."""

BYTES = 1 << 25
"""Bytes that the explorer's records take at most; they are in memory until they are written."""

IDLE = 20_000
"""People, accounts and permission sets without any way that are named for each organization at most."""

_TEXTS_AT_ONCE = 1000

MEMBERS_NOT_SHOWN = "MEMBERS_NOT_SHOWN"
"""The state of a row that stands for all members of a large group. Only the page knows it."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What of a run the explorer holds: groups that stand for their members, organizations left out."""

    folded: dict[str, tuple[LargeGroup, ...]]
    left_out: frozenset[str]

    def groups(self, organization: str) -> dict[Principal, LargeGroup]:
        """The groups of an organization that stand for their members."""
        return {group.principal: group for group in self.folded.get(organization, ())}

    def only(self, organizations: Container[str], names: Iterable[str]) -> "Extent":
        """What is held where of `names` no others than these organizations had room."""
        left_out = self.left_out | {name for name in names if name not in organizations}
        return Extent({name: one for name, one in self.folded.items() if name not in left_out}, left_out)

    @property
    def whole(self) -> bool:
        """Whether every row is there."""
        return not self.folded and not self.left_out


def extent(digests: Sequence[Digest], *, rows: int) -> Extent:
    """Fold the largest groups until no more than so many rows are left, then leave out organizations."""
    left = {one.organization: one.rows for one in digests}
    excess = sum(left.values()) - rows
    folded: dict[str, tuple[LargeGroup, ...]] = {}
    groups = [(one.organization, group) for one in digests for group in one.large_groups]
    for organization, group in sorted(groups, key=lambda one: -one[1].rows):
        if excess <= 0:
            break
        left[organization] -= group.rows - group.grants
        excess -= group.rows - group.grants
        folded[organization] = (*folded.get(organization, ()), group)
    left_out: set[str] = set()
    for organization in sorted(left, key=lambda one: -left[one]):
        if excess > 0:
            left_out.add(organization)
            excess -= left[organization]
    return Extent({name: one for name, one in folded.items() if name not in left_out}, frozenset(left_out))


def records(overview: Overview, held: Extent, *, limit: int) -> dict[str, list[str]]:
    """The JSON of the explorer in pieces, by organization; safe inside a script element.

    Where all of it takes more than `limit` bytes, the organizations that take most are not in it.
    """
    found: dict[str, list[str]] = {}
    sizes: dict[str, int] = {}
    for snapshot in overview.snapshots:
        name = snapshot.organization
        if name not in held.left_out:
            found[name], sizes[name] = [], 0
            for piece in _pieces(_organization(overview, snapshot, held.groups(name))):
                found[name].append(piece)
                sizes[name] += len(piece)
                if sizes[name] > limit:
                    break
        del snapshot  # before the next one is read
        while sum(sizes.values()) > limit:
            largest = max(sizes, key=sizes.__getitem__)
            del found[largest], sizes[largest]
    return found


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """Join short texts, which is much less to remember and to write."""
    iterator = iter(texts)
    while batch := list(islice(iterator, _TEXTS_AT_ONCE)):
        yield inert("".join(batch))


def inert(text: str) -> str:
    """JSON in which no HTML parser finds a tag, a comment or an entity."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _organization(
    overview: Overview, snapshot: Snapshot, folded: Mapping[Principal, LargeGroup]
) -> Iterator[str]:
    """Yield one organization as a JSON object, in short texts.

    People come first, and only their numbers are remembered: there can be as many as there are rows.
    """
    administrative = {one.arn: grants_administrator_access(one) for one in snapshot.permission_sets}
    people: dict[Holder, int] = {}
    principals, accounts, access = _Numbered(), _Numbered(), _Numbered()
    grants = array("L")
    yield f'{{"name":{_json(snapshot.organization)},"people":['
    for one in overview.accesses(snapshot):
        arn, account_id, principal = one.grant.permission_set_arn, one.grant.account_id, one.grant.principal
        if principal not in principals:
            holders = (_folded(folded[principal]),) if principal in folded else one.holders
            for holder in holders:
                if holder not in people:
                    yield ("," if people else "") + _json(_person(holder))
                    people[holder] = len(people)
            members = [people[holder] for holder in holders]
            principals.add(principal, (principal.type, principal.id, visible(one.group_name), members))
        if account_id not in accounts:
            accounts.add(account_id, _account(one))
        cells = (access_name(one), one.grant.role_arn or arn, one.grant.access_type)
        if cells not in access:
            access.add(cells, (*map(visible, cells), int(bool(arn and administrative.get(arn)))))
        grants.extend((accounts[account_id], access[cells], principals[principal]))
    for name, values in (("accounts", accounts), ("access", access), ("principals", principals)):
        yield f'],"{name}":['
        yield from _listed(values.texts)
    yield '],"grants":['
    yield from _listed(map(str, grants))
    idle = _idle(snapshot)
    yield '],"idle":['
    yield from _listed(_json(tuple(map(visible, one))) for one in islice(idle, IDLE))
    yield f'],"idle_left_out":{sum(1 for _ in idle)}}}'


_json = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def _listed(texts: Iterable[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        yield f",{text}" if number else text


class _Numbered:
    """Records as JSON, numbered as they come, each once."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[Hashable, int] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._numbers

    def __getitem__(self, key: Hashable) -> int:
        return self._numbers[key]

    def add(self, key: Hashable, record: tuple[object, ...]) -> None:
        self._numbers[key] = len(self.texts)
        self.texts.append(_json(record))


def _person(holder: Holder) -> tuple[str, ...]:
    cells = (holder.name, holder.email, holder.login, holder.user_id, holder.status, holder.state)
    return tuple(map(visible, cells))


def _folded(group: LargeGroup) -> Holder:
    return Holder(MEMBERS_NOT_SHOWN, name=f"{group.members:,} members", user_id=group.principal.id)


def _account(access: Access) -> tuple[str, ...]:
    cells = (access.grant.account_id, access.account.name, access.account.state, access.account.path)
    return tuple(map(visible, cells))


def _idle(snapshot: Snapshot) -> Iterator[tuple[str, ...]]:
    """Who and what is known and has no way at all: kind, name, and what else one may look for."""
    granted = {grant.principal for grant in snapshot.grants}
    members = {
        user_id
        for one in snapshot.memberships
        if Principal(GROUP, one.group_id) in granted
        for user_id in one.user_ids
    }
    for user in snapshot.users:
        if Principal(USER, user.id) not in granted and user.id not in members:
            yield "person", user.name or user.login, f"{user.email} {user.login} {user.id}"
    reached = {grant.account_id for grant in snapshot.grants}
    for account in snapshot.accounts:
        if account.id not in reached:
            yield "account", account.name, account.id
    used = {grant.permission_set_arn for grant in snapshot.grants}
    for one in snapshot.permission_sets:
        if one.arn not in used:
            yield "permission set", one.name or one.arn, one.arn
