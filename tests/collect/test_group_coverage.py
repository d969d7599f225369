"""Which answers for members cover a group, and whether they contradict each other."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from sso_batch.collect.group_coverage import GroupCoverage
from sso_batch.collect.group_members import MemberList
from sso_batch.model import GROUP, USER, Grant, Member, Principal
from tests.collect.conftest import LONG_AGO, assigned, refused

STARTED = datetime(2026, 11, 27, 6, tzinfo=UTC)
ANN, BOB, DEV, OPS = (
    Principal(USER, "ann"),
    Principal(USER, "bob"),
    Principal(GROUP, "dev"),
    Principal(GROUP, "ops"),
)
OF_DEV = assigned("1", "view", GROUP, "dev")
ALSO_OF_DEV = assigned("2", "view", GROUP, "dev")
OWN = assigned("1", "view", USER, "ann")


def listed(*members: Member, group: Principal = DEV, started: float = 2.0) -> MemberList:
    return MemberList(group, started, {member.user_id: member for member in members}, Counter())


@pytest.fixture
def coverage() -> GroupCoverage:
    return GroupCoverage(STARTED)


@pytest.mark.parametrize(
    ("created_at", "ended", "covers"),
    [
        ("2026-11-27T05:54:59Z", 1.0, True),
        ("2026-11-27T05:55:00Z", 1.0, False),
        ("2026-11-27T06:30:00Z", 1.0, False),
        (LONG_AGO, 2.0, True),
        (LONG_AGO, 2.1, False),
        (LONG_AGO, None, False),
    ],
    ids=["old", "as old as a clock may differ", "new", "just before", "listed before", "failed"],
)
def test_an_answer_covers_a_group(
    coverage: GroupCoverage, created_at: str, ended: float | None, *, covers: bool
) -> None:
    """A member's answer covers a group if the user was a member all the time in which it was made."""
    coverage.add(ANN, [OF_DEV], ended)

    assert coverage.covers(listed(Member("ann", created_at=created_at))) == covers
    assert (DEV in coverage) == covers


def test_memberships_without_a_date(coverage: GroupCoverage) -> None:
    """A membership without a date is old, but only if AWS gives dates to others: none may be new."""
    coverage.add(ANN, [OF_DEV], 1.0)

    assert coverage.covers(listed(Member("ann")))
    assert DEV not in coverage
    coverage.covers(listed(Member("bob", created_at="2026-11-27T06:30:00Z"), group=OPS))
    assert DEV in coverage


def test_one_of_several_members_is_enough(coverage: GroupCoverage) -> None:
    """A group without members, and one whose members were not asked, is not covered."""
    coverage.add(ANN, [], 1.0)

    assert not coverage.covers(listed())
    assert not coverage.covers(listed(Member("bob")))
    assert coverage.covers(listed(Member("bob"), Member("ann")))


def test_a_group_whose_members_are_not_listed(coverage: GroupCoverage) -> None:
    """A group whose members could not be listed is not covered."""
    failure = refused("ListGroupMemberships")

    assert not coverage.covers(MemberList(DEV, 2.0, {}, Counter(), failure))


@pytest.mark.parametrize(
    ("principal", "grants", "ended", "seen"),
    [
        (ANN, [OF_DEV], 1.0, True),
        (ANN, [OWN], 1.0, False),
        (ANN, [], 1.0, False),
        (ANN, [OF_DEV], None, False),
        (DEV, [OF_DEV], 1.0, False),
    ],
    ids=["group's", "own", "none", "failed", "answer for the group"],
)
def test_seen(
    coverage: GroupCoverage, principal: Principal, grants: list[Grant], ended: float | None, *, seen: bool
) -> None:
    """Only a complete answer for a user shows that answers hold the assignments of groups."""
    coverage.add(principal, grants, ended)

    assert coverage.seen == seen


@pytest.mark.parametrize(
    ("of_bob", "consistent"),
    [
        ([OF_DEV, ALSO_OF_DEV], True),
        ([OF_DEV, OF_DEV, ALSO_OF_DEV], True),
        ([OF_DEV], False),
        ([], False),
    ],
    ids=["the same", "one of them twice", "fewer", "none"],
)
def test_consistent(coverage: GroupCoverage, of_bob: list[Grant], *, consistent: bool) -> None:
    """Answers that cover a group must hold the same assignments of it."""
    coverage.add(ANN, [OWN, OF_DEV, ALSO_OF_DEV], 1.0)
    coverage.add(BOB, of_bob, 1.0)
    coverage.covers(listed(Member("ann"), Member("bob")))

    assert coverage.consistent == consistent


def test_a_new_member_contradicts_nothing(coverage: GroupCoverage) -> None:
    """An answer that was made before the user joined a group need not hold what the group has."""
    coverage.add(ANN, [OF_DEV], 1.0)
    coverage.add(BOB, [], 1.0)
    coverage.covers(listed(Member("ann"), Member("bob", created_at="2026-11-27T06:30:00Z")))

    assert coverage.consistent


def test_a_later_answer_can_contradict(coverage: GroupCoverage) -> None:
    """The answer for a member that came after the members were listed covers nothing, and can contradict."""
    coverage.add(ANN, [OF_DEV], 1.0)
    coverage.covers(listed(Member("ann"), Member("bob")))
    coverage.add(BOB, [], 3.0)

    assert not coverage.consistent


def test_any_answer_can_contradict(coverage: GroupCoverage) -> None:
    """What an answer that failed later or the group's own has shown must be in a covering answer, too."""
    coverage.add(ANN, [], 1.0)
    coverage.add(BOB, [OF_DEV], None)
    coverage.covers(listed(Member("ann")))
    coverage.covers(listed(Member("ann"), group=OPS))

    assert not coverage.consistent
