"""A check whose data was not read says so, and still gives what it found."""

from dataclasses import replace

import pytest

from sso_batch.coverage import NOT_SEEN_BY_PRINCIPAL, Omission, Scope
from sso_batch.model import (
    GROUP,
    USER,
    GapKind,
    Membership,
    Outdated,
    PermissionSet,
    Principal,
    Snapshot,
)
from tests.review.reviews import ANN, OPS, organization, permission_set, review, rules
from tests.support.records import ADMIN, INSTANCE, entitlement, gap, grant, unexamined

OTHERS = Principal(GROUP, "g-2")
BY_GRANT = (
    "admin-access",
    "management-account-access",
    "disabled-user-access",
    "direct-grant",
    "orphaned-grant",
    "empty-group-grant",
    "closed-account-grant",
    "stale-membership",
    "entitlement-bypass",
    "cross-organization-admin",
)
READ = organization(grants=(grant(ANN),), outdated=())


def holes(check: str, snapshot: Snapshot) -> tuple[str, ...]:
    """Give what a check says that it could not look at, without its name."""
    items = review(snapshot, by=rules(check)).not_examined["acme"]
    assert all((item.scope, item.check) == (Scope.CHECK, check) for item in items)
    return tuple(item.what for item in items)


def test_nothing_is_missing() -> None:
    """Where everything was read every check but the one that needs an earlier run looked at all."""
    assert review(READ, by=rules()).not_examined["acme"] == unexamined(
        "check admin-gained: there is no earlier run"
    )


@pytest.mark.parametrize("check", BY_GRANT)
@pytest.mark.parametrize(
    "kind", [GapKind.PERMISSION_SETS, GapKind.PROVISIONING, GapKind.ASSIGNMENTS, GapKind.ENTITLEMENTS]
)
def test_assignments_that_were_not_read(check: str, kind: GapKind) -> None:
    """A gap that can hide assignments or entitlements is reported by every check that reads them."""
    torn = replace(READ, gaps=(gap(kind=kind),))

    assert holes(check, torn) == ("grants that were not read (gaps: 1)",)


@pytest.mark.parametrize("check", BY_GRANT)
def test_entitlements_that_were_left_out(check: str) -> None:
    """So are entitlements that the configuration leaves out."""
    assert holes(check, replace(READ, not_examined=unexamined(Omission.ENTITLEMENTS))) == (
        Omission.ENTITLEMENTS,
    )


@pytest.mark.parametrize("check", BY_GRANT)
def test_what_principals_do_not_show(check: str) -> None:
    """So is what cannot be seen where principals are asked for their grants."""
    assert "grants to principals that are not listed" in "; ".join(
        holes(check, replace(READ, not_examined=unexamined(*NOT_SEEN_BY_PRINCIPAL)))
    )


# A check, what was not read, and how it says so.
PARTLY: list[tuple[str, Snapshot, str]] = [
    (
        "admin-access",
        organization(permission_sets=(permission_set(managed_policies=None),), grants=(grant(ANN),)),
        "policies of permission sets that were not read or not understood: 1",
    ),
    (
        "admin-access",
        organization(permission_sets=(permission_set(inline_policy=None),), grants=(grant(ANN),)),
        "policies of permission sets that were not read or not understood: 1",
    ),
    (
        "admin-access",
        organization(
            permission_sets=(permission_set(customer_managed_policies=("/a", "/b")),),
            grants=(grant(ANN), entitlement(ANN)),
        ),
        "what customer managed policies allow: 2; what IAM roles of entitlements allow: 1",
    ),
    (
        "management-account-access",
        organization(instance=replace(INSTANCE, management_account_id=None), grants=(grant(ANN),)),
        "which account is the management account",
    ),
    ("disabled-user-access", organization(grants=(grant(OPS),)), "members of groups that were not read: 1"),
    (
        "disabled-user-access",
        organization(users=(), grants=(grant(ANN),)),
        "users and groups that were not read: 1",
    ),
    ("orphaned-grant", organization(grants=(grant(OTHERS),)), "users and groups that were not read: 1"),
    (
        "orphaned-grant",
        organization(not_examined=unexamined("orphaned assignments")),
        "orphaned assignments",
    ),
    ("empty-group-grant", organization(grants=(grant(OPS),)), "members of groups that were not read: 1"),
    (
        "closed-account-grant",
        organization(accounts=(), accounts_complete=False, grants=(grant(ANN),)),
        "accounts that were not read: 1",
    ),
    (
        "long-session",
        organization(permission_sets=(PermissionSet(ADMIN),)),
        "session durations that were not read or not understood: 1",
    ),
    (
        "long-session",
        organization(gaps=(gap(kind=GapKind.PERMISSION_SETS),)),
        "permission sets that were not listed",
    ),
    (
        "user-without-email",
        organization(gaps=(gap(kind=GapKind.USERS), gap(kind=GapKind.USERS), gap(kind=GapKind.GROUPS))),
        "users that were not read (gaps: 2)",
    ),
    (
        "unused-permission-set",
        organization(not_examined=unexamined("permission sets without assignments")),
        "permission sets without assignments",
    ),
    (
        "unused-permission-set",
        organization(gaps=(gap(permission_set_arn=ADMIN),)),
        "permission sets whose assignments were not all read: 1",
    ),
    (
        "unused-permission-set",
        organization(gaps=(gap(kind=GapKind.PROVISIONING, permission_set_arn=ADMIN),)),
        "permission sets whose assignments were not all read: 1",
    ),
    (
        "unused-permission-set",
        organization(gaps=(gap(kind=GapKind.PROVISIONING),)),
        "permission sets whose assignments were not all read: 1",
    ),
    ("outdated-provisioning", organization(), "versions of permission sets in accounts"),
    (
        "outdated-provisioning",
        organization(
            outdated=(),
            gaps=(gap(kind=GapKind.OUTDATED_PROVISIONING),),
        ),
        "versions that were not read (gaps: 1)",
    ),
    (
        "stale-membership",
        organization(grants=(grant(OPS),), memberships=(Membership("g-1", ("u-8",)),)),
        "members who were not read: 1",
    ),
    ("stale-membership", organization(grants=(grant(OPS),)), "members of groups that were not read: 1"),
    (
        "entitlement-bypass",
        organization(not_examined=unexamined(Omission.ENTITLEMENTS)),
        Omission.ENTITLEMENTS,
    ),
]


@pytest.mark.parametrize(("check", "snapshot", "told"), PARTLY)
def test_what_a_check_could_not_look_at(check: str, snapshot: Snapshot, told: str) -> None:
    """What was not read is named, and nothing is found in it."""
    reviewed = review(snapshot, by=rules(check))

    assert holes(check, snapshot) == (told,)
    assert reviewed.findings == ()


def test_a_gap_about_versions_loses_no_grant() -> None:
    """Only the check that asked for earlier versions suffers where they are not read."""
    torn = replace(READ, gaps=(gap(kind=GapKind.OUTDATED_PROVISIONING),))

    assert review(torn, by=rules("direct-grant", "unused-permission-set")).not_examined["acme"] == ()


def test_a_gap_about_another_permission_set() -> None:
    """A permission set is known to be unused where its own assignments were read, whatever else was not."""
    torn = organization(gaps=(gap(permission_set_arn="arn:other"),))

    reviewed = review(torn, by=rules("unused-permission-set"))

    assert [one.permission_set for one in reviewed.findings] == ["Admin"]


def test_found_and_missing_at_once() -> None:
    """What is there is found, and what is not there is told."""
    torn = organization(
        grants=(grant(OPS), grant(OTHERS)),
        memberships=(Membership("g-1", ()),),
        missing=(Principal(USER, "u-9"),),
    )

    reviewed = review(torn, by=rules("empty-group-grant"))

    assert [one.group_name for one in reviewed.findings] == ["Ops"]
    assert reviewed.not_examined["acme"] == unexamined(
        "check empty-group-grant: members of groups that were not read: 1"
    )


def test_cells_that_were_not_read() -> None:
    """A finding says NOT_READ where a name was not read, and calls the rest by its id."""
    unread = organization(
        users=(), accounts=(), accounts_complete=False, permission_sets=(), grants=(grant(ANN),)
    )

    (found,) = review(unread, by=rules("direct-grant")).findings

    cells = (found.user_email, found.account_name, found.permission_set)
    assert cells == ("NOT_READ", "NOT_READ", "NOT_READ")
    assert found.message == (
        "user u-1 holds a grant as a user and not through a group (NOT_READ in NOT_READ)"
    )


def test_versions_are_examined_with_a_finding() -> None:
    """An old version is one finding for its account, and says nothing of who holds it."""
    old = organization(outdated=(Outdated("111111111111", ADMIN),))

    (found,) = review(old, by=rules("outdated-provisioning")).findings

    assert found.message == (
        "permission set Admin is in this account in an earlier version: changes since then do not hold there "
        "(Prod)"
    )
