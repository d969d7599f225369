"""The columns of every access CSV."""

from itertools import chain

from sso_batch.access import Access, AccountCells, Holder, PermissionSetCells, PrivilegeCells
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
]


def test_order() -> None:
    """The classic seven columns come first, then the others, in the documented order."""
    assert list(columns.COLUMNS) == CLASSIC + FURTHER


def test_ids() -> None:
    """The columns that are never escaped are those with ids."""
    assert {"AccountId", "PrincipalId", "UserId", "PermissionSetArn", "RoleArn"} == columns.IDS


def test_cells() -> None:
    """The groups of cells make up a row: each column once, in order, with its value."""
    holder = Holder(
        "OK", email="UserEmail", name="UserName", user_id="UserId", login="UserLogin", status="UserStatus"
    )
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
    )

    row = list(
        chain(
            columns.person(holder),
            columns.target(access),
            columns.identity(holder),
            columns.group(access),
            columns.state(holder),
            columns.details(access),
        )
    )

    assert row == [(name, "OK" if name == "PrincipalState" else name) for name in columns.COLUMNS]
