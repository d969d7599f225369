"""Activity: who changed access and who signed in, as far as CloudTrail's event history tells."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

from sso_batch.activity import (
    Activity,
    EarlierActivity,
    latest_sign_ins,
    memberships_by_id,
    start_of_lookup,
)
from sso_batch.aws.activity_api import ActivityApi
from sso_batch.aws.error_codes import DEADLINE
from sso_batch.aws.event_parsing import Authentication, LookedUp, MembershipChange
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.collect.work_queue import Jobs, WorkQueue
from sso_batch.coverage import NotExamined, Omission
from sso_batch.dates import format_date
from sso_batch.model import (
    AssignmentEvent,
    EventName,
    GapKind,
    Instance,
    Lookup,
    Membership,
    MembershipEvent,
    SignIn,
    Subject,
    User,
)

_WORDS: Mapping[EventName, str] = {
    EventName.CREATE_ASSIGNMENT: "new assignments",
    EventName.DELETE_ASSIGNMENT: "removed assignments",
    EventName.ADD_MEMBER: "new group members (console)",
    EventName.REMOVE_MEMBER: "removed group members (console)",
    EventName.CREATE_MEMBERSHIP: "new group members (API)",
    EventName.DELETE_MEMBERSHIP: "removed group members (API)",
    EventName.SIGN_IN: "sign-ins",
}
_SECOND = timedelta(seconds=1)

_WIDTH = 2
"""Two look-ups at a time use the limit of two calls a second, even if an answer takes a second."""


class ActivityLookup:
    """Looks up the events since the earlier snapshot, or of 90 days, up to `until`.

    `jobs` are its own: nothing else waits for them. Events come from the newest to the oldest. If the
    deadline ends a look-up, or the `seconds` that all of them may take, what was read so far is known, and
    what is older is `not_examined`, but no gap. A denial is one gap, and every other failure is one of its
    event's name.
    """

    def __init__(
        self,
        api: ActivityApi,
        jobs: Jobs,
        instance: Instance,
        *,
        until: datetime,
        earlier: EarlierActivity | None,
        seconds: float | None = None,
    ) -> None:
        self.until = until
        self.earlier = earlier.seen_by(instance) if earlier else Activity()
        self._memberships = dict(earlier.memberships) if earlier else {}
        self._api = api
        self._jobs = jobs
        self._instance = instance
        self._seconds = seconds
        self._known: dict[EventName, datetime] = {}
        self._cut: set[EventName] = set()
        self._unreadable: Counter[EventName] = Counter()
        self._assignments: set[AssignmentEvent] = set()
        self._changes: set[MembershipChange] = set()
        self._authentications: dict[tuple[str, str], str] = {}
        self._denied = False

    async def collect(self) -> None:
        """Make the look-ups; that of sign-ins, which takes longest, is the last one."""
        seconds = self._seconds
        end = None if seconds is None else asyncio.get_running_loop().time() + seconds
        async with self._jobs.running():
            queue = WorkQueue(self._jobs, _WIDTH)
            for name in EventName:
                queue.add(Subject(GapKind.ACTIVITY, name), partial(self._look_up, name, end))

    def finish(self, users: Iterable[User], memberships: Iterable[Membership]) -> Activity:
        """Return what was found, with the ids of users and groups, once all other calls are made."""
        sign_ins = self._sign_ins({user.login.casefold(): user.id for user in users if user.login})
        self._memberships |= memberships_by_id(memberships) | {
            change.membership_id: (change.group_id, change.user_id)
            for change in self._changes
            if change.group_id and change.membership_id
        }
        return Activity(
            tuple(
                Lookup(name, format_date(self._known[name]), format_date(self.until))
                for name in EventName
                if name in self._known
            ),
            tuple(sorted(self._assignments)),
            tuple(sorted(self._membership_events())),
            latest_sign_ins(sign_ins),
        )

    @property
    def not_examined(self) -> tuple[NotExamined, ...]:
        """What was not looked up or not understood; complete once `finish` has been called."""
        elsewhere = self._instance.replica_regions or (
            self._instance.caller_account_id != self._instance.management_account_id
        )
        return (
            *([NotExamined.by_collection(Omission.OTHER_SIGN_INS)] if elsewhere else []),
            *(
                NotExamined.by_lookup(f"{_WORDS[name]} before {format_date(self._known[name])}")
                for name in EventName
                if name in self._cut
            ),
            *(
                NotExamined.by_lookup(f"{number:,} events of {_WORDS[name]} that cannot be read")
                for name in EventName
                if (number := self._unreadable[name])
            ),
        )

    async def _look_up(self, name: EventName, end: float | None) -> None:
        if self._denied:
            return
        since = start_of_lookup(name, self.until, self.earlier)
        known, unreadable = self.until, since
        timeout = asyncio.timeout_at(end)
        try:
            async with timeout:
                async for page in self._api.events(name, since, self.until):
                    for event in page:
                        self._add(event)
                        if not event.readable:
                            self._unreadable[name] += 1
                            unreadable = max(unreadable, event.at + _SECOND)
                        known = min(known, event.at + _SECOND)  # the next page can have more of this second
                known = since
        except TimeoutError:
            if not timeout.expired():
                raise
            self._cut.add(name)
        except AwsFailure as failure:
            if failure.code != DEADLINE:
                if failure.denied and self._denied:
                    return
                self._denied |= failure.denied
                raise
            self._cut.add(name)
        self._known[name] = max(known, unreadable)

    def _add(self, event: LookedUp) -> None:
        match event.record:
            case AssignmentEvent():
                self._assignments.add(event.record)
            case MembershipChange():
                self._changes.add(event.record)
            case Authentication(at, user_id, login):
                key = user_id, login.casefold()
                self._authentications[key] = max(at, self._authentications.get(key, ""))

    def _membership_events(self) -> set[MembershipEvent]:
        """Return the changes of memberships whose group and user are known."""
        events = set()
        for change in self._changes:
            ids = (change.group_id, change.user_id)
            group_id, user_id = ids if change.group_id else self._memberships.get(change.membership_id, ids)
            if group_id:
                events.add(MembershipEvent(change.at, change.by, change.action, group_id, user_id))
        return events

    def _sign_ins(self, ids: Mapping[str, str]) -> list[SignIn]:
        """Return the sign-ins, those by login of the user with that login.

        A login that nobody has can be another form of anybody's: such a sign-in counts as unreadable.
        """
        sign_ins = []
        for (user_id, login), at in self._authentications.items():
            id_ = user_id or ids.get(login, "")
            if id_:
                sign_ins.append(SignIn(id_, at))
            else:
                self._unreadable[EventName.SIGN_IN] += 1
                self._forget_sign_ins_before(at)
        return sign_ins

    def _forget_sign_ins_before(self, at: str) -> None:
        if EventName.SIGN_IN in self._known:
            after = datetime.fromisoformat(at) + _SECOND
            self._known[EventName.SIGN_IN] = max(self._known[EventName.SIGN_IN], after)
