"""Changes by cause: what happened is named once, and gained administrators come first."""

from dataclasses import replace

from sso_batch.dates import format_date
from sso_batch.model import GROUP, USER, Group, Member, Membership, Principal, Snapshot
from sso_batch.report.page.change_causes import ChangeSummary, summarize_changes
from sso_batch.review import comparison
from tests.support.overviews import ADMINISTRATOR_ACCESS
from tests.support.records import STARTED, grant, permission_set, snapshot, user

TODAY = format_date(STARTED)
BEFORE = "2026-01-02T00:00:00Z"
ADMINS = Principal(GROUP, "g-admins")
READERS = Principal(GROUP, "g-readers")
BOTH = (user("u-1", "Ann Lee"), user("u-2", "Bob Ray"))
SETS = (
    permission_set("arn:admin", "Admin", "PT1H", (ADMINISTRATOR_ACCESS,), (), "", ""),
    permission_set("arn:view", "View", "PT1H", (), (), "", ""),
)


def organization(*members: str, view: bool = False, **fields: object) -> Snapshot:
    """Return an organization whose administrators are these users, and whose readers can have a new grant."""
    grants = [replace(grant(ADMINS, number * 12, "arn:admin"), first_seen=BEFORE) for number in "12"]
    if view:
        grants.append(replace(grant(READERS, "1" * 12, "arn:view"), first_seen=TODAY))
    known: dict[str, object] = {
        "users": BOTH,
        "groups": (Group("g-admins", "admins"), Group("g-readers", "readers")),
        "memberships": (
            Membership("g-admins", tuple(Member(each, first_seen=TODAY) for each in members)),
            Membership("g-readers", (Member("u-2", first_seen=BEFORE),)),
        ),
        "permission_sets": SETS,
        "grants": tuple(sorted(grants)),
    }
    return snapshot(**known | fields)


def summary(old: Snapshot, new: Snapshot) -> ChangeSummary:
    """Summarize the changes between two snapshots."""
    return summarize_changes(list(comparison.changes(old, new)), TODAY)


def test_joined_group() -> None:
    """Who joins a group is one cause, whatever the group reaches."""
    found = summary(organization("u-1"), organization("u-1", "u-2"))

    (cause,) = found.causes
    assert (cause.title, cause.details, cause.changes) == ("Bob Ray joined admins", "Admin", 2)
    assert cause.administrators


def test_new_assignment() -> None:
    """What is assigned to a group is another cause than who joins it."""
    found = summary(organization("u-1"), organization("u-1", "u-2", view=True))

    assert [cause.title for cause in found.causes] == ["Bob Ray joined admins", "readers was given View"]
    assert [cause.administrators for cause in found.causes] == [True, False]


def test_lost_access() -> None:
    """Lost access comes last and is not a gain."""
    found = summary(organization("u-1", "u-2", view=True), organization("u-1"))

    assert [cause.title for cause in found.causes] == [
        "Bob Ray lost Admin through admins",
        "Bob Ray lost View through readers",
    ]
    assert not any(cause.administrators or cause.gained for cause in found.causes)


def test_disabled_users() -> None:
    """Users who were disabled are one cause, and not one for each of their grants."""
    disabled = tuple(replace(each, status="DISABLED") for each in BOTH)

    found = summary(organization("u-1", "u-2"), organization("u-1", "u-2", users=disabled))

    assert [cause.title for cause in found.causes] == ["2 users were disabled"]


def test_different_new_statuses() -> None:
    """One who was disabled and one who was enabled are not both called disabled."""
    ann, bob = BOTH
    before = (ann, replace(bob, status="DISABLED"))
    after = (replace(ann, status="DISABLED"), bob)

    found = summary(organization("u-1", "u-2", users=before), organization("u-1", "u-2", users=after))

    assert [cause.title for cause in found.causes] == ["The status changed for 2 users"]


def test_several_columns() -> None:
    """Columns that changed together are one cause with all of their names."""
    renamed = (BOTH[0], replace(BOTH[1], name="Bob Rae", login="rae"))

    found = summary(organization("u-2"), organization("u-2", users=renamed))

    assert [cause.title for cause in found.causes] == ["The name and the login changed for Bob Rae"]


def test_direct_assignment() -> None:
    """A direct assignment names the person."""
    direct = replace(grant(Principal(USER, "u-2"), "3" * 12, "arn:admin"), first_seen=TODAY)
    before = organization("u-1")

    found = summary(before, replace(before, grants=tuple(sorted((*before.grants, direct)))))

    assert [cause.title for cause in found.causes] == ["Bob Ray gained Admin"]


def test_same_assignment_to_several_users() -> None:
    """Users who gain the same access directly are one cause, with a link to all of them."""
    direct = tuple(
        replace(grant(Principal(USER, each.id), "3" * 12, "arn:admin"), first_seen=TODAY) for each in BOTH
    )
    before = organization("u-1")

    found = summary(before, replace(before, grants=tuple(sorted((*before.grants, *direct)))))

    (cause,) = found.causes
    assert (cause.title, cause.names) == ("2 users gained Admin", "Ann Lee, Bob Ray")
    assert cause.link == "#access?what=Admin&way=directly&new=yes&by=person"


def test_other_columns() -> None:
    """A changed column is named in words."""
    renamed = (BOTH[0], replace(BOTH[1], name="Bob Rae"))

    found = summary(organization("u-2"), organization("u-2", users=renamed))

    assert [cause.title for cause in found.causes] == ["The name changed for Bob Rae"]
