"""Tests of the identity store: listed and unlisted principals, Regions and permissions."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sso_batch.emulator import Emulator, Limits, World
from sso_batch.emulator.world import (
    AccountInstance,
    Email,
    ExternalId,
    Group,
    Membership,
    Organization,
    PersonName,
    Role,
    User,
)
from sso_batch.emulator.world.identifiers import plain_uuid
from tests.emulator.client import ExpectedError, Keys, assume, client
from tests.emulator.conftest import with_organization

UNKNOWN_ID = "11111111-2222-3333-4444-555555555555"
ENTERPRISE = "aws:identitystore:enterprise"


def test_unlisted_principals_are_described(
    emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """Users and groups that are not listed are found by id."""
    asking = client(emulator, "identitystore", auditor)
    store = organization.identity_store_id

    users = asking.list_users(IdentityStoreId=store)["Users"]
    groups = asking.list_groups(IdentityStoreId=store)["Groups"]

    assert [user["UserId"] for user in users] == [user.id for user in organization.users if user.listed]
    assert [group["GroupId"] for group in groups] == [
        group.id for group in organization.groups if group.listed
    ]
    hidden_user = next(user for user in organization.users if not user.listed)
    hidden_group = next(group for group in organization.groups if not group.listed)
    user = asking.describe_user(IdentityStoreId=store, UserId=hidden_user.id)
    group = asking.describe_group(IdentityStoreId=store, GroupId=hidden_group.id)
    assert (user["UserName"], group["DisplayName"]) == (hidden_user.user_name, hidden_group.display_name)


def test_deleted_members_are_listed(world: World) -> None:
    """A membership of a deleted user is still listed."""
    group = world.organizations[0].groups[0]
    changed = with_organization(world, memberships=(Membership(group.id, UNKNOWN_ID),))
    with Emulator(changed) as emulator:
        asking = client(emulator, "identitystore", assume(emulator))
        store = world.organizations[0].identity_store_id
        (member,) = asking.list_group_memberships(IdentityStoreId=store, GroupId=group.id)["GroupMemberships"]
        with ExpectedError() as refused:
            asking.describe_user(IdentityStoreId=store, UserId=UNKNOWN_ID)

    assert member["MemberId"] == {"UserId": UNKNOWN_ID}
    assert refused.code == "ResourceNotFoundException"
    assert (refused.response["ResourceType"], refused.response["ResourceId"]) == ("USER", UNKNOWN_ID)


def test_missing_attributes_are_omitted(world: World) -> None:
    """A missing attribute is not a member of the answer, rather than an empty one."""
    bare = User("11111111-2222-3333-4444-000000000001", status=None, extensions={})
    full = User(
        "11111111-2222-3333-4444-000000000002",
        "mei.lin",
        "Mei Lin",
        PersonName(None, "Mei", "Lin"),
        (Email("mei@example.com", primary=False),),
        "DISABLED",
    )
    with Emulator(with_organization(world, users=(bare, full))) as emulator:
        store = world.organizations[0].identity_store_id
        users = client(emulator, "identitystore", assume(emulator)).list_users(
            IdentityStoreId=store, Extensions=[ENTERPRISE]
        )["Users"]

    assert set(users[0]) == {"IdentityStoreId", "UserId", "UserArn", "Revision"}
    assert users[1]["Name"] == {"GivenName": "Mei", "FamilyName": "Lin"}
    assert users[1]["Emails"] == [{"Value": "mei@example.com", "Type": "work", "Primary": False}]
    assert users[1]["UserStatus"] == "DISABLED"


def test_origins_and_attributes_are_served(world: World) -> None:
    """Users, groups and memberships have dates, authors and external ids; users have attributes."""
    origin: dict[str, Any] = {
        "created_at": "2026-11-26T15:31:45.250Z",
        "created_by": "SCIM",
        "updated_at": "2026-11-26T15:31:46Z",
        "updated_by": "123456789012",
    }
    external_ids = (ExternalId("https://scim.aws.com/1", "00u1"),)
    user = User(
        UNKNOWN_ID,
        "ann",
        external_ids=external_ids,
        title="Engineer",
        user_type="Employee",
        extensions={"Manager": ["anything"]},
        **origin,
    )
    group = Group(UNKNOWN_ID.replace("1", "2"), "team", external_ids=external_ids, **origin)
    changed = with_organization(
        world, users=(user,), groups=(group,), memberships=(Membership(group.id, user.id, **origin),)
    )
    with Emulator(changed) as emulator:
        asking = client(emulator, "identitystore", assume(emulator))
        store = {"IdentityStoreId": world.organizations[0].identity_store_id}
        (listed_user,) = asking.list_users(**store, Extensions=[ENTERPRISE])["Users"]
        (listed_group,) = asking.list_groups(**store)["Groups"]
        (membership,) = asking.list_group_memberships(**store, GroupId=group.id)["GroupMemberships"]
        described_user = asking.describe_user(**store, UserId=user.id, Extensions=[ENTERPRISE])
        described_group = asking.describe_group(**store, GroupId=group.id)
        plain = asking.list_users(**store)["Users"][0]

    served = {
        "CreatedAt": datetime(2026, 11, 26, 15, 31, 45, 250_000, UTC),
        "CreatedBy": "SCIM",
        "UpdatedAt": datetime(2026, 11, 26, 15, 31, 46, tzinfo=UTC),
        "UpdatedBy": "123456789012",
    }
    assert all(
        item.items() >= served.items()
        for item in (listed_user, listed_group, membership, described_user, described_group)
    )
    assert listed_group["ExternalIds"] == [{"Issuer": "https://scim.aws.com/1", "Id": "00u1"}]
    assert listed_user["ExternalIds"] == listed_group["ExternalIds"]
    assert (listed_user["Title"], listed_user["UserType"]) == ("Engineer", "Employee")
    assert listed_user["Extensions"] == {ENTERPRISE: {"Manager": ["anything"]}}
    assert membership["MembershipId"] == plain_uuid(group.id, user.id)
    described_user.pop("ResponseMetadata")
    described_group.pop("ResponseMetadata")
    assert (described_user, described_group) == (listed_user, listed_group)
    assert listed_user == plain | {"Extensions": listed_user["Extensions"]}


@pytest.mark.parametrize("extensions", [[], ["aws:identitystore:other"], [ENTERPRISE] * 11])
def test_unknown_extensions_are_refused(
    extensions: list[str], emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """Only one extension exists, and a list of names has 1 to 10 of them."""
    asking, store = client(emulator, "identitystore", auditor), organization.identity_store_id
    for operation, member in (
        (asking.list_users, {}),
        (asking.describe_user, {"UserId": organization.users[0].id}),
    ):
        with ExpectedError() as refused:
            operation(IdentityStoreId=store, Extensions=extensions, **member)
        assert (refused.code, refused.status) == ("ValidationException", 400)


def test_the_store_answers_in_its_regions_only(world: World) -> None:
    """The store is found only in the primary Region and its replicas."""
    changed = with_organization(world, replica_regions=("eu-north-1",))
    with Emulator(changed) as emulator:
        keys, store = assume(emulator), world.organizations[0].identity_store_id
        for region in ("eu-west-1", "eu-north-1"):
            assert client(emulator, "identitystore", keys, region=region).list_users(IdentityStoreId=store)[
                "Users"
            ]
        with ExpectedError() as refused:
            client(emulator, "identitystore", keys, region="us-east-1").list_users(IdentityStoreId=store)

    assert refused.code == "ResourceNotFoundException"


def test_a_member_account_is_denied(world: World) -> None:
    """Only administrator accounts can read the organization's store."""
    member = world.organizations[0].accounts[3].id
    role = Role(f"arn:aws:iam::{member}:role/Audit", ("111122223333",))
    store = world.organizations[0].identity_store_id
    with (
        Emulator(World(world.organizations, world.access_keys, (role,))) as emulator,
        ExpectedError() as refused,
    ):
        client(emulator, "identitystore", assume(emulator)).list_users(IdentityStoreId=store)

    assert refused.code == "AccessDeniedException"
    assert refused.message.startswith(
        f"User: arn:aws:sts::{member}:assumed-role/Audit/audit is not authorized"
    )


def test_the_store_of_an_account_instance_is_empty(world: World) -> None:
    """An account instance has an identity store of its own, which is empty in the emulator."""
    owner = world.organizations[0].accounts[3].id
    instance = AccountInstance(
        "arn:aws:sso:::instance/ssoins-0123456789abcdef", "d-0123456789", owner, "eu-west-1"
    )
    changed = with_organization(world, account_instances=(instance,))
    with Emulator(changed, limits=Limits.off()) as emulator:
        asking = client(emulator, "identitystore", assume(emulator))
        assert asking.list_users(IdentityStoreId="d-0123456789")["Users"] == []
        assert asking.list_groups(IdentityStoreId="d-0123456789")["Groups"] == []
        for operation in (asking.describe_user, asking.describe_group, asking.list_group_memberships):
            member = "UserId" if operation == asking.describe_user else "GroupId"
            with ExpectedError() as refused:
                operation(IdentityStoreId="d-0123456789", **{member: UNKNOWN_ID})
            assert refused.code == "ResourceNotFoundException"


def test_an_account_outside_of_every_organization_finds_no_store(
    emulator: Emulator, organization: Organization
) -> None:
    """The hub has no identity store."""
    with ExpectedError() as refused:
        client(emulator, "identitystore").list_users(IdentityStoreId=organization.identity_store_id)

    assert refused.code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    "change",
    [{"MaxResults": 101}, {"IdentityStoreId": "store"}, {"NextToken": "made-up"}, {"Filters": []}],
)
def test_bad_requests_are_refused(
    change: dict[str, Any], emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """Invalid and unsupported members are a ValidationException."""
    with ExpectedError() as refused:
        client(emulator, "identitystore", auditor).list_users(
            **{"IdentityStoreId": organization.identity_store_id} | change
        )

    assert (refused.code, refused.status) == ("ValidationException", 400)
