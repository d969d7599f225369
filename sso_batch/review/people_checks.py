"""The checks that ask who the users are: the roster, sign-ins, managers, and who created them. Pure.

Each check yields what it found and what it could not examine.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from sso_batch.activity import ActivityIndex
from sso_batch.coverage import BlindSpot, Setting
from sso_batch.dates import format_date, parse_date
from sso_batch.model import GROUP, USER, EventName, GapKind, Grant, Principal, User
from sso_batch.review.roster import Person, Roster, employee_number
from sso_batch.review.snapshot_index import Limits, Match, SnapshotIndex

_SHOWN = 3  # authors that a message names
_ENOUGH_ADMINISTRATORS = 2

# The roster


def leaver_access(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find users who have access and whom the roster calls leavers."""
    if index.roster is None:
        yield BlindSpot(Setting.ROSTER)
        return
    for user, person in _looked_up(index, index.roster):
        if person is not None and person.is_leaver:
            yield _about(user, f"has left but still has access ({_assignments(index, user)})")
    yield from _not_looked_up(index, index.roster)
    yield from _unread_access(index)


def not_in_roster(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find users who have access and are not in the roster."""
    if index.roster is None:
        yield BlindSpot(Setting.ROSTER)
        return
    for user, person in _looked_up(index, index.roster):
        if person is None:
            yield _about(user, f"has access but is not in the roster ({_assignments(index, user)})")
    yield from _not_looked_up(index, index.roster)
    yield from _unread_access(index)


def manager_missing(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find users who have access and no manager, neither in the directory nor in the roster."""
    roster = index.roster if index.roster and "manager" in index.roster.columns else None
    read = "manager" in index.snapshot.people
    if roster is None and not read:
        yield BlindSpot(Setting.MANAGERS)
        return
    unknown = 0
    for user in _users_with_access(index):
        manager = _manager(user, roster, read=read)
        if manager is None:
            unknown += 1
        elif not manager:
            yield _about(user, f"has access but no manager ({_assignments(index, user)})")
    if unknown:
        yield BlindSpot("users whose manager was not read", unknown)
    yield from _unread_access(index)


def _manager(user: User, roster: Roster | None, *, read: bool) -> str | None:
    """Return a user's manager; empty if the user has none, None if that is not known.

    `read` is whether the run reads managers from the directory.
    """
    manager = dict(user.attributes).get("manager")
    if manager or roster is None:
        return manager
    if not _can_be_looked_up(user, roster):
        return manager if read else None
    person = roster.find(user.email, employee_number(user))
    known = "" if manager is None and not read else manager
    return (person and person.manager) or known


def _looked_up(index: SnapshotIndex, roster: Roster) -> Iterator[tuple[User, Person | None]]:
    """Yield the users who have access and can be in the roster, each with the person there."""
    for user in _users_with_access(index):
        if _can_be_looked_up(user, roster):
            yield user, roster.find(user.email, employee_number(user))


def _not_looked_up(index: SnapshotIndex, roster: Roster) -> Iterator[BlindSpot]:
    unknown = sum(not _can_be_looked_up(user, roster) for user in _users_with_access(index))
    if unknown:
        names = " or ".join(name.replace("_", " ") for name in _identifiers(roster))
        yield BlindSpot(f"users without {names}, who cannot be looked up in the roster", unknown)


def _can_be_looked_up(user: User, roster: Roster) -> bool:
    values = {"email": user.email, "employee_number": employee_number(user)}
    return any(values[name].strip() for name in _identifiers(roster))


def _identifiers(roster: Roster) -> list[str]:
    return [name for name in ("email", "employee_number") if name in roster.columns]


# Sign-ins


def dormant_user(index: SnapshotIndex, limits: Limits) -> Iterator[Match | BlindSpot]:
    """Find enabled users who have access and have not signed in for long.

    That is known only if sign-ins are known for as long. A user who was created since then is not dormant.
    """
    snapshot = index.snapshot
    if snapshot.lookups is None:
        yield BlindSpot(Setting.ACTIVITY)
        return
    activity, days = ActivityIndex(snapshot), f"{limits.dormant_after.days} days"
    known = activity.known(EventName.SIGN_IN)
    if known is None:
        yield BlindSpot("sign-ins that were not all read")
        return
    limit = format_date(parse_date(known.until) - limits.dormant_after)
    if known.since > limit:
        yield BlindSpot(f"sign-ins of the last {days}, which are known only since {known.since}")
        return
    for user in _users_with_access(index):
        last = activity.last_sign_in(user.id) or ""
        if user.status != "DISABLED" and max(user.created_at, last) < limit:
            when = f"since {last}" if last else f"for more than {days}"
            yield _about(user, f"has not signed in {when} but has access ({_assignments(index, user)})")
    yield from _unread_access(index)


# Who created them


def unmanaged_user(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find users who have access and do not come from the identity provider that the others come from."""
    if not _is_provisioned(index):
        yield from _unread_users(index)
        return
    provisioner = _provisioner(index)
    for user in _users_with_access(index):
        if provisioner and user.created_by not in {"", provisioner}:
            yield _about(user, f"was not created by the identity provider, but by {user.created_by}")
        elif not user.external_ids:
            yield _about(user, "has no external ID, so the identity provider does not manage this user")
    yield from _unread_users(index)
    yield from _unread_access(index)


def unmanaged_membership(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find groups that give access and have members who were not added by the identity provider."""
    if not _is_provisioned(index):
        yield from _unread_users(index)
        return
    provisioner = _provisioner(index)
    if not provisioner:
        yield BlindSpot("who created the users that the identity provider manages")
        return
    unknown = 0
    groups = {principal.id for principal in index.by_principal if principal.type == GROUP}
    for membership in index.snapshot.memberships:
        if membership.group_id in groups:
            authors = Counter(member.created_by for member in membership.members)
            unknown += authors.pop("", 0)
            del authors[provisioner]
            if authors:
                yield Match(_added(authors), Principal(GROUP, membership.group_id))
    if unknown:
        yield BlindSpot("memberships of which AWS does not say who created them", unknown)
    yield from _unread_users(index)
    yield from index.unread_members()
    yield from index.unread_grants()


def _added(authors: Counter[str]) -> str:
    named = sorted(authors, key=lambda author: (-authors[author], author))
    more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    by = f"{', '.join(named[:_SHOWN])}{more}"
    return f"has members who were not added by the identity provider: {authors.total()} (by {by})"


def _is_provisioned(index: SnapshotIndex) -> bool:
    """Return whether an identity provider manages the directory: more than half of its users."""
    users = index.snapshot.users
    return sum(bool(user.external_ids) for user in users) * 2 > len(users)


def _provisioner(index: SnapshotIndex) -> str:
    """Return who created most of the users that an identity provider manages; empty if that is unknown."""
    authors = Counter(user.created_by for user in index.snapshot.users if user.external_ids)
    del authors[""]
    return max(authors, key=lambda author: (authors[author], author), default="")


def _unread_users(index: SnapshotIndex) -> Iterator[BlindSpot]:
    unread = sum(gap.kind is GapKind.USERS for gap in index.snapshot.gaps)
    if unread:
        yield BlindSpot("users that were not read", unread, of="gaps")


# Administrators


def single_administrator(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find a management account that fewer than two enabled users administer.

    Whatever may hide another administrator of the account is a blind spot instead.
    """
    management = index.snapshot.instance.management_account_id
    if management is None:
        yield BlindSpot("which account is the management account")
        return
    here = [grant for grant in index.grants if grant.account_id == management]
    administering = [grant for grant in here if index.is_admin(grant)]
    users = [index.users.get(user_id) for user_id in index.people(administering)]
    administrators = [user for user in users if user is not None and user.status != "DISABLED"]
    if len(administrators) >= _ENOUGH_ADMINISTRATORS:
        return
    hidden = list(_hidden_administrators(index, here, administering))
    if hidden:
        yield from hidden
        return
    name = next((user.name or user.login or user.id for user in administrators), "")
    administered = f"only one administrator: {name}" if administrators else "no administrator"
    yield Match(f"has {administered}", account_id=management)


def _hidden_administrators(
    index: SnapshotIndex, grants: Iterable[Grant], administering: Iterable[Grant]
) -> Iterator[BlindSpot]:
    """Yield what may hide administrators among the users of some grants; some of these are known to be."""
    unread = sum(bool(index.privileges.of(grant).unread) for grant in grants if not index.is_admin(grant))
    if unread:
        yield BlindSpot("what all policies in the management account allow", unread, of="assignments")
    principals = {grant.principal for grant in administering} - index.missing
    groups = sum(principal.type == GROUP and principal.id not in index.members for principal in principals)
    if groups:
        yield BlindSpot("members of groups that were not read", groups)
    holders = {Principal(USER, user_id) for user_id, _ in index.holders(dict.fromkeys(sorted(principals)))}
    users = sum(map(index.is_unread, holders))
    if users:
        yield BlindSpot("users that were not read", users)
    yield from index.unread_grants()


def new_user_admin(index: SnapshotIndex, limits: Limits) -> Iterator[Match | BlindSpot]:
    """Find administrators of any account who were created a short time ago."""
    limit = format_date(index.snapshot.started_at - limits.new_for)
    unknown = 0
    for user_id in sorted(index.admins):
        user = index.users.get(user_id)
        if user is None:
            continue
        if not user.created_at:
            unknown += 1
        elif user.created_at >= limit:
            accounts = len(index.administered_accounts(user_id))
            yield _about(
                user, f"was created on {user.created_at} and is administrator (accounts: {accounts})"
            )
    if unknown:
        yield BlindSpot("administrators of whom AWS does not say when they were created", unknown)
    yield from index.unread_admins()
    yield from index.unread_holders()


# What they have in common


def _users_with_access(index: SnapshotIndex) -> Iterator[User]:
    """Yield the users who were read and have a grant, directly or through a group."""
    for user_id in index.grant_counts:
        user = index.users.get(user_id)
        if user is not None:
            yield user


def _about(user: User, message: str) -> Match:
    return Match(message, Principal(USER, user.id))


def _assignments(index: SnapshotIndex, user: User) -> str:
    return f"assignments: {index.grant_counts[user.id]}"


def _unread_access(index: SnapshotIndex) -> Iterator[BlindSpot]:
    """Yield why there may be users with access who are not known."""
    yield from index.unread_members()
    yield from index.unread_holders()
    yield from index.unread_grants()
