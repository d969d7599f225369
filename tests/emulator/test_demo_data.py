"""Tests of the demo data: which cases its reports show."""

import ast
from pathlib import Path

import pytest

import sso_batch.emulator
from sso_batch.emulator import demo_world
from sso_batch.emulator.world import Organization
from sso_batch.emulator.world.managed_policies import aws_managed_policies
from sso_batch.emulator.world.provenance import SCIM
from tests.support.oracle import expected_rows

WORLD = demo_world(with_failure=True)


def rows() -> list[dict[str, str]]:
    """Return the rows of all organizations."""
    return [
        row
        for organization in WORLD.organizations
        for row in expected_rows(
            WORLD, organization.name, details=True, entitlements=True, account_paths=True
        )
    ]


def test_the_demo_is_reproducible() -> None:
    """All ids are derived from names."""
    assert demo_world(with_failure=True) == WORLD
    assert demo_world().organizations == WORLD.organizations[:3]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("PrincipalState", {"OK", "EMPTY_GROUP", "NOT_FOUND", "MEMBER_NOT_FOUND"}),
        ("AccountState", {"ACTIVE", "SUSPENDED", "CLOSED", "PENDING_CLOSURE"}),
        ("UserStatus", {"ENABLED", "DISABLED", ""}),
        ("AccessType", {"PERMISSION_SET", "IAM_ROLE"}),
        ("PrincipalType", {"USER", "GROUP"}),
        ("InlinePolicy", {"yes", "no", ""}),
    ],
)
def test_the_demo_shows_every_case(column: str, values: set[str]) -> None:
    """Every value that a complete audit can report occurs in the demo."""
    assert {row[column] for row in rows()} == values


def test_the_demo_contains_names_that_need_escaping() -> None:
    """There are commas, quotes, non-ASCII letters, a formula, a missing address and a leading zero."""
    names = {row["UserName"] for row in rows()}

    assert any(name.startswith("=HYPERLINK(") for name in names)
    assert any('"' in name and "," in name for name in names)
    assert any(not name.isascii() for name in names)
    assert any(row["UserLogin"] and not row["UserEmail"] for row in rows())
    assert any(row["AccountId"].startswith("0") for row in rows())
    assert any("\\/" in row["AccountPath"] for row in rows())


def test_the_demo_has_users_of_several_origins() -> None:
    """Harbor Bank's users are provisioned, except one; two memberships were made by hand."""
    bank, ostsee = WORLD.organization("harbor-bank"), WORLD.organization("ostsee-logistik")

    assert [user.user_name for user in bank.users if not user.external_ids] == ["break.glass"]
    assert not any(user.external_ids for user in ostsee.users)
    assert {user.created_by is None for user in ostsee.users} == {True, False}
    assert [
        entry.created_by.partition(":")[2]
        for organization in (bank, ostsee)
        for entry in organization.memberships
        if entry.created_by not in (None, SCIM)
    ] == ["siobhan.ni.bhriain", "k.wisniewska"]


def test_the_demo_has_attributes_in_every_form() -> None:
    """The three forms of a manager and both cases of keys occur, and a title is a formula."""
    users = [user for organization in WORLD.organizations for user in organization.users]
    managers = [
        value
        for user in users
        for key, value in (user.extensions or {}).items()
        if key in ("manager", "Manager")
    ]

    assert {type(value) if isinstance(value, str) else tuple(value) for value in managers} == {
        str,
        ("value",),
        ("value", "displayName"),
        ("Name", "UserName"),
    }
    assert {key for user in users for key in user.extensions or {}} >= {"department", "Department"}
    assert any((user.title or "").startswith("=") for user in users)


def test_the_demo_needs_describe_calls_and_two_regions() -> None:
    """Some principals are not listed, and the primary Regions differ."""
    unlisted = {user.id for user in WORLD.organization("lumen-games").users if not user.listed}

    assert unlisted & {row["UserId"] for row in rows()}
    assert len({organization.region for organization in WORLD.organizations}) >= 2
    assert sum(bool(role.external_id) for role in WORLD.roles) == 1


def test_the_demo_has_applications_of_each_kind() -> None:
    """Open to all users, with a disabled user, disabled, with a deleted group, and without configuration."""
    applications = [
        (organization, application)
        for organization in WORLD.organizations
        for application in organization.sso_applications
    ]
    disabled = {
        user.id
        for organization in WORLD.organizations
        for user in organization.users
        if user.status == "DISABLED"
    }

    assert {application.assignment_required for _, application in applications} == {True, False}
    assert {application.status for _, application in applications} == {"ENABLED", "DISABLED"}
    assert disabled & {principal for _, each in applications for _, principal in each.assignments}
    assert [organization.name for organization, each in applications if each.refusal] == ["kestrel-health"]
    assert any(
        kind == "GROUP" and principal not in {group.id for group in organization.groups}
        for organization, each in applications
        for kind, principal in each.assignments
    )
    assert any(each.account_id != organization.management_account_id for organization, each in applications)


@pytest.mark.parametrize("organization", WORLD.organizations, ids=lambda organization: organization.name)
def test_every_assignment_is_provisioned(organization: Organization) -> None:
    """As in AWS, an assignment implies that the permission set is provisioned in the account."""
    assert {
        (assignment.account_id, assignment.permission_set_arn) for assignment in organization.assignments
    } <= {(provision.account_id, provision.permission_set_arn) for provision in organization.provisioned}


@pytest.mark.parametrize("organization", WORLD.organizations, ids=lambda organization: organization.name)
def test_every_managed_policy_is_served(organization: Organization) -> None:
    """IAM knows the documents of all AWS managed policies that the permission sets name."""
    arns = {
        arn
        for permission_set in organization.permission_sets
        for arn in (*permission_set.managed_policies, permission_set.permissions_boundary)
        if isinstance(arn, str)
    }

    assert {arn.removeprefix("arn:aws:iam::aws:policy/") for arn in arns} <= set(aws_managed_policies())


def test_access_can_be_managed_and_escalated() -> None:
    """One permission set changes assignments in the management account, another one passes roles."""
    ostsee, studio = WORLD.organization("ostsee-logistik"), WORLD.organization("lumen-games")
    managing, escalating = (
        {entry.arn for entry in organization.permission_sets if action in (entry.inline_policy or "")}
        for organization, action in ((ostsee, "sso:CreateAccountAssignment"), (studio, "iam:PassRole"))
    )

    assert {
        assignment.account_id
        for assignment in ostsee.assignments
        if assignment.permission_set_arn in managing
    } == {ostsee.management_account_id}
    assert escalating & {assignment.permission_set_arn for assignment in studio.assignments}
    assert studio.delegated_administrators


def test_the_emulator_is_independent() -> None:
    """No module of the emulator imports the rest of the package or a third-party library."""
    folder = Path(sso_batch.emulator.__file__).parent
    imported = {
        name
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert not {
        name for name in imported if name.startswith("sso_batch") and "sso_batch.emulator" not in name
    }
    assert not {name.partition(".")[0] for name in imported} & {
        "boto3",
        "botocore",
        "yaml",
        "pydantic",
        "click",
    }
