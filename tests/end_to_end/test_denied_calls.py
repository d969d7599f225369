"""A denied call is a gap with the missing IAM action; what depends on it is NOT_READ, and no row is wrong."""

from typing import Any

import pytest

from sso_batch.emulator import Behaviour, World, generate
from tests.support.audits import Audit
from tests.support.expected_reports import assert_exact, truth
from tests.support.oracle import NOT_READ, Row
from tests.support.reports import UNREAD, Reports, honest
from tests.support.sample_worlds import ODDITIES, denying

MANY_ACCOUNTS: dict[str, Any] = ODDITIES | {"accounts": 12, "pairs": 16}
FEW_ACCOUNTS = MANY_ACCOUNTS | {"permission_sets": 14, "accounts": 4, "pairs": 20}


@pytest.fixture
def world() -> World:
    """Return two organizations with everything an audit can meet."""
    return generate(4, organizations=2, **MANY_ACCOUNTS)


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
    """Assert that the first organization names the action and has no wrong row, and the other is exact."""
    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "incomplete", "org-1": "complete"}
    assert reports.names == reports.file_names("org-1", incomplete=["org-0"])
    denied = [gap for gap in reports.gaps("org-0") if gap["code"] == "AccessDeniedException"]
    assert {gap["operation"] for gap in denied} == {operation}
    assert all(action in gap["hint"] for gap in denied)
    assert all(action in gap["message"] and gap["resource"] for gap in denied)
    gaps = str(reports.manifest["organizations"][0]["gaps"])
    assert "sso-admin:" not in reports.content("org-0").decode() + gaps
    expected = truth(world, "org-0")
    assert all(honest(row, expected) for row in reports.rows("org-0"))
    assert_exact(reports, world, "org-1")
    assert reports.rows() == reports.rows("org-0") + reports.rows("org-1")
    reports.assert_sums()


@pytest.mark.parametrize(("operation", "action"), ACTIONS.items(), ids=ACTIONS.keys())
def test_a_denied_call_is_a_gap(audit: Audit, world: World, operation: str, action: str) -> None:
    """A denied call ends the run with 4 and the name of the IAM action, and no row is wrong."""
    reports = audit(denying(world, action))

    assert_incomplete(reports, world, operation, action)


def test_a_denied_listing_by_account_is_a_gap(audit: Audit) -> None:
    """The same holds if accounts are fewer and their permission sets may not be listed."""
    world = generate(4, organizations=2, **FEW_ACCOUNTS)

    reports = audit(denying(world, "sso:ListPermissionSetsProvisionedToAccount"))

    assert_incomplete(
        reports,
        world,
        "ListPermissionSetsProvisionedToAccount",
        "sso:ListPermissionSetsProvisionedToAccount",
    )


def test_one_gap_for_each_resource(audit: Audit, world: World) -> None:
    """A call denied for each group is one gap for each group, and one line of the log."""
    reports = audit(denying(world, "identitystore:ListGroupMemberships"))

    assigned = {
        assignment.principal_id
        for assignment in world.organizations[0].assignments
        if assignment.principal_type == "GROUP"
    }
    assert sorted(gap["resource"] for gap in reports.gaps("org-0")) == sorted(assigned)
    (event,) = reports.ended.named("collect.gap")
    assert event["count"] == len(assigned)


def test_several_denied_calls(audit: Audit, world: World) -> None:
    """Each of several missing permissions is a gap, and what is allowed is read."""
    actions = ("identitystore:ListUsers", "identitystore:ListGroups", "organizations:ListAccounts")

    reports = audit(denying(world, *actions))

    assert {gap["operation"] for gap in reports.gaps("org-0")} == {"ListUsers", "ListGroups", "ListAccounts"}
    expected = truth(world, "org-0")
    assert all(honest(row, expected) for row in reports.rows("org-0"))
    assert_exact(reports, world, "org-1")


# What depends on the denied call is NOT_READ, and nothing else


def with_cells(rows: list[Row], cells: Row) -> list[Row]:
    """Return the rows with other cells."""
    return [row | cells for row in rows]


def test_without_accounts_no_assignment_is_lost(audit: Audit, world: World) -> None:
    """Without ListAccounts pairs are listed by permission set, and names of accounts are NOT_READ."""
    reports = audit(denying(world, "organizations:ListAccounts"))

    unread = {"AccountName": NOT_READ, "AccountState": NOT_READ, "AccountPath": NOT_READ}
    assert reports.rows("org-0") == with_cells(truth(world, "org-0"), unread)
    assert reports.gap("org-0")["operation"] == "ListAccounts"
    assert reports.calls["org-0", "ListPermissionSetsProvisionedToAccount"] == 0


def test_without_accounts_no_assignment_is_lost_if_they_are_fewer(audit: Audit) -> None:
    """The same holds if listing by account would have been cheaper."""
    world = generate(4, organizations=2, **FEW_ACCOUNTS)

    reports = audit(denying(world, "organizations:ListAccounts"))

    unread = {"AccountName": NOT_READ, "AccountState": NOT_READ, "AccountPath": NOT_READ}
    assert reports.rows("org-0") == with_cells(truth(world, "org-0"), unread)
    assert reports.gap("org-0")["operation"] == "ListAccounts"


def test_without_permission_sets_no_assignment_is_lost(audit: Audit, world: World) -> None:
    """Without ListPermissionSets pairs are listed by account, and every row is read."""
    reports = audit(denying(world, "sso:ListPermissionSets"), behaviour=Behaviour(page_size=2))

    assert reports.rows("org-0") == truth(world, "org-0")
    assert reports.gap("org-0")["operation"] == "ListPermissionSets"


def test_without_describe_organization_no_row_is_lost(audit: Audit, world: World) -> None:
    """Without DescribeOrganization the manifest has two nulls and a gap, and every row is read."""
    reports = audit(denying(world, "organizations:DescribeOrganization"))

    assert reports.rows("org-0") == truth(world, "org-0")
    organization = reports.organization("org-0")
    assert (organization["organization_id"], organization["management_account_id"]) == (None, None)
    assert reports.gap("org-0")["operation"] == "DescribeOrganization"


def test_without_describe_permission_set_names_are_not_read(audit: Audit, world: World) -> None:
    """Without DescribePermissionSet a row has the permission set's ARN; name and duration are NOT_READ."""
    reports = audit(denying(world, "sso:DescribePermissionSet"))

    unread = {"PermissionSet": NOT_READ, "SessionDuration": NOT_READ}
    assert reports.rows("org-0") == with_cells(truth(world, "org-0"), unread)


def test_without_groups_no_row_is_lost(audit: Audit, world: World) -> None:
    """Without ListGroups the groups with access are described one by one, and every row is read."""
    reports = audit(denying(world, "identitystore:ListGroups"))

    assert reports.rows("org-0") == truth(world, "org-0")
    assert reports.gap("org-0")["operation"] == "ListGroups"


def test_without_memberships_no_assignment_is_lost(audit: Audit, world: World) -> None:
    """Without ListGroupMemberships a group's assignment is a row MEMBERS_NOT_READ; users' rows are exact."""
    reports = audit(denying(world, "identitystore:ListGroupMemberships"))

    expected = truth(world, "org-0")
    rows = reports.rows("org-0")
    direct = [row for row in expected if row["PrincipalType"] == "USER"]
    assert [row for row in rows if row["PrincipalType"] == "USER"] == direct
    states = {row["PrincipalState"] for row in rows if row["PrincipalType"] == "GROUP"}
    assert states == {"MEMBERS_NOT_READ", "NOT_FOUND"}
    assert assignments(rows) == assignments(expected)


def test_without_describe_user_nobody_is_reported_as_deleted(audit: Audit, world: World) -> None:
    """Without DescribeUser unlisted users are NOT_READ, and never reported as deleted."""
    reports = audit(denying(world, "identitystore:DescribeUser"))

    organization = world.organizations[0]
    listed = {user.id for user in organization.users if user.listed}
    rows = reports.rows("org-0")
    for row, expected in zip(rows, truth(world, "org-0"), strict=True):
        if expected["UserId"] and expected["UserId"] not in listed:
            assert (row["UserId"], row["PrincipalState"]) == (expected["UserId"], NOT_READ)
        else:
            assert row == expected
    assert UNREAD & {row["PrincipalState"] for row in rows}


def test_without_users_no_row_is_lost(audit: Audit, world: World) -> None:
    """Without ListUsers the users with access are described one by one, and every row is read."""
    reports = audit(denying(world, "identitystore:ListUsers"))

    assert reports.rows("org-0") == truth(world, "org-0")
    assert reports.gap("org-0")["operation"] == "ListUsers"


def test_without_describe_group_no_group_is_reported_as_deleted(audit: Audit, world: World) -> None:
    """Without DescribeGroup an unlisted group keeps its members' rows or is NOT_READ."""
    reports = audit(denying(world, "identitystore:DescribeGroup"))

    rows, expected = reports.rows("org-0"), truth(world, "org-0")
    assert assignments(rows) == assignments(expected)
    assert "NOT_FOUND" not in {row["PrincipalState"] for row in rows if row["PrincipalType"] == "GROUP"}


@pytest.mark.parametrize("action", ["sso:ListInstances", "sts:GetCallerIdentity"])
def test_without_the_first_calls_the_organization_fails(audit: Audit, world: World, action: str) -> None:
    """If the instance cannot be found, the organization fails, and the hint names the missing action."""
    reports = audit(denying(world, action))

    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "failed", "org-1": "complete"}
    assert reports.names == reports.file_names("org-1")
    gap = reports.gap("org-0")
    assert gap["operation"] == action.split(":")[1]
    assert action in gap["hint"]
    assert_exact(reports, world, "org-1")


def assignments(rows: list[Row]) -> set[tuple[str, ...]]:
    """Return account, permission set and principal of each row."""
    keys = ("AccountId", "PermissionSetArn", "PrincipalType", "PrincipalId")
    return {tuple(row[key] for key in keys) for row in rows}
