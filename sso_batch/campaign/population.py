"""The population of a campaign: every assignment, and every membership that gives access. Pure.

One snapshot at a time becomes items. Memory grows with items, never with the rows of the report.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

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
from sso_batch.campaign.item import (
    ASSIGNMENT,
    MEMBERSHIP,
    Item,
    ItemFinding,
    assignment_id,
    findings_of,
    membership_id,
)
from sso_batch.campaign.previous import ClosedCampaign
from sso_batch.campaign.reviewers import Reviewers, Scope
from sso_batch.model import GROUP, USER, PermissionSet, Principal, Snapshot
from sso_batch.privileges.paths import Privilege
from sso_batch.review.comparison import meaning_of
from sso_batch.review.finding import SEVERITIES, Finding
from sso_batch.review.roster import Roster
from sso_batch.sanitize import escape_line_breaks

_NAMED = 3  # accounts in a cell
_SETS = 6  # permission sets in a cell
_LONGEST = 2_000  # characters of a cell
_LEVELS = {level.name: level for level in Privilege}


def is_privileged(privilege: str, unread: str) -> bool:
    """Return whether access is privileged, or may be because not everything that decides it was read."""
    level = _LEVELS.get(privilege)
    return level is None or level >= Privilege.MANAGES_ACCESS or bool(unread)


class FindingIndex:
    """The findings of a run, by what they are about."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._found: defaultdict[tuple[str, ...], list[Finding]] = defaultdict(list)
        for finding in findings:
            self._found[self._key(finding)].append(finding)

    def on_assignment(
        self, organization: str, principal: Principal, account_id: str, permission_set: str, role_arn: str
    ) -> list[ItemFinding]:
        """Return the findings on a grant and on what is part of it; a permission set is given by name."""
        type_, id_ = principal.type, principal.id
        found = [
            *self._of((organization, type_, id_, account_id, permission_set, role_arn), ""),
            *self._of((organization, type_, id_, "", "", ""), type_.lower()),
            *self._of((organization, "", "", account_id, "", ""), "account"),
        ]
        if permission_set:
            found += self._of((organization, "", "", "", permission_set, ""), "permission set")
            found += self._of((organization, "", "", account_id, permission_set, ""), "permission set")
        return found

    def on_user(self, organization: str, user_id: str) -> list[ItemFinding]:
        """Return the findings on a user."""
        return self._of((organization, USER, user_id, "", "", ""), "user")

    def on_item(self, item: Item) -> list[ItemFinding]:
        """Return the findings on an item."""
        if item.kind == MEMBERSHIP:
            return self.on_user(item.organization, item.principal_id)
        principal = Principal(item.principal_type, item.principal_id)
        permission_set = "" if item.role_arn else item.what
        return self.on_assignment(
            item.organization, principal, item.account_id, permission_set, item.role_arn
        )

    def _of(self, key: tuple[str, ...], about: str) -> list[ItemFinding]:
        found = self._found.get(key, ())
        return [ItemFinding(finding.severity, finding.check, about) for finding in found]

    @staticmethod
    def _key(finding: Finding) -> tuple[str, ...]:
        principal = finding.principal_type, finding.principal_id
        return (
            finding.organization,
            *principal,
            finding.account_id,
            finding.permission_set,
            finding.role_arn,
        )


def _joined(found: Sequence[ItemFinding]) -> str:
    if not found:
        return ""
    ordered = sorted(dict.fromkeys(found), key=lambda each: (SEVERITIES.index(each.severity), each.check))
    return "; ".join(map(str, ordered))


@dataclass(slots=True)
class Population:
    """The items of a campaign, collected from one organization after the other.

    `scope` is all, privileged or changed. `out_of_scope` counts the others.
    """

    reviewers: Reviewers
    roster: Roster | None = None
    previous: ClosedCampaign | None = None
    scope: str = "all"
    items: list[Item] = field(default_factory=list)
    out_of_scope: int = 0
    groups_without_access: int = 0
    """Groups that have members and no assignment: their memberships are not in any population."""

    def add(self, snapshot: Snapshot, findings: Iterable[Finding]) -> None:
        """Add the items of an organization, whose snapshot must be complete, with the findings on it."""
        for item in _Organization(snapshot, FindingIndex(findings), self).items():
            if self._is_in_scope(item):
                self.items.append(item)
            else:
                self.out_of_scope += 1
        assigned = {grant.principal.id for grant in snapshot.grants if grant.principal.type == GROUP}
        self.groups_without_access += sum(
            bool(membership.members) and membership.group_id not in assigned
            for membership in snapshot.memberships
        )

    def finish(self, findings: Iterable[Finding]) -> Sequence[Item]:
        """Return the items in the order of the sheets: by reviewer, the riskiest first.

        `findings` are those that were only known after all organizations were added.
        """
        index = FindingIndex(findings)
        for number, item in enumerate(self.items):
            if found := index.on_item(item):
                self.items[number] = replace(item, findings=_joined([*findings_of(item.findings), *found]))
        self.items.sort(key=_order)
        return self.items

    def _is_in_scope(self, item: Item) -> bool:
        if self.scope == "privileged":
            return is_privileged(item.privilege, item.privilege_unread)
        if self.scope == "changed" and self.previous is not None:
            return self.previous.needs_review(item.id, item.change)
        return True


def _order(item: Item) -> tuple[int | str, ...]:
    level = _LEVELS.get(item.privilege, Privilege.WRITE)
    severity = next((n for n, name in enumerate(SEVERITIES) if item.findings.startswith(name)), 9)
    return (
        item.reviewer,
        -level,
        severity,
        item.organization,
        item.kind,
        item.where,
        item.what,
        item.who,
        item.id,
    )


@dataclass(slots=True)
class _Organization:
    """The items of one organization."""

    snapshot: Snapshot
    findings: FindingIndex
    population: Population
    _permission_sets: Mapping[str, PermissionSet] = field(init=False)
    _managed_by: Mapping[str, str] = field(init=False)
    _membership_ids: Mapping[tuple[str, str], str] = field(init=False)
    _fingerprints: dict[str, str] = field(init=False, default_factory=dict)
    _texts: dict[str, str] = field(init=False, default_factory=dict)
    """Each text that many items have, once: a snapshot has it again in each record."""
    _attributes: dict[str, tuple[str, ...]] = field(init=False, default_factory=dict)
    """The attributes of users, by their ids."""

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

    def items(self) -> Iterator[Item]:
        of_groups: defaultdict[str, list[Access]] = defaultdict(list)
        for access in resolve(self.snapshot):
            yield self._assignment(access)
            if access.grant.principal.type == GROUP:
                of_groups[access.grant.principal.id].append(access)
        for group_id, accesses in of_groups.items():
            yield from self._memberships(group_id, accesses)

    def _assignment(self, access: Access) -> Item:
        grant, account = access.grant, access.account
        principal = grant.principal
        holders = [holder for holder in access.holders if holder.user_id]
        first = access.holders[0]
        is_user = principal.type == USER
        user = first if is_user else None
        where = account.name if account.name not in {"", NOT_READ} else grant.account_id
        what = access.permission_set.name or _role_name(grant.role_arn)
        people = str(len(holders)) if _are_known(access) else NOT_READ
        fingerprint = self._fingerprint(access)
        return self._finished(
            _Parts(
                id=assignment_id(self.snapshot.instance.arn, grant),
                kind=ASSIGNMENT,
                who=_person(first, principal.id) if is_user else _group(access),
                user=user,
                what=what,
                where=where,
                through="assigned directly" if is_user else _members(people),
                findings=_joined(
                    self.findings.on_assignment(
                        *(self.snapshot.organization, principal, grant.account_id),
                        *(access.permission_set.name, grant.role_arn),
                    )
                ),
                people=people,
                accounts="1",
                account_id=grant.account_id,
                account_path=account.path,
                since=access.assignment.at,
                assigned_by=access.assignment.by,
                first_seen=access.assignment.first_seen,
                principal_state=first.state if not holders or is_user else OK,
                privilege=access.privilege.level,
                privilege_reason=access.privilege.reason,
                privilege_unread=access.privilege.unread,
                principal_type=principal.type,
                principal_id=principal.id,
                permission_set_arn=grant.permission_set_arn,
                role_arn=grant.role_arn,
                managed_by="" if is_user else self._managed_by.get(principal.id, ""),
                fingerprint=fingerprint,
            ),
            self.population.reviewers.matching(self._scope(ASSIGNMENT, [access])),
            only_person=holders[0] if len(holders) == 1 else None,
        )

    def _memberships(self, group_id: str, accesses: Sequence[Access]) -> Iterator[Item]:
        given = _Given.of(accesses)
        rules = self.population.reviewers.matching(self._scope(MEMBERSHIP, accesses, given.privilege))
        fingerprint = _hash([[self._key(each), self._fingerprint(each)] for each in accesses])
        group = _group(accesses[0])
        for holder in accesses[0].holders:
            if not holder.user_id:
                continue
            cells = accesses[0].membership(holder)
            yield self._finished(
                _Parts(
                    id=membership_id(self.snapshot.instance.identity_store_id, group_id, holder.user_id),
                    kind=MEMBERSHIP,
                    who=_person(holder, holder.user_id),
                    user=holder,
                    what=given.what,
                    where=given.where,
                    through=f"group {group}",
                    findings=_joined(self.findings.on_user(self.snapshot.organization, holder.user_id)),
                    people="1",
                    accounts=given.accounts,
                    account_id=given.account_id,
                    account_path="",
                    since=cells.since,
                    assigned_by=cells.added_by,
                    first_seen=cells.first_seen,
                    principal_state=holder.state,
                    privilege=given.privilege,
                    privilege_reason=given.reason,
                    privilege_unread=given.unread,
                    principal_type=USER,
                    principal_id=holder.user_id,
                    group_id=group_id,
                    membership_id=self._membership_ids.get((group_id, holder.user_id), ""),
                    managed_by=self._managed_by.get(group_id, ""),
                    fingerprint=fingerprint,
                ),
                rules,
                only_person=holder,
            )

    def _finished(self, parts: "_Parts", rules: Sequence[int], *, only_person: Holder | None) -> Item:
        """Return the item with its reviewer, and with what changed since the last campaign."""
        user = parts.user
        choice = self.population.reviewers.choose(
            rules,
            manager=self._manager(user) if user else "",
            only_person=only_person.email if only_person and only_person.email != NOT_READ else "",
        )
        previous = self.population.previous
        change, detail = (
            ("", "")
            if previous is None
            else previous.change(
                parts.id, privilege=parts.privilege, what=parts.what, fingerprint=parts.fingerprint
            )
        )
        return Item(
            id=parts.id,
            kind=parts.kind,
            reviewer=choice.reviewer,
            who=_fact(parts.who),
            what=_fact(parts.what),
            where=_fact(parts.where),
            privilege=parts.privilege,
            findings=self._shared(parts.findings),
            change=change,
            through=self._shared(_fact(parts.through)),
            people=parts.people,
            accounts=parts.accounts,
            since=parts.since,
            assigned_by=_fact(parts.assigned_by),
            last_sign_in=user.last_sign_in if user else "",
            first_seen=parts.first_seen,
            user_email=_fact(user.email) if user else "",
            attributes=self._attributes_of(user),
            organization=self.snapshot.organization,
            account_id=self._shared(parts.account_id),
            account_path=_fact(parts.account_path),
            user_status=user.status if user else "",
            principal_state=parts.principal_state,
            privilege_reason=_fact(parts.privilege_reason),
            privilege_unread=_fact(parts.privilege_unread),
            change_detail=_fact(detail),
            reviewer_rule=self._shared(choice.rule),
            principal_type=parts.principal_type,
            principal_id=self._shared(parts.principal_id),
            group_id=parts.group_id,
            permission_set_arn=self._shared(parts.permission_set_arn),
            role_arn=self._shared(parts.role_arn),
            membership_id=parts.membership_id,
            managed_by=_fact(parts.managed_by),
            fingerprint=parts.fingerprint,
        )

    def _shared(self, text: str) -> str:
        return self._texts.setdefault(text, text)

    def _attributes_of(self, user: Holder | None) -> tuple[str, ...]:
        user_id = user.user_id if user else ""
        if user_id not in self._attributes:
            self._attributes[user_id] = tuple(
                _fact(user.attribute(name)) if user else "" for name in self.snapshot.people
            )
        return self._attributes[user_id]

    def _manager(self, holder: Holder) -> str:
        """Return the email address of a user's manager; empty if it is not known."""
        attributes = dict(holder.attributes)
        manager = attributes.get(MANAGER, "")
        if not manager and self.population.roster is not None:
            number = attributes.get("employee_number", "")
            person = self.population.roster.find(holder.email, number)
            manager = person.manager if person else ""
        return manager if "@" in manager else ""

    def _scope(self, kind: str, accesses: Sequence[Access], privilege: str | None = None) -> Scope:
        grants = [access.grant for access in accesses]
        accounts = {grant.account_id for grant in grants} | {access.account.name for access in accesses}
        sets = (access.permission_set.name or _role_name(access.grant.role_arn) for access in accesses)
        return Scope(
            kind=kind,
            organization=self.snapshot.organization,
            accounts=frozenset(accounts),
            account_paths=frozenset(access.account.path for access in accesses),
            permission_sets=frozenset(sets),
            group=accesses[0].group_name,
            privilege=privilege or accesses[0].privilege.level,
        )

    def _fingerprint(self, access: Access) -> str:
        """Return the hash of what a grant's policies are; NOT_READ if they were not all read."""
        arn = access.grant.permission_set_arn
        if arn not in self._fingerprints:
            self._fingerprints[arn] = _policies_hash(self._permission_sets.get(arn)) if arn else ""
        return self._fingerprints[arn]

    @staticmethod
    def _key(access: Access) -> list[str]:
        grant = access.grant
        return [grant.account_id, grant.permission_set_arn, grant.role_arn, access.privilege.level]


@dataclass(slots=True, kw_only=True)  # not frozen, because that would be slower
class _Parts:
    """What is known of an item before it has a reviewer, as the snapshot has it."""

    id: str
    kind: str
    who: str
    user: Holder | None
    what: str
    where: str
    through: str
    findings: str
    people: str
    accounts: str
    account_id: str
    account_path: str
    since: str
    assigned_by: str
    first_seen: str
    principal_state: str
    privilege: str
    privilege_reason: str
    privilege_unread: str
    principal_type: str
    principal_id: str
    group_id: str = ""
    permission_set_arn: str = ""
    role_arn: str = ""
    membership_id: str = ""
    managed_by: str = ""
    fingerprint: str = ""


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
        highest = max(accesses, key=lambda access: _LEVELS.get(access.privilege.level, Privilege.NONE))
        unread = {access.privilege.unread for access in accesses} - {""}
        accounts = {access.grant.account_id: access.account.name for access in accesses}
        counts: Counter[str] = Counter()
        levels: dict[str, int] = {}
        for access in accesses:
            name = access.permission_set.name or _role_name(access.grant.role_arn)
            counts[name] += 1
            levels[name] = max(levels.get(name, -1), _LEVELS.get(access.privilege.level, Privilege.NONE))
        sets = sorted(counts, key=lambda name: (-levels[name], name))
        is_read = all(access.privilege.level in _LEVELS for access in accesses)
        names = sorted(name if name not in {"", NOT_READ} else id_ for id_, name in accounts.items())
        return cls(
            what=_first(sets, _SETS, ", "),
            where=_first(names, _NAMED, ", "),
            accounts=str(len(accounts)),
            account_id=next(iter(accounts)) if len(accounts) == 1 else "",
            privilege=highest.privilege.level,
            reason=highest.privilege.reason,
            unread=";".join(sorted(unread)) or ("" if is_read else "some of the access"),
        )


def _first(names: Sequence[str], number: int, separator: str) -> str:
    more = f" and {len(names) - number:,} more" if len(names) > number else ""
    return separator.join(names[:number]) + more


def _are_known(access: Access) -> bool:
    return access.holders[0].state not in {MEMBERS_NOT_READ, NOT_READ}


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


def _role_name(role_arn: str) -> str:
    return role_arn.rpartition("/")[2]


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
