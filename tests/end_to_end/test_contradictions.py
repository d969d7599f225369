"""Contradictory answers and refused listings: no row is lost, and nobody is reported as deleted."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from sso_batch.emulator import Behaviour, Fault, World, generate
from sso_batch.emulator.faults import FaultKind
from tests.support.audits import Audit
from tests.support.expected_reports import assert_exact, truth
from tests.support.oracle import NOT_READ
from tests.support.reports import Reports, honest
from tests.support.sample_worlds import denying

SIZES: dict[str, Any] = {
    "users": 30,
    "groups": 6,
    "permission_sets": 4,
    "accounts": 9,
    "pairs": 20,
    "members": 10,
    "unlisted_users": 3,
    "unlisted_groups": 1,
}


@pytest.fixture
def world() -> World:
    """Return two organizations in which every group has members."""
    return generate(21, organizations=2, **SIZES)


def not_found(operation: str, resource: str | None = None) -> Fault:
    """Return the fault that an operation of the first organization answers "not found"."""
    return Fault("not_found", operation=operation, organization="org-0", resource=resource)


def assigned_group(world: World, *, listed: bool) -> str:
    """Return a group of the first organization that has access."""
    organization = world.organizations[0]
    assigned = {assignment.principal_id for assignment in organization.assignments}
    return next(group.id for group in organization.groups if group.id in assigned and group.listed == listed)


def orphans(reports: Reports) -> list[dict[str, str]]:
    """Return the findings about orphaned assignments in the first organization."""
    return [
        finding
        for finding in reports.findings()
        if (finding["Check"], finding["Organization"]) == ("orphaned-grant", "org-0")
    ]


def assert_contradiction(reports: Reports, world: World, operation: str, resource: str) -> dict[str, str]:
    """Assert that the first organization has only this gap and the other one is exact; return the gap."""
    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "incomplete", "org-1": "complete"}
    gap = reports.gap("org-0")
    assert (gap["operation"], gap["resource"], gap["code"]) == (operation, resource, "ContradictoryAnswers")
    assert gap["hint"]
    assert "contradict" in gap["message"]
    assert orphans(reports) == []
    assert_exact(reports, world, "org-1")
    return gap


def test_an_unlisted_group_with_members_is_not_found(audit: Audit, world: World) -> None:
    """A group that is neither listed nor found keeps the rows of its members."""
    group = assigned_group(world, listed=False)

    reports = audit(world, faults=[not_found("DescribeGroup", group)])

    gap = assert_contradiction(reports, world, "DescribeGroup", group)
    assert "10 members" in gap["message"]
    assert reports.rows("org-0") == [
        row | {"GroupName": NOT_READ} if row["PrincipalId"] == group else row for row in truth(world, "org-0")
    ]


@pytest.mark.parametrize("described", [False, True])
def test_members_of_a_listed_group_are_not_found(audit: Audit, world: World, *, described: bool) -> None:
    """A listed group counts as existing, whatever ListGroupMemberships and DescribeGroup answer."""
    group = assigned_group(world, listed=True)
    faults = [not_found("ListGroupMemberships", group)] + [not_found("DescribeGroup", group)] * (
        not described
    )

    reports = audit(world, faults=faults)

    assert_contradiction(reports, world, "ListGroupMemberships", group)
    states = {row["PrincipalState"] for row in reports.rows("org-0") if row["PrincipalId"] == group}
    assert states == {"MEMBERS_NOT_READ"}
    assert reports.calls["org-0", "ListGroups"] == (1 if described else 2)


def test_an_assigned_permission_set_is_not_found(audit: Audit, world: World) -> None:
    """A permission set that is listed and assigned keeps its rows; its details are NOT_READ."""
    arn = world.organizations[0].assignments[0].permission_set_arn

    reports = audit(world, faults=[not_found("DescribePermissionSet", arn)])

    assert_contradiction(reports, world, "DescribePermissionSet", arn)
    unread = {"PermissionSet": NOT_READ, "SessionDuration": NOT_READ}
    assert reports.rows("org-0") == [
        row | unread if row["PermissionSetArn"] == arn else row for row in truth(world, "org-0")
    ]


def test_a_provisioned_permission_set_is_no_longer_listed(audit: Audit, world: World) -> None:
    """A provisioned permission set counts as existing, even if the second listing omits it."""
    arn = world.organizations[0].assignments[0].permission_set_arn
    omitted = Fault("unlisted", operation="ListPermissionSets", organization="org-0", resource=arn, after=1)

    reports = audit(world, faults=[not_found("DescribePermissionSet", arn), omitted])

    assert_contradiction(reports, world, "DescribePermissionSet", arn)
    assert omitted.injected == 1


def test_an_account_with_assignments_is_not_listed(audit: Audit, world: World) -> None:
    """An account with assignments counts as existing: what ListAccounts omits about it is NOT_READ."""
    account = world.organizations[0].assignments[-1].account_id

    reports = audit(world, faults=[replace(not_found("ListAccounts", account), kind="unlisted")])

    assert_contradiction(reports, world, "ListAccounts", account)
    unread = {"AccountName": NOT_READ, "AccountState": NOT_READ}
    assert reports.rows("org-0") == [
        row | unread if row["AccountId"] == account else row for row in truth(world, "org-0")
    ]


def test_an_account_is_created_during_the_run(audit: Audit, world: World) -> None:
    """An account that only the second listing has is read like any other."""
    account = world.organizations[0].assignments[-1].account_id
    created = replace(not_found("ListAccounts", account), kind="unlisted", times=1)

    reports = audit(world, faults=[created])

    assert reports.ended.code == 0
    assert created.injected == 1
    assert_exact(reports, world, "org-0", "org-1")


# A directory that answers "not found" for most principals


MOSTLY_UNLISTED: dict[str, dict[str, Any]] = {
    "users": {"unlisted_users": 30, "direct": 1.0},
    "groups": {"groups": 12, "unlisted_groups": 12, "direct": 0.0},
    "both": {"users": 8, "groups": 3, "unlisted_users": 8, "unlisted_groups": 3},
}


@pytest.mark.parametrize("sizes", MOSTLY_UNLISTED.values(), ids=MOSTLY_UNLISTED.keys())
def test_a_directory_finds_none_of_its_principals(audit: Audit, sizes: dict[str, Any]) -> None:
    """If most principals with access are not found, the directory is unreliable and nobody is an orphan."""
    world = generate(22, organizations=2, **(SIZES | sizes))
    faults = [not_found("DescribeUser"), not_found("DescribeGroup"), not_found("ListGroupMemberships")]

    reports = audit(world, faults=faults)

    assert reports.ended.code == 4
    unreliable = [gap for gap in reports.gaps("org-0") if gap["code"] == "UnreliableDirectory"]
    assert {gap["operation"] for gap in unreliable} <= {"DescribeUser", "DescribeGroup"}
    assert len(unreliable) in {1, 2}
    assert all("Active Directory" in gap["hint"] for gap in unreliable)
    assert {gap["resource"] for gap in unreliable} == {world.organizations[0].identity_store_id}
    states = Counter(row["PrincipalState"] for row in reports.rows("org-0"))
    assert states["NOT_FOUND"] == states["MEMBER_NOT_FOUND"] == 0
    assert states["NOT_READ"] + states["MEMBERS_NOT_READ"] > 0
    assert orphans(reports) == []
    expected = truth(world, "org-0")
    assert all(honest(row, expected) for row in reports.rows("org-0"))
    assert_exact(reports, world, "org-1")


def test_orphans_of_a_reliable_directory(audit: Audit) -> None:
    """Orphaned assignments are reported, even if all other principals are listed."""
    world = generate(23, organizations=1, **(SIZES | {"orphans": 8, "gone_members": 6, "unlisted_users": 0}))

    reports = audit(world)

    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0")
    assert len(orphans(reports)) == 8


# Refused listings


@pytest.mark.parametrize("operations", [("ListUsers",), ("ListGroups",), ("ListUsers", "ListGroups")])
@pytest.mark.parametrize("kind", ["filter_required", "access_denied", "kms_denied"])
def test_a_refused_listing_loses_no_row(
    audit: Audit, world: World, kind: FaultKind, operations: tuple[str, ...]
) -> None:
    """Principals with access are described one by one: the only gap is the listing, and every row is read."""
    faults = [Fault(kind, operation=operation, organization="org-0") for operation in operations]

    reports = audit(world, faults=faults)

    assert reports.ended.code == 4
    assert [gap["operation"] for gap in reports.gaps("org-0")] == sorted(operations)
    assert all(gap["hint"] for gap in reports.gaps("org-0"))
    assert reports.rows("org-0") == truth(world, "org-0")
    assert_exact(reports, world, "org-1")


def test_a_listing_is_refused_after_its_first_page(audit: Audit, world: World) -> None:
    """Users who were listed before the refusal are not described again."""
    fault = Fault("filter_required", operation="ListUsers", organization="org-0", after=5)

    reports = audit(world, faults=[fault], behaviour=Behaviour(page_size=5))

    assert reports.rows("org-0") == truth(world, "org-0")
    assert 0 < reports.calls["org-0", "DescribeUser"] <= SIZES["users"] - 25


def test_principals_can_neither_be_listed_nor_described(audit: Audit, world: World) -> None:
    """If principals cannot be described either, each operation is one gap, not each principal."""
    operations = ("DescribeGroup", "DescribeUser", "ListGroups", "ListUsers")
    actions = [f"identitystore:{operation}" for operation in operations]

    reports = audit(denying(world, *actions))

    assert [gap["operation"] for gap in reports.gaps("org-0")] == list(operations)
    assert all(action in gap["hint"] for gap, action in zip(reports.gaps("org-0"), actions, strict=True))
    assert reports.calls["org-0", "DescribeUser"] < len({row["UserId"] for row in truth(world, "org-0")})
    expected = truth(world, "org-0")
    assert all(honest(row, expected) for row in reports.rows("org-0"))
