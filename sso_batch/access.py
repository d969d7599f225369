"""Who can reach which account, with what, and how they come by it: a snapshot's rows, in order.

Pure. A group's members are worked out once and shared by all of its grants, so memory grows with grants
and memberships and never with rows: a group of 20,000 on 500 accounts is ten million rows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sso_batch.model import GROUP, USER, Account, Grant, PermissionSet, Principal, Snapshot, User

NOT_READ = "NOT_READ"
"""Stands in every cell whose value was not read, and is a PrincipalState too."""

OK = "OK"
EMPTY_GROUP = "EMPTY_GROUP"
NOT_FOUND = "NOT_FOUND"
MEMBER_NOT_FOUND = "MEMBER_NOT_FOUND"
MEMBERS_NOT_READ = "MEMBERS_NOT_READ"


@dataclass(frozen=True, slots=True)
class Holder:
    """One user who holds a grant, or nobody, with the row's PrincipalState."""

    state: str
    email: str = ""
    name: str = ""
    user_id: str = ""
    login: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class AccountCells:
    """What the report says of an account."""

    name: str
    state: str
    path: str


@dataclass(frozen=True, slots=True)
class PermissionSetCells:
    """What the report says of a permission set; of an IAM role's grant, nothing."""

    name: str = ""
    session_duration: str = ""
    managed_policies: str = ""
    customer_managed_policies: str = ""
    inline_policy: str = ""
    permissions_boundary: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """One grant with all who hold it: as many rows as there are `holders`, at least one."""

    organization: str
    grant: Grant
    account: AccountCells
    permission_set: PermissionSetCells
    group_name: str
    holders: tuple[Holder, ...]


def resolve(snapshot: Snapshot) -> Iterator[Access]:
    """Every grant of the snapshot with its holders, in the order of the report.

    Grants sort by account, type, permission set, role and principal, holders by user id, all bytewise:
    code points sort as their UTF-8 bytes do.
    """
    accounts = {account.id: _account_cells(account) for account in snapshot.accounts}
    unlisted = AccountCells("", "", "") if snapshot.accounts_complete else AccountCells(*[NOT_READ] * 3)
    permission_sets = {one.arn: _permission_set_cells(one) for one in snapshot.permission_sets}
    permission_sets[""] = PermissionSetCells()
    unread = _permission_set_cells(PermissionSet(""))
    directory = _Directory(snapshot)

    for grant in sorted(dict.fromkeys(snapshot.grants)):  # sorted already, as a rule: soon done
        yield Access(
            organization=snapshot.organization,
            grant=grant,
            account=accounts.get(grant.account_id, unlisted),
            permission_set=permission_sets.get(grant.permission_set_arn, unread),
            group_name=directory.group_name(grant.principal),
            holders=directory.holders(grant.principal),
        )


class _Directory:
    """The identity store's users and groups, as far as they were read."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._users = {user.id: _holder(user) for user in snapshot.users}
        self._group_names = {group.id: group.name for group in snapshot.groups}
        self._members = {one.group_id: one.user_ids for one in snapshot.memberships}
        self._missing = frozenset(snapshot.missing)
        self._known: dict[Principal, tuple[Holder, ...]] = {}

    def group_name(self, principal: Principal) -> str:
        if principal.type != GROUP or principal in self._missing:
            return ""
        return self._group_names.get(principal.id, NOT_READ)

    def holders(self, principal: Principal) -> tuple[Holder, ...]:
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
        return [self._user(user_id, if_missing=MEMBER_NOT_FOUND) for user_id in sorted(set(members))]

    def _user(self, user_id: str, *, if_missing: str) -> Holder:
        if user_id in self._users:
            return self._users[user_id]
        if Principal(USER, user_id) in self._missing:
            return Holder(if_missing, user_id=user_id)
        return Holder(NOT_READ, NOT_READ, NOT_READ, user_id, NOT_READ, NOT_READ)


def _holder(user: User) -> Holder:
    return Holder(OK, user.email, user.name, user.id, user.login, user.status)


def _account_cells(account: Account) -> AccountCells:
    return AccountCells(account.name, account.state, _text(account.path))


def _permission_set_cells(one: PermissionSet) -> PermissionSetCells:
    has_inline_policy = None if one.inline_policy is None else ("yes" if one.inline_policy else "no")
    return PermissionSetCells(
        name=_text(one.name),
        session_duration=_text(one.session_duration),
        managed_policies=_joined(one.managed_policies),
        customer_managed_policies=_joined(one.customer_managed_policies),
        inline_policy=_text(has_inline_policy),
        permissions_boundary=_text(one.permissions_boundary),
    )


def _text(value: str | None) -> str:
    return NOT_READ if value is None else value


def _joined(values: Iterable[str] | None) -> str:
    return NOT_READ if values is None else ";".join(sorted(values))
