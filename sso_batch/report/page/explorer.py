"""What the page's explorer searches: each organization's people, accounts and grants, never their product.

The browser puts the rows together. A group of 20,000 on 500 accounts is ten million rows, so rows are held
to a budget: the largest groups stand for their members, and the page says which they are. Where that is not
enough, whole organizations are left out, and named.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sso_batch.access import Access, Holder, resolve
from sso_batch.model import GROUP, USER, Principal, Snapshot
from sso_batch.report.digest import Digest, LargeGroup, access_name
from sso_batch.report.visible import visible
from sso_batch.review.admin import makes_administrators

ROWS = 200_000
"""Rows that the explorer holds at most; a browser stays fluid with them."""

IDLE = 20_000
"""People, accounts and permission sets without any way that are named for each organization at most."""

MEMBERS_NOT_SHOWN = "MEMBERS_NOT_SHOWN"
"""The state of a row that stands for all members of a large group. Only the page knows it."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What of a run the explorer holds: groups that stand for their members, organizations left out."""

    folded: dict[str, tuple[LargeGroup, ...]]
    left_out: frozenset[str]

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


def records(snapshots: Iterable[Snapshot], held: Extent) -> Iterator[str]:
    """The JSON of the explorer in pieces, one organization at a time; safe inside a script element."""
    yield "["
    for number, snapshot in enumerate(one for one in snapshots if one.organization not in held.left_out):
        folded = {group.principal: group for group in held.folded.get(snapshot.organization, ())}
        text = json.dumps(_organization(snapshot, folded), ensure_ascii=True, separators=(",", ":"))
        yield ("," if number else "") + inert(text)
    yield "]"


def inert(text: str) -> str:
    """JSON in which no HTML parser finds a tag, a comment or an entity."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _organization(snapshot: Snapshot, folded: dict[Principal, LargeGroup]) -> dict[str, Any]:
    administrative = {one.arn: makes_administrators(one) for one in snapshot.permission_sets}
    people, accounts, access, principals = _Numbered(), _Numbered(), _Numbered(), _Numbered()
    grants: list[int] = []
    for one in resolve(snapshot):
        arn = one.grant.permission_set_arn
        cells = (access_name(one), one.grant.role_arn or arn, one.grant.access_type)
        principal = one.grant.principal
        if principal not in principals:
            holders = (_folded(folded[principal]),) if principal in folded else one.holders
            members = [people.number(holder, _person(holder)) for holder in holders]
            principals.number(principal, (principal.type, principal.id, visible(one.group_name), members))
        grants += (
            accounts.number(one.grant.account_id, _account(one)),
            access.number(cells, (*map(visible, cells), int(bool(arn and administrative.get(arn))))),
            principals.number(principal, ()),
        )
    return {
        "name": snapshot.organization,
        "people": people.values,
        "accounts": accounts.values,
        "access": access.values,
        "principals": principals.values,
        "grants": grants,
        **_idle(snapshot),
    }


class _Numbered:
    """Values numbered as they come, each once."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._numbers

    def number(self, key: object, value: object) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.values)
            self.values.append(value)
        return self._numbers[key]


def _person(holder: Holder) -> tuple[str, ...]:
    cells = (holder.name, holder.email, holder.login, holder.user_id, holder.status, holder.state)
    return tuple(map(visible, cells))


def _folded(group: LargeGroup) -> Holder:
    return Holder(MEMBERS_NOT_SHOWN, name=f"{group.members:,} members", user_id=group.principal.id)


def _account(access: Access) -> tuple[str, ...]:
    cells = (access.grant.account_id, access.account.name, access.account.state, access.account.path)
    return tuple(map(visible, cells))


def _idle(snapshot: Snapshot) -> dict[str, Any]:
    """Who and what is known and has no way at all: kind, name, and what else one may look for."""
    granted = {grant.principal for grant in snapshot.grants}
    members = {
        user_id
        for one in snapshot.memberships
        if Principal(GROUP, one.group_id) in granted
        for user_id in one.user_ids
    }
    reached = {grant.account_id for grant in snapshot.grants}
    used = {grant.permission_set_arn for grant in snapshot.grants}
    found = [
        *(
            ("person", one.name or one.login, f"{one.email} {one.login} {one.id}")
            for one in snapshot.users
            if Principal(USER, one.id) not in granted and one.id not in members
        ),
        *(("account", one.name, one.id) for one in snapshot.accounts if one.id not in reached),
        *(
            ("permission set", one.name or one.arn, one.arn)
            for one in snapshot.permission_sets
            if one.arn not in used
        ),
    ]
    return {
        "idle": [tuple(map(visible, one)) for one in found[:IDLE]],
        "idle_left_out": max(0, len(found) - IDLE),
    }
