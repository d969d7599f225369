"""Who made a change between two runs, in words, as far as events and the identity store show it. Pure."""

from collections.abc import Iterable

from sso_batch.access import NOT_READ, Access, Holder, MembershipCells
from sso_batch.activity import ActivityIndex
from sso_batch.dates import format_date
from sso_batch.model import AssignmentEvent, Grant, MembershipEvent, Snapshot

_NAMED = 2
"""The number of different authors that a text names."""


class Authorship:
    """The authors of the changes from an old snapshot to a new one.

    Only events since the start of the old run count: earlier ones explain an earlier state. Every text is
    empty if the author is not known.
    """

    def __init__(self, old: Snapshot, new: Snapshot) -> None:
        self._since = format_date(old.started_at)
        self._activity = ActivityIndex(new)

    def assigned(self, grant: Grant) -> str:
        """Return who created an assignment: `assigned by ROLE/SESSION on DATE`."""
        return self._by("assigned", self._activity.assigned(grant))

    def unassigned(self, grant: Grant) -> str:
        """Return who deleted an assignment."""
        return self._by("removed", self._activity.unassigned(grant))

    def added(self, access: Access, holders: Iterable[Holder]) -> str:
        """Return who added users to the group of a grant: as events show it, else the identity store."""
        group_id = access.grant.principal.id
        return _joined(
            self.added_to(group_id, holder.user_id) or self._stored(access.membership(holder))
            for holder in holders
        )

    def removed(self, access: Access, holders: Iterable[Holder]) -> str:
        """Return who removed users from the group of a grant."""
        group_id = access.grant.principal.id
        return _joined(
            self._by("removed from the group", self._activity.member_removed(group_id, holder.user_id))
            for holder in holders
        )

    def added_to(self, group_id: str, user_id: str) -> str:
        """Return who added a user to a group, as events show it."""
        return self._by("added to the group", self._activity.member_added(group_id, user_id))

    def _stored(self, membership: MembershipCells) -> str:
        """Return who made a membership, as the identity store has it."""
        if membership.added_by in {"", NOT_READ} or not self._since <= membership.since != NOT_READ:
            return ""
        return _text("added to the group", membership.added_by, membership.since)

    def _by(self, what: str, event: AssignmentEvent | MembershipEvent | None) -> str:
        if event is None or event.at < self._since:
            return ""
        return _text(what, event.by, event.at)


def _text(what: str, by: str, at: str) -> str:
    return f"{what} by {by} on {at.partition('T')[0]}"


def _joined(texts: Iterable[str]) -> str:
    """Return different texts, joined, as many as fit."""
    different = [text for text in dict.fromkeys(texts) if text]
    more = len(different) - _NAMED
    return "; ".join((*different[:_NAMED], *([f"{more} more"] if more > 0 else ())))
