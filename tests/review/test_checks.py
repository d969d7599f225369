"""Each check finds what it is for, and nothing else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sso_batch.config import CHECK_IDS
from sso_batch.model import GROUP, USER, Account, ApplicationAssignment, Outdated, Principal, Snapshot, User
from sso_batch.review.checks import CHECKS
from sso_batch.review.snapshot_index import Limits
from tests.review.reviews import (
    ANN,
    EVERYTHING,
    OPS,
    allowing,
    organization,
    permission_set,
    review,
    rules,
    subject,
)
from tests.support.records import (
    ADMIN,
    ROLE,
    application,
    entitlement,
    grant,
    membership_of,
    unexamined,
    user,
)

MANAGEMENT = "000000000001"
PROD = "111111111111"
BOB, GONE = User("u-2", "bob", "Bob", "BOB@example.com", "DISABLED"), Principal(USER, "u-9")
ADMINISTRATOR = permission_set(managed_policies=("arn:aws-cn:iam::aws:policy/AdministratorAccess",))
POWER = permission_set(managed_policies=("arn:aws:iam::aws:policy/PowerUserAccess",))
ESCALATING = permission_set(inline_policy=allowing("iam:CreateAccessKey"))
ASSIGNING = permission_set(inline_policy=allowing("sso:CreateAccountAssignment"))
MEMBERS = (membership_of("g-1", ("u-1", "u-2")),)
SAME_BOB = User("w-7", "bob", "Robert", "bob@Example.com", "ENABLED")

# A check, an organization with a finding, the finding's subject, and an organization that differs in one
# detail and has no finding.
CASES: list[tuple[str, Snapshot, tuple[str, ...], Snapshot]] = [
    (
        "admin-access",
        organization(permission_sets=(ADMINISTRATOR,), grants=(grant(OPS),)),
        ("acme", "g-1", PROD, "Admin", ""),
        organization(permission_sets=(POWER,), grants=(grant(OPS),)),
    ),
    (
        "privilege-escalation",
        organization(permission_sets=(ESCALATING,), grants=(grant(OPS),)),
        ("acme", "g-1", PROD, "Admin", ""),
        organization(permission_sets=(ADMINISTRATOR,), grants=(grant(OPS),)),
    ),
    (
        "manages-access",
        organization(permission_sets=(ASSIGNING,), grants=(grant(OPS, MANAGEMENT), grant(OPS))),
        ("acme", "g-1", MANAGEMENT, "Admin", ""),
        organization(permission_sets=(ASSIGNING,), grants=(grant(OPS),)),
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
        organization(
            users=(user(), BOB), memberships=(membership_of("g-1", ("u-1",)),), grants=(grant(OPS),)
        ),
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
        organization(grants=(grant(OPS),), memberships=(membership_of("g-1", ()),)),
        ("acme", "g-1", PROD, "Admin", ""),
        organization(grants=(grant(OPS),), memberships=(membership_of("g-1", ("u-9",)),), missing=(GONE,)),
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
        organization(
            grants=(grant(OPS),), memberships=(membership_of("g-1", ("u-1", "u-9")),), missing=(GONE,)
        ),
        ("acme", "g-1", "", "", ""),
        organization(grants=(grant(OPS),), memberships=(membership_of("g-1", ("u-1",)),), missing=(GONE,)),
    ),
    (
        "entitlement-bypass",
        organization(grants=(entitlement(ANN), grant(OPS))),
        ("acme", "u-1", PROD, "", ROLE),
        organization(grants=(entitlement(ANN), grant(OPS, MANAGEMENT))),
    ),
    (
        "application-open-to-all",
        organization(applications=(application(required=False),)),
        ("acme", "", "", "", ""),
        organization(applications=(application(),)),
    ),
    (
        "application-disabled-user",
        organization(
            users=(user(), BOB),
            memberships=MEMBERS,
            applications=(application(),),
            application_assignments=(ApplicationAssignment(application().arn, OPS),),
        ),
        ("acme", "u-2", "", "", ""),
        organization(
            users=(user(), BOB),
            memberships=MEMBERS,
            applications=(application(),),
            application_assignments=(ApplicationAssignment(application().arn, ANN),),
        ),
    ),
]


TESTED_ELSEWHERE = {
    "cross-organization-admin",
    "admin-gained",
    "leaver-access",
    "not-in-roster",
    "dormant-user",
    "unmanaged-user",
    "unmanaged-membership",
    "manager-missing",
    "single-administrator",
    "new-user-admin",
}


def test_table_has_the_configurable_checks() -> None:
    """The table has every check that a configuration can name, in the same order, each with its texts."""
    assert tuple(check.id for check in CHECKS) == CHECK_IDS
    assert all(check.why.endswith(".") and check.remedy.endswith(".") for check in CHECKS)
    assert {check.id for check in CHECKS if check.severity == "off"} == {"outdated-provisioning"}


def test_every_check_has_cases() -> None:
    """Every check has cases here, except for those that need more than a snapshot, or are about people."""
    assert {check for check, *_ in CASES} == set(CHECK_IDS) - TESTED_ELSEWHERE


@pytest.mark.parametrize(("check", "snapshot", "expected", "_"), CASES, ids=[case[0] for case in CASES])
def test_finding(check: str, snapshot: Snapshot, expected: tuple[str, ...], _: Snapshot) -> None:
    """A check has one finding, about the one grant or object that it looks for."""
    reviewed = review(snapshot, by=rules(check))

    assert [(finding.check, subject(finding)) for finding in reviewed.findings] == [(check, expected)]


@pytest.mark.parametrize(("check", "_", "_expected", "snapshot"), CASES, ids=[case[0] for case in CASES])
def test_no_finding(check: str, _: Snapshot, _expected: tuple[str, ...], snapshot: Snapshot) -> None:
    """A check has no finding if the one detail that it looks for is absent."""
    assert review(snapshot, by=rules(check)).findings == ()


# What each check means


@pytest.mark.parametrize(
    ("fields", "policy"),
    [
        ({"managed_policies": ("arn:aws:iam::aws:policy/AdministratorAccess",)}, "AdministratorAccess"),
        (
            {"managed_policies": ("arn:aws-us-gov:iam::aws:policy/AdministratorAccess",)},
            "AdministratorAccess",
        ),
        ({"managed_policies": ("arn:aws:iam::111111111111:policy/AdministratorAccess",)}, None),
        ({"customer_managed_policies": ("/AdministratorAccess",)}, None),
        ({"inline_policy": EVERYTHING}, "the inline policy"),
        (
            {"inline_policy": '{"Statement":[{"Effect":"Allow","Action":["a:*","*:*"],"Resource":["*"]}]}'},
            "the inline policy",
        ),
        ({"inline_policy": EVERYTHING, "permissions_boundary": "/Limit"}, "the inline policy"),
        (
            {"inline_policy": '{"statement":[{"effect":"Allow","action":"*","resource":"*","Condition":1}]}'},
            None,
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
def test_administrator_access(fields: dict[str, object], policy: str | None) -> None:
    """Only AWS's own policy, or a statement that allows everything, gives administrator access."""
    found = review(
        organization(permission_sets=(permission_set(**fields),), grants=(grant(ANN),)),
        by=rules("admin-access"),
    ).findings

    starts = "Ann Lee has administrator access: "
    assert [finding.message.startswith(f"{starts}{policy} allows") for finding in found] == [True] * (
        policy is not None
    )


@pytest.mark.parametrize(
    ("inline_policy", "boundary", "words"),
    [
        (EVERYTHING, "", ""),
        (
            '{"statement":[{"effect":"Allow","action":"*","resource":"*","Condition":{"Bool":{"a":"b"}}}]}',
            "",
            " under conditions",
        ),
        (EVERYTHING, "/Limit", "; limited by the permissions boundary /Limit, which is not evaluated"),
    ],
)
def test_administrator_access_is_explained(inline_policy: str, boundary: str, words: str) -> None:
    """The message names the policy, its conditions and a permissions boundary."""
    snapshot = organization(
        permission_sets=(permission_set(inline_policy=inline_policy, permissions_boundary=boundary),),
        grants=(grant(ANN),),
    )

    assert [finding.message for finding in review(snapshot, by=rules("admin-access")).findings] == [
        (
            "Ann Lee has administrator access: the inline policy allows every action on every resource"
            f"{words} (Admin in Prod)"
        )
    ]


DELEGATED = "111111111111"


@pytest.mark.parametrize(
    ("check", "snapshot", "message"),
    [
        (
            "privilege-escalation",
            organization(permission_sets=(ESCALATING,), grants=(grant(ANN),)),
            (
                "Ann Lee can become administrator: the inline policy: can create an access key of any user "
                "(iam:CreateAccessKey) (Admin in Prod)"
            ),
        ),
        (
            "manages-access",
            organization(
                permission_sets=(ASSIGNING,), grants=(grant(ANN),), delegated_administrators=(DELEGATED,)
            ),
            (
                "Ann Lee can change who has access: the inline policy: can assign permission sets to anyone "
                "(sso:CreateAccountAssignment) (Admin in Prod)"
            ),
        ),
    ],
)
def test_privilege_is_explained(check: str, snapshot: Snapshot, message: str) -> None:
    """The message says what the permissions lead to, through which policy and actions."""
    assert [finding.message for finding in review(snapshot, by=rules(check)).findings] == [message]


def test_access_in_the_account_itself_is_no_finding() -> None:
    """Changing who has access to a member account alone is not managing Identity Center."""
    deleting = permission_set(inline_policy=allowing("iam:DeleteUser"))
    snapshot = organization(permission_sets=(deleting,), grants=(grant(ANN),))

    assert review(snapshot, by=rules("manages-access")).findings == ()


def test_unread_policies_do_not_hide_a_finding() -> None:
    """What was read is enough for a finding, and what was not read is a blind spot."""
    partly = replace(ESCALATING, managed_policies=("arn:aws:iam::aws:policy/ReadOnlyAccess",))
    snapshot = organization(permission_sets=(partly,), grants=(grant(ANN),))

    reviewed = review(snapshot, by=rules("privilege-escalation"))

    assert [finding.account_id for finding in reviewed.findings] == [PROD]
    assert reviewed.not_examined["acme"] == unexamined(
        "check privilege-escalation: policies of permission sets that were not read or not understood: 1"
    )


@pytest.mark.parametrize(
    "malformed", ["{", "[]", '"x"', '{"Statement": 7}', '{"Statement": ["x"]}', "[" * 100_000]
)
def test_malformed_inline_policy(malformed: str) -> None:
    """A policy that cannot be parsed is not taken for one that allows nothing."""
    snapshot = organization(permission_sets=(permission_set(inline_policy=malformed),), grants=(grant(ANN),))

    assert review(snapshot, by=rules("admin-access")).not_examined["acme"] == unexamined(
        "check admin-access: policies of permission sets that were not read or not understood: 1"
    )


@pytest.mark.parametrize(
    ("duration", "too_long"),
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
def test_session_duration(duration: str, *, too_long: bool) -> None:
    """Durations are understood in all units; one second more than the limit is too long."""
    snapshot = organization(permission_sets=(permission_set(session_duration=duration),))

    reviewed = review(snapshot, by=rules("long-session"))

    assert bool(reviewed.findings) == too_long
    assert reviewed.not_examined["acme"] == ()


@pytest.mark.parametrize(
    "duration", ["P1M", "P1Y", "P1MT1H", "PT", "P", "12H", "12:00:00", "PT-1H", "-PT1H", "PT1H ", "pt1h"]
)
def test_unknown_session_duration(duration: str) -> None:
    """A duration that cannot be parsed, or that has no fixed length, is not taken for a short one."""
    snapshot = organization(permission_sets=(permission_set(session_duration=duration),))

    assert review(snapshot, by=rules("long-session")).not_examined["acme"] == unexamined(
        "check long-session: session durations that were not read or not understood: 1"
    )


def test_session_limit() -> None:
    """A session of exactly the configured limit has no finding."""
    snapshot = organization(permission_sets=(permission_set(session_duration="PT8H"),))

    (found,) = review(snapshot, by=rules("long-session")).findings
    allowed = review(snapshot, by=rules("long-session", limits=Limits(timedelta(hours=8)))).findings

    assert found.message == "permission set Admin has a session duration of 8h, which is longer than 4h"
    assert allowed == ()


@pytest.mark.parametrize(
    ("state", "wording"),
    [("CLOSED", "closed"), ("PENDING_CLOSURE", "about to be closed"), ("SUSPENDED", "suspended")],
)
def test_closed_accounts(state: str, wording: str) -> None:
    """Each state in which an account cannot be used counts as closed."""
    snapshot = organization(grants=(grant(ANN),), accounts=(Account(PROD, "Prod", state),))

    (found,) = review(snapshot, by=rules("closed-account-grant")).findings

    assert found.message == f"Ann Lee has an assignment in an account that is {wording} (Admin in Prod)"


def test_account_outside_the_organization() -> None:
    """An assignment in an account that is not in the organization has a finding, too."""
    snapshot = organization(grants=(grant(ANN, "999999999999"),))

    (found,) = review(snapshot, by=rules("closed-account-grant")).findings

    assert found.message == (
        "Ann Lee has an assignment in an account that is not in the organization (Admin in 999999999999)"
    )


def test_bypass_names_assignments() -> None:
    """The message names the permission sets that the same principal is assigned in that account."""
    snapshot = organization(grants=(entitlement(ANN), grant(ANN), grant(OPS)))

    (found,) = review(snapshot, by=rules("entitlement-bypass")).findings

    assert found.message == (
        "Ann Lee can assume an IAM role that bypasses the account's permission sets, and is also assigned "
        "Admin there (Audit in Prod)"
    )


def test_one_finding_for_many_grants() -> None:
    """A disabled user with assignments in many accounts has one finding, which counts them."""
    grants = tuple(grant(OPS, f"{number:012}") for number in range(500))
    snapshot = organization(users=(BOB,), memberships=(membership_of("g-1", ("u-2",)),), grants=grants)

    (found,) = review(snapshot, by=rules("disabled-user-access")).findings

    assert found.message == "Bob is disabled but still has access (assignments: 500)"


# Administrators of several organizations


def test_administrator_of_several_organizations() -> None:
    """The same address, in any case, has a finding in each of the organizations."""
    acme = organization(
        users=(user(), BOB), permission_sets=(ADMINISTRATOR,), memberships=MEMBERS, grants=(grant(OPS),)
    )
    globex = organization(
        "globex", users=(SAME_BOB,), permission_sets=(ADMINISTRATOR,), grants=(grant(Principal(USER, "w-7")),)
    )

    found = review(acme, globex, by=rules("cross-organization-admin")).findings

    assert [(finding.organization, finding.principal_id, finding.message) for finding in found] == [
        ("acme", "u-2", "Bob is administrator in several organizations: acme, globex"),
        ("globex", "w-7", "Robert is administrator in several organizations: acme, globex"),
    ]


def test_administrator_of_one_organization() -> None:
    """A user who is not administrator elsewhere has no finding, nor has a user without an address."""
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
    """A user who became administrator has one finding, whatever the number of accounts."""
    before = organization(users=(user(), BOB), permission_sets=(ADMINISTRATOR,), grants=(grant(ANN),))
    after = organization(
        users=(user(), BOB),
        permission_sets=(ADMINISTRATOR,),
        memberships=MEMBERS,
        grants=(grant(ANN), grant(OPS), grant(OPS, MANAGEMENT)),
    )

    found = review(after, by=rules("admin-gained"), previous=before).findings

    assert [finding.message for finding in found] == ["Bob became administrator through Ops (accounts: 2)"]


def test_admin_gained_through_a_policy() -> None:
    """A user became administrator if a policy was added to their permission set."""
    before = organization(grants=(grant(ANN),))
    after = organization(permission_sets=(ADMINISTRATOR,), grants=(grant(ANN),))

    (found,) = review(after, by=rules("admin-gained"), previous=before).findings

    assert found.message == "Ann Lee became administrator (accounts: 1)"


def test_admin_kept() -> None:
    """A user who already was administrator has no finding, even with other accounts and groups."""
    before = organization(permission_sets=(ADMINISTRATOR,), grants=(grant(ANN),))
    after = organization(
        permission_sets=(ADMINISTRATOR,),
        memberships=(membership_of("g-1", ("u-1",)),),
        grants=(grant(OPS, MANAGEMENT),),
    )

    assert review(after, by=rules("admin-gained"), previous=before).findings == ()


def test_earlier_access_is_unknown() -> None:
    """A user whose earlier policies were not read is not reported as new; others are."""
    before = organization(
        users=(user(), BOB), permission_sets=(permission_set(managed_policies=None),), grants=(grant(ANN),)
    )
    after = organization(
        users=(user(), BOB), permission_sets=(ADMINISTRATOR,), memberships=MEMBERS, grants=(grant(OPS),)
    )

    reviewed = review(after, by=rules("admin-gained"), previous=before)

    assert [finding.user_id for finding in reviewed.findings] == ["u-2"]
    assert reviewed.not_examined["acme"] == unexamined(
        "check admin-gained: users whose earlier access is unknown: 1"
    )


def test_without_an_earlier_run() -> None:
    """Without an earlier run nobody is new, and the check reports that it could not compare."""
    snapshot = organization(permission_sets=(ADMINISTRATOR,), grants=(grant(ANN),))

    reviewed = review(snapshot, by=rules("admin-gained"))

    assert reviewed.findings == ()
    assert reviewed.not_examined["acme"] == unexamined("check admin-gained: there is no earlier run")
