"""The rows of a report: which user can reach which account, with what and through which group. Pure.

The members of a group are resolved once and shared by all of its grants, so memory grows with grants and
memberships and not with rows: a group of 20,000 users with 500 accounts has ten million rows.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from sso_batch.activity import ActivityIndex
from sso_batch.managers import ManagerIndex
from sso_batch.model import (
    GROUP,
    USER,
    Account,
    Grant,
    Member,
    PermissionSet,
    Principal,
    Snapshot,
    User,
)
from sso_batch.privileges.judgement import Judgement
from sso_batch.privileges.of_grants import Privileges

NOT_READ = "NOT_READ"
"""The cell of a value that was not read; also a PrincipalState."""

MANAGER = "manager"
"""The attribute whose value can name another user."""

OK = "OK"
EMPTY_GROUP = "EMPTY_GROUP"
NOT_FOUND = "NOT_FOUND"
MEMBER_NOT_FOUND = "MEMBER_NOT_FOUND"
MEMBERS_NOT_READ = "MEMBERS_NOT_READ"


@dataclass(frozen=True, slots=True)
class Holder:
    """One user of a grant, or nobody, with the row's PrincipalState.

    `attributes` has name and value of each attribute of the user that was read. A manager who is a user of
    the directory is shown by email address, else by login.
    """

    state: str
    email: str = ""
    name: str = ""
    user_id: str = ""
    login: str = ""
    status: str = ""
    last_sign_in: str = ""
    attributes: tuple[tuple[str, str], ...] = ()

    def attribute(self, name: str) -> str:
        """Return an attribute of the user: NOT_READ if it was not read, empty without a user."""
        if_unread = NOT_READ if self.state in {OK, NOT_READ} else ""
        return dict(self.attributes).get(name, if_unread)


@dataclass(frozen=True, slots=True)
class MembershipCells:
    """Since when a user has been in a group, who added the user, and since when runs have seen it."""

    since: str = ""
    added_by: str = ""
    first_seen: str = ""


@dataclass(frozen=True, slots=True)
class AccountCells:
    """The cells of an account."""

    name: str
    state: str
    path: str


@dataclass(frozen=True, slots=True)
class PermissionSetCells:
    """The cells of a permission set; empty for an entitlement to an IAM role."""

    name: str = ""
    session_duration: str = ""
    managed_policies: str = ""
    customer_managed_policies: str = ""
    inline_policy: str = ""
    permissions_boundary: str = ""


@dataclass(frozen=True, slots=True)
class PrivilegeCells:
    """What the grant amounts to, why, and what was not read that could raise it."""

    level: str
    reason: str
    unread: str


@dataclass(frozen=True, slots=True)
class AssignmentCells:
    """When and by whom the grant was given, and the first complete run that had it."""

    at: str = NOT_READ
    by: str = NOT_READ
    first_seen: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """One grant and everyone who has it: a row for each of `holders`, at least one.

    `memberships` has the memberships of the grant's group, by user id; they are not part of what is compared.
    """

    organization: str
    grant: Grant
    account: AccountCells
    permission_set: PermissionSetCells
    privilege: PrivilegeCells
    group_name: str
    holders: tuple[Holder, ...]
    assignment: AssignmentCells = AssignmentCells()
    memberships: Mapping[str, MembershipCells] = field(default_factory=dict, compare=False)

    def membership(self, holder: Holder) -> MembershipCells:
        """Return the cells about the holder's membership in the grant's group; empty for any other grant."""
        if holder.state == MEMBERS_NOT_READ:
            return _UNREAD_MEMBERSHIP
        return self.memberships.get(holder.user_id, _NO_MEMBERSHIP)

    def first_seen(self, holder: Holder) -> str:
        """Return the start of the first complete run that had both the grant and the holder's membership.

        Empty if no complete run has had both.
        """
        membership = self.memberships.get(holder.user_id)
        if membership is None or not self.assignment.first_seen:
            return self.assignment.first_seen
        # NOT_READ sorts after every date
        return membership.first_seen and max(self.assignment.first_seen, membership.first_seen)


_NO_MEMBERSHIP = MembershipCells()
_UNREAD_MEMBERSHIP = MembershipCells(NOT_READ, NOT_READ)


def resolve(snapshot: Snapshot) -> Iterator[Access]:
    """Yield every grant of the snapshot with its holders, in the order of the report.

    Grants are sorted by account, type, permission set, role and principal, holders by user id, all bytewise:
    code points have the same order as their UTF-8 bytes.
    """
    accounts = {account.id: _account_cells(account) for account in snapshot.accounts}
    unlisted = AccountCells("", "", "") if snapshot.accounts_complete else AccountCells(*[NOT_READ] * 3)
    permission_sets = {
        permission_set.arn: _permission_set_cells(permission_set)
        for permission_set in snapshot.permission_sets
    }
    permission_sets[""] = PermissionSetCells()
    unread = _permission_set_cells(PermissionSet(""))
    activity = ActivityIndex(snapshot)
    principals = HolderIndex(snapshot, activity)
    privileges = Privileges(snapshot)

    for grant in sorted(dict.fromkeys(snapshot.grants)):  # usually sorted already
        yield Access(
            organization=snapshot.organization,
            grant=grant,
            account=accounts.get(grant.account_id, unlisted),
            permission_set=permission_sets.get(grant.permission_set_arn, unread),
            privilege=_privilege_cells(privileges.of(grant)),
            group_name=principals.group_name(grant.principal),
            holders=principals.holders(grant.principal),
            assignment=_assignment_cells(grant, activity),
            memberships=principals.memberships(grant.principal),
        )


class HolderIndex:
    """The users and groups of the identity store that were read, as holders of what is assigned to them."""

    def __init__(self, snapshot: Snapshot, activity: ActivityIndex) -> None:
        self._activity = activity
        self._managers = ManagerIndex(snapshot.users if MANAGER in snapshot.people else ())
        self._users = {user.id: self._holder(user) for user in snapshot.users}
        self._group_names = {group.id: group.name for group in snapshot.groups}
        self._members = {membership.group_id: membership.members for membership in snapshot.memberships}
        self._missing = frozenset(snapshot.missing)
        self._known: dict[Principal, tuple[Holder, ...]] = {}
        self._memberships: dict[str, Mapping[str, MembershipCells]] = {}

    def group_name(self, principal: Principal) -> str:
        """Return the name of a group; empty for a user and for a group that does not exist."""
        if principal.type != GROUP or principal in self._missing:
            return ""
        return self._group_names.get(principal.id, NOT_READ)

    def user(self, user_id: str) -> Holder:
        """Return a user as the holder of what is assigned directly."""
        return self._user(user_id, if_missing=NOT_FOUND)

    def holders(self, principal: Principal) -> tuple[Holder, ...]:
        """Return who has what is assigned to a principal, sorted by user id: at least one holder."""
        if principal not in self._known:
            self._known[principal] = tuple(self._find(principal))
        return self._known[principal]

    def _find(self, principal: Principal) -> Iterable[Holder]:
        if principal.type == USER:
            return [self._user(principal.id, if_missing=NOT_FOUND)]
        if principal in self._missing:
            return [Holder(NOT_FOUND)]
        members = self._members.get(principal.id) if principal.type == GROUP else None
        if members is None:
            return [Holder(MEMBERS_NOT_READ if principal.type == GROUP else NOT_READ)]
        if not members:
            return [Holder(EMPTY_GROUP)]
        user_ids = sorted({member.user_id for member in members})
        return [self._user(user_id, if_missing=MEMBER_NOT_FOUND) for user_id in user_ids]

    def memberships(self, principal: Principal) -> Mapping[str, MembershipCells]:
        """Return the memberships of a group by user id; none for a user."""
        if principal.type != GROUP or principal in self._missing:
            return {}
        if principal.id not in self._memberships:
            self._memberships[principal.id] = {
                member.user_id: self._membership(principal.id, member)
                for member in self._members.get(principal.id, ())
            }
        return self._memberships[principal.id]

    def _membership(self, group_id: str, member: Member) -> MembershipCells:
        added = self._activity.member_added(group_id, member.user_id)
        return MembershipCells(
            member.created_at or (added.at if added else ""),
            member.created_by or (added.by if added else ""),
            _text(member.first_seen),
        )

    def _user(self, user_id: str, *, if_missing: str) -> Holder:
        if user_id in self._users:
            return self._users[user_id]
        if Principal(USER, user_id) in self._missing:
            return Holder(if_missing, user_id=user_id)
        return Holder(
            state=NOT_READ,
            email=NOT_READ,
            name=NOT_READ,
            user_id=user_id,
            login=NOT_READ,
            status=NOT_READ,
            last_sign_in=_text(self._activity.last_sign_in(user_id)),
        )

    def _holder(self, user: User) -> Holder:
        return Holder(
            state=OK,
            email=user.email,
            name=user.name,
            user_id=user.id,
            login=user.login,
            status=user.status,
            last_sign_in=_text(self._activity.last_sign_in(user.id)),
            attributes=tuple(
                (name, self._managers.show(value) if name == MANAGER else value)
                for name, value in user.attributes
            ),
        )


def _assignment_cells(grant: Grant, activity: ActivityIndex) -> AssignmentCells:
    event, first_seen = activity.assigned(grant), _text(grant.first_seen)
    return (
        AssignmentCells(event.at, event.by, first_seen) if event else AssignmentCells(first_seen=first_seen)
    )


def _account_cells(account: Account) -> AccountCells:
    return AccountCells(account.name, account.state, _text(account.path))


def _permission_set_cells(permission_set: PermissionSet) -> PermissionSetCells:
    has_inline_policy = (
        None if permission_set.inline_policy is None else ("yes" if permission_set.inline_policy else "no")
    )
    return PermissionSetCells(
        name=_text(permission_set.name),
        session_duration=_text(permission_set.session_duration),
        managed_policies=_join(permission_set.managed_policies),
        customer_managed_policies=_join(permission_set.customer_managed_policies),
        inline_policy=_text(has_inline_policy),
        permissions_boundary=_text(permission_set.permissions_boundary),
    )


@lru_cache(maxsize=4096)
def _privilege_cells(judgement: Judgement) -> PrivilegeCells:
    return PrivilegeCells(judgement.known or NOT_READ, judgement.text, ";".join(sorted(judgement.unread)))


def _text(value: str | None) -> str:
    return NOT_READ if value is None else value


def _join(values: Iterable[str] | None) -> str:
    return NOT_READ if values is None else ";".join(sorted(values))
