"""A check reports data that was not read, and still reports what it found."""

from dataclasses import replace

import pytest

from sso_batch.coverage import NOT_SEEN_BY_PRINCIPAL, Omission, Scope
from sso_batch.model import (
    GROUP,
    USER,
    GapKind,
    Outdated,
    PermissionSet,
    Principal,
    Snapshot,
)
from tests.review.reviews import ANN, OPS, organization, permission_set, review, rules
from tests.support.records import ADMIN, INSTANCE, entitlement, gap, grant, membership_of, unexamined

OTHERS = Principal(GROUP, "g-2")
BY_GRANT = (
    "admin-access",
    "privilege-escalation",
    "manages-access",
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
COMPLETE = organization(grants=(grant(ANN),), outdated=())


def blind_spots(check: str, snapshot: Snapshot) -> tuple[str, ...]:
    """Return what a check could not examine, without the check's id."""
    items = review(snapshot, by=rules(check)).not_examined["acme"]
    assert all((item.scope, item.check) == (Scope.CHECK, check) for item in items)
    return tuple(item.what for item in items)


def test_nothing_is_missing() -> None:
    """If everything was read, only the checks that need an earlier run or settings have a blind spot."""
    assert review(COMPLETE, by=rules()).not_examined["acme"] == unexamined(
        "check admin-gained: there is no earlier run",
        "check leaver-access: there is no roster (review.roster)",
        "check not-in-roster: there is no roster (review.roster)",
        "check dormant-user: sign-ins are not collected (collect.activity: false)",
        "check manager-missing: managers are not collected (manager in collect.people, or in the roster)",
    )


@pytest.mark.parametrize("check", BY_GRANT)
@pytest.mark.parametrize(
    "kind", [GapKind.PERMISSION_SETS, GapKind.PROVISIONING, GapKind.ASSIGNMENTS, GapKind.ENTITLEMENTS]
)
def test_unread_grants(check: str, kind: GapKind) -> None:
    """A gap in the grants is a blind spot of every check that examines them."""
    incomplete = replace(COMPLETE, gaps=(gap(kind=kind),))

    assert blind_spots(check, incomplete) == ("grants that were not read (gaps: 1)",)


@pytest.mark.parametrize("check", BY_GRANT)
def test_excluded_entitlements(check: str) -> None:
    """Entitlements that the configuration excludes are a blind spot of these checks, too."""
    assert blind_spots(check, replace(COMPLETE, not_examined=unexamined(Omission.ENTITLEMENTS))) == (
        Omission.ENTITLEMENTS,
    )


@pytest.mark.parametrize("check", BY_GRANT)
def test_listing_by_principal(check: str) -> None:
    """Grants that a listing by principal does not show are a blind spot of these checks, too."""
    assert "grants to principals that are not listed" in "; ".join(
        blind_spots(check, replace(COMPLETE, not_examined=unexamined(*NOT_SEEN_BY_PRINCIPAL)))
    )


# A check, an organization that was not read completely, and the blind spot.
INCOMPLETE: list[tuple[str, Snapshot, str]] = [
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
        "admin-access",
        organization(
            permission_sets=(permission_set(managed_policies=("arn:aws:iam::aws:policy/ReadOnlyAccess",)),),
            grants=(grant(ANN),),
        ),
        "policies of permission sets that were not read or not understood: 1",
    ),
    (
        "privilege-escalation",
        organization(
            permission_sets=(permission_set(customer_managed_policies=("/a",)),), grants=(grant(ANN),)
        ),
        "what customer managed policies allow: 1",
    ),
    (
        "privilege-escalation",
        organization(grants=(entitlement(ANN),)),
        "what IAM roles of entitlements allow: 1",
    ),
    (
        "manages-access",
        organization(instance=replace(INSTANCE, management_account_id=None), grants=(grant(ANN),)),
        "which account is the management account",
    ),
    (
        "manages-access",
        organization(delegated_administrators=None, grants=(grant(ANN),)),
        "which accounts administer Identity Center",
    ),
    (
        "manages-access",
        organization(permission_sets=(permission_set(inline_policy="{"),), grants=(grant(ANN),)),
        "policies of permission sets that were not read or not understood: 1",
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
        organization(grants=(grant(OPS),), memberships=(membership_of("g-1", ("u-8",)),)),
        "members who were not read: 1",
    ),
    ("stale-membership", organization(grants=(grant(OPS),)), "members of groups that were not read: 1"),
    (
        "entitlement-bypass",
        organization(not_examined=unexamined(Omission.ENTITLEMENTS)),
        Omission.ENTITLEMENTS,
    ),
]


@pytest.mark.parametrize(("check", "snapshot", "expected"), INCOMPLETE)
def test_blind_spot(check: str, snapshot: Snapshot, expected: str) -> None:
    """Data that was not read is reported as a blind spot, and has no finding."""
    reviewed = review(snapshot, by=rules(check))

    assert blind_spots(check, snapshot) == (expected,)
    assert reviewed.findings == ()


def test_gap_in_outdated_provisioning() -> None:
    """A gap in outdated provisioning is a blind spot of only the check that uses it."""
    incomplete = replace(COMPLETE, gaps=(gap(kind=GapKind.OUTDATED_PROVISIONING),))

    assert review(incomplete, by=rules("direct-grant", "unused-permission-set")).not_examined["acme"] == ()


def test_gap_in_another_permission_set() -> None:
    """A permission set is known to be unused if its own assignments were read, whatever else was not."""
    incomplete = organization(gaps=(gap(permission_set_arn="arn:other"),))

    reviewed = review(incomplete, by=rules("unused-permission-set"))

    assert [finding.permission_set for finding in reviewed.findings] == ["Admin"]


def test_finding_and_blind_spot() -> None:
    """One check can have a finding and a blind spot."""
    incomplete = organization(
        grants=(grant(OPS), grant(OTHERS)),
        memberships=(membership_of("g-1", ()),),
        missing=(Principal(USER, "u-9"),),
    )

    reviewed = review(incomplete, by=rules("empty-group-grant"))

    assert [finding.group_name for finding in reviewed.findings] == ["Ops"]
    assert reviewed.not_examined["acme"] == unexamined(
        "check empty-group-grant: members of groups that were not read: 1"
    )


def test_unread_cells() -> None:
    """A finding has NOT_READ in place of names that were not read, and refers to the user by id."""
    unread = organization(
        users=(), accounts=(), accounts_complete=False, permission_sets=(), grants=(grant(ANN),)
    )

    (found,) = review(unread, by=rules("direct-grant")).findings

    cells = (found.user_email, found.account_name, found.permission_set)
    assert cells == ("NOT_READ", "NOT_READ", "NOT_READ")
    assert found.message == (
        "user u-1 is assigned directly instead of through a group (NOT_READ in NOT_READ)"
    )


def test_outdated_provisioning() -> None:
    """Outdated provisioning is one finding for its account and names no user."""
    outdated = organization(outdated=(Outdated("111111111111", ADMIN),))

    (found,) = review(outdated, by=rules("outdated-provisioning")).findings

    assert found.message == (
        "permission set Admin is provisioned in this account in an outdated version; later changes have not "
        "been applied (Prod)"
    )
