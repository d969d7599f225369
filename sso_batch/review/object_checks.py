"""The checks that look at users, groups and permission sets; what each finds is one of them. Pure.

Each gives what it found, and beside it what it could not look at. What many grants have in common is one
finding, however many they are.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from sso_batch.config.durations import format_duration
from sso_batch.coverage import Omission
from sso_batch.model import GROUP, USER, GapKind, Grant, Principal
from sso_batch.review.people import address
from sso_batch.review.rules import Rules
from sso_batch.review.sessions import parse
from sso_batch.review.snapshot_index import Facts, Hit, Hole


def disabled_user_access(facts: Facts, _: Rules) -> Iterator[Hit | Hole]:
    """A user whose status is DISABLED and who holds a grant, directly or through a group."""
    grants: Counter[str] = Counter()
    for user_id, principal in facts.holders(facts.by_principal):
        user = facts.users.get(user_id)
        if user is not None and user.status == "DISABLED":
            grants[user_id] += len(facts.by_principal[principal])
    for user_id, count in grants.items():
        yield Hit(f"is disabled and still holds grants: {count}", Principal(USER, user_id))
    yield from facts.unread_members()
    yield from facts.unread_holders()
    yield from facts.unread_grants()


def long_session(facts: Facts, rules: Rules) -> Iterator[Hit | Hole]:
    """A permission set, granted or not, whose sessions last longer than `max`.

    AWS's own default where it gives no duration is an hour, which is never too long.
    """
    unread = 0
    for one in facts.snapshot.permission_sets:
        span = parse(one.session_duration) if one.session_duration else None
        if span is not None and span > rules.longest_session:
            limit = format_duration(rules.longest_session)
            message = f"has sessions of {format_duration(span)}, longer than {limit}"
            yield Hit(message, permission_set_arn=one.arn)
        unread += span is None and one.session_duration != ""
    if unread:
        yield Hole(f"session durations that were not read or not understood: {unread}")
    yield from _unlisted_permission_sets(facts)


def user_without_email(facts: Facts, _: Rules) -> Iterator[Hit | Hole]:
    """A user, with or without access, of whom the identity store has no email address."""
    for user in facts.snapshot.users:
        if not address(user.email):
            yield Hit("has no email address", Principal(USER, user.id))
    unread = _gaps(facts, GapKind.USERS)
    if unread:
        yield Hole(f"users that were not read (gaps: {unread})")


def unused_permission_set(facts: Facts, _: Rules) -> Iterator[Hit | Hole]:
    """A permission set that is assigned to nobody in any account.

    It cannot be told where principals are asked for their grants, and neither where an account's or the
    permission set's own assignments were not read.
    """
    if facts.snapshot.omits(Omission.UNASSIGNED_PERMISSION_SETS):
        yield Hole(Omission.UNASSIGNED_PERMISSION_SETS)
        return
    used = {grant.permission_set_arn for grant in facts.grants}
    unused = [one.arn for one in facts.snapshot.permission_sets if one.arn not in used]
    unsure = {arn for arn in unused if _may_be_used(facts, arn)}
    for arn in unused:
        if arn not in unsure:
            yield Hit("is assigned to nobody", permission_set_arn=arn)
    if unsure:
        yield Hole(f"permission sets whose assignments were not all read: {len(unsure)}")
    yield from _unlisted_permission_sets(facts)


def outdated_provisioning(facts: Facts, _: Rules) -> Iterator[Hit | Hole]:
    """A permission set whose role in an account is of an earlier version than the permission set."""
    if facts.snapshot.outdated is None:
        yield Hole("versions of permission sets in accounts")
        return
    for one in facts.snapshot.outdated:
        told = "is in this account in an earlier version: changes since then do not hold there"
        yield Hit(told, account_id=one.account_id, permission_set_arn=one.permission_set_arn)
    unread = _gaps(facts, GapKind.OUTDATED_PROVISIONING)
    if unread:
        yield Hole(f"versions that were not read (gaps: {unread})")
    yield from _unlisted_permission_sets(facts)


def stale_membership(facts: Facts, _: Rules) -> Iterator[Hit | Hole]:
    """A group that has a grant and lists users of whom AWS says that there are none.

    The members of groups without a grant are not asked for: they reach nothing.
    """
    for membership in facts.snapshot.memberships:
        gone = sum(Principal(USER, user_id) in facts.missing for user_id in membership.user_ids)
        if gone:
            yield Hit(f"lists users who no longer exist: {gone}", Principal(GROUP, membership.group_id))
    members = {user_id for one in facts.snapshot.memberships for user_id in one.user_ids}
    if unread := sum(facts.is_unread(Principal(USER, user_id)) for user_id in members):
        yield Hole(f"members who were not read: {unread}")
    yield from facts.unread_members()
    yield from facts.unread_grants()


def admin_gained(facts: Facts, _: Rules) -> Iterator[Hit | Hole]:
    """A user who holds a grant that makes administrators, and held none in the earlier run.

    Somebody who was an administrator in one account and now is in more of them has gained nothing here:
    that is a change. Nor has a user of whom it cannot be told whether they were one.
    """
    if facts.previous is None:
        yield Hole(facts.not_compared)
        return
    before = facts.previous
    unsure = {user_id for user_id, _ in before.holders(_may_make_admin(before))}
    gained = facts.admins.keys() - before.admins.keys()
    for user_id in sorted(gained - unsure):
        yield Hit(_gained(facts, user_id), Principal(USER, user_id))
    if gained & unsure:
        yield Hole(f"users of whom the earlier run does not tell: {len(gained & unsure)}")
    yield from facts.unread_admins()


def _gained(facts: Facts, user_id: str) -> str:
    principals = facts.admins[user_id]
    grants = [one for principal in principals for one in facts.by_principal[principal] if facts.is_admin(one)]
    groups = sorted(facts.groups[one.id].name for one in principals if one.id in facts.groups)
    through = f" through {', '.join(groups)}" if groups else ""
    return f"is administrator{through} and was not; accounts: {len({one.account_id for one in grants})}"


def _may_make_admin(facts: Facts) -> Mapping[Principal, list[Grant]]:
    """The principals with a grant whose permission set was not read well enough."""
    return {
        principal: grants
        for principal, grants in facts.by_principal.items()
        if any(one.permission_set_arn and facts.verdicts[one.permission_set_arn].unread for one in grants)
    }


def _may_be_used(facts: Facts, arn: str) -> bool:
    """Return whether an assignment of the permission set can have been missed.

    A listing of an account's permission sets could have named any of them.
    """
    for gap in facts.snapshot.gaps:
        match gap.kind:
            case GapKind.PROVISIONING if gap.permission_set_arn in {"", arn}:
                return True
            case GapKind.ASSIGNMENTS if gap.permission_set_arn == arn:
                return True
    return False


def _gaps(facts: Facts, kind: GapKind) -> int:
    """Return how many gaps of a kind the snapshot has."""
    return sum(gap.kind is kind for gap in facts.snapshot.gaps)


def _unlisted_permission_sets(facts: Facts) -> Iterator[Hole]:
    if _gaps(facts, GapKind.PERMISSION_SETS):
        yield Hole("permission sets that were not listed")
