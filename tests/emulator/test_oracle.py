"""Tests of the oracle, which computes expected rows, with rows written by hand."""

from dataclasses import replace

from sso_batch.emulator import HUB, World
from sso_batch.emulator.world import (
    Account,
    Application,
    Assignment,
    Email,
    Entitlement,
    ExternalId,
    Group,
    Membership,
    Organization,
    OrganizationalUnit,
    PermissionSet,
    PersonName,
    PolicyReference,
    User,
)
from tests.support.oracle import (
    COLUMNS,
    NOT_JUDGED,
    email,
    expected_rows,
    full_name,
    known_users,
    shown_manager,
)

INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
ADMIN, READER = (f"arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-{number:016}" for number in (1, 2))
ROLE = "arn:aws:iam::000000000002:role/Operator"
PEOPLE = Organization(
    name="acme",
    id="o-abcdefghij",
    management_account_id="000000000001",
    root_id="r-ab12",
    instance_arn=INSTANCE,
    identity_store_id="d-0123456789",
    region="eu-west-1",
    organizational_units=(
        OrganizationalUnit("ou-ab12-00000001", "Prod/EU", "r-ab12"),
        OrganizationalUnit("ou-ab12-00000002", "A;B\\C", "ou-ab12-00000001"),
    ),
    accounts=(
        Account("000000000001", "management", "m@acme.example", "r-ab12"),
        Account("000000000002", "shop", "s@acme.example", "ou-ab12-00000002", "CLOSED"),
    ),
    users=(
        User("u-1", "ann", "Ann", emails=(Email("x@acme.example", primary=False), Email("ann@acme.example"))),
        User("u-2", "bob", status="DISABLED", listed=False),
    ),
    groups=(Group("g-1", "team"), Group("g-2", "nobody")),
    memberships=(Membership("g-1", "u-1"), Membership("g-1", "u-2"), Membership("g-1", "u-gone")),
    permission_sets=(
        PermissionSet(
            ADMIN,
            "Admin",
            session_duration="PT12H",
            managed_policies=("arn:b", "arn:a"),
            customer_managed_policies=(PolicyReference("P", "/x/"), PolicyReference("P")),
            inline_policy="{}",
            permissions_boundary=PolicyReference("B", "/y/"),
        ),
        PermissionSet(READER, "Reader", session_duration=None, permissions_boundary="arn:c"),
    ),
    assignments=(
        Assignment("000000000002", ADMIN, "GROUP", "g-1"),
        Assignment("000000000001", READER, "USER", "u-2"),
        Assignment("000000000001", READER, "USER", "u-none"),
        Assignment("000000000001", READER, "GROUP", "g-none"),
        Assignment("000000000001", READER, "GROUP", "g-2"),
    ),
    applications=(
        Application(
            "arn:aws:account-access:eu-west-1:000000000001:application/a",
            INSTANCE,
            (Entitlement("e-1", "USER", "u-1", ROLE),),
        ),
        Application(
            "arn:aws:account-access:eu-west-1:000000000002:application/b",
            INSTANCE,
            (Entitlement("e-2", "USER", "u-2", ROLE),),
        ),
    ),
)
WORLD = World((PEOPLE,), (HUB,))


def cells(row: dict[str, str], *columns: str) -> tuple[str, ...]:
    """Return the named cells of a row."""
    return tuple(row[column] for column in columns)


def test_every_access_path_is_a_row() -> None:
    """Direct, group, missing principals and entitlements are rows, in the documented order."""
    rows = expected_rows(WORLD, "acme", details=True, entitlements=True, account_paths=True)
    columns = (
        "AccountId",
        "PrincipalType",
        "PrincipalId",
        "UserId",
        "UserName",
        "GroupName",
        "PrincipalState",
    )

    assert [cells(row, *columns) for row in rows] == [
        ("000000000001", "GROUP", "g-2", "", "", "nobody", "EMPTY_GROUP"),
        ("000000000001", "GROUP", "g-none", "", "", "", "NOT_FOUND"),
        ("000000000001", "USER", "u-2", "u-2", "", "", "OK"),
        ("000000000001", "USER", "u-none", "u-none", "", "", "NOT_FOUND"),
        ("000000000002", "USER", "u-1", "u-1", "Ann", "", "OK"),
        ("000000000002", "GROUP", "g-1", "u-1", "Ann", "team", "OK"),
        ("000000000002", "GROUP", "g-1", "u-2", "", "team", "OK"),
        ("000000000002", "GROUP", "g-1", "u-gone", "", "team", "MEMBER_NOT_FOUND"),
    ]
    assert all(tuple(row) == COLUMNS for row in rows)


def test_every_column_of_a_row() -> None:
    """All columns of a row through a group, and the type of an entitlement's row."""
    rows = expected_rows(WORLD, "acme", details=True, entitlements=True, account_paths=True)

    assert rows[5] == {
        "UserEmail": "ann@acme.example",
        "UserName": "Ann",
        "AccountId": "000000000002",
        "AccountName": "shop",
        "PermissionSet": "Admin",
        "PrincipalType": "GROUP",
        "PrincipalId": "g-1",
        "Organization": "acme",
        "UserId": "u-1",
        "UserLogin": "ann",
        "UserStatus": "ENABLED",
        "GroupName": "team",
        "PrincipalState": "OK",
        "AccountState": "CLOSED",
        "AccountPath": "Root/Prod\\/EU/A\\;B\\\\C",
        "AccessType": "PERMISSION_SET",
        "PermissionSetArn": ADMIN,
        "RoleArn": "",
        "SessionDuration": "PT12H",
        "ManagedPolicies": "arn:a;arn:b",
        "CustomerManagedPolicies": "/P;/x/P",
        "InlinePolicy": "yes",
        "PermissionsBoundary": "/y/B",
        "Privilege": NOT_JUDGED,
        "PrivilegeReason": NOT_JUDGED,
        "PrivilegeUnread": "customer managed policy /P;customer managed policy /x/P",
        "AssignedAt": "NOT_READ",
        "AssignedBy": "NOT_READ",
        "MemberSince": "",
        "MemberAddedBy": "",
        "FirstSeen": "",
        "LastSignIn": "NOT_READ",
    }
    assert cells(rows[4], "AccessType", "RoleArn", "PermissionSet", "PermissionSetArn", "InlinePolicy") == (
        "IAM_ROLE",
        ROLE,
        "",
        "",
        "",
    )


def test_disabled_options_are_not_read() -> None:
    """Details and paths are NOT_READ, except details that a role never has; entitlements have no rows."""
    rows = expected_rows(WORLD, "acme", details=False, entitlements=True, account_paths=False)
    fewer = expected_rows(WORLD, "acme", details=False, entitlements=False, account_paths=False)
    columns = ("AccountPath", "SessionDuration", "ManagedPolicies", "InlinePolicy", "PermissionsBoundary")

    assert cells(rows[5], *columns) == ("NOT_READ", "PT12H", "NOT_READ", "NOT_READ", "NOT_READ")
    assert cells(rows[4], *columns) == ("NOT_READ", "", "", "", "")
    assert fewer == [row for row in rows if row["AccessType"] == "PERMISSION_SET"]


def test_names_and_addresses_fall_back() -> None:
    """The name is DisplayName, Formatted or its parts; the address is the primary or the first one."""
    assert full_name(User("u", display_name="D", name=PersonName("F", "G", "H"))) == "D"
    assert full_name(User("u", name=PersonName("F", "G", "H"))) == "F"
    assert full_name(User("u", name=PersonName(given="G", family="H"))) == "G H"
    assert full_name(User("u", name=PersonName(family="H"))) == "H"
    assert full_name(User("u")) == ""
    assert email(User("u", emails=(Email("a", primary=False), Email("b")))) == "b"
    assert email(User("u", emails=(Email("a", primary=False), Email("b", primary=False)))) == "a"
    assert email(User("u")) == ""


def with_people(*users: User) -> World:
    """Return the world with other users and the same groups."""
    return World((replace(PEOPLE, users=users),), (HUB,))


def test_memberships_have_their_origin() -> None:
    """The date of a membership is cut to seconds; only rows through a group have one."""
    dated = Membership("g-1", "u-1", created_at="2026-11-26T15:31:45.999Z", created_by="SCIM")
    world = World((replace(PEOPLE, memberships=(dated, *PEOPLE.memberships[1:])),), (HUB,))

    rows = expected_rows(world, "acme", details=True, entitlements=True, account_paths=True)

    since = {row["UserId"]: cells(row, "MemberSince", "MemberAddedBy") for row in rows if row["GroupName"]}
    assert since == {
        "": ("", ""),
        "u-1": ("2026-11-26T15:31:45Z", "SCIM"),
        "u-2": ("", ""),
        "u-gone": ("", ""),
    }
    assert {cells(row, "MemberSince", "MemberAddedBy") for row in rows if not row["GroupName"]} == {("", "")}


def test_attributes_are_the_last_columns() -> None:
    """Attributes are filled for users who exist, in the order in which they are asked for."""
    ann = replace(PEOPLE.users[0], title="Lead", extensions={"Department": "IT", "division": "D"})

    rows = expected_rows(
        with_people(ann, PEOPLE.users[1]),
        "acme",
        details=True,
        entitlements=True,
        account_paths=True,
        people=("title", "department", "manager"),
    )

    assert all(tuple(row) == (*COLUMNS, "Title", "Department", "Manager") for row in rows)
    assert {row["UserId"]: cells(row, "Title", "Department", "Manager") for row in rows} == {
        "": ("", "", ""),
        "u-1": ("Lead", "IT", ""),
        "u-2": ("", "", ""),
        "u-gone": ("", "", ""),
        "u-none": ("", "", ""),
    }


def test_managers_are_resolved_to_known_users() -> None:
    """A manager is an id, an external id, a login or an address of exactly one user that an audit reads."""
    ann, bob = PEOPLE.users
    ann = replace(ann, external_ids=(ExternalId("https://scim", "00u1"),))
    hidden = User("u-3", "eve", emails=(Email("eve@acme.example"),), listed=False)
    users = known_users(replace(PEOPLE, users=(ann, bob, hidden)), entitlements=True)

    assert users == [ann, bob]
    for manager in ("u-1", "00u1", "ann", "ANN", "Ann@acme.example"):
        assert shown_manager(manager, users) == "ann@acme.example"
    assert shown_manager("u-2", users) == "bob"
    assert [shown_manager(manager, users) for manager in ("", "eve", "00U1")] == ["", "eve", "00U1"]
    assert shown_manager("bob", [*users, replace(ann, id="u-4", user_name="BOB")]) == "bob"
