"""The checks that examine each grant by itself: every match is one grant. Pure.

Each check yields what it found and what it could not examine.
"""

from collections.abc import Iterator, Sequence

from sso_batch.coverage import BlindSpot, Omission
from sso_batch.model import GROUP, IAM_ROLE, USER, Grant, Principal
from sso_batch.privileges.paths import Privilege
from sso_batch.review.snapshot_index import Limits, Match, SnapshotIndex

_CLOSED = {"CLOSED": "closed", "PENDING_CLOSURE": "about to be closed", "SUSPENDED": "suspended"}
"""States of unusable accounts; until 2026, AWS called a closed account SUSPENDED."""


def admin_access(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find grants that allow every action on every resource."""
    for grant, judgement in index.by_privilege[Privilege.ADMINISTRATOR]:
        yield Match.of_grant(grant, f"has administrator access: {judgement.reason}")
    yield from index.unread_policies
    yield from index.unread_grants()


def privilege_escalation(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find grants that nothing but their own permissions can turn into administrator access."""
    for grant, judgement in index.by_privilege[Privilege.CAN_ESCALATE]:
        yield Match.of_grant(grant, f"can become administrator: {judgement.reason}")
    yield from index.unread_policies
    yield from index.unread_grants()


def manages_access(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find grants that can change who has access, in accounts that manage Identity Center."""
    for grant in index.access_managing_grants:
        yield Match.of_grant(grant, f"can change who has access: {index.privileges.of(grant).reason}")
    yield from index.unread_account_kinds()
    yield from index.unread_policies
    yield from index.unread_grants()


def management_account_access(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find grants, of a permission set or a role, on the organization's management account."""
    management = index.snapshot.instance.management_account_id
    if management is None:
        yield BlindSpot("which account is the management account")
    for grant in index.grants:
        if grant.account_id == management:
            yield Match.of_grant(grant, "has access to the management account")
    yield from index.unread_grants()


def direct_grant(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find grants to a user instead of a group; a grant to a deleted user is only an orphaned one."""
    for grant in index.grants:
        if grant.principal.type == USER and grant.principal not in index.missing:
            yield Match.of_grant(grant, "is assigned directly instead of through a group")
    yield from index.unread_grants()


def orphaned_grant(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find grants to a user or group that no longer exists according to AWS."""
    for grant in index.grants:
        if grant.principal in index.missing:
            yield Match.of_grant(grant, f"no longer exists but still has an {_kind(grant)}")
    if unread := sum(index.is_unread(principal) for principal in index.by_principal):
        yield BlindSpot("users and groups that were not read", unread)
    if index.snapshot.omits(Omission.ORPHANED_ASSIGNMENTS):
        yield BlindSpot(Omission.ORPHANED_ASSIGNMENTS)
    yield from index.unread_grants()


def empty_group_grant(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find grants to an existing group without members; a group with deleted members is not empty."""
    for grant in index.grants:
        if grant.principal.type == GROUP and index.members.get(grant.principal.id) == ():
            yield Match.of_grant(grant, f"has an {_kind(grant)} but no members")
    yield from index.unread_members()
    yield from index.unread_grants()


def closed_account_grant(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find grants on an account that is closed, being closed, suspended or not in the organization."""
    unknown = set()
    for grant in index.grants:
        account = index.accounts.get(grant.account_id)
        if account is not None and account.state in _CLOSED:
            state = _CLOSED[account.state]
            yield Match.of_grant(grant, f"has an {_kind(grant)} in an account that is {state}")
        elif account is None and index.snapshot.accounts_complete:
            message = f"has an {_kind(grant)} in an account that is not in the organization"
            yield Match.of_grant(grant, message)
        elif account is None:
            unknown.add(grant.account_id)
    if unknown:
        yield BlindSpot("accounts that were not read", len(unknown))
    yield from index.unread_grants()


def entitlement_bypass(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find entitlements to an IAM role in an account in which permission sets are assigned to anyone.

    Reviewers of such an account's permission sets believe that they see all of its access. In an account that
    has only entitlements, they bypass nothing. The message names the permission sets that the same user or
    group is assigned there.
    """
    assigned: dict[str, dict[Principal, list[str]]] = {}
    for grant in index.grants:
        if grant.access_type != IAM_ROLE:
            names = assigned.setdefault(grant.account_id, {}).setdefault(grant.principal, [])
            names.append(index.permission_set(grant.permission_set_arn).name or grant.permission_set_arn)
    for grant in index.grants:
        if grant.access_type == IAM_ROLE and grant.account_id in assigned:
            yield Match.of_grant(grant, _bypass(assigned[grant.account_id].get(grant.principal, ())))
    if index.snapshot.omits(Omission.ENTITLEMENTS):
        yield BlindSpot(Omission.ENTITLEMENTS)
    yield from (
        blind_spot for blind_spot in index.unread_grants() if blind_spot.what != Omission.ENTITLEMENTS
    )


def _bypass(assigned: Sequence[str]) -> str:
    also = f", and is also assigned {', '.join(sorted(assigned))} there" if assigned else ""
    return f"can assume an IAM role that bypasses the account's permission sets{also}"


def _kind(grant: Grant) -> str:
    return "entitlement" if grant.access_type == IAM_ROLE else "assignment"
