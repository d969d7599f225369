"""The look-up of activity: which call fails how, and whose the found events are."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sso_batch.activity import Activity, EarlierActivity
from sso_batch.aws.error_codes import DEADLINE
from sso_batch.aws.event_parsing import Authentication, LookedUp, MembershipChange
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.collect.activity import ActivityLookup
from sso_batch.collect.work_queue import JobCount, Jobs
from sso_batch.dates import format_date
from sso_batch.model import (
    Action,
    EventName,
    Gap,
    GapKind,
    Lookup,
    Member,
    Membership,
    MembershipEvent,
    SignIn,
)
from tests.collect.conftest import refused
from tests.support.records import INSTANCE, snapshot, user

UNTIL = datetime(2026, 11, 27, 3, 15, tzinfo=UTC)
FIRST = UNTIL - timedelta(days=90)


def at(minutes: float) -> datetime:
    """Return a time before the look-up."""
    return UNTIL - timedelta(minutes=minutes)


class History:
    """An event history: pages of events by name, and failures after them."""

    def __init__(self) -> None:
        self.pages: dict[EventName, list[list[LookedUp]]] = {}
        self.failures: dict[EventName, AwsFailure] = {}
        self.endless: set[EventName] = set()
        self.asked: list[EventName] = []
        self.since: dict[EventName, datetime] = {}

    async def events(
        self, name: EventName, since: datetime, until: datetime
    ) -> AsyncIterator[list[LookedUp]]:
        """Yield the pages, then fail."""
        assert until == UNTIL
        self.asked.append(name)
        self.since[name] = since
        await asyncio.sleep(0)
        for page in self.pages.get(name, [[]]):
            yield page
        if name in self.endless:
            await asyncio.Event().wait()
        if name in self.failures:
            raise self.failures[name]


@pytest.fixture
def history() -> History:
    return History()


def looked_up(
    history: History,
    earlier: EarlierActivity | None = None,
    *members: Member,
    seconds: float | None = None,
) -> tuple[Activity, tuple[str, ...], list[Gap]]:
    """Return what a look-up finds, what it did not examine, and its gaps."""
    gaps: list[Gap] = []
    lookup = ActivityLookup(
        history,  # type: ignore[arg-type] # in place of the API
        Jobs(JobCount(), gaps),
        INSTANCE,
        until=UNTIL,
        earlier=earlier,
        seconds=seconds,
    )
    asyncio.run(lookup.collect())
    found = lookup.finish([user("u-1"), user("u-2")], [Membership("g-1", members)])
    return found, tuple(item.text for item in lookup.not_examined), gaps


def sign_in(minutes: float, user_id: str = "", login: str = "") -> LookedUp:
    when = at(minutes)
    return LookedUp(str(minutes), when, Authentication(format_date(when), user_id, login))


def known(found: Activity) -> dict[str, str]:
    """Return from when on each event is known."""
    return {lookup.event_name: lookup.since for lookup in found.lookups}


def test_every_name_is_asked_for_once(history: History) -> None:
    """Sign-ins come last; without events and earlier runs, 90 days are known."""
    found, not_examined, gaps = looked_up(history)

    assert Counter(history.asked) == Counter(EventName)
    assert history.asked[-1] is EventName.SIGN_IN
    assert found.lookups == tuple(Lookup(name, format_date(FIRST), format_date(UNTIL)) for name in EventName)
    assert (not_examined, gaps) == ((), [])


def test_earlier_activity(history: History) -> None:
    """A look-up starts an hour before the end of the earlier one."""
    lookups = (Lookup(EventName.SIGN_IN, "2026-01-01T00:00:00Z", format_date(at(60 * 24))),)

    looked_up(history, EarlierActivity.of(snapshot(lookups=lookups)))

    assert history.since[EventName.SIGN_IN] == at(60 * 25)
    assert history.since[EventName.CREATE_ASSIGNMENT] == FIRST


def test_a_denial_is_one_gap(history: History) -> None:
    """Two look-ups are denied at once, the others are not made, and there is one gap."""
    history.failures = {name: refused("LookupEvents") for name in EventName}

    found, _, (gap,) = looked_up(history)

    assert (gap.kind, gap.operation) == (GapKind.ACTIVITY, "LookupEvents")
    assert len(history.asked) == 2
    assert found.lookups == ()


def test_every_other_failure_is_a_gap_of_its_name(history: History) -> None:
    """What was read before stays, but nothing is known without a hole."""
    history.failures = {
        name: refused("LookupEvents", "InternalServerException")
        for name in (EventName.ADD_MEMBER, EventName.SIGN_IN)
    }
    history.pages[EventName.SIGN_IN] = [[sign_in(5, "u-1")]]

    found, not_examined, gaps = looked_up(history)

    assert sorted(gap.resource for gap in gaps) == ["AddMemberToGroup", "UserAuthentication"]
    assert found.sign_ins == (SignIn("u-1", format_date(at(5))),)
    assert known(found).keys() == set(EventName) - {"AddMemberToGroup", "UserAuthentication"}
    assert not_examined == ()


@pytest.mark.parametrize(
    ("pages", "since"),
    [
        ([], UNTIL),
        ([[]], UNTIL),
        ([[sign_in(5, "u-1"), sign_in(7, "u-2")], []], at(7) + timedelta(seconds=1)),
    ],
)
def test_a_deadline_cuts_a_lookup(history: History, pages: list[list[LookedUp]], since: datetime) -> None:
    """What is newer than the oldest event is known; more of its second may be on the next page."""
    history.failures[EventName.SIGN_IN] = refused("LookupEvents", DEADLINE)
    history.pages[EventName.SIGN_IN] = pages

    found, not_examined, gaps = looked_up(history)

    assert gaps == []
    assert known(found)[EventName.SIGN_IN] == format_date(since)
    assert not_examined == (f"activity: sign-ins before {format_date(since)}",)


def test_the_time_for_activity_ends(history: History) -> None:
    """The same holds for the time that an organization has for it."""
    history.endless = {EventName.SIGN_IN}
    history.pages[EventName.SIGN_IN] = [[sign_in(5, "u-1")]]

    found, not_examined, gaps = looked_up(history, seconds=0.05)

    since = format_date(at(5) + timedelta(seconds=1))
    assert (gaps, not_examined) == ([], (f"activity: sign-ins before {since}",))
    assert known(found)[EventName.SIGN_IN] == since
    assert found.sign_ins == (SignIn("u-1", format_date(at(5))),)


def test_events_that_cannot_be_read(history: History) -> None:
    """They are counted, and what is known starts after the latest of them."""
    unreadable = [LookedUp("a", at(9), readable=False), LookedUp("b", at(20), readable=False)]
    history.pages[EventName.DELETE_ASSIGNMENT] = [[LookedUp("c", at(3)), *unreadable]]

    found, not_examined, _ = looked_up(history)

    assert known(found)[EventName.DELETE_ASSIGNMENT] == format_date(at(9) + timedelta(seconds=1))
    assert not_examined == ("activity: 2 events of removed assignments that cannot be read",)


def test_logins(history: History) -> None:
    """A sign-in by login is the user's, whatever its case; a login that nobody has is unreadable."""
    history.pages[EventName.SIGN_IN] = [
        [sign_in(1, login="LOGIN-u-1"), sign_in(2, "u-1"), sign_in(3, login="nobody")],
        [sign_in(4, login="login-u-2"), sign_in(9, login="nobody")],
    ]

    found, not_examined, _ = looked_up(history)

    assert found.sign_ins == (SignIn("u-1", format_date(at(1))), SignIn("u-2", format_date(at(4))))
    assert not_examined == ("activity: 1 events of sign-ins that cannot be read",)
    assert known(found)[EventName.SIGN_IN] == format_date(at(3) + timedelta(seconds=1))


def test_the_deletion_of_a_membership(history: History) -> None:
    """Its group and user are those that an earlier run, this run or the creation knows."""
    when = format_date(at(5))
    created = MembershipChange(when, "eve", Action.CREATED, "g-3", "u-3", "m-3")
    deleted = [
        MembershipChange(when, "eve", Action.DELETED, membership_id=f"m-{number}") for number in range(1, 5)
    ]
    history.pages[EventName.CREATE_MEMBERSHIP] = [[LookedUp("c", at(5), created)]]
    history.pages[EventName.DELETE_MEMBERSHIP] = [
        [LookedUp(change.membership_id, at(5), change) for change in deleted]
    ]
    earlier = snapshot(lookups=(), memberships=(Membership("g-1", (Member("u-1", membership_id="m-1"),)),))

    found, not_examined, _ = looked_up(
        history, EarlierActivity.of(earlier), Member("u-2", membership_id="m-2")
    )

    assert found.membership_events == (
        MembershipEvent(when, "eve", Action.CREATED, "g-3", "u-3"),
        *(MembershipEvent(when, "eve", Action.DELETED, group, user_id) for group, user_id in _DELETED),
    )
    assert not_examined == ()


_DELETED = (("g-1", "u-1"), ("g-1", "u-2"), ("g-3", "u-3"))


@pytest.mark.parametrize(
    "changes",
    [
        {"replica_regions": ("eu-north-1",)},
        {"management_account_id": "999999999999"},
        {"management_account_id": None},
    ],
)
def test_sign_ins_elsewhere(history: History, changes: dict[str, object]) -> None:
    """Other Regions and accounts can have sign-ins, and that is said."""
    instance = replace(INSTANCE, **changes)  # type: ignore[arg-type] # fields of the record
    lookup = ActivityLookup(
        history,  # type: ignore[arg-type] # in place of the API
        Jobs(JobCount(), []),
        instance,
        until=UNTIL,
        earlier=None,
    )

    assert [item.text for item in lookup.not_examined] == ["sign-ins that other accounts or Regions record"]
