"""Contradictory answers, and directories that refuse to list: no row is lost, nobody is reported as gone."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from sso_batch.emulator import Behaviour, Fault, World, generate
from sso_batch.emulator.faults import FaultKind
from tests.end_to_end.conftest import Audit
from tests.end_to_end.expected import assert_exact, truth
from tests.end_to_end.reports import Reports, honest
from tests.end_to_end.test_findings import findings
from tests.end_to_end.worlds import denying
from tests.support.oracle import NOT_READ

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
    """Two organizations in which every group has members; the first one contradicts itself."""
    return generate(21, organizations=2, **SIZES)


def lost(operation: str, resource: str | None = None) -> Fault:
    """An operation of the first organization that answers as if the resource did not exist."""
    return Fault("not_found", operation=operation, organization="org-0", resource=resource)


def granted_group(world: World, *, listed: bool) -> str:
    """A group of the first organization that has access."""
    organization = world.organizations[0]
    granted = {one.principal_id for one in organization.assignments}
    return next(one.id for one in organization.groups if one.id in granted and one.listed == listed)


def orphans(reports: Reports) -> list[dict[str, str]]:
    """What is reported of grants to principals who no longer exist, in the first organization."""
    return [
        one for one in findings(reports) if (one["Check"], one["Organization"]) == ("orphaned-grant", "org-0")
    ]


def assert_contradiction(reports: Reports, world: World, operation: str, resource: str) -> dict[str, str]:
    """The first organization has that one gap, with a hint; the other one is exact."""
    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "incomplete", "org-1": "complete"}
    gap = reports.gap("org-0")
    assert (gap["operation"], gap["resource"], gap["code"]) == (operation, resource, "ContradictoryAnswers")
    assert gap["hint"]
    assert "contradict" in gap["message"]
    assert orphans(reports) == []
    assert_exact(reports, world, "org-1")
    return gap


def test_a_group_with_members_that_is_not_found(audit: Audit, world: World) -> None:
    """ListGroups leaves a group out, DescribeGroup denies it, and its members keep all of their rows."""
    group = granted_group(world, listed=False)

    reports = audit(world, faults=[lost("DescribeGroup", group)])

    gap = assert_contradiction(reports, world, "DescribeGroup", group)
    assert "lists 10 members" in gap["message"]
    assert reports.rows("org-0") == [
        row | {"GroupName": NOT_READ} if row["PrincipalId"] == group else row for row in truth(world, "org-0")
    ]


@pytest.mark.parametrize("described", [False, True])
def test_a_listed_group_whose_members_are_not_found(audit: Audit, world: World, *, described: bool) -> None:
    """A group that is listed exists, whatever ListGroupMemberships and DescribeGroup answer."""
    group = granted_group(world, listed=True)
    faults = [lost("ListGroupMemberships", group)] + [lost("DescribeGroup", group)] * (not described)

    reports = audit(world, faults=faults)

    assert_contradiction(reports, world, "ListGroupMemberships", group)
    states = {row["PrincipalState"] for row in reports.rows("org-0") if row["PrincipalId"] == group}
    assert states == {"MEMBERS_NOT_READ"}
    assert reports.calls["org-0", "ListGroups"] == (1 if described else 2)


def test_a_permission_set_that_is_not_found(audit: Audit, world: World) -> None:
    """A permission set that is listed and assigned keeps its rows; what is not found of it is NOT_READ."""
    arn = world.organizations[0].assignments[0].permission_set_arn

    reports = audit(world, faults=[lost("DescribePermissionSet", arn)])

    assert_contradiction(reports, world, "DescribePermissionSet", arn)
    unread = {"PermissionSet": NOT_READ, "SessionDuration": NOT_READ}
    assert reports.rows("org-0") == [
        row | unread if row["PermissionSetArn"] == arn else row for row in truth(world, "org-0")
    ]


def test_a_permission_set_that_is_no_longer_listed_and_still_provisioned(audit: Audit, world: World) -> None:
    """That it is provisioned outranks a second listing that leaves it out."""
    arn = world.organizations[0].assignments[0].permission_set_arn
    forgotten = Fault("unlisted", operation="ListPermissionSets", organization="org-0", resource=arn, after=1)

    reports = audit(world, faults=[lost("DescribePermissionSet", arn), forgotten])

    assert_contradiction(reports, world, "DescribePermissionSet", arn)
    assert forgotten.injected == 1


def test_an_account_with_access_that_is_not_listed(audit: Audit, world: World) -> None:
    """An account in which access is granted exists: what ListAccounts does not say of it is NOT_READ."""
    account = world.organizations[0].assignments[-1].account_id

    reports = audit(world, faults=[replace(lost("ListAccounts", account), kind="unlisted")])

    assert_contradiction(reports, world, "ListAccounts", account)
    unread = {"AccountName": NOT_READ, "AccountState": NOT_READ}
    assert reports.rows("org-0") == [
        row | unread if row["AccountId"] == account else row for row in truth(world, "org-0")
    ]


def test_an_account_that_was_created_meanwhile(audit: Audit, world: World) -> None:
    """An account that is not listed at first, and is when it is asked for again, is read as any other."""
    account = world.organizations[0].assignments[-1].account_id
    created = replace(lost("ListAccounts", account), kind="unlisted", times=1)

    reports = audit(world, faults=[created])

    assert reports.ended.code == 0
    assert created.injected == 1
    assert_exact(reports, world, "org-0", "org-1")


# A directory that answers "not found" for most


AD: dict[str, dict[str, Any]] = {
    "users": {"unlisted_users": 30, "direct": 1.0},
    "groups": {"groups": 12, "unlisted_groups": 12, "direct": 0.0},
    "both": {"users": 8, "groups": 3, "unlisted_users": 8, "unlisted_groups": 3},
}


@pytest.mark.parametrize("sizes", AD.values(), ids=AD.keys())
def test_a_directory_that_does_not_find_its_principals(audit: Audit, sizes: dict[str, Any]) -> None:
    """Where most principals with access are not found, the directory is in doubt, and nobody is an orphan."""
    world = generate(22, organizations=2, **(SIZES | sizes))
    faults = [lost("DescribeUser"), lost("DescribeGroup"), lost("ListGroupMemberships")]

    reports = audit(world, faults=faults)

    assert reports.ended.code == 4
    doubts = [gap for gap in reports.gaps("org-0") if gap["code"] == "UnreliableDirectory"]
    assert {gap["operation"] for gap in doubts} <= {"DescribeUser", "DescribeGroup"}
    assert len(doubts) in {1, 2}
    assert all("Active Directory" in gap["hint"] for gap in doubts)
    assert {gap["resource"] for gap in doubts} == {world.organizations[0].identity_store_id}
    states = Counter(row["PrincipalState"] for row in reports.rows("org-0"))
    assert states["NOT_FOUND"] == states["MEMBER_NOT_FOUND"] == 0
    assert states["NOT_READ"] + states["MEMBERS_NOT_READ"] > 0
    assert orphans(reports) == []
    assert all(honest(row, truth(world, "org-0")) for row in reports.rows("org-0"))
    assert_exact(reports, world, "org-1")


def test_orphans_of_a_directory_that_lists_the_others(audit: Audit) -> None:
    """Principals that no longer exist are found, however few others have to be asked for one by one."""
    world = generate(23, organizations=1, **(SIZES | {"orphans": 8, "gone_members": 6, "unlisted_users": 0}))

    reports = audit(world)

    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0")
    assert len(orphans(reports)) == 8


# Listings that are refused


@pytest.mark.parametrize("operations", [("ListUsers",), ("ListGroups",), ("ListUsers", "ListGroups")])
@pytest.mark.parametrize("kind", ["filter_required", "access_denied", "kms_denied"])
def test_a_refused_listing_costs_no_row(
    audit: Audit, world: World, kind: FaultKind, operations: tuple[str, ...]
) -> None:
    """Whoever has access is asked for by id: the gap is the listing alone, and every row is read."""
    faults = [Fault(kind, operation=one, organization="org-0") for one in operations]

    reports = audit(world, faults=faults)

    assert reports.ended.code == 4
    assert [gap["operation"] for gap in reports.gaps("org-0")] == sorted(operations)
    assert all(gap["hint"] for gap in reports.gaps("org-0"))
    assert reports.rows("org-0") == truth(world, "org-0")
    assert_exact(reports, world, "org-1")


def test_a_listing_that_is_refused_after_its_first_page(audit: Audit, world: World) -> None:
    """Who was listed before the refusal is not asked for again."""
    fault = Fault("filter_required", operation="ListUsers", organization="org-0", after=5)

    reports = audit(world, faults=[fault], behaviour=Behaviour(page_size=5))

    assert reports.rows("org-0") == truth(world, "org-0")
    assert 0 < reports.calls["org-0", "DescribeUser"] <= SIZES["users"] - 25


def test_neither_listed_nor_described(audit: Audit, world: World) -> None:
    """Where principals cannot be described either there is one gap for each call, not for each principal."""
    actions = [f"identitystore:{one}" for one in ("ListUsers", "ListGroups", "DescribeUser", "DescribeGroup")]

    reports = audit(denying(world, *actions))

    assert [gap["operation"] for gap in reports.gaps("org-0")] == sorted(
        one.partition(":")[2] for one in actions
    )
    assert {gap["hint"] for gap in reports.gaps("org-0")} == {
        f"allow the role the IAM action {one}" for one in actions
    }
    assert reports.calls["org-0", "DescribeUser"] < len({row["UserId"] for row in truth(world, "org-0")})
    assert all(honest(row, truth(world, "org-0")) for row in reports.rows("org-0"))
