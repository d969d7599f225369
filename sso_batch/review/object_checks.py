"""The checks that examine users, groups and permission sets: every match is one of them. Pure.

Each check yields what it found and what it could not examine. What many grants have in common is one match.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from sso_batch.config.durations import format_duration
from sso_batch.coverage import BlindSpot, Omission
from sso_batch.model import GROUP, USER, GapKind, Grant, Principal
from sso_batch.review.authorship import Authorship
from sso_batch.review.finding import normalize_address
from sso_batch.review.snapshot_index import Limits, Match, SnapshotIndex

_DURATION = TypeAdapter(timedelta)
_FIXED_LENGTH = re.compile(r"P(?![^T]*[YM])")  # years and months have no fixed length


def disabled_user_access(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find users whose status is DISABLED and who hold a grant, directly or through a group."""
    for user_id, count in index.grant_counts.items():
        user = index.users.get(user_id)
        if user is not None and user.status == "DISABLED":
            yield Match(f"is disabled but still has access (assignments: {count})", Principal(USER, user_id))
    yield from index.unread_members()
    yield from index.unread_holders()
    yield from index.unread_grants()


def long_session(index: SnapshotIndex, limits: Limits) -> Iterator[Match | BlindSpot]:
    """Find permission sets, assigned or not, whose sessions last longer than the limit.

    Where AWS returns no duration, its default of one hour applies, which is never too long.
    """
    unread = 0
    for permission_set in index.snapshot.permission_sets:
        if permission_set.session_duration == "":
            continue
        duration = _duration(permission_set.session_duration)
        if duration is None:
            unread += 1
        elif duration > limits.longest_session:
            lasts, longest = format_duration(duration), format_duration(limits.longest_session)
            message = f"has a session duration of {lasts}, which is longer than {longest}"
            yield Match(message, permission_set_arn=permission_set.arn)
    if unread:
        yield BlindSpot("session durations that were not read or not understood", unread)
    yield from _unlisted_permission_sets(index)


def _duration(text: str | None) -> timedelta | None:
    """Return an ISO 8601 duration such as PT12H, or None if it was not read or has no fixed length."""
    if text is None or not _FIXED_LENGTH.match(text):
        return None
    try:
        return _DURATION.validate_python(text)
    except ValidationError:
        return None


def user_without_email(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find users, with or without access, who have no email address in the identity store."""
    for user in index.snapshot.users:
        if not normalize_address(user.email):
            yield Match("has no email address", Principal(USER, user.id))
    unread = _count_gaps(index, GapKind.USERS)
    if unread:
        yield BlindSpot("users that were not read", unread, of="gaps")


def unused_permission_set(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find permission sets that are not assigned to anyone in any account.

    This is unknown if the run listed assignments by principal, or if assignments of the account or the
    permission set were not read.
    """
    if index.snapshot.omits(Omission.UNASSIGNED_PERMISSION_SETS):
        yield BlindSpot(Omission.UNASSIGNED_PERMISSION_SETS)
        return
    used = {grant.permission_set_arn for grant in index.grants}
    arns = [permission_set.arn for permission_set in index.snapshot.permission_sets]
    unused = [arn for arn in arns if arn not in used]
    uncertain = {arn for arn in unused if _may_be_used(index, arn)}
    for arn in unused:
        if arn not in uncertain:
            yield Match("is not assigned to anyone", permission_set_arn=arn)
    if uncertain:
        yield BlindSpot("permission sets whose assignments were not all read", len(uncertain))
    yield from _unlisted_permission_sets(index)


def outdated_provisioning(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find permission sets whose role in an account has an earlier version of the permission set."""
    if index.snapshot.outdated is None:
        yield BlindSpot("versions of permission sets in accounts")
        return
    message = "is provisioned in this account in an outdated version; later changes have not been applied"
    for outdated in index.snapshot.outdated:
        yield Match(message, account_id=outdated.account_id, permission_set_arn=outdated.permission_set_arn)
    unread = _count_gaps(index, GapKind.OUTDATED_PROVISIONING)
    if unread:
        yield BlindSpot("versions that were not read", unread, of="gaps")
    yield from _unlisted_permission_sets(index)


def stale_membership(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find groups with access that list users who no longer exist according to AWS.

    Members of groups to which neither a grant nor an application is assigned are not collected: such groups
    give no access.
    """
    for membership in index.snapshot.memberships:
        gone = sum(Principal(USER, user_id) in index.missing for user_id in membership.user_ids)
        if gone:
            yield Match(f"lists members who no longer exist: {gone}", Principal(GROUP, membership.group_id))
    members = {user_id for membership in index.snapshot.memberships for user_id in membership.user_ids}
    if unread := sum(index.is_unread(Principal(USER, user_id)) for user_id in members):
        yield BlindSpot("members who were not read", unread)
    to_applications = {assignment.principal for assignment in index.snapshot.application_assignments}
    yield from index.unread_members(index.by_principal.keys() | to_applications)
    yield from index.unread_grants()


def admin_gained(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find users who are administrators and were not administrators in the previous run.

    An administrator of one account who became administrator of more accounts is a change, not a match. A user
    who may have been an administrator before is not a match either, but a blind spot.
    """
    if index.previous is None:
        yield BlindSpot(index.not_compared)
        return
    before = index.previous
    uncertain = {user_id for user_id, _ in before.holders(_possible_admins(before))}
    gained = index.admins.keys() - before.admins.keys()
    for user_id in sorted(gained - uncertain):
        yield Match(_gained(index, user_id), Principal(USER, user_id))
    if gained & uncertain:
        yield BlindSpot("users whose earlier access is unknown", len(gained & uncertain))
    yield from index.unread_admins()


def cross_organization_admin(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Yield every administrator of one organization who has an email address; the reviewer joins them.

    A user without an address cannot be recognized in another organization.
    """
    for user_id in sorted(index.admins):
        user = index.users.get(user_id)
        if user is not None and normalize_address(user.email):
            yield Match("is administrator in several organizations", Principal(USER, user_id))
    yield from index.unread_admins()
    yield from index.unread_holders()


def _gained(index: SnapshotIndex, user_id: str) -> str:
    groups = sorted(
        index.groups[principal.id].name for principal in index.admins[user_id] if principal.id in index.groups
    )
    through = f" through {', '.join(groups)}" if groups else ""
    by = _authors(index, user_id)
    return f"became administrator{through} (accounts: {len(index.administered_accounts(user_id))}){by}"


def _authors(index: SnapshotIndex, user_id: str) -> str:
    """Return who made a user administrator since the previous run, as far as events show it."""
    if index.previous is None:
        return ""
    authorship = Authorship(index.previous.snapshot, index.snapshot)
    texts = {
        authorship.assigned(grant)
        for principal in index.admins[user_id]
        for grant in index.by_principal[principal]
        if index.is_admin(grant)
    } | {
        authorship.added_to(principal.id, user_id)
        for principal in index.admins[user_id]
        if principal.type == GROUP
    }
    return "".join(f", {text}" for text in sorted(texts - {""}))


def _possible_admins(index: SnapshotIndex) -> Mapping[Principal, list[Grant]]:
    """Return the principals with a grant whose permission set was not read completely."""
    return {
        principal: grants
        for principal, grants in index.by_principal.items()
        if any(
            grant.permission_set_arn and not index.privileges.policies_of(grant.permission_set_arn).all_read
            for grant in grants
        )
    }


def _may_be_used(index: SnapshotIndex, arn: str) -> bool:
    """Return whether an assignment of the permission set can have been missed.

    A listing of an account's permission sets could have named any of them.
    """
    for gap in index.snapshot.gaps:
        match gap.kind:
            case GapKind.PROVISIONING if gap.permission_set_arn in {"", arn}:
                return True
            case GapKind.ASSIGNMENTS if gap.permission_set_arn == arn:
                return True
    return False


def _count_gaps(index: SnapshotIndex, kind: GapKind) -> int:
    """Return how many gaps of a kind the snapshot has."""
    return sum(gap.kind is kind for gap in index.snapshot.gaps)


def _unlisted_permission_sets(index: SnapshotIndex) -> Iterator[BlindSpot]:
    if _count_gaps(index, GapKind.PERMISSION_SETS):
        yield BlindSpot("permission sets that were not listed")
