"""Resources that are deleted while they are read: gone, and no gap; what only seems to be gone is a gap."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sso_batch.emulator import Behaviour, Fault, World, generate
from sso_batch.emulator.world import Organization
from sso_batch.emulator.world.deletion import without
from tests.end_to_end.conftest import Audit
from tests.end_to_end.reports import honest
from tests.end_to_end.test_fastest import FASTEST
from tests.support.oracle import Row, expected_rows

EVERYTHING = """
collect:
  permission_set_details: true
  entitlements: true
  account_paths: true
"""
SIZES: dict[str, Any] = {
    "users": 25,
    "groups": 5,
    "permission_sets": 4,
    "accounts": 9,
    "pairs": 20,
    "members": 4,
    "unlisted_groups": 1,
    "entitlements": 4,
}
FEW_ACCOUNTS: dict[str, Any] = SIZES | {"permission_sets": 9, "accounts": 4}
BY_PRINCIPAL: dict[str, Any] = SIZES | {
    "users": 14,
    "groups": 2,
    "unlisted_groups": 0,
    "direct": 0.0,
    "accounts": 30,
    "pairs": 90,
}
WALK = Behaviour(omitted_account_members=frozenset({"Paths"}))


def permission_set(organization: Organization) -> str:
    """A permission set that is assigned."""
    return organization.assignments[0].permission_set_arn


def account(organization: Organization) -> str:
    """An account with access, not the management account."""
    accounts = [one.account_id for one in organization.assignments]
    return next(one for one in accounts if one != organization.management_account_id)


def unit(organization: Organization) -> str:
    """A unit that has accounts."""
    parents = {one.parent_id for one in organization.accounts}
    return next(one.id for one in organization.organizational_units if one.id in parents)


def parent_unit(organization: Organization) -> str:
    """A unit in which other units are."""
    return next(one.parent_id for one in organization.organizational_units if one.parent_id[0] == "o")


def group(organization: Organization, *, listed: bool = True) -> str:
    """A group with access."""
    granted = {one.principal_id for one in organization.assignments}
    return next(one.id for one in organization.groups if one.id in granted and one.listed == listed)


def unlisted_group(organization: Organization) -> str:
    """A group with access that ListGroups leaves out."""
    return group(organization, listed=False)


def user(organization: Organization) -> str:
    """A user without access."""
    seen = {one.principal_id for one in organization.assignments}
    seen |= {one.user_id for one in organization.memberships}
    return next(one.id for one in organization.users if one.id not in seen)


def application(organization: Organization) -> str:
    """The account-access application."""
    return organization.applications[0].arn


def whole_truth(world: World, name: str) -> list[Row]:
    """Every row with every cell."""
    return expected_rows(world, name, details=True, entitlements=True, account_paths=True)


def row_truth(world: World) -> list[Row]:
    """Every row of the first organization."""
    return whole_truth(world, "org-0")


ResourceOf = Callable[[Organization], str]
CASES: dict[str, tuple[ResourceOf, str, str, dict[str, Any]]] = {
    "described": (permission_set, "DescribePermissionSet", "ListPermissionSets", {}),
    "its policies": (permission_set, "ListManagedPoliciesInPermissionSet", "ListPermissionSets", {}),
    "its tags": (permission_set, "ListTagsForResource", "ListPermissionSets", {}),
    "its accounts": (permission_set, "ListAccountsForProvisionedPermissionSet", "ListPermissionSets", {}),
    "its assignments": (permission_set, "ListAccountAssignments", "ListPermissionSets", {}),
    "its assignments, by account": (
        permission_set,
        "ListAccountAssignments",
        "ListPermissionSets",
        {"sizes": FEW_ACCOUNTS},
    ),
    "an account's permission sets": (
        account,
        "ListPermissionSetsProvisionedToAccount",
        "ListAccounts",
        {"sizes": FEW_ACCOUNTS},
    ),
    "an account's assignments": (account, "ListAccountAssignments", "", {}),
    "an account's assignments, by account": (
        account,
        "ListAccountAssignments",
        "ListAccounts",
        {"sizes": FEW_ACCOUNTS},
    ),
    "a unit": (unit, "DescribeOrganizationalUnit", "ListAccounts", {"sizes": SIZES | {"units": 1}}),
    "a unit of the tree": (
        parent_unit,
        "ListOrganizationalUnitsForParent",
        "",
        {"behaviour": WALK, "after": 1},
    ),
    "a unit's accounts": (unit, "ListAccountsForParent", "", {"behaviour": WALK, "after": 1}),
    "an application": (application, "GetApplication", "ListApplications", {}),
    "an application's entitlements": (application, "ListEntitlements", "ListApplications", {}),
    "a group's members": (group, "ListGroupMemberships", "ListGroups", {}),
    "a group that is not listed": (unlisted_group, "DescribeGroup", "", {}),
    "a principal": (
        user,
        "ListAccountAssignmentsForPrincipal",
        "ListUsers",
        {"sizes": BY_PRINCIPAL, "settings": FASTEST.replace("false", "true")},
    ),
}
each_case = pytest.mark.parametrize(
    ("resource_of", "operation", "again", "how"), CASES.values(), ids=CASES.keys()
)


def anywhere(rows: list[Row]) -> list[Row]:
    """The rows without the paths of accounts, which may be read before the deletion or after it."""
    return [row | {"AccountPath": ""} for row in rows]


def settle(how: dict[str, Any]) -> tuple[World, dict[str, Any], int]:
    """The world of a case, how to audit it, and how many calls its fault spares."""
    world = generate(31, organizations=2, **how.get("sizes", SIZES))
    asked = {"settings": how.get("settings", EVERYTHING), "behaviour": how.get("behaviour", Behaviour())}
    return world, asked, how.get("after", 0)


@each_case
def test_what_is_deleted_meanwhile_is_no_gap(
    audit: Audit, resource_of: ResourceOf, operation: str, again: str, how: dict[str, Any]
) -> None:
    """The listing that named it is asked once more and no longer has it: complete, without its rows."""
    world, asked, after = settle(how)
    resource = resource_of(world.organizations[0])
    fault = Fault(
        "deleted", operation=operation, organization="org-0", resource=resource, after=after, times=1
    )
    deleted = replace(
        world, organizations=(without(world.organizations[0], {resource}), *world.organizations[1:])
    )

    reports = audit(world, faults=[fault], **asked)

    assert fault.injected == 1
    assert reports.gaps("org-0") == []
    assert reports.ended.code == 0
    rows = reports.rows("org-0")
    assert anywhere(rows) == anywhere(row_truth(deleted))
    assert all(row in row_truth(world) or row in row_truth(deleted) for row in rows)
    assert not again or reports.calls["org-0", again] == 2
    assert reports.rows("org-1") == whole_truth(world, "org-1")


@each_case
def test_what_is_still_listed_is_a_gap(
    audit: Audit, resource_of: ResourceOf, operation: str, again: str, how: dict[str, Any]
) -> None:
    """The listing that named it is asked once more and still has it: a contradiction, with a hint."""
    del again
    world, asked, _ = settle(how)
    resource = resource_of(world.organizations[0])
    faults = [Fault("not_found", operation=operation, organization="org-0", resource=resource)]
    if operation == "ListGroupMemberships":
        faults.append(replace(faults[0], operation="DescribeGroup"))

    reports = audit(world, faults=faults, **asked)

    assert reports.ended.code == 4
    assert {(gap["operation"], gap["code"]) for gap in reports.gaps("org-0")} == {
        (operation, "ContradictoryAnswers")
    }
    assert all(
        gap["hint"] and resource.rpartition(" ")[2] in gap["resource"] for gap in reports.gaps("org-0")
    )
    assert all(honest(row, row_truth(world)) for row in reports.rows("org-0"))
    assert reports.rows("org-1") == whole_truth(world, "org-1")


def test_a_listing_that_fails_the_second_time(audit: Audit) -> None:
    """Where the listing cannot be asked again nothing counts as deleted: each call keeps its gap."""
    world, asked, _ = settle({})
    arn = permission_set(world.organizations[0])
    faults = [
        Fault("deleted", operation="DescribePermissionSet", organization="org-0", resource=arn, times=1),
        Fault("access_denied", operation="ListPermissionSets", organization="org-0", after=1),
    ]

    reports = audit(world, faults=faults, **asked)

    assert reports.ended.code == 4
    assert {gap["operation"] for gap in reports.gaps("org-0")} >= {
        "DescribePermissionSet",
        "ListPermissionSets",
    }
    assert all(gap["hint"] for gap in reports.gaps("org-0"))


def test_many_deletions_are_verified_together(audit: Audit) -> None:
    """However many permission sets are deleted, their listing is asked again once."""
    world, asked, _ = settle({})
    arns = [one.arn for one in world.organizations[0].permission_sets[:3]]
    faults = [
        Fault("deleted", operation="DescribePermissionSet", organization="org-0", resource=arn, times=1)
        for arn in arns
    ]

    reports = audit(world, faults=faults, **asked)

    deleted = replace(world, organizations=(without(world.organizations[0], arns), *world.organizations[1:]))
    assert reports.ended.code == 0
    assert reports.rows("org-0") == row_truth(deleted)
    assert reports.calls["org-0", "ListPermissionSets"] == 2
