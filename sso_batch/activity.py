"""What is known of who changed access and who signed in, from events of this run and earlier ones. Pure.

What no event shows is unknown and never "nobody": events can be in the trail of another account, or older
than CloudTrail's memory.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from sso_batch.coverage import Omission
from sso_batch.dates import format_date, parse_date
from sso_batch.model import (
    Action,
    AssignmentEvent,
    EventName,
    Grant,
    Instance,
    Lookup,
    Membership,
    MembershipEvent,
    SignIn,
    Snapshot,
)

E = TypeVar("E", AssignmentEvent, MembershipEvent)

HISTORY = timedelta(days=90)
"""How long CloudTrail keeps events."""

OVERLAP = timedelta(hours=1)
"""The time before the end of the previous look-up that is looked up again: CloudTrail shows events late, as a
rule within 15 minutes. Source: AWS CloudTrail User Guide, "How CloudTrail works"."""


@dataclass(frozen=True, slots=True)
class Activity:
    """Events, and the time spans in which every event of one name is known."""

    lookups: tuple[Lookup, ...] = ()
    assignment_events: tuple[AssignmentEvent, ...] = ()
    membership_events: tuple[MembershipEvent, ...] = ()
    sign_ins: tuple[SignIn, ...] = ()

    def lookup(self, event_name: str) -> Lookup | None:
        """Return the time span in which every event of a name is known."""
        return next((lookup for lookup in self.lookups if lookup.event_name == event_name), None)


@dataclass(frozen=True, slots=True)
class EarlierActivity:
    """What an earlier complete snapshot knew, and the instance and account that it knew it of.

    `memberships` has group and user of each membership by its id, which is all that a deletion names.
    """

    instance: Instance
    activity: Activity
    memberships: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, snapshot: Snapshot) -> "EarlierActivity | None":
        """Return what a snapshot knew; None if it did not look up activity."""
        if snapshot.lookups is None:
            return None
        return cls(
            snapshot.instance,
            Activity(
                snapshot.lookups,
                snapshot.assignment_events,
                snapshot.membership_events,
                snapshot.sign_ins,
            ),
            memberships_by_id(snapshot.memberships),
        )

    def seen_by(self, instance: Instance) -> Activity:
        """Return what is still true of an instance, as its caller sees it.

        Nothing if it is another instance. In the history of another account, other events are missing: the
        look-ups do not count, but the events do.
        """
        if (self.instance.arn, self.instance.region) != (instance.arn, instance.region):
            return Activity()
        if self.instance.caller_account_id != instance.caller_account_id:
            return replace(self.activity, lookups=())
        return self.activity


def memberships_by_id(memberships: Iterable[Membership]) -> dict[str, tuple[str, str]]:
    """Return group and user of each membership by its id."""
    return {
        member.membership_id: (membership.group_id, member.user_id)
        for membership in memberships
        for member in membership.members
        if member.membership_id
    }


def start_of_lookup(event_name: str, until: datetime, earlier: Activity) -> datetime:
    """Return from when to look up: an hour before the end of the earlier look-up, or 90 days back."""
    known = earlier.lookup(event_name)
    first = until - HISTORY
    return first if known is None else max(min(parse_date(known.until), until) - OVERLAP, first)


def carry(
    earlier: Activity,
    new: Activity,
    *,
    grants: Collection[Grant],
    memberships: Collection[Membership],
    user_ids: Collection[str],
    until: datetime,
) -> Activity:
    """Return what both know: each event once, the latest sign-in of each user.

    A look-up that connects to the earlier one goes back as far as that. Of the events that CloudTrail no
    longer has, only those stay that explain something that exists: the creation of an assignment or a
    membership, and the latest sign-in of a user.
    """
    horizon = format_date(until - HISTORY)
    members = {(group.group_id, member.user_id) for group in memberships for member in group.members}
    return Activity(
        tuple(_connected(earlier.lookup(lookup.event_name), lookup) for lookup in new.lookups),
        _kept(
            {*earlier.assignment_events, *new.assignment_events},
            horizon,
            {_of_grant(grant) for grant in grants},
        ),
        _kept({*earlier.membership_events, *new.membership_events}, horizon, members),
        tuple(
            sign_in
            for sign_in in latest_sign_ins((*earlier.sign_ins, *new.sign_ins))
            if sign_in.at >= horizon or sign_in.user_id in user_ids
        ),
    )


def latest_sign_ins(sign_ins: Iterable[SignIn]) -> tuple[SignIn, ...]:
    """Return the latest sign-in of each user, sorted by user."""
    latest: dict[str, SignIn] = {}
    for sign_in in sign_ins:
        if sign_in.user_id not in latest or sign_in.at > latest[sign_in.user_id].at:
            latest[sign_in.user_id] = sign_in
    return tuple(latest[user_id] for user_id in sorted(latest))


def _connected(earlier: Lookup | None, new: Lookup) -> Lookup:
    if earlier is None or new.since > earlier.until:
        return new
    return replace(new, since=min(earlier.since, new.since))


def _kept(events: Collection[E], horizon: str, existing: Collection[object]) -> tuple[E, ...]:
    latest = _latest(events)
    return tuple(
        sorted(
            event
            for event in events
            if event.at >= horizon
            or (event.action is Action.CREATED and _key(event) in existing and latest[_key(event)] == event)
        )
    )


class ActivityIndex:
    """The events of one snapshot, by what they are about."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._assignments = _latest(snapshot.assignment_events)
        self._memberships = _latest(snapshot.membership_events)
        self._sign_ins = {sign_in.user_id: sign_in.at for sign_in in snapshot.sign_ins}
        self._lookups = {lookup.event_name: lookup for lookup in snapshot.lookups or ()}
        self._logins = {user.id: user.login for user in snapshot.users if user.login}
        self._other_sign_ins = snapshot.omits(Omission.OTHER_SIGN_INS)

    def assigned(self, grant: Grant) -> AssignmentEvent | None:
        """Return the latest known creation of an assignment; None if a later event deleted it."""
        return self._authored(self._assignments.get(_of_grant(grant)), Action.CREATED)

    def unassigned(self, grant: Grant) -> AssignmentEvent | None:
        """Return the latest known deletion of an assignment; None if a later event created it."""
        return self._authored(self._assignments.get(_of_grant(grant)), Action.DELETED)

    def member_added(self, group_id: str, user_id: str) -> MembershipEvent | None:
        """Return the latest known addition of a user to a group; None if a later event removed the user."""
        return self._authored(self._memberships.get((group_id, user_id)), Action.CREATED)

    def member_removed(self, group_id: str, user_id: str) -> MembershipEvent | None:
        """Return the latest known removal of a user from a group; None if a later event added the user."""
        return self._authored(self._memberships.get((group_id, user_id)), Action.DELETED)

    def last_sign_in(self, user_id: str) -> str | None:
        """Return the date of a user's latest sign-in; empty if there is none, None if it is not known."""
        return self._sign_ins.get(user_id, "" if self._all_sign_ins_known() else None)

    def known_since(self, event_name: str) -> str | None:
        """Return the date from which on every event of a name is known, up to the run; None if none is."""
        lookup = self.known(event_name)
        return lookup.since if lookup else None

    def known(self, event_name: str) -> Lookup | None:
        """Return the time span, up to the run, in which every event of a name is known; None if none is."""
        if event_name == EventName.SIGN_IN and self._other_sign_ins:
            return None
        return self._lookups.get(event_name)

    def _all_sign_ins_known(self) -> bool:
        """Return whether every sign-in of as long a time as CloudTrail remembers is known."""
        known = self.known(EventName.SIGN_IN)
        return known is not None and parse_date(known.since) <= parse_date(known.until) - HISTORY

    def _authored(self, event: E | None, action: Action) -> E | None:
        """Return an event if it has this action, with the login of an author who is a user of the store."""
        if event is None or event.action is not action:
            return None
        return replace(event, by=self._logins.get(event.by, event.by))


def _of_grant(grant: Grant) -> tuple[object, ...]:
    return (grant.account_id, grant.permission_set_arn, grant.principal)


def _key(event: AssignmentEvent | MembershipEvent) -> tuple[object, ...]:
    """Return the assignment or membership that an event is about."""
    if isinstance(event, AssignmentEvent):
        return (event.account_id, event.permission_set_arn, event.principal)
    return (event.group_id, event.user_id)


def _latest(events: Iterable[E]) -> dict[tuple[object, ...], E]:
    """Return the latest event of each assignment or membership; of two in one second, the creation."""
    return {
        _key(event): event
        for event in sorted(events, key=lambda event: (event.at, event.action is Action.CREATED, event))
    }
