"""Whether what was to be revoked is gone in a later snapshot of the organization. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from sso_batch.campaign.item import ASSIGNMENT, Item, assignment_id, membership_id
from sso_batch.campaign.record import ReviewedOrganization
from sso_batch.coverage import NotExamined, Omission
from sso_batch.model import GROUP, USER, Grant, Principal, Snapshot
from sso_batch.privileges.paths import Privilege
from sso_batch.review.finding import normalize_address
from sso_batch.review.snapshot_index import SnapshotIndex

_NAMED = 3  # people in a detail
_LEVELS = {level.name: level for level in Privilege}


class Result(StrEnum):
    """What became of a revocation."""

    GONE = "gone"
    STILL_THERE = "still_there"
    CAME_BACK = "came_back"
    """It was gone in a run between, and is there again."""
    REACHABLE_OTHERWISE = "reachable_otherwise"
    """It is gone, but the person reaches the account with the same or a higher level by another path."""
    NOT_READ = "not_read"
    """The run does not say."""

    @property
    def words(self) -> str:
        """The result in words."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True)
class ProvedItem:
    """The result for one item, and the reason in words.

    `first_seen` is the start of the first complete run that had what is still there; empty if it is not there
    or if that is not known.
    """

    item: Item
    result: Result
    detail: str = ""
    first_seen: str = ""

    def came_back(self, run_id: str) -> "ProvedItem":
        """Return the result for an item that is there and was gone in another run."""
        return replace(self, result=Result.CAME_BACK, detail=f"it was gone in run {run_id}")


def not_read(items: Iterable[Item], reason: str) -> Iterator[ProvedItem]:
    """Yield the result for items of which a run says nothing."""
    for item in items:
        yield ProvedItem(item, Result.NOT_READ, reason)


def incomparable_reason(snapshot: Snapshot, organization: ReviewedOrganization) -> str:
    """Return why a snapshot says nothing about an organization that was reviewed, or an empty text."""
    if not snapshot.complete:
        return "the organization is incomplete in this run"
    if snapshot.instance.arn != organization.instance_arn:
        return f"this run read another instance of IAM Identity Center: {snapshot.instance.arn}"
    if snapshot.started_at < organization.started_at:
        return "this run read the organization before the run that was reviewed"
    return ""


class Prover:
    """Looks up revoked items in a later snapshot of their organization.

    `population` has all items of the organization, also those that nobody had to decide: they say what a
    group gave, and whom it had, when the campaign was opened.
    """

    def __init__(
        self, snapshot: Snapshot, organization: ReviewedOrganization, population: Iterable[Item]
    ) -> None:
        self._snapshot = snapshot
        self._organization = organization
        self._index = SnapshotIndex(snapshot)
        self._given: defaultdict[str, list[Item]] = defaultdict(list)
        self._members: defaultdict[str, list[Item]] = defaultdict(list)
        for item in population:
            if item.kind == ASSIGNMENT and item.principal_type == GROUP:
                self._given[item.principal_id].append(item)
            elif item.group_id:
                self._members[item.group_id].append(item)

    def prove(self, item: Item) -> ProvedItem:
        """Return what became of an item that was to be revoked."""
        first_seen = self._there.get(item.id)
        if first_seen is not None:
            return ProvedItem(item, Result.STILL_THERE, _to_do(item), first_seen)
        if reason := self._hidden(item) or self._hidden_paths():
            return ProvedItem(item, Result.NOT_READ, reason)
        people, accounts = self._affected(item)
        paths, unknown = self._other_paths(people, accounts)
        if paths:
            return ProvedItem(item, Result.REACHABLE_OTHERWISE, _joined(paths))
        if unknown:
            reason = f"it is gone, but other access may allow as much: {_joined(unknown)}"
            return ProvedItem(item, Result.NOT_READ, reason)
        return ProvedItem(item, Result.GONE)

    def lacks(self, item: Item) -> bool:
        """Return whether an item does not exist in the snapshot, as far as it can show that."""
        return item.id not in self._there and not self._hidden(item)

    @cached_property
    def _there(self) -> Mapping[str, str]:
        """Since when each assignment and membership of the snapshot was seen, by the id of its item."""
        instance = self._snapshot.instance
        found = {assignment_id(instance.arn, grant): grant.first_seen or "" for grant in self._index.grants}
        for membership in self._snapshot.memberships:
            for member in membership.members:
                item_id = membership_id(instance.identity_store_id, membership.group_id, member.user_id)
                found[item_id] = member.first_seen or ""
        return found

    def _hidden(self, item: Item) -> str:
        """Return why the snapshot may not show an item that exists."""
        if item.group_id:
            return self._hidden_members(item.group_id)
        principal = Principal(item.principal_type, item.principal_id)
        if self._snapshot.omits(Omission.UNLISTED_PRINCIPALS) and not self._index.is_known(principal):
            return "assignments to users and groups that are not listed were not read"
        return self._hidden_entitlements() if item.role_arn else ""

    def _hidden_members(self, group_id: str) -> str:
        """Return why the members of a group are not known; a run reads those of groups that have access."""
        if group_id in self._index.members or group_id not in self._index.groups:
            return ""
        if Principal(GROUP, group_id) in self._index.by_principal:
            return "the members of the group were not read"
        return "the group has no assignment in this run, so its members were not read: it gives no access now"

    def _hidden_entitlements(self) -> str:
        if self._snapshot.omits(Omission.ENTITLEMENTS):
            return "entitlements of IAM roles were not read"
        if self._snapshot.instance.caller_account_id != self._organization.caller_account_id:
            return "this run was made from another account, which sees other entitlements of IAM roles"
        unknown = [each.text for each in self._snapshot.not_examined if _is_unknown_entitlement(each)]
        return unknown[0] if unknown else ""

    def _hidden_paths(self) -> str:
        """Return why the snapshot may not show other access that the reviewed run would have shown."""
        reason = self._hidden_entitlements()
        before = self._organization.not_examined
        if not reason or reason in before or Omission.ENTITLEMENTS in before:
            return ""
        return f"other access may be hidden: {reason}"

    def _affected(self, item: Item) -> tuple[Sequence[str], Mapping[str, Privilege]]:
        """Return the ids of the people who had the access, and the level that they had in each account.

        A user with the same email address counts as the same person: directories are migrated.
        """
        if item.kind == ASSIGNMENT:
            accounts = {item.account_id: _level(item)}
            if item.principal_type == GROUP:
                members = self._members[item.principal_id]
                now = self._index.members.get(item.principal_id, ())
                return self._people(members, now), accounts
            return self._people([item], ()), accounts
        accounts = {}
        for given in self._given[item.group_id]:
            known = accounts.get(given.account_id, Privilege.NONE)
            accounts[given.account_id] = max(_level(given), known)
        for grant in self._index.by_principal.get(Principal(GROUP, item.group_id), ()):
            accounts.setdefault(grant.account_id, self._index.privileges.of(grant).privilege)
        return self._people([item], ()), accounts

    def _people(self, items: Iterable[Item], user_ids: Iterable[str]) -> list[str]:
        """Return the ids of the users that items name, and of others, and of users with the same address."""
        ids = dict.fromkeys(user_ids)
        for item in items:
            ids[item.principal_id] = None
            ids |= dict.fromkeys(self._by_address.get(normalize_address(item.user_email), ()))
        return list(ids)

    @cached_property
    def _by_address(self) -> Mapping[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for user in self._snapshot.users:
            if address := normalize_address(user.email):
                found[address].append(user.id)
        return found

    def _other_paths(
        self, people: Iterable[str], accounts: Mapping[str, Privilege]
    ) -> tuple[list[str], list[str]]:
        """Return the paths that still give the same level or a higher one, and those that may."""
        paths: list[str] = []
        unknown: list[str] = []
        for user_id in people:
            for grant in self._grants_of(user_id):
                if grant.account_id not in accounts:
                    continue
                judgement = self._index.privileges.of(grant)
                if judgement.privilege >= accounts[grant.account_id]:
                    paths.append(self._words(user_id, grant, judgement.known or "level not read"))
                elif judgement.unread:
                    unread = ", ".join(judgement.unread)
                    unknown.append(self._words(user_id, grant, f"not read: {unread}"))
        return paths, unknown

    def _grants_of(self, user_id: str) -> Iterator[Grant]:
        for principal in (Principal(USER, user_id), *self._groups.get(user_id, ())):
            yield from self._index.by_principal.get(principal, ())

    @cached_property
    def _groups(self) -> Mapping[str, list[Principal]]:
        """The groups of each user that have a grant."""
        found: defaultdict[str, list[Principal]] = defaultdict(list)
        for principal in self._index.by_principal:
            if principal.type == GROUP:
                for user_id in self._index.members.get(principal.id, ()):
                    found[user_id].append(principal)
        return found

    def _words(self, user_id: str, grant: Grant, level: str) -> str:
        index = self._index
        user, account = index.users.get(user_id), index.accounts.get(grant.account_id)
        who = (user.name or user.login or user.id) if user else user_id
        what = index.permission_set(grant.permission_set_arn).name if grant.permission_set_arn else ""
        what = what or grant.role_arn.rpartition("/")[2] or grant.permission_set_arn
        where = (account.name if account else "") or grant.account_id
        through = "directly"
        if grant.principal.type == GROUP:
            group = index.groups.get(grant.principal.id)
            through = f"through group {(group.name if group else '') or grant.principal.id}"
        return f"{who} has {what} in {where} ({level}) {through}"


def _is_unknown_entitlement(item: NotExamined) -> bool:
    """Return whether entitlements, or applications that have them, are of a kind that cannot be read."""
    is_unknown = item.hides_access and not isinstance(item.what, Omission)
    return is_unknown and "group members of the kind" not in item.what


def _to_do(item: Item) -> str:
    """Return why an item may still be there, if that is known."""
    if item.group_id and item.managed_by:
        return f"to be removed in the identity provider, which manages the group: {item.managed_by}"
    return ""


def _level(item: Item) -> Privilege:
    """Return the level of an item as far as it is known; what is not known counts as the lowest level."""
    return _LEVELS.get(item.privilege, Privilege.NONE)


def _joined(texts: Sequence[str]) -> str:
    more = f"; and {len(texts) - _NAMED:,} more" if len(texts) > _NAMED else ""
    return "; ".join(texts[:_NAMED]) + more
