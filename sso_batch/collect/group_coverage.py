"""Which groups need not be asked for their assignments, because answers for their members hold them. Pure.

AWS does not document whether the answer for a user holds the assignments of the user's groups.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sso_batch.aws.identity_store_parsing import parse_date
from sso_batch.collect.group_members import MemberList
from sso_batch.model import GROUP, USER, Grant, Principal

_CLOCK_SKEW = timedelta(minutes=5)
"""AWS refuses requests of a client whose clock differs by more. Source: "Signature Version 4" in the IAM User
Guide."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """The answer for a user: when it was complete, and the number of assignments of each group in it."""

    ended: float
    assignments: Counter[str]


class GroupCoverage:
    """The groups whose assignments are known from the answers for their members.

    A member's answer covers a group only if the user was in the group all the time in which it was made: the
    membership is older than the audit, which started at `started_at`, and was listed after the answer. So a
    change of memberships during the audit cannot hide access. A membership without a date counts as old, as
    AWS gives none for old ones, but only if AWS gives dates to others.
    """

    def __init__(self, started_at: datetime) -> None:
        self.seen = False  # an answer for a user has held an assignment of a group
        self._before = parse_date(started_at - _CLOCK_SKEW)
        self._answers: dict[str, _Answer] = {}
        self._assignments: defaultdict[str, set[Grant]] = defaultdict(set)
        self._members: dict[str, list[str]] = {}  # user ids by group id, without new memberships
        self._covered: set[Principal] = set()
        self._without_date: set[Principal] = set()  # of them, those that no membership with a date covers
        self._has_dates = False

    def add(self, principal: Principal, grants: Iterable[Grant], ended: float | None) -> None:
        """Add the answer for a principal complete at `ended` on the event loop's clock; None if it failed."""
        of_groups = {grant for grant in grants if grant.principal.type == GROUP}
        for grant in of_groups:
            self._assignments[grant.principal.id].add(grant)
        if principal.type == USER and ended is not None:
            self._answers[principal.id] = _Answer(ended, Counter(grant.principal.id for grant in of_groups))
            self.seen = self.seen or bool(of_groups)

    def covers(self, listed: MemberList) -> bool:
        """Return whether the answer for any of a group's members holds the assignments of the group."""
        members = [member for member in listed.members.values() if member.created_at < self._before]
        self._members[listed.group.id] = [member.user_id for member in members]
        self._has_dates = self._has_dates or any(member.created_at for member in listed.members.values())
        covering = [
            member
            for member in members
            if (answer := self._answers.get(member.user_id)) and answer.ended <= listed.started
        ]
        if covering:
            self._covered.add(listed.group)
        if covering and not any(member.created_at for member in covering):
            self._without_date.add(listed.group)
        return listed.group in self._covered

    def __contains__(self, group: Principal) -> bool:
        return group in self._covered and (self._has_dates or group not in self._without_date)

    @property
    def consistent(self) -> bool:
        """Whether the answers for a group's members hold all assignments of it that any answer has shown.

        A member who left the group during the audit makes them inconsistent, too: that costs calls, no data.
        """
        return all(
            answer.assignments[group_id] == len(self._assignments.get(group_id, ()))
            for group_id, members in self._members.items()
            for user_id in members
            if (answer := self._answers.get(user_id))
        )
