"""Resources deleted during a run cause no gap and no row; those that only seem to be deleted are a gap."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from sso_batch.emulator import Behaviour, Fault, World, generate
from sso_batch.emulator.world import Organization
from sso_batch.emulator.world.deletion import without
from tests.support.audits import Audit
from tests.support.expected_reports import EVERYTHING, FASTEST, whole_truth
from tests.support.oracle import Row
from tests.support.reports import Reports, honest
from tests.support.sample_worlds import with_first

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
FEW_PRINCIPALS: dict[str, Any] = SIZES | {
    "users": 14,
    "groups": 2,
    "unlisted_groups": 0,
    "direct": 0.0,
    "accounts": 30,
    "pairs": 90,
}
NO_PATHS = Behaviour(omitted_account_members=frozenset({"Paths"}))
"""Makes a run walk the tree of organizational units."""


def permission_set(organization: Organization) -> str:
    """Return a permission set that is assigned."""
    return organization.assignments[0].permission_set_arn


def account(organization: Organization) -> str:
    """Return an account with assignments that is not the management account."""
    accounts = [assignment.account_id for assignment in organization.assignments]
    return next(account_id for account_id in accounts if account_id != organization.management_account_id)


def unit(organization: Organization) -> str:
    """Return an organizational unit that has accounts."""
    parents = {account.parent_id for account in organization.accounts}
    return next(unit.id for unit in organization.organizational_units if unit.id in parents)


def parent_unit(organization: Organization) -> str:
    """Return an organizational unit that has units."""
    return next(
        unit.parent_id for unit in organization.organizational_units if unit.parent_id.startswith("ou-")
    )


def group(organization: Organization, *, listed: bool = True) -> str:
    """Return a group with assignments that ListGroups returns."""
    assigned = {assignment.principal_id for assignment in organization.assignments}
    return next(group.id for group in organization.groups if group.id in assigned and group.listed == listed)


def unlisted_group(organization: Organization) -> str:
    """Return a group with assignments that ListGroups omits."""
    return group(organization, listed=False)


def user(organization: Organization) -> str:
    """Return a user without access."""
    with_access = {assignment.principal_id for assignment in organization.assignments}
    with_access |= {membership.user_id for membership in organization.memberships}
    return next(user.id for user in organization.users if user.id not in with_access)


def application(organization: Organization) -> str:
    """Return the account-access application."""
    return organization.applications[0].arn


@dataclass(frozen=True)
class Case:
    """A resource that is deleted before an operation is called for it.

    `listing` is the listing that must then be made a second time; `after` is how many calls of the operation
    succeed before.
    """

    resource_of: Callable[[Organization], str]
    operation: str
    listing: str = ""
    sizes: dict[str, Any] = field(default_factory=lambda: SIZES)
    settings: str = EVERYTHING
    behaviour: Behaviour = field(default_factory=Behaviour)
    after: int = 0

    @property
    def world(self) -> World:
        """Two organizations; the resource is deleted in the first one."""
        return generate(31, organizations=2, **self.sizes)

    def audit(self, audit: Audit, world: World, *faults: Fault) -> Reports:
        """Audit the world with these faults."""
        return audit(world, faults=faults, settings=self.settings, behaviour=self.behaviour)


DESCRIBED = Case(permission_set, "DescribePermissionSet", "ListPermissionSets")
CASES = {
    "permission set: description": DESCRIBED,
    "permission set: policies": Case(
        permission_set, "ListManagedPoliciesInPermissionSet", "ListPermissionSets"
    ),
    "permission set: tags": Case(permission_set, "ListTagsForResource", "ListPermissionSets"),
    "permission set: accounts": Case(
        permission_set, "ListAccountsForProvisionedPermissionSet", "ListPermissionSets"
    ),
    "permission set: assignments": Case(permission_set, "ListAccountAssignments", "ListPermissionSets"),
    "permission set: assignments, listed by account": Case(
        permission_set, "ListAccountAssignments", "ListPermissionSets", sizes=FEW_ACCOUNTS
    ),
    "account: permission sets": Case(
        account, "ListPermissionSetsProvisionedToAccount", "ListAccounts", sizes=FEW_ACCOUNTS
    ),
    "account: assignments": Case(account, "ListAccountAssignments"),
    "account: assignments, listed by account": Case(
        account, "ListAccountAssignments", "ListAccounts", sizes=FEW_ACCOUNTS
    ),
    "unit": Case(unit, "DescribeOrganizationalUnit", "ListAccounts", sizes=SIZES | {"units": 1}),
    "unit: units in it": Case(parent_unit, "ListOrganizationalUnitsForParent", behaviour=NO_PATHS, after=1),
    "unit: accounts in it": Case(unit, "ListAccountsForParent", behaviour=NO_PATHS, after=1),
    "application": Case(application, "GetApplication", "ListApplications"),
    "application: entitlements": Case(application, "ListEntitlements", "ListApplications"),
    "group: members": Case(group, "ListGroupMemberships", "ListGroups"),
    "unlisted group": Case(unlisted_group, "DescribeGroup"),
    "principal: assignments": Case(
        user,
        "ListAccountAssignmentsForPrincipal",
        "ListUsers",
        sizes=FEW_PRINCIPALS,
        settings=FASTEST.replace("false", "true"),
    ),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def deleted(operation: str, resource: str, *, after: int = 0) -> Fault:
    """Return the fault that a resource of the first organization is deleted when the operation is called."""
    return Fault(
        "deleted", operation=operation, organization="org-0", resource=resource, after=after, times=1
    )


def without_paths(rows: list[Row]) -> list[Row]:
    """Return the rows without account paths, which may be read before the deletion or after it."""
    return [row | {"AccountPath": ""} for row in rows]


@each_case
def test_a_deleted_resource_is_no_gap(audit: Audit, case: Case) -> None:
    """If the repeated listing no longer has a resource, the run is complete without its rows."""
    world = case.world
    resource = case.resource_of(world.organizations[0])
    fault = deleted(case.operation, resource, after=case.after)

    reports = case.audit(audit, world, fault)

    assert fault.injected == 1
    assert reports.gaps("org-0") == []
    assert reports.ended.code == 0
    rows = reports.rows("org-0")
    before = whole_truth(world, "org-0")
    after = whole_truth(with_first(world, without(world.organizations[0], {resource})), "org-0")
    assert without_paths(rows) == without_paths(after)
    assert all(row in before or row in after for row in rows)
    assert not case.listing or reports.calls["org-0", case.listing] == 2
    assert reports.rows("org-1") == whole_truth(world, "org-1")


@each_case
def test_a_resource_that_is_still_listed_is_a_gap(audit: Audit, case: Case) -> None:
    """If the repeated listing still has a resource that is not found, that is a contradiction with a hint."""
    world = case.world
    resource = case.resource_of(world.organizations[0])
    faults = [Fault("not_found", operation=case.operation, organization="org-0", resource=resource)]
    if case.operation == "ListGroupMemberships":
        faults.append(replace(faults[0], operation="DescribeGroup"))

    reports = case.audit(audit, world, *faults)

    assert reports.ended.code == 4
    gaps = reports.gaps("org-0")
    assert {(gap["operation"], gap["code"]) for gap in gaps} == {(case.operation, "ContradictoryAnswers")}
    assert all(gap["hint"] and resource.rpartition(" ")[2] in gap["resource"] for gap in gaps)
    expected = whole_truth(world, "org-0")
    assert all(honest(row, expected) for row in reports.rows("org-0"))
    assert reports.rows("org-1") == whole_truth(world, "org-1")


def test_a_listing_that_cannot_be_repeated(audit: Audit) -> None:
    """If the listing cannot be repeated, nothing counts as deleted and each failed call is a gap."""
    world = DESCRIBED.world
    denied = Fault("access_denied", operation="ListPermissionSets", organization="org-0", after=1)

    reports = DESCRIBED.audit(
        audit, world, deleted("DescribePermissionSet", permission_set(world.organizations[0])), denied
    )

    assert reports.ended.code == 4
    gaps = reports.gaps("org-0")
    assert {gap["operation"] for gap in gaps} >= {"DescribePermissionSet", "ListPermissionSets"}
    assert all(gap["hint"] for gap in gaps)


def test_many_deletions_repeat_the_listing_once(audit: Audit) -> None:
    """However many permission sets are deleted, their listing is repeated once."""
    world = DESCRIBED.world
    first = world.organizations[0]
    arns = [permission_set.arn for permission_set in first.permission_sets[:3]]

    reports = DESCRIBED.audit(audit, world, *(deleted("DescribePermissionSet", arn) for arn in arns))

    assert reports.ended.code == 0
    assert reports.rows("org-0") == whole_truth(with_first(world, without(first, arns)), "org-0")
    assert reports.calls["org-0", "ListPermissionSets"] == 2
