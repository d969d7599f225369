"""Who made a change between two runs: events of the time between them, and nothing else."""

from dataclasses import replace

from sso_batch.model import (
    GROUP,
    USER,
    Action,
    AssignmentEvent,
    Group,
    Member,
    Membership,
    MembershipEvent,
    Principal,
    Snapshot,
)
from sso_batch.review.comparison import Change, changes
from tests.review.reviews import ANN, EVERYTHING, OPS, organization, permission_set, review, rules
from tests.support.records import ADMIN, grant, membership_of, user

BEFORE, AFTER = "2026-03-04T05:06:06Z", "2026-03-05T10:00:00Z"
"""The old run started in between."""

EMPTY = organization()
ASSIGNED = organization(grants=(grant(ANN),))


def assignment(
    at: str = AFTER, action: Action = Action.CREATED, principal: Principal = ANN
) -> AssignmentEvent:
    return AssignmentEvent(at, "Pipeline/run-7", action, "111111111111", ADMIN, principal)


def member(
    user_id: str, by: str = "eve", at: str = AFTER, action: Action = Action.CREATED
) -> MembershipEvent:
    return MembershipEvent(at, by, action, "g-1", user_id)


def only_change(old: Snapshot, new: Snapshot) -> Change:
    (change,) = changes(old, new)
    return change


def group_of(*user_ids: str, events: tuple[MembershipEvent, ...] = ()) -> Snapshot:
    return organization(
        users=(user(), user("u-2", "Bob"), user("u-3", "Cid"), user("u-4", "Dee")),
        memberships=(membership_of("g-1", user_ids),),
        grants=(grant(OPS),),
        membership_events=events,
    )


def test_an_assignment() -> None:
    """An added assignment names who assigned it, a removed one who removed it."""
    added = only_change(EMPTY, replace(ASSIGNED, assignment_events=(assignment(),)))
    removed = only_change(ASSIGNED, replace(EMPTY, assignment_events=(assignment(action=Action.DELETED),)))

    assert (added.author, added.words) == ("assigned by Pipeline/run-7 on 2026-03-05",) * 2
    assert removed.words == "removed by Pipeline/run-7 on 2026-03-05"


def test_an_unknown_author() -> None:
    """An event before the old run explains nothing: neither does the opposite event."""
    for event in (None, assignment(BEFORE), assignment(action=Action.DELETED), assignment(principal=OPS)):
        new = replace(ASSIGNED, assignment_events=() if event is None else (event,))
        assert only_change(EMPTY, new).words == ""


def test_members() -> None:
    """Users who are added to a group or removed from it have the author of that."""
    added = only_change(group_of("u-1"), group_of("u-1", "u-2", events=(member("u-2", "u-1"),)))
    removed = only_change(
        group_of("u-1", "u-2"), group_of("u-1", events=(member("u-2", action=Action.DELETED),))
    )
    unknown = only_change(group_of("u-1"), group_of("u-1", "u-2", events=(member("u-2", at=BEFORE),)))

    assert added.words == "added to the group by login-u-1 on 2026-03-05"
    assert removed.words == "removed from the group by eve on 2026-03-05"
    assert unknown.words == ""


def test_the_identity_store_names_an_author() -> None:
    """A membership has its own date and author, also without events."""
    new = group_of("u-1", "u-2")
    members = (Member("u-1"), Member("u-2", created_at=AFTER, created_by="scim"))
    dated = replace(new, memberships=(Membership("g-1", members),))
    old = replace(new, memberships=(Membership("g-1", (members[0], replace(members[1], created_at=BEFORE))),))

    by_event = replace(dated, membership_events=(member("u-2"),))

    assert only_change(group_of("u-1"), dated).words == "added to the group by scim on 2026-03-05"
    assert only_change(group_of("u-1"), by_event).words == "added to the group by eve on 2026-03-05"
    assert only_change(group_of("u-1"), old).words == ""


def test_several_authors() -> None:
    """Two are named, and how many more there are."""
    events = (member("u-2", "a"), member("u-3", "b"), member("u-4", "c"))

    assert only_change(group_of("u-1"), group_of("u-1", "u-2", "u-3", "u-4", events=events)).words == (
        "added to the group by a on 2026-03-05; added to the group by b on 2026-03-05; 1 more"
    )


def test_a_changed_column_has_no_author() -> None:
    """No event says who renamed a user."""
    new = replace(ASSIGNED, users=(user(name="Anna"),), assignment_events=(assignment(),))

    change = only_change(ASSIGNED, new)

    assert (change.words, change.author) == ("UserName", "")


def test_who_made_an_administrator() -> None:
    """The message of admin-gained says who assigned it or who added the user to the group."""
    admin = (permission_set(inline_policy=EVERYTHING),)
    previous = organization(permission_sets=admin)
    ops, bob = Principal(GROUP, "g-1"), Principal(USER, "u-2")
    new = replace(
        previous,
        users=(user(), user("u-2", "Bob")),
        groups=(Group("g-1", "Ops"),),
        memberships=(membership_of("g-1", ["u-1"]),),
        grants=(grant(ops), grant(bob)),
        assignment_events=(assignment(principal=ops), assignment(BEFORE, principal=bob)),
        membership_events=(member("u-1"),),
    )

    found = review(new, by=rules("admin-gained"), previous=previous).findings

    ann, bob_gained = (finding.message for finding in found)
    assert ann == (
        "Ann Lee became administrator through Ops (accounts: 1), added to the group by eve on 2026-03-05, "
        "assigned by Pipeline/run-7 on 2026-03-05"
    )
    assert bob_gained == "Bob became administrator (accounts: 1)"
