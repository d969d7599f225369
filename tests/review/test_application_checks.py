"""The checks of applications: what they find, what it says, and what they could not examine."""

import pytest

from sso_batch.coverage import Omission, Setting
from sso_batch.model import GROUP, USER, ApplicationAssignment, GapKind, Principal, Snapshot, User
from tests.review.reviews import ANN, OPS, organization, review, rules
from tests.support.records import INSTANCE, application, gap, membership_of, unexamined

OPEN, DISABLED_USER = "application-open-to-all", "application-disabled-user"
BOB = User("u-2", "bob", "Bob", "bob@example.com", "DISABLED")


def assigned(principal: Principal, *names: str) -> tuple[ApplicationAssignment, ...]:
    return tuple(ApplicationAssignment(application(name).arn, principal) for name in names)


def blind_spots(check: str, snapshot: Snapshot) -> str:
    """Return what a check could not examine."""
    return "; ".join(item.what for item in review(snapshot, by=rules(check)).not_examined["acme"])


def test_an_open_application() -> None:
    """The message names the application, which is not a principal's and has no account."""
    (found,) = review(
        organization(applications=(application("Wiki", required=False), application("Other"))),
        by=rules(OPEN),
    ).findings

    assert found.message == (
        "application Wiki is open to every user of the directory: it does not require an assignment"
    )
    assert (found.principal_type, found.principal_id, found.account_id, found.permission_set) == ("",) * 4


def test_an_application_without_a_name() -> None:
    """Without a name the message has the ARN."""
    (found,) = review(
        organization(applications=(application("", arn="arn:x", required=False),)), by=rules(OPEN)
    ).findings

    assert found.message.startswith("application arn:x is open to every user")


def test_a_disabled_application_is_not_open() -> None:
    """An application that is disabled, or of which it is unknown, is not a finding."""
    applications = (
        application("Old", required=False, status="DISABLED"),
        application("Unknown", required=None),
    )

    assert review(organization(applications=applications), by=rules(OPEN)).findings == ()


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (("Wiki",), "Wiki"),
        (("b", "a"), "a, b"),
        (tuple("abcdefg"), "a, b, c, d, e and 2 more"),
    ],
)
def test_one_finding_for_each_disabled_user(names: tuple[str, ...], shown: str) -> None:
    """A disabled user is one finding, with the first applications; being assigned twice counts once."""
    snapshot = organization(
        users=(BOB,),
        memberships=(membership_of("g-1", ("u-2",)),),
        applications=tuple(map(application, names)),
        application_assignments=assigned(OPS, *names) + assigned(Principal(USER, "u-2"), names[0]),
    )

    (found,) = review(snapshot, by=rules(DISABLED_USER)).findings

    assert found.message == f"Bob is disabled but still assigned to applications: {shown}"
    assert (found.principal_id, found.user_email) == ("u-2", "bob@example.com")


@pytest.mark.parametrize("check", [OPEN, DISABLED_USER])
def test_applications_that_were_left_out(check: str) -> None:
    """Both checks say that applications are not read by default."""
    snapshot = organization(not_examined=unexamined(Omission.APPLICATIONS))

    assert blind_spots(check, snapshot) == Setting.APPLICATIONS


@pytest.mark.parametrize("check", [OPEN, DISABLED_USER])
def test_applications_that_were_not_listed(check: str) -> None:
    """A listing that failed is a gap about the instance."""
    snapshot = organization(gaps=(gap(INSTANCE.arn, kind=GapKind.APPLICATIONS),))

    assert blind_spots(check, snapshot) == "applications that were not all read (gaps: 1)"


def test_unread_configurations_and_assignments() -> None:
    """What was not read of one application counts only where a check needs it."""
    unread = application("Wiki", required=None, complete=False)
    snapshot = organization(
        applications=(unread, application("Other")), gaps=(gap(unread.arn, kind=GapKind.APPLICATIONS),)
    )

    assert blind_spots(OPEN, snapshot) == (
        "applications of which it is unknown whether they require an assignment: 1"
    )
    assert blind_spots(DISABLED_USER, snapshot) == "applications whose assignments were not all read: 1"


def test_unread_principals() -> None:
    """Members of groups and users that were not read are blind spots, deleted ones are not."""
    gone = Principal(USER, "u-9")
    snapshot = organization(
        applications=(application(),),
        application_assignments=(
            *assigned(OPS, "Wiki"),
            *assigned(Principal(USER, "u-8"), "Wiki"),
            *assigned(gone, "Wiki"),
        ),
        missing=(gone,),
    )

    assert blind_spots(DISABLED_USER, snapshot) == (
        "members of groups that were not read: 1; users and groups that were not read: 1"
    )
    assert blind_spots(OPEN, snapshot) == ""


def test_unread_members_of_a_group_that_has_only_applications() -> None:
    """The check of memberships examines the groups of applications as well."""
    snapshot = organization(applications=(application(),), application_assignments=assigned(OPS, "Wiki"))

    assert blind_spots("stale-membership", snapshot) == "members of groups that were not read: 1"


def test_nothing_is_missing() -> None:
    """Without gaps the checks are certain, also about a group that was deleted."""
    snapshot = organization(
        applications=(application(),),
        application_assignments=assigned(Principal(GROUP, "g-9"), "Wiki") + assigned(ANN, "Wiki"),
        missing=(Principal(GROUP, "g-9"),),
    )

    assert (blind_spots(OPEN, snapshot), blind_spots(DISABLED_USER, snapshot)) == ("", "")
