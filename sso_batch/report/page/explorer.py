"""What the page's explorer searches: each organization's people, accounts and grants, never their product.

The browser joins them into rows. A group of 20,000 members with 500 accounts is ten million rows, so rows are
limited: the largest groups are folded, each shown as one row for all of its members. If that is not enough,
whole organizations are left out. The page names both. Bytes are limited, too, because names can be long.
"""

import json
from array import array
from collections.abc import Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sso_batch.access import NOT_READ, Access, Holder
from sso_batch.dates import format_date
from sso_batch.model import GROUP, USER, PermissionSet, Principal, Snapshot
from sso_batch.report.report_input import ReportInput
from sso_batch.report.statistics import LargeGroup, Statistics, access_name
from sso_batch.run_files import columns
from sso_batch.sanitize import show_hidden

MAX_ROWS = 200_000
"""The maximum number of rows in the explorer, with which a browser stays responsive."""

MAX_BYTES = 1 << 25
"""The maximum size of the explorer's records, which are in memory until they are written."""

MAX_IDLE = 20_000
"""The maximum number of users, accounts and permission sets without access that an organization names."""

_PIECE = 1 << 16  # characters

MEMBERS_NOT_SHOWN = "MEMBERS_NOT_SHOWN"
"""The state of a row that represents all members of a folded group; only used on the page."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Which part of a run the explorer shows: its folded groups and left-out organizations."""

    folded: dict[str, tuple[LargeGroup, ...]]
    left_out: frozenset[str]

    def groups(self, organization: str) -> dict[Principal, LargeGroup]:
        """Return the folded groups of an organization."""
        return {group.principal: group for group in self.folded.get(organization, ())}

    def restricted_to(self, organizations: Container[str], names: Iterable[str]) -> "Extent":
        """Return the extent that also leaves out those of `names` that are not in `organizations`."""
        left_out = self.left_out | {name for name in names if name not in organizations}
        return Extent(_without(self.folded, left_out), left_out)

    @property
    def whole(self) -> bool:
        """Whether the explorer has every row."""
        return not self.folded and not self.left_out


def choose_extent(statistics: Sequence[Statistics], *, max_rows: int) -> Extent:
    """Fold the largest groups until at most `max_rows` are left, then leave out the largest organizations."""
    left = {each.organization: each.rows for each in statistics}
    excess = sum(left.values()) - max_rows
    folded: dict[str, tuple[LargeGroup, ...]] = {}
    groups = [(each.organization, group) for each in statistics for group in each.large_groups]
    for organization, group in sorted(groups, key=lambda pair: -pair[1].rows):
        if excess <= 0:
            break
        left[organization] -= group.rows - group.grants
        excess -= group.rows - group.grants
        folded[organization] = (*folded.get(organization, ()), group)
    left_out: set[str] = set()
    for organization in sorted(left, key=lambda name: -left[name]):
        if excess > 0:
            left_out.add(organization)
            excess -= left[organization]
    return Extent(_without(folded, left_out), frozenset(left_out))


def _without(
    folded: Mapping[str, tuple[LargeGroup, ...]], left_out: Container[str]
) -> dict[str, tuple[LargeGroup, ...]]:
    return {name: groups for name, groups in folded.items() if name not in left_out}


def serialize_records(report: ReportInput, extent: Extent, *, max_bytes: int) -> dict[str, list[str]]:
    """Return the explorer's JSON in pieces, by organization; safe inside a script element.

    If all of it takes more than `max_bytes`, the largest organizations are left out.
    """
    records: dict[str, list[str]] = {}
    sizes: dict[str, int] = {}
    for snapshot in report.snapshots:
        name = snapshot.organization
        if name not in extent.left_out:
            records[name], sizes[name] = [], 0
            for piece in _pieces(_organization(report, snapshot, extent.groups(name))):
                records[name].append(piece)
                sizes[name] += len(piece)
                if sizes[name] > max_bytes:
                    break
        del snapshot  # free it before the next one is read
        while sum(sizes.values()) > max_bytes:
            largest = max(sizes, key=sizes.__getitem__)
            del records[largest], sizes[largest]
    return records


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """Join short texts, which takes much less memory and fewer writes."""
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= _PIECE:
            yield escape_for_script("".join(batch))
            batch, size = [], 0
    yield escape_for_script("".join(batch))


def escape_for_script(text: str) -> str:
    """Return JSON in which no HTML parser finds a tag, a comment or an entity."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _organization(
    report: ReportInput, snapshot: Snapshot, folded: Mapping[Principal, LargeGroup]
) -> Iterator[str]:
    """Yield one organization as a JSON object, in short texts.

    People are written first and only their numbers kept: there can be as many people as rows.
    """
    people: dict[Holder, int] = {}
    principals, accounts, targets = _Numbered(), _Numbered(), _Numbered()
    grants, new = array("L"), array("L")
    started = format_date(report.outcome.started_at)
    yield f'{{"name":{_json(snapshot.organization)},"people":['
    for number, access in enumerate(report.accesses(snapshot)):
        grant, principal = access.grant, access.grant.principal
        if principal not in principals:
            holders = (_folded(folded[principal]),) if principal in folded else access.holders
            for holder in holders:
                if holder not in people:
                    yield ("," if people else "") + _json(_person(holder, snapshot.people))
                    people[holder] = len(people)
            members = [people[holder] for holder in holders]
            joined = [people[each] for each in holders if access.membership(each).first_seen == started]
            principals.add(principal, _principal(access, members, joined))
        if grant.account_id not in accounts:
            accounts.add(grant.account_id, _account(access))
        named = (access_name(access), grant.role_arn or grant.permission_set_arn, grant.access_type)
        target = (*named, access.privilege.level, access.privilege.reason, access.privilege.unread)
        if target not in targets:
            targets.add(target, tuple(map(show_hidden, target)))
        if access.assignment.first_seen == started:
            new.append(number)
        grants.extend((accounts[grant.account_id], targets[target], principals[principal]))
    for name, values in (("accounts", accounts), ("access", targets), ("principals", principals)):
        yield f'],"{name}":['
        yield from _separated(values.texts)
    for name, numbers in (("grants", grants), ("new", new)):
        yield f'],"{name}":['
        yield from _separated(map(str, numbers))
    yield '],"sets":['
    used = {grant.permission_set_arn for grant in snapshot.grants}
    yield from _separated(_json(_details(each)) for each in snapshot.permission_sets if each.arn in used)
    idle = _idle(snapshot)
    yield '],"idle":['
    yield from _separated(_json(tuple(map(show_hidden, cells))) for cells in islice(idle, MAX_IDLE))
    yield f'],"idle_left_out":{sum(1 for _ in idle)}}}'


_json = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def _separated(texts: Iterable[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        yield f",{text}" if number else text


class _Numbered:
    """Distinct records as JSON, numbered in the order in which they are added."""

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


def _principal(access: Access, members: list[int], joined: list[int]) -> tuple[object, ...]:
    principal = access.grant.principal
    return principal.type, principal.id, show_hidden(access.group_name), members, joined


def _details(each: PermissionSet) -> tuple[str, ...]:
    """Return a permission set's cells: what was not read is NOT_READ."""
    inline = each.inline_policy if each.inline_policy is None else "yes" if each.inline_policy else "no"
    lists = (each.managed_policies, each.customer_managed_policies, each.tags)
    managed, customer, tags = (None if values is None else ", ".join(values) for values in lists)
    cells = (
        each.description,
        each.session_duration,
        managed,
        customer,
        inline,
        each.permissions_boundary,
        tags,
    )
    return each.arn, *(NOT_READ if cell is None else show_hidden(cell) for cell in cells)


def _person(holder: Holder, attributes: Iterable[str]) -> tuple[str, ...]:
    """Return a user's cells, followed by the attributes that the user has, each with its name."""
    found = ((columns.ATTRIBUTES[name], holder.attribute(name)) for name in attributes)
    cells = (
        *(holder.name, holder.email, holder.login, holder.user_id, holder.status, holder.state),
        *(holder.last_sign_in, *(f"{column}: {value}" for column, value in found if value)),
    )
    return tuple(map(show_hidden, cells))


def _folded(group: LargeGroup) -> Holder:
    return Holder(MEMBERS_NOT_SHOWN, name=f"{group.members:,} members", user_id=group.principal.id)


def _account(access: Access) -> tuple[str, ...]:
    cells = (access.grant.account_id, access.account.name, access.account.state, access.account.path)
    return tuple(map(show_hidden, cells))


def _idle(snapshot: Snapshot) -> Iterator[tuple[str, ...]]:
    """Yield who and what is known but has no access: kind, name, and other search terms."""
    granted = {grant.principal for grant in snapshot.grants}
    members = {
        user_id
        for membership in snapshot.memberships
        if Principal(GROUP, membership.group_id) in granted
        for user_id in membership.user_ids
    }
    for user in snapshot.users:
        if Principal(USER, user.id) not in granted and user.id not in members:
            yield "user", user.name or user.login, f"{user.email} {user.login} {user.id}"
    reached = {grant.account_id for grant in snapshot.grants}
    for account in snapshot.accounts:
        if account.id not in reached:
            yield "account", account.name, account.id
    used = {grant.permission_set_arn for grant in snapshot.grants}
    for permission_set in snapshot.permission_sets:
        if permission_set.arn not in used:
            yield "permission set", permission_set.name or permission_set.arn, permission_set.arn
