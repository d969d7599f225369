"""What is known of activity: the latest events, what is carried from run to run, and what stays unknown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.activity import (
    HISTORY,
    Activity,
    ActivityIndex,
    EarlierActivity,
    carry,
    start_of_lookup,
)
from sso_batch.coverage import NotExamined, Omission
from sso_batch.dates import format_date
from sso_batch.model import (
    Action,
    AssignmentEvent,
    EventName,
    Lookup,
    Member,
    Membership,
    MembershipEvent,
    Principal,
    SignIn,
)
from tests.support.records import ADMIN, INSTANCE, grant, membership_of, snapshot, user

UNTIL = datetime(2026, 11, 27, 3, 15, tzinfo=UTC)
OPS = Principal("GROUP", "g-1")
GRANT = grant(OPS)
CREATED, DELETED = Action.CREATED, Action.DELETED


def day(days: float) -> str:
    """Return a date before the run."""
    return format_date(UNTIL - timedelta(days=days))


def assigned(days: float, by: str = "Pipeline/7", action: Action = CREATED) -> AssignmentEvent:
    return AssignmentEvent(day(days), by, action, "111111111111", ADMIN, OPS)


def member(days: float, by: str = "Pipeline/7", action: Action = CREATED) -> MembershipEvent:
    return MembershipEvent(day(days), by, action, "g-1", "u-1")


def sign_in_lookup(since: float = 90, until: float = 0) -> Lookup:
    return Lookup(EventName.SIGN_IN, day(since), day(until))


def carried(earlier: Activity, new: Activity = Activity()) -> Activity:  # noqa: B008 - frozen
    """Return what is known in a run that has the one grant, the one membership, and user u-1."""
    return carry(
        earlier,
        new,
        grants=[GRANT],
        memberships=[membership_of("g-1", ["u-1"])],
        user_ids={"u-1"},
        until=UNTIL,
    )


# Where a look-up starts


@pytest.mark.parametrize(
    ("known_until", "start"),
    [
        (None, HISTORY),
        (1.0, timedelta(days=1, hours=1)),
        (90.0, HISTORY),
        (200.0, HISTORY),
        (-1.0, timedelta(hours=1)),  # the clock was wrong
    ],
)
def test_the_start_of_a_lookup(known_until: float | None, start: timedelta) -> None:
    """It overlaps the earlier look-up by an hour, and never goes back further than CloudTrail."""
    earlier = Activity() if known_until is None else Activity((sign_in_lookup(300, known_until),))

    assert start_of_lookup(EventName.SIGN_IN, UNTIL, earlier) == UNTIL - start


@pytest.mark.parametrize(
    ("changes", "lookups", "events"),
    [
        ({}, 1, 1),
        ({"caller_arn": "arn:aws:sts::000000000002:assumed-role/Audit/sso-batch"}, 0, 1),
        ({"caller_arn": INSTANCE.caller_arn.replace("Audit", "Other")}, 1, 1),
        ({"arn": "arn:aws:sso:::instance/ssoins-2"}, 0, 0),
        ({"region": "us-east-1"}, 0, 0),
    ],
)
def test_what_an_earlier_snapshot_says_of_an_instance(
    changes: dict[str, Any], lookups: int, events: int
) -> None:
    """Another instance's activity is dropped; another account's history has other events missing."""
    earlier = EarlierActivity.of(
        snapshot(
            lookups=(sign_in_lookup(),),
            assignment_events=(assigned(1),),
            memberships=(Membership("g-1", (Member("u-1", membership_id="m-1"), Member("u-2"))),),
        )
    )

    assert earlier is not None
    seen = earlier.seen_by(replace(INSTANCE, **changes))
    assert (len(seen.lookups), len(seen.assignment_events)) == (lookups, events)
    assert earlier.memberships == {"m-1": ("g-1", "u-1")}


def test_a_snapshot_without_activity() -> None:
    """It knows nothing."""
    assert EarlierActivity.of(snapshot()) is None


# What is carried


@pytest.mark.parametrize(
    ("earlier", "new", "known"),
    [
        (None, (90, 0), (90, 0)),
        ((90, 1), (1.04, 0), (90, 0)),  # it connects
        ((300, 1), (1, 0), (300, 0)),
        ((90, 1), (0.5, 0), (0.5, 0)),  # cut after the end of the earlier one
        ((5, 1), (1.04, 0), (5, 0)),  # the earlier one was cut
        ((300, 100), (90, 0), (90, 0)),  # no run for 100 days
    ],
)
def test_lookups_connect(
    earlier: tuple[float, float] | None, new: tuple[float, float], known: tuple[float, float]
) -> None:
    """What is known without a hole goes back as far as the earlier look-up, if there is none between."""
    before = Activity() if earlier is None else Activity((sign_in_lookup(*earlier),))

    assert carried(before, Activity((sign_in_lookup(*new),))).lookups == (sign_in_lookup(*known),)


def test_a_look_up_that_failed_is_not_carried() -> None:
    """The events are, but nothing is known without a hole."""
    earlier = Activity((sign_in_lookup(90, 1),), sign_ins=(SignIn("u-1", day(3)),))

    assert carried(earlier) == Activity(sign_ins=(SignIn("u-1", day(3)),))


@pytest.mark.parametrize(
    ("events", "kept"),
    [
        ([assigned(10), assigned(5, action=DELETED)], [assigned(10), assigned(5, action=DELETED)]),
        ([assigned(100)], [assigned(100)]),
        ([assigned(200), assigned(100)], [assigned(100)]),
        ([assigned(200), assigned(100, action=DELETED)], []),
        ([assigned(200), assigned(50, action=DELETED)], [assigned(50, action=DELETED)]),
        ([replace(assigned(100), account_id="222222222222")], []),
        (
            [replace(assigned(10), account_id="222222222222")],
            [replace(assigned(10), account_id="222222222222")],
        ),
    ],
)
def test_old_events_stay_if_they_explain_something(
    events: list[AssignmentEvent], kept: list[AssignmentEvent]
) -> None:
    """After 90 days, only the creation of what exists stays."""
    assert carried(Activity(assignment_events=tuple(events))).assignment_events == tuple(sorted(kept))


def test_memberships_and_sign_ins() -> None:
    """The same holds for memberships; of sign-ins, the latest of each user stays."""
    earlier = Activity(
        membership_events=(member(100), replace(member(100), user_id="u-2")),
        sign_ins=(SignIn("u-1", day(200)), SignIn("u-2", day(200)), SignIn("u-3", day(80))),
    )
    new = Activity(membership_events=(member(100),), sign_ins=(SignIn("u-1", day(1)), SignIn("u-3", day(85))))

    assert carried(earlier, new) == Activity(
        membership_events=(member(100),),
        sign_ins=(SignIn("u-1", day(1)), SignIn("u-3", day(80))),
    )


events = st.builds(
    assigned, st.integers(0, 200), st.sampled_from(["a", "b"]), st.sampled_from([CREATED, DELETED])
)


@given(st.lists(events), st.lists(events))
def test_carrying_changes_no_answer(old: list[AssignmentEvent], new: list[AssignmentEvent]) -> None:
    """Who created what exists is the same with all events and with those that are carried."""
    everything = snapshot(assignment_events=tuple(sorted({*old, *new})))
    activity = carried(Activity(assignment_events=tuple(old)), Activity(assignment_events=tuple(new)))
    after = snapshot(assignment_events=activity.assignment_events)

    assert ActivityIndex(after).assigned(GRANT) == ActivityIndex(everything).assigned(GRANT)
    assert carried(activity, activity) == activity


# The answers


def test_the_latest_event_counts() -> None:
    """What was created last counts; what was deleted last and still exists has an unknown author."""
    created = ActivityIndex(snapshot(assignment_events=(assigned(9), assigned(5, "b"))))
    deleted = ActivityIndex(snapshot(assignment_events=(assigned(9), assigned(5, "b", DELETED))))
    at_once = ActivityIndex(snapshot(assignment_events=(assigned(5, "a", DELETED), assigned(5, "b"))))

    assert (created.assigned(GRANT), created.unassigned(GRANT)) == (assigned(5, "b"), None)
    assert (deleted.assigned(GRANT), deleted.unassigned(GRANT)) == (None, assigned(5, "b", DELETED))
    assert at_once.assigned(GRANT) == assigned(5, "b")
    assert created.assigned(grant(OPS, "222222222222")) is None


def test_members() -> None:
    """A user was added to a group or removed from it, by the latest event."""
    added = ActivityIndex(snapshot(membership_events=(member(9, action=DELETED), member(5))))
    removed = ActivityIndex(snapshot(membership_events=(member(9), member(5, action=DELETED))))

    assert (added.member_added("g-1", "u-1"), added.member_removed("g-1", "u-1")) == (member(5), None)
    assert removed.member_added("g-1", "u-1") is None
    assert removed.member_removed("g-1", "u-1") == member(5, action=DELETED)


def test_an_author_who_is_a_user() -> None:
    """A user's id is shown as the login, if the snapshot has the user."""
    index = ActivityIndex(
        snapshot(
            users=(user("u-7"),),
            assignment_events=(assigned(9, "u-7"),),
            membership_events=(member(9, "u-8"),),
        )
    )

    created, added = index.assigned(GRANT), index.member_added("g-1", "u-1")
    assert (created and created.by, added and added.by) == ("login-u-7", "u-8")


@pytest.mark.parametrize(
    ("lookups", "without"),
    [
        (None, None),
        ((), None),
        ((sign_in_lookup(),), ""),
        ((sign_in_lookup(400),), ""),
        ((sign_in_lookup(89.9),), None),
    ],
)
def test_sign_ins(lookups: tuple[Lookup, ...] | None, without: str | None) -> None:
    """A user without a sign-in has none only if 90 days are known; otherwise it is not known."""
    index = ActivityIndex(snapshot(lookups=lookups, sign_ins=(SignIn("u-1", day(3)),)))

    assert (index.last_sign_in("u-1"), index.last_sign_in("u-2")) == (day(3), without)


def test_sign_ins_elsewhere() -> None:
    """If other accounts or Regions record sign-ins, nothing is known without a hole."""
    omitted = (NotExamined.by_collection(Omission.OTHER_SIGN_INS),)
    index = ActivityIndex(snapshot(lookups=(sign_in_lookup(),), not_examined=omitted))

    assert (index.last_sign_in("u-1"), index.known_since(EventName.SIGN_IN)) == (None, None)


def test_known_since() -> None:
    """It is the start of the look-up, and None for an event that was not looked up."""
    index = ActivityIndex(snapshot(lookups=(sign_in_lookup(30),)))

    assert index.known_since("UserAuthentication") == day(30)
    assert index.known_since("CreateAccountAssignment") is None
