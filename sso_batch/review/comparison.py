"""What changed between two snapshots of one organization, grant by grant, compared by ids. Pure.

Both snapshots are traversed once, in the order of their grants. The difference between the holders of a
principal is computed once and shared by all of its grants, so memory grows with grants and memberships, never
with rows.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from sso_batch.access import NOT_FOUND, NOT_READ, Access, Holder, resolve
from sso_batch.coverage import Omission
from sso_batch.model import IAM_ROLE, Grant, Principal, Snapshot
from sso_batch.review.authorship import Authorship

ADDED = "added"
REMOVED = "removed"
CHANGED = "changed"

_PRIVILEGE = "Privilege"

_PARTS = (Omission.ENTITLEMENTS, Omission.PERMISSION_SET_DETAILS, Omission.ACCOUNT_PATHS)
"""Parts that a snapshot may lack while the rest of it can still be compared."""

_USER: dict[str, Callable[[Holder], str]] = {
    "UserEmail": lambda holder: holder.email,
    "UserName": lambda holder: holder.name,
    "UserLogin": lambda holder: holder.login,
    "UserStatus": lambda holder: holder.status,
}
_ACCOUNT: dict[str, Callable[[Access], str]] = {
    "AccountName": lambda access: access.account.name,
    "AccountState": lambda access: access.account.state,
    "AccountPath": lambda access: access.account.path,
}
_PERMISSION_SET: dict[str, Callable[[Access], str]] = {
    "PermissionSet": lambda access: access.permission_set.name,
    "SessionDuration": lambda access: access.permission_set.session_duration,
    "ManagedPolicies": lambda access: access.permission_set.managed_policies,
    "CustomerManagedPolicies": lambda access: access.permission_set.customer_managed_policies,
    "InlinePolicy": lambda access: access.permission_set.inline_policy,
    "PermissionsBoundary": lambda access: access.permission_set.permissions_boundary,
    _PRIVILEGE: lambda access: access.privilege.level,
}

COMPARED = (
    "UserEmail",
    "UserName",
    "AccountName",
    "PermissionSet",
    "UserLogin",
    "UserStatus",
    "GroupName",
    "PrincipalState",
    "AccountState",
    "AccountPath",
    "SessionDuration",
    "ManagedPolicies",
    "CustomerManagedPolicies",
    "InlinePolicy",
    "PermissionsBoundary",
    _PRIVILEGE,
)
"""The columns of the report that the column `What` can name, in order."""


@dataclass(frozen=True, slots=True)
class Change:
    """One grant that some users gained, lost, or hold with different details than before.

    `kind` is ADDED, REMOVED or CHANGED; `what` names what changed and is empty for the first two. `access`
    comes from the new run, or from the old run if REMOVED. Its holders are the users that the change affects:
    a changed grant of a large group is one change, and as many rows as the group has members.
    `privilege_before` is the level in the old run, if it changed. `author` says who made the change, as far
    as that is known: `assigned by ROLE/SESSION on DATE`.
    """

    kind: str
    what: str
    access: Access
    privilege_before: str = ""
    author: str = ""

    @property
    def words(self) -> str:
        """What changed, for people: the columns with both values of a privilege, or who gave or took it."""
        if not self.what:
            return self.author
        became = f"became {self.access.privilege.level} (was {self.privilege_before})"
        return ", ".join(became if column == _PRIVILEGE else column for column in self.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the report that changed."""
        return tuple(self.what.split(";")) if self.what else ()


def incomparable_reason(old: Snapshot, new: Snapshot) -> str:
    """Return why two snapshots cannot be compared, or an empty text if they can."""
    if not old.complete:
        return "incomplete in the old run"
    if not new.complete:
        return "incomplete in the new run"
    if old.instance.arn != new.instance.arn:
        return f"different instances of IAM Identity Center: {old.instance.arn}, then {new.instance.arn}"
    if old.omits(Omission.UNLISTED_PRINCIPALS) != new.omits(Omission.UNLISTED_PRINCIPALS):
        return "one run listed assignments by account, the other one by principal, which shows fewer of them"
    return ""


def not_examined(old: Snapshot, new: Snapshot) -> tuple[Omission, ...]:
    """Return the parts that are not compared because one of the snapshots lacks them."""
    return tuple(part for part in _PARTS if old.omits(part) or new.omits(part))


def changes(
    old: Snapshot, new: Snapshot, *, checkpoint: Callable[[], None] = lambda: None
) -> Iterator[Change]:
    """Yield every change of access, in the order of the report.

    The snapshots must be comparable: `incomparable_reason` is empty. A grant that only one of them has is
    added or removed with all its holders. For a grant in both, users who hold it in only one are added or
    removed; users who hold it in both are reported if anything else differs. A value that one side has not
    read does not count as changed. `checkpoint` is called between grants; an exception that it raises ends
    the comparison.
    """
    roles = Omission.ENTITLEMENTS not in not_examined(old, new)
    authorship = Authorship(old, new)
    holders = _HolderComparison(authorship)
    inline_policies = _changed_inline_policies(old, new)
    for before, after in _paired(_compared(old, roles=roles), _compared(new, roles=roles)):
        checkpoint()
        if before is None and after is not None:
            yield Change(ADDED, "", after, author=authorship.assigned(after.grant))
        elif after is None and before is not None:
            yield Change(REMOVED, "", before, author=authorship.unassigned(before.grant))
        elif before is not None and after is not None:
            changed = _changed_columns(before, after)
            if after.grant.permission_set_arn in inline_policies:
                changed.add("InlinePolicy")
            yield from holders.compare(before, after).changes(before, after, changed)


@dataclass(frozen=True, slots=True)
class _Difference:
    """How the holders of one principal differ; `kept` holds the others by their changed columns.

    `gained_by` and `lost_by` say who made the difference.
    """

    gained: tuple[Holder, ...]
    lost: tuple[Holder, ...]
    kept: dict[frozenset[str], tuple[Holder, ...]]
    gained_by: str = ""
    lost_by: str = ""

    def changes(self, before: Access, after: Access, shared: set[str]) -> Iterator[Change]:
        """Yield the changes of one grant; the columns in `shared` changed for all of its holders."""
        if self.gained:
            yield Change(ADDED, "", replace(after, holders=self.gained), author=self.gained_by)
        if self.lost:
            yield Change(REMOVED, "", replace(before, holders=self.lost), author=self.lost_by)
        for own, holders in self.kept.items():
            if changed := own | shared:
                what = ";".join(column for column in COMPARED if column in changed)
                level = before.privilege.level if _PRIVILEGE in changed else ""
                yield Change(CHANGED, what, replace(after, holders=holders), level)


class _HolderComparison:
    """Compares the holders of each principal, once."""

    def __init__(self, authorship: Authorship) -> None:
        self._authorship = authorship
        self._known: dict[Principal, _Difference] = {}

    def compare(self, before: Access, after: Access) -> _Difference:
        principal = after.grant.principal
        if principal not in self._known:
            found = _difference(before.holders, after.holders)
            self._known[principal] = replace(
                found,
                gained_by=self._authorship.added(after, found.gained),
                lost_by=self._authorship.removed(before, found.lost),
            )
        return self._known[principal]


def _difference(before: Iterable[Holder], after: Iterable[Holder]) -> _Difference:
    """Return how holders differ, by their ids; a group without users has one holder without an id.

    That holder is never gained or lost: the change shows in the users who are, or in a changed state.
    """
    old, new = ({holder.user_id: holder for holder in holders} for holders in (before, after))
    kept: dict[frozenset[str], list[Holder]] = {}
    for user_id, holder in new.items():
        if user_id in old or not user_id:
            kept.setdefault(_changed_of_holder(old.get(user_id), holder), []).append(holder)
    return _Difference(
        gained=tuple(holder for user_id, holder in new.items() if user_id and user_id not in old),
        lost=tuple(holder for user_id, holder in old.items() if user_id and user_id not in new),
        kept={columns: tuple(holders) for columns, holders in kept.items()},
    )


def _changed_of_holder(old: Holder | None, new: Holder) -> frozenset[str]:
    """Return a holder's changed columns; if the user was deleted or is back, only the state.

    `old` is None if the principal had users before and has none now.
    """
    if old is None:
        return frozenset({"PrincipalState"} if new.state == NOT_FOUND else ())
    if _differ(old.state, new.state):
        return frozenset({"PrincipalState"})
    return frozenset(column for column, cell in _USER.items() if _differ(cell(old), cell(new)))


def _changed_columns(before: Access, after: Access) -> set[str]:
    """Return the changed columns of a grant's account, permission set and group."""
    cells = _ACCOUNT | _PERMISSION_SET
    changed = {column for column, cell in cells.items() if _differ(cell(before), cell(after))}
    deleted = any(access.holders[0].state == NOT_FOUND for access in (before, after))
    if not deleted and _differ(before.group_name, after.group_name):
        changed.add("GroupName")
    return changed


def _differ(old: str, new: str) -> bool:
    return old != new and NOT_READ not in (old, new)


def _changed_inline_policies(old: Snapshot, new: Snapshot) -> frozenset[str]:
    """Return the ARNs of permission sets whose inline policy was read in both snapshots and differs."""
    before = {permission_set.arn: permission_set.inline_policy for permission_set in old.permission_sets}
    return frozenset(
        permission_set.arn
        for permission_set in new.permission_sets
        if (policy := before.get(permission_set.arn)) is not None
        and permission_set.inline_policy is not None
        and meaning_of(policy) != meaning_of(permission_set.inline_policy)
    )


def meaning_of(policy: str) -> object:
    """Return a policy without its white space and the order of its keys, which have no effect."""
    try:
        return json.loads(policy)
    except (ValueError, RecursionError):
        return policy


def _compared(snapshot: Snapshot, *, roles: bool) -> Iterator[Access]:
    return (access for access in resolve(snapshot) if roles or access.grant.access_type != IAM_ROLE)


def _paired(old: Iterator[Access], new: Iterator[Access]) -> Iterator[tuple[Access | None, Access | None]]:
    """Yield both sides' grants in one order, paired if both sides have them."""
    before, after = next(old, None), next(new, None)
    while before is not None or after is not None:
        grants: list[Grant] = [access.grant for access in (before, after) if access is not None]
        first = min(grants)
        left = before if before is not None and before.grant == first else None
        right = after if after is not None and after.grant == first else None
        yield left, right
        before = next(old, None) if left is not None else before
        after = next(new, None) if right is not None else after
