"""The items of one organization, from its snapshot. Pure.

Memory grows with items, never with the rows of the report. Values that many items have are interned, because
a snapshot has them again in each record.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern
from typing import Any

from sso_batch.access import (
    MANAGER,
    MEMBER_NOT_FOUND,
    MEMBERS_NOT_READ,
    NOT_FOUND,
    NOT_READ,
    OK,
    Access,
    Holder,
    resolve,
)
from sso_batch.campaign.decisions import OPEN
from sso_batch.campaign.findings import FindingIndex, high_findings, join_findings
from sso_batch.campaign.item import (
    ASSIGNMENT,
    MEMBERSHIP,
    Item,
    assignment_id,
    membership_id,
)
from sso_batch.campaign.previous import ClosedCampaign, EarlierItem
from sso_batch.campaign.reviewers import Reviewers, Scope
from sso_batch.config.field_types import is_address
from sso_batch.model import GROUP, USER, PermissionSet, Snapshot
from sso_batch.privileges.paths import Privilege
from sso_batch.review.comparison import meaning_of
from sso_batch.review.finding import normalize_address
from sso_batch.review.roster import Roster
from sso_batch.sanitize import escape_line_breaks

_NAMED = 3  # accounts in a cell
_SETS = 6  # permission sets in a cell
_LONGEST = 2_000  # characters of a cell
_LEVELS = {level.name: level for level in Privilege}
_NO_CHANGE: Mapping[str, str] = {"change": "", "change_detail": ""}


@dataclass(slots=True)
class OrganizationItems:
    """The items of one organization, and what decides who reviews them."""

    snapshot: Snapshot
    findings: FindingIndex
    reviewers: Reviewers
    roster: Roster | None
    previous: ClosedCampaign | None
    _permission_sets: Mapping[str, PermissionSet] = field(init=False)
    _managed_by: Mapping[str, str] = field(init=False)
    _membership_ids: Mapping[tuple[str, str], str] = field(init=False)
    _fingerprints: dict[str, str] = field(init=False, default_factory=dict)
    _cells_of_users: dict[str, Mapping[str, Any]] = field(init=False, default_factory=dict)
    _no_user: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        snapshot = self.snapshot
        self._permission_sets = {each.arn: each for each in snapshot.permission_sets}
        self._managed_by = {
            each.id: each.external_ids[0].issuer or "an identity provider"
            for each in snapshot.groups
            if each.external_ids
        }
        self._membership_ids = {
            (membership.group_id, member.user_id): member.membership_id
            for membership in snapshot.memberships
            for member in membership.members
        }
        self._no_user = {
            **dict.fromkeys(("user_email", "user_status", "last_sign_in"), ""),
            "attributes": ("",) * len(snapshot.people),
        }

    def __iter__(self) -> Iterator[Item]:
        """Yield every assignment, and then every membership of the groups that have one."""
        of_groups: defaultdict[str, list[Access]] = defaultdict(list)
        for access in resolve(self.snapshot):
            yield self._assignment(access)
            if access.grant.principal.type == GROUP:
                of_groups[access.grant.principal.id].append(access)
        for group_id, accesses in of_groups.items():
            yield from self._memberships(group_id, accesses)

    def _assignment(self, access: Access) -> Item:
        grant = access.grant
        principal = grant.principal
        holders = [holder for holder in access.holders if holder.user_id]
        first = access.holders[0]
        user = first if principal.type == USER else None
        people = NOT_READ if first.state in {MEMBERS_NOT_READ, NOT_READ} and not user else str(len(holders))
        item_id, what = assignment_id(self.snapshot.instance.arn, grant), _target(access)
        level, fingerprint = access.privilege.level, self._fingerprint(access)
        on_it = self.findings.on_assignment(
            self.snapshot.organization,
            principal,
            grant.account_id,
            access.permission_set.name,
            grant.role_arn,
        )
        found = join_findings(on_it)
        return Item(
            id=item_id,
            kind=ASSIGNMENT,
            **self._reviewer(
                self.reviewers.matching(self._scope(ASSIGNMENT, [access], level)),
                user,
                holders,
            ),
            **self._change(
                item_id,
                EarlierItem(
                    decided=OPEN,
                    privilege=level,
                    what=what,
                    fingerprint=fingerprint,
                    first_seen=access.assignment.first_seen,
                    high_findings=high_findings(found),
                ),
            ),
            **self._user_cells(user),
            who=_fact(_person(user, principal.id) if user else _group(access)),
            what=what,
            where=_fact(_account(access)),
            privilege=level,
            findings=found,
            through="assigned directly" if user else _members(people),
            people=people,
            accounts="1",
            since=access.assignment.at,
            assigned_by=_fact(access.assignment.by),
            first_seen=access.assignment.first_seen,
            organization=self.snapshot.organization,
            account_id=intern(grant.account_id),
            account_path=_fact(access.account.path),
            principal_state=first.state if user or not holders else OK,
            privilege_reason=_fact(access.privilege.reason),
            privilege_unread=_fact(access.privilege.unread),
            principal_type=principal.type,
            principal_id=intern(principal.id),
            group_id="",
            permission_set_arn=intern(grant.permission_set_arn),
            role_arn=grant.role_arn,
            membership_id="",
            managed_by="" if user else self._managed_by.get(principal.id, ""),
            fingerprint=fingerprint,
        )

    def _memberships(self, group_id: str, accesses: Sequence[Access]) -> Iterator[Item]:
        given = _Given.of(accesses)
        organization, store_id = self.snapshot.organization, self.snapshot.instance.identity_store_id
        rules = self.reviewers.matching(self._scope(MEMBERSHIP, accesses, given.privilege))
        fingerprint = self._fingerprint_of_all(accesses)
        through = _fact(f"group {_group(accesses[0])}")
        for holder in accesses[0].holders:
            if not holder.user_id:
                continue
            cells = accesses[0].membership(holder)
            item_id = membership_id(store_id, group_id, holder.user_id)
            found = join_findings(self.findings.on_membership(organization, group_id, holder))
            yield Item(
                id=item_id,
                kind=MEMBERSHIP,
                **self._reviewer(rules, holder, [holder]),
                **self._change(
                    item_id,
                    EarlierItem(
                        decided=OPEN,
                        privilege=given.privilege,
                        what=given.what,
                        fingerprint=fingerprint,
                        first_seen=cells.first_seen,
                        high_findings=high_findings(found),
                    ),
                ),
                **self._user_cells(holder),
                who=_fact(_person(holder, holder.user_id)),
                what=given.what,
                where=given.where,
                privilege=given.privilege,
                findings=found,
                through=through,
                people="1",
                accounts=given.accounts,
                since=cells.since,
                assigned_by=_fact(cells.added_by),
                first_seen=cells.first_seen,
                organization=organization,
                account_id=given.account_id,
                account_path="",
                principal_state=holder.state,
                privilege_reason=given.reason,
                privilege_unread=given.unread,
                principal_type=USER,
                principal_id=intern(holder.user_id),
                group_id=group_id,
                permission_set_arn="",
                role_arn="",
                membership_id=self._membership_ids.get((group_id, holder.user_id), ""),
                managed_by=self._managed_by.get(group_id, ""),
                fingerprint=fingerprint,
            )

    def _reviewer(
        self, rules: Sequence[int], user: Holder | None, holders: Iterable[Holder]
    ) -> Mapping[str, Any]:
        """Return who reviews an item that these rules match, and why."""
        choice = self.reviewers.choose(
            rules, manager=self._manager(user) if user else "", concerned=_common_addresses(holders)
        )
        return {"reviewer": choice.reviewer, "reviewer_rule": choice.rule}

    def _change(self, item_id: str, now: EarlierItem) -> Mapping[str, Any]:
        """Return what changed since the last campaign, if there is one."""
        if self.previous is None:
            return _NO_CHANGE
        change, detail = self.previous.change(item_id, now)
        return {"change": change, "change_detail": _fact(detail)}

    def _user_cells(self, user: Holder | None) -> Mapping[str, Any]:
        """Return the cells about an item's user; empty ones for a group."""
        if user is None:
            return self._no_user
        if user.user_id not in self._cells_of_users:
            self._cells_of_users[user.user_id] = {
                "user_email": _fact(user.email),
                "user_status": user.status,
                "last_sign_in": user.last_sign_in,
                "attributes": tuple(_fact(user.attribute(name)) for name in self.snapshot.people),
            }
        return self._cells_of_users[user.user_id]

    def _manager(self, holder: Holder) -> str:
        """Return the email address of a user's manager; empty if it is not known."""
        attributes = dict(holder.attributes)
        manager = attributes.get(MANAGER, "")
        if not manager and self.roster is not None:
            number = attributes.get("employee_number", "")
            person = self.roster.find(holder.email, number)
            manager = person.manager if person else ""
        return manager.strip() if is_address(manager.strip()) else ""

    def _scope(self, kind: str, accesses: Sequence[Access], privilege: str) -> Scope:
        grants = [access.grant for access in accesses]
        accounts = {grant.account_id for grant in grants} | {access.account.name for access in accesses}
        sets = map(_target, accesses)
        return Scope(
            kind=kind,
            organization=self.snapshot.organization,
            accounts=frozenset(accounts),
            account_paths=frozenset(access.account.path for access in accesses),
            permission_sets=frozenset(sets),
            group=accesses[0].group_name,
            privilege=privilege,
        )

    def _fingerprint(self, access: Access) -> str:
        """Return the hash of a grant's policies; NOT_READ if not all were read, as those of an IAM role."""
        if access.privilege.unread:
            return NOT_READ
        arn = access.grant.permission_set_arn
        if arn not in self._fingerprints:
            self._fingerprints[arn] = _policies_hash(self._permission_sets.get(arn))
        return self._fingerprints[arn]

    def _fingerprint_of_all(self, accesses: Iterable[Access]) -> str:
        """Return the hash of all that a group gives; NOT_READ if some of it was not read."""
        parts = []
        for access in accesses:
            grant, fingerprint = access.grant, self._fingerprint(access)
            if fingerprint == NOT_READ:
                return NOT_READ
            parts.append([grant.account_id, grant.permission_set_arn, access.privilege.level, fingerprint])
        return _hash(parts)


@dataclass(frozen=True, slots=True)
class _Given:
    """What a group gives to each of its members, in cells."""

    what: str
    where: str
    accounts: str
    account_id: str
    privilege: str
    reason: str
    unread: str

    @classmethod
    def of(cls, accesses: Sequence[Access]) -> "_Given":
        highest = max(accesses, key=_level).privilege
        unread = {access.privilege.unread for access in accesses} - {""}
        accounts = {access.grant.account_id: _account(access) for access in accesses}
        levels: defaultdict[str, int] = defaultdict(int)
        for access in accesses:
            levels[_target(access)] = max(levels[_target(access)], _level(access))
        return cls(
            what=_fact(_first(sorted(levels, key=lambda name: (-levels[name], name)), _SETS)),
            where=_fact(_first(sorted(accounts.values()), _NAMED)),
            accounts=str(len(accounts)),
            account_id=next(iter(accounts)) if len(accounts) == 1 else "",
            privilege=highest.level,
            reason=_fact(highest.reason),
            unread=_fact(";".join(sorted(unread))),
        )


def _level(access: Access) -> Privilege:
    return _LEVELS.get(access.privilege.level, Privilege.NONE)


def _first(names: Sequence[str], number: int) -> str:
    more = f" and {len(names) - number:,} more" if len(names) > number else ""
    return ", ".join(names[:number]) + more


def _common_addresses(holders: Iterable[Holder]) -> frozenset[str]:
    """Return the addresses that all users have: if there are any, the users are one person.

    A login that is an address counts, too. Users who were deleted do not.
    """
    common: frozenset[str] | None = None
    for holder in holders:
        if holder.state == MEMBER_NOT_FOUND:
            continue
        names = (holder.email, holder.login)
        addresses = frozenset(normalize_address(name) for name in names if "@" in name)
        common = addresses if common is None else common & addresses
        if not common:
            break
    return common or frozenset()


def _members(people: str) -> str:
    if people == NOT_READ:
        return "members that were not read"
    return "its only member" if people == "1" else f"its {people} members" if people != "0" else "no member"


def _person(holder: Holder, user_id: str) -> str:
    """Return a user's best name, and what is special about the user."""
    if holder.state in {NOT_FOUND, MEMBER_NOT_FOUND}:
        return f"deleted user {user_id}"
    names = (holder.name, holder.login, holder.email)
    name = next((name for name in names if name not in {"", NOT_READ}), user_id)
    return f"{name} (disabled)" if holder.status == "DISABLED" else name


def _group(access: Access) -> str:
    group_id = access.grant.principal.id
    if access.holders[0].state == NOT_FOUND:
        return f"deleted group {group_id}"
    return access.group_name if access.group_name not in {"", NOT_READ} else group_id


def _account(access: Access) -> str:
    name = access.account.name
    return name if name not in {"", NOT_READ} else access.grant.account_id


def _target(access: Access) -> str:
    """Return the name of the permission set or role; else its ARN."""
    name, grant = access.permission_set.name, access.grant
    return _fact(
        name if name not in {"", NOT_READ} else grant.permission_set_arn or grant.role_arn.rpartition("/")[2]
    )


def _policies_hash(permission_set: PermissionSet | None) -> str:
    if permission_set is None or permission_set.inline_policy is None:
        return NOT_READ
    return _hash(
        [
            sorted(permission_set.managed_policies or ()),
            sorted(permission_set.customer_managed_policies or ()),
            meaning_of(permission_set.inline_policy),
            permission_set.permissions_boundary,
        ]
    )


def _hash(value: object) -> str:
    return "f" + hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _fact(text: str) -> str:
    """Return a value on one line, not longer than a spreadsheet shows."""
    shown = escape_line_breaks(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} ..."
