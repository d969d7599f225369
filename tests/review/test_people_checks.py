"""The checks about users: what each means, where its limits are, and what it does not know."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sso_batch.coverage import BlindSpot, NotExamined, Omission, Setting
from sso_batch.dates import format_date
from sso_batch.model import (
    GROUP,
    USER,
    EventName,
    ExternalId,
    GapKind,
    Group,
    Lookup,
    Member,
    Membership,
    Principal,
    SignIn,
    Snapshot,
    User,
)
from sso_batch.review.finding import Finding, Waiver
from sso_batch.review.reviewer import Reviewed
from sso_batch.review.roster import Person, Roster
from sso_batch.review.snapshot_index import Limits
from sso_batch.review.waivers import WaiverRule
from tests.review.reviews import ANN, OPS, TODAY, organization, permission_set, review, rules
from tests.support.records import (
    INSTANCE,
    STARTED,
    entitlement,
    gap,
    grant,
    membership_of,
    unexamined,
    user,
)

MANAGEMENT = "000000000001"
ADMINISTRATOR = permission_set(managed_policies=("arn:aws:iam::aws:policy/AdministratorAccess",))
BOB = User("u-2", "bob", "Bob", "bob@example.com", "ENABLED")
GONE = Principal(USER, "u-9")
COLUMNS = frozenset({"email", "status", "manager"})


def day(days: float) -> str:
    """Return a date before the start of the run."""
    return format_date(STARTED - timedelta(days=days))


def roster(*people: Person, columns: Iterable[str] = COLUMNS) -> Roster:
    """Return a roster with the columns of email addresses, status and managers."""
    return Roster(people, frozenset(columns))


def messages(reviewed: Reviewed) -> list[str]:
    """Return the messages of the findings."""
    return [finding.message for finding in reviewed.findings]


def blind_spots(reviewed: Reviewed) -> list[str]:
    """Return what the checks did not examine in acme."""
    return [str(item.what) for item in reviewed.not_examined["acme"]]


# The roster

ANN_LEFT = roster(Person("U-1@Example.com ", is_leaver=True))


@pytest.mark.parametrize(
    ("access", "finding"),
    [
        ({"grants": (grant(ANN), grant(ANN, MANAGEMENT))}, "(assignments: 2)"),
        ({"grants": (grant(OPS),), "memberships": (membership_of("g-1", ("u-1",)),)}, "(assignments: 1)"),
        ({"grants": (entitlement(ANN),)}, "(assignments: 1)"),
        ({"grants": ()}, None),
        ({"grants": (grant(OPS),), "memberships": (membership_of("g-1", ()),)}, None),
    ],
)
def test_leaver(access: dict[str, Any], finding: str | None) -> None:
    """A leaver with any access has one finding, which counts the assignments; others have none."""
    reviewed = review(organization(**access), by=rules("leaver-access"), roster=ANN_LEFT)

    expected = [] if finding is None else [f"Ann Lee has left but still has access {finding}"]
    assert messages(reviewed) == expected
    assert blind_spots(reviewed) == []


def test_people_who_work_here() -> None:
    """A user whom the roster knows as active has no finding."""
    snapshot = organization(grants=(grant(ANN),))
    active = roster(Person("u-1@example.com"))

    assert review(snapshot, by=rules("leaver-access", "not-in-roster"), roster=active).findings == ()


def test_not_in_roster() -> None:
    """A user with access who is not in the roster has a finding, and no user without access."""
    snapshot = organization(users=(user(), BOB), grants=(grant(ANN),))

    reviewed = review(snapshot, by=rules("not-in-roster"), roster=roster(Person("cy@example.com")))

    assert messages(reviewed) == ["Ann Lee has access but is not in the roster (assignments: 1)"]


def test_employee_numbers() -> None:
    """A user is found by employee number, too, if the run reads it."""
    ann = replace(user(), email="", attributes=(("employee_number", "E-7"),))
    left = roster(Person("", "e-7", is_leaver=True), columns={"employee_number", "status"})
    snapshot = organization(users=(ann,), grants=(grant(ANN),), people=("employee_number",))

    reviewed = review(snapshot, by=rules("leaver-access", "not-in-roster"), roster=left)

    assert [finding.check for finding in reviewed.findings] == ["leaver-access"]


@pytest.mark.parametrize("check", ["leaver-access", "not-in-roster"])
@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"email", "status"}, "email"),
        ({"employee_number", "status"}, "employee number"),
        ({"email", "employee_number", "status"}, "email or employee number"),
    ],
)
def test_users_who_cannot_be_looked_up(check: str, columns: set[str], words: str) -> None:
    """A user without what the roster identifies people by is a blind spot and not a finding."""
    nameless = replace(user(), email=" ")
    snapshot = organization(users=(nameless,), grants=(grant(ANN),))

    reviewed = review(snapshot, by=rules(check), roster=roster(Person("x"), columns=columns))

    assert reviewed.findings == ()
    assert blind_spots(reviewed) == [f"users without {words}, who cannot be looked up in the roster: 1"]


# Managers


def managed(manager: str | None) -> User:
    """Return Ann with a manager; None if the attribute was not read."""
    return replace(user(), attributes=() if manager is None else (("manager", manager),))


@pytest.mark.parametrize(
    ("ann", "people", "hr", "found", "unknown"),
    [
        (managed(""), ("manager",), None, True, False),
        (managed("cy"), ("manager",), None, False, False),
        (managed(None), ("manager",), None, False, True),
        (managed(""), ("manager",), roster(Person("u-1@example.com")), True, False),
        (managed(""), ("manager",), roster(Person("u-1@example.com", manager="cy")), False, False),
        (managed(""), ("manager",), roster(Person("u-1@example.com"), columns={"email"}), True, False),
        (managed(None), ("manager",), roster(Person("u-1@example.com")), False, True),
        (managed(None), ("manager",), roster(Person("u-1@example.com", manager="cy")), False, False),
        (managed(None), (), roster(Person("u-1@example.com")), True, False),
        (managed(None), (), roster(Person("u-1@example.com", manager="cy")), False, False),
        (managed(None), (), roster(Person("bob@example.com", manager="cy")), True, False),
        (replace(managed(None), email=""), (), roster(Person("u-1@example.com")), False, True),
        (replace(managed(""), email=""), ("manager",), roster(Person("u-1@example.com")), True, False),
    ],
)
def test_manager(
    ann: User, people: tuple[str, ...], hr: Roster | None, *, found: bool, unknown: bool
) -> None:
    """A manager is one of the directory or of the roster; what was not read is not taken for none."""
    snapshot = organization(users=(ann,), grants=(grant(ANN),), people=people)

    reviewed = review(snapshot, by=rules("manager-missing"), roster=hr)

    assert messages(reviewed) == (["Ann Lee has access but no manager (assignments: 1)"] if found else [])
    assert blind_spots(reviewed) == (["users whose manager was not read: 1"] if unknown else [])


# Sign-ins


def with_sign_ins(*sign_ins: SignIn, since: float = 120, ann: User | None = None) -> Snapshot:
    """Return an organization where Ann has access, and sign-ins are known for 120 days."""
    return organization(
        users=(ann or user(),),
        grants=(grant(ANN),),
        lookups=(Lookup(EventName.SIGN_IN, day(since), day(0)),),
        sign_ins=sign_ins,
    )


@pytest.mark.parametrize(
    ("snapshot", "when"),
    [
        (with_sign_ins(), "for more than 90 days"),
        (with_sign_ins(since=90), "for more than 90 days"),
        (with_sign_ins(SignIn("u-2", day(1))), "for more than 90 days"),
        (with_sign_ins(SignIn("u-1", day(91))), f"since {day(91)}"),
        (with_sign_ins(SignIn("u-1", day(300))), f"since {day(300)}"),
        (with_sign_ins(SignIn("u-1", day(89))), None),
        (with_sign_ins(ann=replace(user(), created_at=day(91))), "for more than 90 days"),
        (with_sign_ins(ann=replace(user(), created_at=day(89))), None),
        (with_sign_ins(ann=replace(user(), status="")), "for more than 90 days"),
        (with_sign_ins(ann=replace(user(), status="DISABLED")), None),
        (replace(with_sign_ins(), grants=()), None),
    ],
)
def test_dormant(snapshot: Snapshot, when: str | None) -> None:
    """An enabled user with access who has not signed in for 90 days is dormant, unless created since then."""
    reviewed = review(snapshot, by=rules("dormant-user"))

    expected = [] if when is None else [f"Ann Lee has not signed in {when} but has access (assignments: 1)"]
    assert messages(reviewed) == expected
    assert blind_spots(reviewed) == []


def test_days_of_dormant_users() -> None:
    """The configuration sets for how many days users must not have signed in."""
    limits = Limits(dormant_after=timedelta(days=30))
    snapshot = with_sign_ins(SignIn("u-1", day(40)), since=45)

    assert len(review(snapshot, by=rules("dormant-user", limits=limits)).findings) == 1


@pytest.mark.parametrize(
    ("snapshot", "words"),
    [
        (organization(grants=(grant(ANN),)), Setting.ACTIVITY),
        (organization(grants=(grant(ANN),), lookups=()), "sign-ins that were not all read"),
        (
            replace(with_sign_ins(), not_examined=(NotExamined.by_collection(Omission.OTHER_SIGN_INS),)),
            "sign-ins that were not all read",
        ),
        (
            with_sign_ins(since=89),
            f"sign-ins of the last 90 days, which are known only since {day(89)}",
        ),
    ],
)
def test_sign_ins_that_are_not_known(snapshot: Snapshot, words: str) -> None:
    """Unless sign-ins are known for as long, no user is called dormant."""
    reviewed = review(snapshot, by=rules("dormant-user"))

    assert reviewed.findings == ()
    assert blind_spots(reviewed) == [words]


# Who created them

OKTA = (ExternalId("https://okta.example", "e-1"),)
SCIM = "SCIM"


def directory(*users: User, members: Iterable[Member] = ()) -> Snapshot:
    """Return an organization where all users have access through a group."""
    everybody = (*(Member(each.id, created_by=SCIM) for each in users), *members)
    return organization(users=users, grants=(grant(OPS),), memberships=(Membership("g-1", tuple(everybody)),))


def provisioned(user_id: str, created_by: str = SCIM) -> User:
    """Return a user whom the identity provider manages."""
    return replace(user(user_id, f"User {user_id}"), external_ids=OKTA, created_by=created_by)


P1, P2, P3 = map(provisioned, ("p-1", "p-2", "p-3"))
NO_ID = "Ann Lee has no external ID, so the identity provider does not manage this user"
BY_HAND = "Ann Lee was not created by the identity provider, but by Admin/eve"


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (directory(P1, P2, user()), [NO_ID]),
        (directory(P1, P2, replace(user(), created_by=SCIM)), [NO_ID]),
        (directory(P1, P2, replace(user(), created_by="Admin/eve")), [BY_HAND]),
        (directory(P1, P2, replace(user(), created_by="Admin/eve", external_ids=OKTA)), [BY_HAND]),
        (directory(P1, P2, replace(user(), created_by="", external_ids=OKTA)), []),
        (directory(P1, P2, P3), []),
        (directory(P1, replace(user(), created_by="Admin/eve")), []),
        (directory(*(provisioned(f"p-{n}", "") for n in range(3)), user()), [NO_ID]),
        (
            directory(
                *(provisioned(f"p-{n}", "") for n in range(3)), replace(user(), created_by="Admin/eve")
            ),
            [NO_ID],
        ),
        (replace(directory(P1, P2, user()), memberships=(membership_of("g-1", ("p-1",)),)), []),
    ],
    ids=[
        "without an id",
        "of the same author",
        "of another author",
        "with an id",
        "of an unknown author",
        "all managed",
        "half are managed",
        "all authors unknown",
        "only this author known",
        "without access",
    ],
)
def test_unmanaged_user(snapshot: Snapshot, expected: list[str]) -> None:
    """Where most users have an external id, one without it or of another author is not managed."""
    reviewed = review(snapshot, by=rules("unmanaged-user"))

    assert messages(reviewed) == expected
    assert blind_spots(reviewed) == []


def test_members_of_other_authors() -> None:
    """A group has one finding, with the number of members that others added and the names of most of them."""
    authors = ("Admin/eve", "Admin/eve", "b", "c", "d", "e")
    members = [Member(f"u-{number}", created_by=author) for number, author in enumerate(authors, 10)]
    snapshot = directory(P1, P2, members=members)

    (found,) = review(snapshot, by=rules("unmanaged-membership")).findings

    assert found.principal_id == "g-1"
    assert found.message == (
        "group Ops has members who were not added by the identity provider: 6 (by Admin/eve, b, c and 2 more)"
    )


@pytest.mark.parametrize(
    "snapshot",
    [
        directory(P1, P2, P3),
        directory(P1, user(), members=(Member("u-2", created_by="Admin/eve"),)),
        replace(directory(P1, P2, members=(Member("u-2", created_by="Admin/eve"),)), grants=()),
    ],
    ids=["one author", "half are managed", "group without access"],
)
def test_members_of_the_identity_provider(snapshot: Snapshot) -> None:
    """Without other authors, access, or an identity provider, a group has no finding."""
    reviewed = review(snapshot, by=rules("unmanaged-membership"))

    assert (reviewed.findings, blind_spots(reviewed)) == ((), [])


def test_unknown_authors() -> None:
    """Unknown authors are blind spots, of memberships and of the identity provider itself."""
    some = review(directory(P1, P2, members=(Member("u-2"),)), by=rules("unmanaged-membership"))
    nobody = review(
        directory(provisioned("p-1", ""), provisioned("p-2", "")), by=rules("unmanaged-membership")
    )

    assert (some.findings, nobody.findings) == ((), ())
    assert blind_spots(some) == ["memberships of which AWS does not say who created them: 1"]
    assert blind_spots(nobody) == ["who created the users that the identity provider manages"]


@pytest.mark.parametrize("check", ["unmanaged-user", "unmanaged-membership"])
def test_unread_users(check: str) -> None:
    """If users were not listed, it may be unknown that an identity provider manages most of them."""
    reviewed = review(organization(gaps=(gap(kind=GapKind.USERS),)), by=rules(check))

    assert blind_spots(reviewed) == ["users that were not read (gaps: 1)"]


# Administrators

ADMINS = Group("g-2", "Admins")


def administered(
    *grants: object, members: Iterable[str] = (), users: tuple[User, ...] = (user(), BOB), **fields: object
) -> Snapshot:
    """Return an organization whose only permission set gives administrator access."""
    defaults: dict[str, Any] = {
        "users": users,
        "groups": (Group("g-1", "Ops"), ADMINS),
        "permission_sets": (ADMINISTRATOR,),
        "memberships": (membership_of("g-1", members),),
        "grants": grants,
    }
    return organization(**defaults | fields)


HERE, TEAM = grant(ANN, MANAGEMENT), grant(OPS, MANAGEMENT)
ONLY_ANN = "account Management has only one administrator: Ann Lee"
NONE = "account Management has no administrator"


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (administered(HERE), [ONLY_ANN]),
        (administered(HERE, TEAM, members=("u-1",)), [ONLY_ANN]),
        (administered(HERE, TEAM, members=("u-9",), missing=(GONE,)), [ONLY_ANN]),
        (administered(HERE, grant(GONE, MANAGEMENT), missing=(GONE,)), [ONLY_ANN]),
        (administered(HERE, TEAM, groups=(), memberships=(), missing=(OPS,)), [ONLY_ANN]),
        (
            administered(HERE, TEAM, members=("u-2",), users=(user(), replace(BOB, status="DISABLED"))),
            [ONLY_ANN],
        ),
        (administered(HERE, TEAM, members=("u-2",)), []),
        (administered(TEAM, members=("u-1", "u-2")), []),
        (administered(grant(ANN), grant(OPS), members=("u-1", "u-2")), [NONE]),
    ],
)
def test_single_administrator(snapshot: Snapshot, expected: list[str]) -> None:
    """An account needs two enabled users who exist; a person counts once."""
    reviewed = review(snapshot, by=rules("single-administrator"))

    assert messages(reviewed) == expected
    assert blind_spots(reviewed) == []


def test_the_finding_is_about_the_account() -> None:
    """The finding has the account's id and name, and no principal."""
    (found,) = review(administered(HERE), by=rules("single-administrator")).findings

    assert found == Finding(
        severity="low",
        check="single-administrator",
        organization="acme",
        message=ONLY_ANN,
        account_id=MANAGEMENT,
        account_name="Management",
        cause=found.cause,
    )


OTHER_SET = "arn:aws:sso:::permissionSet/ssoins-1/ps-other"
CUSTOM = replace(permission_set(customer_managed_policies=("/custom",)), arn=OTHER_SET)


@pytest.mark.parametrize(
    ("snapshot", "words"),
    [
        (administered(HERE, TEAM, memberships=()), "members of groups that were not read: 1"),
        (administered(HERE, TEAM, members=("u-8",)), "users that were not read: 1"),
        (administered(HERE, gaps=(gap(),)), "grants that were not read (gaps: 1)"),
        (
            administered(HERE, not_examined=unexamined(Omission.ENTITLEMENTS)),
            Omission.ENTITLEMENTS,
        ),
        (
            administered(HERE, entitlement(Principal(USER, "u-2"), MANAGEMENT)),
            "what all policies in the management account allow (assignments: 1)",
        ),
        (
            administered(
                HERE,
                grant(OPS, MANAGEMENT, OTHER_SET),
                permission_sets=(ADMINISTRATOR, CUSTOM),
                memberships=(),
            ),
            "what all policies in the management account allow (assignments: 1)",
        ),
        (
            administered(HERE, instance=replace(INSTANCE, management_account_id=None)),
            "which account is the management account",
        ),
    ],
)
def test_what_may_hide_an_administrator(snapshot: Snapshot, words: str) -> None:
    """What may hide a second administrator is a blind spot and no finding."""
    reviewed = review(snapshot, by=rules("single-administrator"))

    assert reviewed.findings == ()
    assert blind_spots(reviewed) == [words]


def test_what_hides_nothing() -> None:
    """What was not read elsewhere, or cannot lower a sufficient number, makes no difference."""
    elsewhere = grant(Principal(GROUP, "g-2"), "111111111111")
    enough = administered(TEAM, elsewhere, members=("u-1", "u-2"), gaps=(gap(),))
    single = administered(HERE, elsewhere)

    assert blind_spots(review(enough, by=rules("single-administrator"))) == []
    assert messages(review(single, by=rules("single-administrator"))) == [ONLY_ANN]


@pytest.mark.parametrize(
    ("created_at", "found", "unknown"),
    [
        (day(29), True, False),
        (day(30), True, False),
        (day(-1), True, False),
        (day(31), False, False),
        ("", False, True),
    ],
)
def test_new_administrator(created_at: str, *, found: bool, unknown: bool) -> None:
    """An administrator who was created in the last 30 days has a finding; no date is a blind spot."""
    snapshot = administered(grant(ANN), HERE, users=(replace(user(), created_at=created_at),))

    reviewed = review(snapshot, by=rules("new-user-admin"))

    expected = f"Ann Lee was created on {created_at} and is administrator (accounts: 2)"
    assert messages(reviewed) == ([expected] if found else [])
    assert blind_spots(reviewed) == (
        ["administrators of whom AWS does not say when they were created: 1"] if unknown else []
    )


def test_new_users_without_administrator_access() -> None:
    """A new user who is not administrator has no finding, and a date that is missing makes no difference."""
    new = replace(user(), created_at=day(1))
    snapshot = organization(users=(new, BOB), grants=(grant(ANN), grant(Principal(USER, "u-2"))))

    reviewed = review(snapshot, by=rules("new-user-admin"))

    assert (reviewed.findings, blind_spots(reviewed)) == ((), [])


def test_days_of_new_users() -> None:
    """The configuration sets for how many days a user counts as new."""
    snapshot = administered(grant(ANN), users=(replace(user(), created_at=day(5)),))

    reviewed = review(snapshot, by=rules("new-user-admin", limits=Limits(new_for=timedelta(days=3))))

    assert reviewed.findings == ()


# Settings and waivers


@pytest.mark.parametrize(
    ("check", "setting"),
    [
        ("leaver-access", Setting.ROSTER),
        ("not-in-roster", Setting.ROSTER),
        ("dormant-user", Setting.ACTIVITY),
        ("manager-missing", Setting.MANAGERS),
    ],
)
def test_settings_that_are_off(check: str, setting: Setting) -> None:
    """A check whose data the configuration did not ask for says so, and nothing else."""
    reviewed = review(organization(grants=(grant(ANN),), gaps=(gap(),)), by=rules(check))

    assert reviewed.findings == ()
    assert reviewed.not_examined["acme"] == (NotExamined.by_check(check, BlindSpot(setting)),)
    assert reviewed.not_examined["acme"][0].setting is setting


@pytest.mark.parametrize(
    "check", ["leaver-access", "not-in-roster", "dormant-user", "manager-missing", "unmanaged-user"]
)
def test_users_with_access_who_are_not_known(check: str) -> None:
    """Members, users and assignments that were not read may hide users with access."""
    everything = replace(
        with_sign_ins(),
        users=(P1,),
        people=("manager",),
        grants=(grant(OPS), grant(ANN)),
        gaps=(gap(),),
    )

    reviewed = review(everything, by=rules(check), roster=roster(Person("p-1@example.com")))

    assert reviewed.findings == ()
    assert blind_spots(reviewed) == [
        (
            "members of groups that were not read: 1; users and groups that were not read: 1; "
            "grants that were not read (gaps: 1)"
        )
    ]


def test_memberships_and_administrators_that_are_not_known() -> None:
    """Unread members may hide members that others added, and administrators."""
    snapshot = administered(TEAM, users=(P1,), memberships=(), gaps=(gap(),))

    reviewed = review(snapshot, by=rules("unmanaged-membership", "new-user-admin"))

    unread = "members of groups that were not read: 1; grants that were not read (gaps: 1)"
    assert blind_spots(reviewed) == [unread, unread]


def test_waivers() -> None:
    """A waiver accepts findings about a person, by address, and about an account, by name."""
    waiver = Waiver("known", TODAY)
    waivers = (
        WaiverRule("not-in-roster", "*", "*", "U-1@example.com", waiver),
        WaiverRule("single-administrator", "*", "Manage*", "*", waiver),
    )
    checks = rules("not-in-roster", "single-administrator", waivers=waivers)

    found = review(administered(HERE), by=checks, roster=roster(Person("bob@example.com"))).findings

    assert [(finding.check, finding.waiver) for finding in found] == [
        ("not-in-roster", waiver),
        ("single-administrator", waiver),
    ]
