"""What changed between two snapshots of one organization: grant by grant, by ids and never by names. Pure.

Both are walked through once, in the order of their grants. How the holders of a principal differ is worked
out once and shared by all of its grants, so memory grows with grants and memberships and never with rows.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from sso_batch.access import NOT_FOUND, NOT_READ, Access, Holder, resolve
from sso_batch.coverage import Omission
from sso_batch.model import IAM_ROLE, Grant, Principal, Snapshot
from sso_batch.review.change import ADDED, CHANGED, REMOVED, Change

_PARTS = (Omission.ENTITLEMENTS, Omission.PERMISSION_SET_DETAILS, Omission.ACCOUNT_PATHS)
"""What a snapshot can be without and still be compared in all else."""

_USER: dict[str, Callable[[Holder], str]] = {
    "UserEmail": lambda one: one.email,
    "UserName": lambda one: one.name,
    "UserLogin": lambda one: one.login,
    "UserStatus": lambda one: one.status,
}
_ACCOUNT: dict[str, Callable[[Access], str]] = {
    "AccountName": lambda one: one.account.name,
    "AccountState": lambda one: one.account.state,
    "AccountPath": lambda one: one.account.path,
}
_PERMISSION_SET: dict[str, Callable[[Access], str]] = {
    "PermissionSet": lambda one: one.permission_set.name,
    "SessionDuration": lambda one: one.permission_set.session_duration,
    "ManagedPolicies": lambda one: one.permission_set.managed_policies,
    "CustomerManagedPolicies": lambda one: one.permission_set.customer_managed_policies,
    "InlinePolicy": lambda one: one.permission_set.inline_policy,
    "PermissionsBoundary": lambda one: one.permission_set.permissions_boundary,
}

WORDS = (
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
)
"""What `What` can say has changed: the report's columns, in their order."""


def why_not(old: Snapshot, new: Snapshot) -> str:
    """Why two snapshots cannot be compared; nothing where they can."""
    if not old.complete:
        return "incomplete in the old run"
    if not new.complete:
        return "incomplete in the new run"
    if old.instance.arn != new.instance.arn:
        return f"two instances of IAM Identity Center: {old.instance.arn}, then {new.instance.arn}"
    if old.omits(Omission.UNLISTED_PRINCIPALS) != new.omits(Omission.UNLISTED_PRINCIPALS):
        return "one run asked pairs and the other one principals for their grants, which do not show the same"
    return ""


def not_examined(old: Snapshot, new: Snapshot) -> tuple[Omission, ...]:
    """What is not compared, since one of the two was read without it."""
    return tuple(part for part in _PARTS if old.omits(part) or new.omits(part))


def changes(
    old: Snapshot, new: Snapshot, *, checkpoint: Callable[[], None] = lambda: None
) -> Iterator[Change]:
    """Every change of access, in the order of the report; of two snapshots for which `why_not` is empty.

    A grant that is there in one alone is added or removed with all its holders. Of one that is in both,
    users that hold it in one alone are added or removed; whoever holds it in both is named if something
    else is no longer as it was. A value that one side has not read has not changed. `checkpoint` is called
    between grants and ends the comparison by what it raises.
    """
    roles = Omission.ENTITLEMENTS not in not_examined(old, new)
    people = _People()
    inline_policies = _changed_inline_policies(old, new)
    for before, after in _paired(_wanted(old, roles=roles), _wanted(new, roles=roles)):
        checkpoint()
        if before is None and after is not None:
            yield Change(ADDED, "", after)
        elif after is None and before is not None:
            yield Change(REMOVED, "", before)
        elif before is not None and after is not None:
            words = _words(before, after)
            if after.grant.permission_set_arn in inline_policies:
                words.add("InlinePolicy")
            yield from people.compare(before, after).changes(before, after, words)


@dataclass(frozen=True, slots=True)
class _Difference:
    """How the holders of one principal differ; `kept` has those who stay, by what changed of them."""

    gained: tuple[Holder, ...]
    lost: tuple[Holder, ...]
    kept: dict[frozenset[str], tuple[Holder, ...]]

    def changes(self, before: Access, after: Access, words: set[str]) -> Iterator[Change]:
        """The changes of one grant, of which `words` have changed for everybody who holds it."""
        if self.gained:
            yield Change(ADDED, "", replace(after, holders=self.gained))
        if self.lost:
            yield Change(REMOVED, "", replace(before, holders=self.lost))
        for own, holders in self.kept.items():
            if changed := own | words:
                what = ";".join(word for word in WORDS if word in changed)
                yield Change(CHANGED, what, replace(after, holders=holders))


class _People:
    """The holders of each principal, compared once."""

    def __init__(self) -> None:
        self._known: dict[Principal, _Difference] = {}

    def compare(self, before: Access, after: Access) -> _Difference:
        principal = after.grant.principal
        if principal not in self._known:
            self._known[principal] = _difference(before.holders, after.holders)
        return self._known[principal]


def _difference(before: Iterable[Holder], after: Iterable[Holder]) -> _Difference:
    """Holders are told apart by their ids; a group without users has one holder without an id.

    That one is never gained or lost: what it stands for shows by the users who are, or by a changed state.
    """
    old, new = ({one.user_id: one for one in holders} for holders in (before, after))
    kept: dict[frozenset[str], list[Holder]] = {}
    for user_id, holder in new.items():
        if user_id in old or not user_id:
            kept.setdefault(_changed(old.get(user_id), holder), []).append(holder)
    return _Difference(
        gained=tuple(one for user_id, one in new.items() if user_id and user_id not in old),
        lost=tuple(one for user_id, one in old.items() if user_id and user_id not in new),
        kept={words: tuple(holders) for words, holders in kept.items()},
    )


def _changed(old: Holder | None, new: Holder) -> frozenset[str]:
    """What changed of a holder; of one who is gone, or back, only that. `old` is None for users before."""
    if old is None:
        return frozenset({"PrincipalState"} if new.state == NOT_FOUND else ())
    if _differ(old.state, new.state):
        return frozenset({"PrincipalState"})
    return frozenset(word for word, cell in _USER.items() if _differ(cell(old), cell(new)))


def _words(before: Access, after: Access) -> set[str]:
    """What changed of a grant's account, permission set and group."""
    cells = _ACCOUNT | _PERMISSION_SET
    words = {word for word, cell in cells.items() if _differ(cell(before), cell(after))}
    gone = any(one.holders[0].state == NOT_FOUND for one in (before, after))
    if not gone and _differ(before.group_name, after.group_name):
        words.add("GroupName")
    return words


def _differ(old: str, new: str) -> bool:
    return old != new and NOT_READ not in (old, new)


def _changed_inline_policies(old: Snapshot, new: Snapshot) -> frozenset[str]:
    """The permission sets whose inline policy says something else, in both of which it was read."""
    before = {one.arn: one.inline_policy for one in old.permission_sets}
    return frozenset(
        one.arn
        for one in new.permission_sets
        if (was := before.get(one.arn)) is not None
        and one.inline_policy is not None
        and _meaning(was) != _meaning(one.inline_policy)
    )


def _meaning(policy: str) -> object:
    """A policy without its blanks and the order of its keys, which allow nothing."""
    try:
        return json.loads(policy)
    except (ValueError, RecursionError):
        return policy


def _wanted(snapshot: Snapshot, *, roles: bool) -> Iterator[Access]:
    return (one for one in resolve(snapshot) if roles or one.grant.access_type != IAM_ROLE)


def _paired(old: Iterator[Access], new: Iterator[Access]) -> Iterator[tuple[Access | None, Access | None]]:
    """Both sides' grants in one order, those that are on both side by side."""
    before, after = next(old, None), next(new, None)
    while before is not None or after is not None:
        grants: list[Grant] = [one.grant for one in (before, after) if one is not None]
        first = min(grants)
        left = before if before is not None and before.grant == first else None
        right = after if after is not None and after.grant == first else None
        yield left, right
        before = next(old, None) if left is not None else before
        after = next(new, None) if right is not None else after
