"""Each check fires where it must, and only there."""

from datetime import timedelta

import pytest

from sso_batch.config import CHECK_IDS
from sso_batch.model import GROUP, USER, Account, Membership, Outdated, Principal, Snapshot, User
from sso_batch.review.checks import CHECKS
from tests.review.reviews import ANN, EVERYTHING, OPS, about, organization, permission_set, review, rules
from tests.support.records import ADMIN, ROLE, entitlement, grant, unexamined, user

MANAGEMENT = "000000000001"
PROD = "111111111111"
BOB, GONE = User("u-2", "bob", "Bob", "BOB@example.com", "DISABLED"), Principal(USER, "u-9")
ADMINISTRATOR = permission_set(managed_policies=("arn:aws-cn:iam::aws:policy/AdministratorAccess",))
POWER = permission_set(managed_policies=("arn:aws:iam::aws:policy/PowerUserAccess",))
MEMBERS = (Membership("g-1", ("u-1", "u-2")),)
SAME_BOB = User("w-7", "bob", "Robert", "bob@Example.com", "ENABLED")

# A check, the organization in which it fires and what about, and one that differs in a single thing.
WORLDS: list[tuple[str, Snapshot, tuple[str, ...], Snapshot]] = [
    (
        "admin-access",
        organization(permission_sets=(ADMINISTRATOR,), grants=(grant(OPS),)),
        ("acme", "g-1", PROD, "Admin", ""),
        organization(permission_sets=(POWER,), grants=(grant(OPS),)),
    ),
    (
        "management-account-access",
        organization(grants=(grant(ANN, MANAGEMENT),)),
        ("acme", "u-1", MANAGEMENT, "Admin", ""),
        organization(grants=(grant(ANN),)),
    ),
    (
        "disabled-user-access",
        organization(users=(user(), BOB), memberships=MEMBERS, grants=(grant(OPS), grant(OPS, MANAGEMENT))),
        ("acme", "u-2", "", "", ""),
        organization(users=(user(), BOB), memberships=(Membership("g-1", ("u-1",)),), grants=(grant(OPS),)),
    ),
    (
        "direct-grant",
        organization(grants=(grant(ANN),)),
        ("acme", "u-1", PROD, "Admin", ""),
        organization(grants=(grant(OPS), grant(GONE)), missing=(GONE,)),
    ),
    (
        "orphaned-grant",
        organization(grants=(grant(GONE),), missing=(GONE,)),
        ("acme", "u-9", PROD, "Admin", ""),
        organization(grants=(grant(ANN), grant(Principal(GROUP, "u-9"))), missing=(GONE,)),
    ),
    (
        "empty-group-grant",
        organization(grants=(grant(OPS),), memberships=(Membership("g-1", ()),)),
        ("acme", "g-1", PROD, "Admin", ""),
        organization(grants=(grant(OPS),), memberships=(Membership("g-1", ("u-9",)),), missing=(GONE,)),
    ),
    (
        "closed-account-grant",
        organization(grants=(grant(ANN),), accounts=(Account(PROD, "Prod", "CLOSED"),)),
        ("acme", "u-1", PROD, "Admin", ""),
        organization(grants=(grant(ANN),), accounts=(Account(PROD, "Prod", "PENDING_ACTIVATION"),)),
    ),
    (
        "long-session",
        organization(permission_sets=(permission_set(session_duration="PT4H1S"),)),
        ("acme", "", "", "Admin", ""),
        organization(permission_sets=(permission_set(session_duration="PT4H"),)),
    ),
    (
        "user-without-email",
        organization(users=(User("u-3", "svc", "", "", ""),)),
        ("acme", "u-3", "", "", ""),
        organization(),
    ),
    (
        "unused-permission-set",
        organization(grants=(entitlement(ANN),)),
        ("acme", "", "", "Admin", ""),
        organization(grants=(grant(GONE),), missing=(GONE,)),
    ),
    (
        "outdated-provisioning",
        organization(outdated=(Outdated(PROD, ADMIN),)),
        ("acme", "", PROD, "Admin", ""),
        organization(outdated=()),
    ),
    (
        "stale-membership",
        organization(grants=(grant(OPS),), memberships=(Membership("g-1", ("u-1", "u-9")),), missing=(GONE,)),
        ("acme", "g-1", "", "", ""),
        organization(grants=(grant(OPS),), memberships=(Membership("g-1", ("u-1",)),), missing=(GONE,)),
    ),
    (
        "entitlement-bypass",
        organization(grants=(entitlement(ANN), grant(OPS))),
        ("acme", "u-1", PROD, "", ROLE),
        organization(grants=(entitlement(ANN), grant(OPS, MANAGEMENT))),
    ),
]


def test_the_table_is_the_configurations() -> None:
    """Every check that a file can name is made, in the same order, and tells what it is for."""
    assert tuple(one.id for one in CHECKS) == CHECK_IDS
    assert all(one.why.endswith(".") and one.remedy.endswith(".") for one in CHECKS)
    assert {one.id for one in CHECKS if one.severity == "off"} == {"outdated-provisioning"}


def test_every_check_has_its_worlds() -> None:
    """The two checks that need two snapshots are tested apart."""
    assert {check for check, *_ in WORLDS} == set(CHECK_IDS) - {"cross-organization-admin", "admin-gained"}


@pytest.mark.parametrize(("check", "fires", "told", "_"), WORLDS, ids=[one[0] for one in WORLDS])
def test_fires(check: str, fires: Snapshot, told: tuple[str, ...], _: Snapshot) -> None:
    """A check gives one finding for the one grant or object that it is about, and none for another check."""
    reviewed = review(fires, by=rules(check))

    assert [(one.check, about(one)) for one in reviewed.findings] == [(check, told)]


@pytest.mark.parametrize(("check", "_fires", "_told", "silent"), WORLDS, ids=[one[0] for one in WORLDS])
def test_stays_silent(check: str, _fires: Snapshot, _told: tuple[str, ...], silent: Snapshot) -> None:
    """A check finds nothing where the one thing that it looks for is not there."""
    assert review(silent, by=rules(check)).findings == ()


# What each of them means


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"managed_policies": ("arn:aws:iam::aws:policy/AdministratorAccess",)}, "AdministratorAccess"),
        (
            {"managed_policies": ("arn:aws-us-gov:iam::aws:policy/AdministratorAccess",)},
            "AdministratorAccess",
        ),
        ({"managed_policies": ("arn:aws:iam::111111111111:policy/AdministratorAccess",)}, None),
        ({"customer_managed_policies": ("/AdministratorAccess",)}, None),
        ({"inline_policy": EVERYTHING}, "an inline policy that allows everything"),
        (
            {"inline_policy": '{"Statement":[{"Effect":"Allow","Action":["a:*","*:*"],"Resource":["*"]}]}'},
            "an inline policy that allows everything",
        ),
        (
            {"inline_policy": '{"statement":[{"effect":"Allow","action":"*","resource":"*","Condition":1}]}'},
            "an inline policy that allows everything under conditions",
        ),
        (
            {"inline_policy": EVERYTHING, "permissions_boundary": "/Limit"},
            "an inline policy that allows everything, within the permissions boundary /Limit",
        ),
        ({"inline_policy": '{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}'}, None),
        ({"inline_policy": '{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}'}, None),
        (
            {"inline_policy": '{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b"}}'},
            None,
        ),
        ({"inline_policy": '{"Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}'}, None),
        ({"inline_policy": '{"Statement":{"Effect":"Allow","Action":"*","NotResource":"a"}}'}, None),
        ({"inline_policy": '{"Statement":[]}'}, None),
        ({"inline_policy": "{}"}, None),
    ],
)
def test_who_is_an_administrator(fields: dict[str, object], reason: str | None) -> None:
    """Administrators are made by AWS's own policy, or by a statement that allows all on all."""
    found = review(
        organization(permission_sets=(permission_set(**fields),), grants=(grant(ANN),)),
        by=rules("admin-access"),
    ).findings

    expected = [] if reason is None else [f"Ann Lee is administrator by {reason} (Admin in Prod)"]
    assert [one.message for one in found] == expected


@pytest.mark.parametrize(
    "broken", ["{", "[]", '"x"', '{"Statement": 7}', '{"Statement": ["x"]}', "[" * 100_000]
)
def test_an_inline_policy_that_nobody_understands(broken: str) -> None:
    """A policy that cannot be read is not one that allows nothing."""
    snapshot = organization(permission_sets=(permission_set(inline_policy=broken),), grants=(grant(ANN),))

    assert review(snapshot, by=rules("admin-access")).not_examined["acme"] == unexamined(
        "check admin-access: policies of permission sets that were not read or not understood: 1"
    )


@pytest.mark.parametrize(
    ("written", "fires"),
    [
        ("PT12H", True),
        ("P1D", True),
        ("PT4H0M1S", True),
        ("PT241M", True),
        ("P0DT4,5H", True),
        ("PT4H", False),
        ("PT240M", False),
        ("PT1H30M", False),
        ("", False),
    ],
)
def test_how_long_a_session_is(written: str, *, fires: bool) -> None:
    """Durations are understood in whatever units, and are too long from the next second on."""
    snapshot = organization(permission_sets=(permission_set(session_duration=written),))

    reviewed = review(snapshot, by=rules("long-session"))

    assert bool(reviewed.findings) == fires
    assert reviewed.not_examined["acme"] == ()


@pytest.mark.parametrize("written", ["P1M", "PT", "P", "12H", "PT-1H", "PT1H ", "pt1h", "P1Y"])
def test_a_session_that_nobody_understands(written: str) -> None:
    """A duration that cannot be read is not a short one."""
    snapshot = organization(permission_sets=(permission_set(session_duration=written),))

    assert review(snapshot, by=rules("long-session")).not_examined["acme"] == unexamined(
        "check long-session: session durations that were not read or not understood: 1"
    )


def test_how_long_a_session_may_be() -> None:
    """The configuration's `max` is what is still no finding."""
    snapshot = organization(permission_sets=(permission_set(session_duration="PT8H"),))

    (found,) = review(snapshot, by=rules("long-session")).findings
    allowed = review(snapshot, by=rules("long-session", longest_session=timedelta(hours=8))).findings

    assert found.message == "permission set Admin has sessions of 8h, longer than 4h"
    assert allowed == ()


@pytest.mark.parametrize(
    ("state", "told"),
    [("CLOSED", "closed"), ("PENDING_CLOSURE", "about to be closed"), ("SUSPENDED", "suspended")],
)
def test_closed_accounts(state: str, told: str) -> None:
    """An account is closed in each of the states in which it is of no use."""
    snapshot = organization(grants=(grant(ANN),), accounts=(Account(PROD, "Prod", state),))

    (found,) = review(snapshot, by=rules("closed-account-grant")).findings

    assert found.message == f"Ann Lee has a grant on an account that is {told} (Admin in Prod)"


def test_an_account_that_left() -> None:
    """A grant on an account that is not in the organization leads nowhere, either."""
    snapshot = organization(grants=(grant(ANN, "999999999999"),))

    (found,) = review(snapshot, by=rules("closed-account-grant")).findings

    assert found.message == (
        "Ann Lee has a grant on an account that is not in the organization (Admin in 999999999999)"
    )


def test_what_else_the_same_principal_holds() -> None:
    """A bypass names the permission sets that the same principal has in that account."""
    snapshot = organization(grants=(entitlement(ANN), grant(ANN), grant(OPS)))

    (found,) = review(snapshot, by=rules("entitlement-bypass")).findings

    assert found.message == (
        "Ann Lee may assume an IAM role beside the account's permission sets, which are Admin for the same "
        "principal (Audit in Prod)"
    )


def test_one_finding_for_many_grants() -> None:
    """A disabled user with grants of many accounts is one finding, which counts them."""
    grants = tuple(grant(OPS, f"{number:012}") for number in range(500))
    snapshot = organization(users=(BOB,), memberships=(Membership("g-1", ("u-2",)),), grants=grants)

    (found,) = review(snapshot, by=rules("disabled-user-access")).findings

    assert found.message == "Bob is disabled and still holds grants: 500"


# Administrators of several organizations


def test_administrator_of_several_organizations() -> None:
    """The same address, whatever its case, is a finding in each of the organizations."""
    acme = organization(
        users=(user(), BOB), permission_sets=(ADMINISTRATOR,), memberships=MEMBERS, grants=(grant(OPS),)
    )
    globex = organization(
        "globex", users=(SAME_BOB,), permission_sets=(ADMINISTRATOR,), grants=(grant(Principal(USER, "w-7")),)
    )

    found = review(acme, globex, by=rules("cross-organization-admin")).findings

    assert [(one.organization, one.principal_id, one.message) for one in found] == [
        ("acme", "u-2", "Bob is administrator in several organizations: acme, globex"),
        ("globex", "w-7", "Robert is administrator in several organizations: acme, globex"),
    ]


def test_administrator_of_one_organization() -> None:
    """Access to the other without being its administrator is no finding, nor are users without address."""
    nobody = User("u-2", "bob", "Bob", "", "ENABLED")
    acme = organization(
        users=(BOB, nobody), permission_sets=(ADMINISTRATOR,), memberships=MEMBERS, grants=(grant(OPS),)
    )
    globex = organization("globex", users=(SAME_BOB, nobody), grants=(grant(Principal(USER, "w-7")),))
    initech = organization(
        "initech", users=(nobody,), permission_sets=(ADMINISTRATOR,), grants=(grant(Principal(USER, "u-2")),)
    )

    assert review(acme, globex, initech, by=rules("cross-organization-admin")).findings == ()


# Administrators since the last run


def test_admin_gained() -> None:
    """Whoever became administrator is found once, however many accounts it is."""
    before = organization(users=(user(), BOB), permission_sets=(ADMINISTRATOR,), grants=(grant(ANN),))
    after = organization(
        users=(user(), BOB),
        permission_sets=(ADMINISTRATOR,),
        memberships=MEMBERS,
        grants=(grant(ANN), grant(OPS), grant(OPS, MANAGEMENT)),
    )

    found = review(after, by=rules("admin-gained"), previous=before).findings

    assert [one.message for one in found] == ["Bob is administrator through Ops and was not; accounts: 2"]


def test_admin_gained_by_a_policy() -> None:
    """Who held a permission set that became an administrator's has become one."""
    before = organization(grants=(grant(ANN),))
    after = organization(permission_sets=(ADMINISTRATOR,), grants=(grant(ANN),))

    (found,) = review(after, by=rules("admin-gained"), previous=before).findings

    assert found.message == "Ann Lee is administrator and was not; accounts: 1"


def test_admin_kept() -> None:
    """Who was administrator has gained nothing, be it in other accounts and through another group."""
    before = organization(permission_sets=(ADMINISTRATOR,), grants=(grant(ANN),))
    after = organization(
        permission_sets=(ADMINISTRATOR,),
        memberships=(Membership("g-1", ("u-1",)),),
        grants=(grant(OPS, MANAGEMENT),),
    )

    assert review(after, by=rules("admin-gained"), previous=before).findings == ()


def test_admin_gained_cannot_be_told() -> None:
    """Who held something before of which the policies were not read is not called new; others are."""
    before = organization(
        users=(user(), BOB), permission_sets=(permission_set(managed_policies=None),), grants=(grant(ANN),)
    )
    after = organization(
        users=(user(), BOB), permission_sets=(ADMINISTRATOR,), memberships=MEMBERS, grants=(grant(OPS),)
    )

    reviewed = review(after, by=rules("admin-gained"), previous=before)

    assert [one.user_id for one in reviewed.findings] == ["u-2"]
    assert reviewed.not_examined["acme"] == unexamined(
        "check admin-gained: users of whom the earlier run does not tell: 1"
    )


def test_without_an_earlier_run() -> None:
    """Without an earlier run nobody is new, and that is said."""
    snapshot = organization(permission_sets=(ADMINISTRATOR,), grants=(grant(ANN),))

    reviewed = review(snapshot, by=rules("admin-gained"))

    assert reviewed.findings == ()
    assert reviewed.not_examined["acme"] == unexamined("check admin-gained: there is no earlier run")
