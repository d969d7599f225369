"""One denied call: a gap with the missing IAM action, what depends on it NOT_READ, and nothing made up."""

from collections.abc import Callable
from typing import Any

import pytest

from sso_batch.emulator import Behaviour, World, generate
from tests.end_to_end.conftest import Audit
from tests.end_to_end.expected import assert_exact, truth
from tests.end_to_end.reports import UNREAD, Reports, honest
from tests.end_to_end.worlds import ODDITIES, denying
from tests.support.oracle import NOT_READ, Row

EVERYTHING: dict[str, Any] = ODDITIES | {"accounts": 12, "pairs": 16}
FEW_ACCOUNTS = EVERYTHING | {"permission_sets": 14, "accounts": 4, "pairs": 20}


@pytest.fixture
def world() -> World:
    """Two organizations with everything in them; the first one's role will lack something."""
    return generate(4, organizations=2, **EVERYTHING)


ACTIONS = {
    "ListUsers": "identitystore:ListUsers",
    "ListGroups": "identitystore:ListGroups",
    "ListGroupMemberships": "identitystore:ListGroupMemberships",
    "DescribeUser": "identitystore:DescribeUser",
    "DescribeGroup": "identitystore:DescribeGroup",
    "ListPermissionSets": "sso:ListPermissionSets",
    "DescribePermissionSet": "sso:DescribePermissionSet",
    "ListAccountsForProvisionedPermissionSet": "sso:ListAccountsForProvisionedPermissionSet",
    "ListAccountAssignments": "sso:ListAccountAssignments",
    "ListAccounts": "organizations:ListAccounts",
    "DescribeOrganization": "organizations:DescribeOrganization",
}


def assert_incomplete(reports: Reports, world: World, operation: str, action: str) -> None:
    """The first organization says what it lacks and nothing untrue, the other one is exactly right."""
    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "incomplete", "org-1": "complete"}
    assert reports.names == reports.file_names("org-1", incomplete=["org-0"])
    denied = [gap for gap in reports.gaps("org-0") if gap["code"] == "AccessDeniedException"]
    assert {gap["operation"] for gap in denied} == {operation}
    assert {gap["hint"] for gap in denied} == {f"allow the role the IAM action {action}"}
    assert all(action in gap["message"] and gap["resource"] for gap in denied)
    gaps = str(reports.manifest["organizations"][0]["gaps"])
    assert "sso-admin:" not in reports.content("org-0").decode() + gaps
    assert all(honest(row, truth(world, "org-0")) for row in reports.rows("org-0"))
    assert_exact(reports, world, "org-1")
    assert reports.rows() == reports.rows("org-0") + reports.rows("org-1")
    reports.assert_sums()


@pytest.mark.parametrize(("operation", "action"), ACTIONS.items(), ids=ACTIONS.keys())
def test_a_denied_call_is_a_gap(audit: Audit, world: World, operation: str, action: str) -> None:
    """Whichever call is denied: exit code 4, the IAM action by name, and no row that is not true."""
    reports = audit(denying(world, action))

    assert_incomplete(reports, world, operation, action)


def test_a_denied_listing_by_account_is_a_gap(audit: Audit) -> None:
    """The same where the accounts are fewer, and their permission sets are what may not be listed."""
    world = generate(4, organizations=2, **FEW_ACCOUNTS)

    reports = audit(denying(world, "sso:ListPermissionSetsProvisionedToAccount"))

    assert_incomplete(
        reports,
        world,
        "ListPermissionSetsProvisionedToAccount",
        "sso:ListPermissionSetsProvisionedToAccount",
    )


def test_one_gap_for_each_resource(audit: Audit, world: World) -> None:
    """What is denied for each group is a gap for each group, and the log tells it in one line."""
    reports = audit(denying(world, "identitystore:ListGroupMemberships"))

    assigned = {
        one.principal_id for one in world.organizations[0].assignments if one.principal_type == "GROUP"
    }
    assert sorted(gap["resource"] for gap in reports.gaps("org-0")) == sorted(assigned)
    (event,) = reports.ended.named("collect.gap")
    assert event["count"] == len(assigned)


def test_many_denied_calls_are_many_gaps(audit: Audit, world: World) -> None:
    """Each of several missing permissions is named, and what was allowed is read."""
    actions = ("identitystore:ListUsers", "identitystore:ListGroups", "organizations:ListAccounts")

    reports = audit(denying(world, *actions))

    assert {gap["operation"] for gap in reports.gaps("org-0")} == {"ListUsers", "ListGroups", "ListAccounts"}
    assert all(honest(row, truth(world, "org-0")) for row in reports.rows("org-0"))
    assert_exact(reports, world, "org-1")


# What depends on the denied call is NOT_READ, and only that.


def changed(rows: list[Row], change: Callable[[Row], Row]) -> list[Row]:
    """The rows, each with what `change` makes of its cells."""
    return [row | change(row) for row in rows]


def test_without_accounts_no_grant_is_lost(audit: Audit, world: World) -> None:
    """ListAccounts denied: pairs are listed by permission set, names of accounts are NOT_READ, one gap."""
    reports = audit(denying(world, "organizations:ListAccounts"))

    unread = {"AccountName": NOT_READ, "AccountState": NOT_READ, "AccountPath": NOT_READ}
    assert reports.rows("org-0") == changed(truth(world, "org-0"), lambda _: unread)
    assert reports.gap("org-0")["operation"] == "ListAccounts"
    assert reports.calls["org-0", "ListPermissionSetsProvisionedToAccount"] == 0


def test_without_accounts_no_grant_is_lost_where_they_are_fewer(audit: Audit) -> None:
    """The same where going by account would have been cheaper."""
    world = generate(4, organizations=2, **FEW_ACCOUNTS)

    reports = audit(denying(world, "organizations:ListAccounts"))

    unread = {"AccountName": NOT_READ, "AccountState": NOT_READ, "AccountPath": NOT_READ}
    assert reports.rows("org-0") == changed(truth(world, "org-0"), lambda _: unread)
    assert reports.gap("org-0")["operation"] == "ListAccounts"


def test_without_permission_sets_no_grant_is_lost(audit: Audit, world: World) -> None:
    """ListPermissionSets denied: pairs are listed by account, permission sets described as they are seen."""
    reports = audit(denying(world, "sso:ListPermissionSets"), behaviour=Behaviour(page_size=2))

    assert reports.rows("org-0") == truth(world, "org-0")
    assert reports.gap("org-0")["operation"] == "ListPermissionSets"


def test_without_describe_organization_nothing_else_is_lost(audit: Audit, world: World) -> None:
    """DescribeOrganization denied: a gap and nulls in the manifest, and every row as it is."""
    reports = audit(denying(world, "organizations:DescribeOrganization"))

    assert reports.rows("org-0") == truth(world, "org-0")
    told = reports.organization("org-0")
    assert (told["organization_id"], told["management_account_id"]) == (None, None)
    assert reports.gap("org-0")["operation"] == "DescribeOrganization"


def test_without_permission_set_details_names_are_not_read(audit: Audit, world: World) -> None:
    """DescribePermissionSet denied: the permission set's ARN stands, its name and duration are NOT_READ."""
    reports = audit(denying(world, "sso:DescribePermissionSet"))

    unread = {"PermissionSet": NOT_READ, "SessionDuration": NOT_READ}
    assert reports.rows("org-0") == changed(truth(world, "org-0"), lambda _: unread)


def test_without_groups_no_row_is_lost(audit: Audit, world: World) -> None:
    """ListGroups denied: the groups that have access are described one by one, and every row is read."""
    reports = audit(denying(world, "identitystore:ListGroups"))

    assert reports.rows("org-0") == truth(world, "org-0")
    assert reports.gap("org-0")["operation"] == "ListGroups"


def test_without_memberships_the_grant_still_stands(audit: Audit, world: World) -> None:
    """ListGroupMemberships denied: a row for each group's grant, MEMBERS_NOT_READ; users' rows stay."""
    reports = audit(denying(world, "identitystore:ListGroupMemberships"))

    expected = truth(world, "org-0")
    rows = reports.rows("org-0")
    direct = [row for row in expected if row["PrincipalType"] == "USER"]
    assert [row for row in rows if row["PrincipalType"] == "USER"] == direct
    states = {row["PrincipalState"] for row in rows if row["PrincipalType"] == "GROUP"}
    assert states == {"MEMBERS_NOT_READ", "NOT_FOUND"}
    assert grants(rows) == grants(expected)


def test_without_describe_user_nobody_is_called_gone(audit: Audit, world: World) -> None:
    """DescribeUser denied: whoever is not listed is NOT_READ, and never called an orphan."""
    reports = audit(denying(world, "identitystore:DescribeUser"))

    organization = world.organizations[0]
    listed = {user.id for user in organization.users if user.listed}
    rows = reports.rows("org-0")
    for row, right in zip(rows, truth(world, "org-0"), strict=True):
        if right["UserId"] and right["UserId"] not in listed:
            assert (row["UserId"], row["PrincipalState"]) == (right["UserId"], NOT_READ)
        else:
            assert row == right
    assert UNREAD & {row["PrincipalState"] for row in rows}


def test_without_users_no_row_is_lost(audit: Audit, world: World) -> None:
    """ListUsers denied: the users who have access are described one by one, and every row is read."""
    reports = audit(denying(world, "identitystore:ListUsers"))

    assert reports.rows("org-0") == truth(world, "org-0")
    assert reports.gap("org-0")["operation"] == "ListUsers"


def test_without_describe_group_a_deleted_group_is_not_called_gone(audit: Audit, world: World) -> None:
    """DescribeGroup denied: a group that is not listed keeps its members' rows, or is not read."""
    reports = audit(denying(world, "identitystore:DescribeGroup"))

    rows, expected = reports.rows("org-0"), truth(world, "org-0")
    assert grants(rows) == grants(expected)
    assert "NOT_FOUND" not in {row["PrincipalState"] for row in rows if row["PrincipalType"] == "GROUP"}


@pytest.mark.parametrize("action", ["sso:ListInstances", "sts:GetCallerIdentity"])
def test_without_the_first_calls_an_organization_fails(audit: Audit, world: World, action: str) -> None:
    """Where not even the instance can be found the organization failed, with the action to allow."""
    reports = audit(denying(world, action))

    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "failed", "org-1": "complete"}
    assert reports.names == reports.file_names("org-1")
    gap = reports.gap("org-0")
    assert gap["operation"] == action.split(":")[1]
    assert gap["hint"] == f"allow the role the IAM action {action}"
    assert_exact(reports, world, "org-1")


def grants(rows: list[Row]) -> set[tuple[str, ...]]:
    """Which principal has what, where."""
    keys = ("AccountId", "PermissionSetArn", "PrincipalType", "PrincipalId")
    return {tuple(row[key] for key in keys) for row in rows}
