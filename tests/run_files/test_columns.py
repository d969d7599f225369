"""The columns of every access CSV."""

from sso_batch.access import (
    Access,
    AccountCells,
    AssignmentCells,
    Holder,
    MembershipCells,
    PermissionSetCells,
    PrivilegeCells,
)
from sso_batch.config.models import ATTRIBUTES
from sso_batch.model import Grant, Principal
from sso_batch.run_files import columns

CLASSIC = [
    "UserEmail",
    "UserName",
    "AccountId",
    "AccountName",
    "PermissionSet",
    "PrincipalType",
    "PrincipalId",
]
FURTHER = [
    "Organization",
    "UserId",
    "UserLogin",
    "UserStatus",
    "GroupName",
    "PrincipalState",
    "AccountState",
    "AccountPath",
    "AccessType",
    "PermissionSetArn",
    "RoleArn",
    "SessionDuration",
    "ManagedPolicies",
    "CustomerManagedPolicies",
    "InlinePolicy",
    "PermissionsBoundary",
    "Privilege",
    "PrivilegeReason",
    "PrivilegeUnread",
    "AssignedAt",
    "AssignedBy",
    "MemberSince",
    "MemberAddedBy",
    "FirstSeen",
    "LastSignIn",
]


def test_order() -> None:
    """The classic seven columns come first, then the others, in the documented order."""
    assert list(columns.COLUMNS) == CLASSIC + FURTHER


def test_ids() -> None:
    """The columns that are never escaped are those with ids."""
    of_applications = {"ApplicationArn", "ApplicationAccount", "ApplicationProvider"}
    assert {
        *("AccountId", "PrincipalId", "UserId", "PermissionSetArn", "RoleArn"),
        *of_applications,
    } == columns.IDS


def test_cells() -> None:
    """The groups of cells make up a row: each column once, in order, with its value."""
    holder = Holder(
        "OK",
        email="UserEmail",
        name="UserName",
        user_id="UserId",
        login="UserLogin",
        status="UserStatus",
        last_sign_in="LastSignIn",
        attributes=tuple(columns.ATTRIBUTES.items()),
    )
    membership = MembershipCells("MemberSince", "MemberAddedBy", "FirstSeen")
    access = Access(
        organization="Organization",
        grant=Grant(
            "AccountId",
            "AccessType",
            "PermissionSetArn",
            "RoleArn",
            Principal("PrincipalType", "PrincipalId"),
        ),
        account=AccountCells(name="AccountName", state="AccountState", path="AccountPath"),
        permission_set=PermissionSetCells(
            name="PermissionSet",
            session_duration="SessionDuration",
            managed_policies="ManagedPolicies",
            customer_managed_policies="CustomerManagedPolicies",
            inline_policy="InlinePolicy",
            permissions_boundary="PermissionsBoundary",
        ),
        privilege=PrivilegeCells("Privilege", reason="PrivilegeReason", unread="PrivilegeUnread"),
        group_name="GroupName",
        holders=(holder,),
        assignment=AssignmentCells("AssignedAt", "AssignedBy", "Assignment"),
        memberships={"UserId": membership},
    )
    people = ATTRIBUTES

    row = list(columns.row(access, holder, people))

    expected = columns.columns_with(people)
    assert row == [(name, "OK" if name == "PrincipalState" else name) for name in expected]


def test_attributes() -> None:
    """Every attribute that the configuration can name has a column, in the same order."""
    assert tuple(columns.ATTRIBUTES) == ATTRIBUTES
