"""What is known of who changed access and who signed in, from the events of a snapshot. Pure.

What no event shows is unknown and never "nobody": events can be in the trail of another account, or older
than CloudTrail's memory.
"""

from collections.abc import Iterable
from typing import TypeVar

from sso_batch.model import Action, AssignmentEvent, Grant, MembershipEvent, Snapshot

E = TypeVar("E", AssignmentEvent, MembershipEvent)

SIGN_IN = "UserAuthentication"
"""CloudTrail's name of the event of a sign-in."""


class ActivityIndex:
    """The events of one snapshot, by what they are about."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._assigned = _latest(
            ((event.account_id, event.permission_set_arn, event.principal), event)
            for event in snapshot.assignment_events
            if event.action is Action.CREATED
        )
        self._added = _latest(
            ((event.group_id, event.user_id), event)
            for event in snapshot.membership_events
            if event.action is Action.CREATED
        )
        self._sign_ins = {sign_in.user_id: sign_in.at for sign_in in snapshot.sign_ins}
        self._lookups = {lookup.event_name: lookup for lookup in snapshot.lookups or ()}

    def assigned(self, grant: Grant) -> AssignmentEvent | None:
        """Return the latest known creation of an assignment."""
        return self._assigned.get((grant.account_id, grant.permission_set_arn, grant.principal))

    def member_added(self, group_id: str, user_id: str) -> MembershipEvent | None:
        """Return the latest known addition of a user to a group."""
        return self._added.get((group_id, user_id))

    def last_sign_in(self, user_id: str) -> str | None:
        """Return the date of a user's latest sign-in; empty if there is none, None if it is not known."""
        if SIGN_IN not in self._lookups:
            return None
        return self._sign_ins.get(user_id, "")


def _latest(events: Iterable[tuple[object, E]]) -> dict[object, E]:
    """Return the latest event of each key."""
    latest: dict[object, E] = {}
    for key, event in events:
        if key not in latest or event.at > latest[key].at:
            latest[key] = event
    return latest
