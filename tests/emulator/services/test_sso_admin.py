"""Tests of Identity Center: instances, Regions, permission sets, provisioning and assignments."""

from typing import Any, Literal

import pytest

from sso_batch.emulator import Behaviour, Emulator, Limits, World
from sso_batch.emulator.world import AccountInstance, Organization, Provision, Role
from tests.emulator.client import ExpectedError, Keys, assume, client
from tests.emulator.conftest import with_organization
from tests.emulator.services.test_organizations import every

ACCOUNT_INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
UNKNOWN_INSTANCE = "arn:aws:sso:::instance/ssoins-ffffffffffffffff"


def rows(answer: list[dict[str, str]]) -> set[tuple[str, str, str, str]]:
    """Return assignments in comparable form."""
    return {
        (
            assignment["AccountId"],
            assignment["PermissionSetArn"],
            assignment["PrincipalType"],
            assignment["PrincipalId"],
        )
        for assignment in answer
    }


def known(organization: Organization, *principals: str) -> set[tuple[str, str, str, str]]:
    """Return the world's assignments to the principals, or to all principals."""
    return {
        (
            assignment.account_id,
            assignment.permission_set_arn,
            assignment.principal_type,
            assignment.principal_id,
        )
        for assignment in organization.assignments
        if not principals or assignment.principal_id in principals
    }


def test_an_instance_is_listed_in_its_regions(world: World) -> None:
    """The primary Region and replicas list the instance; other Regions only with ALL_REGIONS."""
    changed = with_organization(world, replica_regions=("eu-north-1",))
    with Emulator(changed, limits=Limits.off()) as emulator:
        keys = assume(emulator)
        clients = {
            region: client(emulator, "sso-admin", keys, region=region)
            for region in ("eu-west-1", "eu-north-1", "us-east-1")
        }
        counts = {region: len(asking.list_instances()["Instances"]) for region, asking in clients.items()}
        (instance,) = clients["us-east-1"].list_instances(RegionScope="ALL_REGIONS")["Instances"]
        described = clients["eu-north-1"].describe_instance(InstanceArn=instance["InstanceArn"])

    assert counts == {"eu-west-1": 1, "eu-north-1": 1, "us-east-1": 0}
    assert instance["PrimaryRegion"] == "eu-west-1"
    assert instance["OwnerAccountId"] == world.organizations[0].management_account_id
    assert [region["RegionName"] for region in instance["Regions"]] == ["eu-west-1", "eu-north-1"]
    assert described["PermissionSetsEnabled"] is True


@pytest.mark.parametrize(
    ("region", "code"), [("eu-north-1", "ValidationException"), ("us-east-1", "ResourceNotFoundException")]
)
def test_permission_sets_are_read_in_the_primary_region_only(world: World, region: str, code: str) -> None:
    """A replica rejects the call, and in other Regions the instance is not found."""
    changed = with_organization(world, replica_regions=("eu-north-1",))
    with Emulator(changed) as emulator, ExpectedError() as refused:
        asking = client(emulator, "sso-admin", assume(emulator), region=region)
        asking.list_permission_sets(InstanceArn=world.organizations[0].instance_arn)

    assert refused.code == code


def test_an_account_instance_is_listed_and_refuses_permission_sets(world: World) -> None:
    """Its owner and the management account see it, and neither can list its permission sets."""
    owner = world.organizations[0].accounts[3].id
    instance = AccountInstance(ACCOUNT_INSTANCE, "d-0123456789", owner, "eu-west-1")
    changed = with_organization(world, account_instances=(instance,))
    roles = (*world.roles, Role(f"arn:aws:iam::{owner}:role/Own", ("111122223333",)))
    with Emulator(World(changed.organizations, world.access_keys, roles), limits=Limits.off()) as emulator:
        for role in roles:
            asking = client(emulator, "sso-admin", assume(emulator, role.arn))
            listed = [instance["InstanceArn"] for instance in asking.list_instances()["Instances"]]
            assert listed == [ACCOUNT_INSTANCE, world.organizations[0].instance_arn]
            described = asking.describe_instance(InstanceArn=ACCOUNT_INSTANCE)
            assert (described["OwnerAccountId"], described["PermissionSetsEnabled"]) == (owner, False)
            with ExpectedError() as refused:
                asking.list_permission_sets(InstanceArn=ACCOUNT_INSTANCE)
            assert refused.code == "ValidationException"
            assert "not supported for this Identity Center instance" in refused.message


def test_a_member_account_sees_the_instance_but_is_denied(world: World) -> None:
    """Only administrator accounts can list permission sets."""
    member = world.organizations[0].accounts[3].id
    role = Role(f"arn:aws:iam::{member}:role/Audit", ("111122223333",))
    with Emulator(World(world.organizations, world.access_keys, (role,))) as emulator:
        asking = client(emulator, "sso-admin", assume(emulator))
        (instance,) = asking.list_instances()["Instances"]
        with ExpectedError() as refused:
            asking.list_permission_sets(InstanceArn=instance["InstanceArn"])

    assert refused.code == "AccessDeniedException"
    assert refused.message.endswith(
        "because no identity-based policy allows the sso:ListPermissionSets action"
    )


def test_an_account_outside_of_every_organization_has_no_instance(emulator: Emulator) -> None:
    """The hub gets an empty list, not an error."""
    assert client(emulator, "sso-admin").list_instances()["Instances"] == []


def test_the_parts_of_a_permission_set(emulator: Emulator, auditor: Keys, organization: Organization) -> None:
    """Policies, references and the inline policy are those of the world."""
    asking = client(emulator, "sso-admin", auditor)
    listed = every(asking, "list_permission_sets", "PermissionSets", InstanceArn=organization.instance_arn)

    assert listed == [permission_set.arn for permission_set in organization.permission_sets]
    for permission_set in organization.permission_sets:
        named = {"InstanceArn": organization.instance_arn, "PermissionSetArn": permission_set.arn}
        described = asking.describe_permission_set(**named)["PermissionSet"]
        managed = asking.list_managed_policies_in_permission_set(**named)["AttachedManagedPolicies"]
        customer = asking.list_customer_managed_policy_references_in_permission_set(**named)
        inline = asking.get_inline_policy_for_permission_set(**named).get("InlinePolicy")
        assert (described["Name"], described["SessionDuration"]) == (
            permission_set.name,
            permission_set.session_duration,
        )
        assert [policy["Arn"] for policy in managed] == list(permission_set.managed_policies)
        assert [policy["Name"] for policy in customer["CustomerManagedPolicyReferences"]] == [
            reference.name for reference in permission_set.customer_managed_policies
        ]
        assert inline == permission_set.inline_policy


@pytest.mark.parametrize(("empty", "answer"), [(False, {}), (True, {"InlinePolicy": ""})])
def test_a_missing_inline_policy_has_two_forms(world: World, answer: dict[str, str], *, empty: bool) -> None:
    """Without an inline policy, the member is missing or an empty string."""
    organization = world.organizations[0]
    with Emulator(world, behaviour=Behaviour(empty_inline_policy=empty)) as emulator:
        answered = client(emulator, "sso-admin", assume(emulator)).get_inline_policy_for_permission_set(
            InstanceArn=organization.instance_arn, PermissionSetArn=organization.permission_sets[0].arn
        )

    answered.pop("ResponseMetadata")
    assert answered == answer


def test_a_missing_boundary_is_an_error(
    emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """A missing boundary is a ResourceNotFoundException; both kinds of boundary are returned."""
    asking = client(emulator, "sso-admin", auditor)
    bare, managed, customer = organization.permission_sets[:3]

    def boundary(arn: str) -> Any:  # noqa: ANN401 - JSON
        named = {"InstanceArn": organization.instance_arn, "PermissionSetArn": arn}
        return asking.get_permissions_boundary_for_permission_set(**named)["PermissionsBoundary"]

    with ExpectedError() as refused:
        boundary(bare.arn)

    assert refused.code == "ResourceNotFoundException"
    assert boundary(managed.arn) == {"ManagedPolicyArn": "arn:aws:iam::aws:policy/PowerUserAccess"}
    assert boundary(customer.arn) == {
        "CustomerManagedPolicyReference": {"Name": "Boundary", "Path": "/security/"}
    }


def test_both_listings_of_provisioned_pairs_agree(
    emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """Both listings return the same pairs, including those without assignments."""
    asking = client(emulator, "sso-admin", auditor)
    instance = {"InstanceArn": organization.instance_arn}
    by_set = {
        (account, permission_set.arn)
        for permission_set in organization.permission_sets
        for account in every(
            asking,
            "list_accounts_for_provisioned_permission_set",
            "AccountIds",
            PermissionSetArn=permission_set.arn,
            **instance,
        )
    }
    by_account = {
        (account.id, arn)
        for account in organization.accounts
        for arn in every(
            asking,
            "list_permission_sets_provisioned_to_account",
            "PermissionSets",
            AccountId=account.id,
            **instance,
        )
    }

    assert (
        by_set
        == by_account
        == {(provision.account_id, provision.permission_set_arn) for provision in organization.provisioned}
    )
    assert len(by_set) == 42


def test_provisioning_status_filters(world: World) -> None:
    """Each status filter hides the pairs of the other status."""
    permission_set, other = (
        permission_set.arn for permission_set in world.organizations[0].permission_sets[:2]
    )
    account = world.organizations[0].accounts[0].id
    provisioned = (Provision(account, permission_set), Provision(account, other, latest=False))
    with Emulator(with_organization(world, provisioned=provisioned)) as emulator:
        asking = client(emulator, "sso-admin", assume(emulator))
        instance = world.organizations[0].instance_arn
        latest, older = (
            asking.list_permission_sets_provisioned_to_account(
                InstanceArn=instance, AccountId=account, ProvisioningStatus=status
            )["PermissionSets"]
            for status in ("LATEST_PERMISSION_SET_PROVISIONED", "LATEST_PERMISSION_SET_NOT_PROVISIONED")
        )
        by_set = asking.list_accounts_for_provisioned_permission_set(
            InstanceArn=instance,
            PermissionSetArn=other,
            ProvisioningStatus="LATEST_PERMISSION_SET_PROVISIONED",
        )["AccountIds"]

    assert (latest, older, by_set) == ([permission_set], [other], [])


def test_the_pairs_together_have_all_assignments(
    emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """The pairs together return every assignment, including those to deleted principals."""
    asking = client(emulator, "sso-admin", auditor)
    found = [
        assignment
        for pair in organization.provisioned
        for assignment in every(
            asking,
            "list_account_assignments",
            "AccountAssignments",
            InstanceArn=organization.instance_arn,
            AccountId=pair.account_id,
            PermissionSetArn=pair.permission_set_arn,
        )
    ]

    assert len(found) == len(organization.assignments)
    assert rows(found) == known(organization)


@pytest.mark.parametrize("group_rows", [True, False])
def test_a_users_assignments_include_those_of_groups(world: World, *, group_rows: bool) -> None:
    """Rows through a group have the id of the group; the emulator can omit them."""
    organization = world.organizations[0]
    user = organization.memberships[0].user_id
    groups = [membership.group_id for membership in organization.memberships if membership.user_id == user]
    with Emulator(world, behaviour=Behaviour(group_rows=group_rows), limits=Limits.off()) as emulator:
        asking = client(emulator, "sso-admin", assume(emulator))
        named = {"InstanceArn": organization.instance_arn, "PrincipalId": user, "PrincipalType": "USER"}
        found = every(asking, "list_account_assignments_for_principal", "AccountAssignments", **named)
        account = next(iter(known(organization, *groups)))[0]
        filtered = asking.list_account_assignments_for_principal(**named, Filter={"AccountId": account})

    assert rows(found) == known(organization, user, *(groups if group_rows else ()))
    assert {assignment["AccountId"] for assignment in filtered["AccountAssignments"]} <= {account}


def test_a_groups_assignments_are_its_own(
    emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """A group's listing has its own rows; a deleted principal is not found."""
    asking = client(emulator, "sso-admin", auditor)
    group = organization.groups[0].id
    named = {"InstanceArn": organization.instance_arn, "PrincipalType": "GROUP"}

    found = asking.list_account_assignments_for_principal(PrincipalId=group, **named)["AccountAssignments"]
    with ExpectedError() as refused:
        asking.list_account_assignments_for_principal(
            PrincipalId="11111111-2222-3333-4444-555555555555", **named
        )

    assert rows(found) == known(organization, group)
    assert refused.code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("allowed", "management", "delegate"),
    [("everybody", True, True), ("management", True, False), ("nobody", False, False)],
)
def test_who_can_list_a_principals_assignments(
    world: World,
    allowed: Literal["everybody", "management", "nobody"],
    *,
    management: bool,
    delegate: bool,
) -> None:
    """AWS documents the call for the management account; delegated administrators may be denied."""
    member = world.organizations[0].accounts[3].id
    changed = with_organization(world, delegated_administrators=(member,))
    roles = (*world.roles, Role(f"arn:aws:iam::{member}:role/Audit", ("111122223333",)))
    named = {
        "InstanceArn": world.organizations[0].instance_arn,
        "PrincipalId": world.organizations[0].users[5].id,
        "PrincipalType": "USER",
    }
    answered = []
    with Emulator(
        World(changed.organizations, world.access_keys, roles),
        behaviour=Behaviour(principal_assignments=allowed),
    ) as emulator:
        for role in roles:
            asking = client(emulator, "sso-admin", assume(emulator, role.arn))
            try:
                asking.list_account_assignments_for_principal(**named)
            except asking.exceptions.AccessDeniedException:
                answered.append(False)
            else:
                answered.append(True)

    assert answered == [management, delegate]


def test_tags_of_a_permission_set_are_listed(
    emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """An instance and a permission set without tags have empty lists."""
    asking = client(emulator, "sso-admin", auditor)

    for arn in (organization.instance_arn, organization.permission_sets[0].arn):
        assert asking.list_tags_for_resource(ResourceArn=arn)["Tags"] == []


@pytest.mark.parametrize(
    ("operation", "change", "code"),
    [
        ("list_permission_sets", {"InstanceArn": "arn:of:nothing"}, "ValidationException"),
        ("list_permission_sets", {"InstanceArn": UNKNOWN_INSTANCE}, "ResourceNotFoundException"),
        ("describe_instance", {"InstanceArn": UNKNOWN_INSTANCE}, "ResourceNotFoundException"),
        ("list_permission_sets", {"InstanceArn": None}, "ValidationException"),
        ("list_permission_sets", {"MaxResults": 101}, "ValidationException"),
        ("list_permission_sets", {"MaxResults": 0}, "ValidationException"),
        ("list_permission_sets", {"NextToken": "made-up"}, "ValidationException"),
        (
            "list_permission_sets_provisioned_to_account",
            {"AccountId": "999999999999"},
            "ResourceNotFoundException",
        ),
        (
            "list_permission_sets_provisioned_to_account",
            {"AccountId": "000001000001", "ProvisioningStatus": "ANY"},
            "ValidationException",
        ),
        (
            "describe_permission_set",
            {"PermissionSetArn": "arn:aws:sso:::permissionSet/ssoins-ffffffffffffffff/ps-ffffffffffffffff"},
            "ResourceNotFoundException",
        ),
        (
            "list_account_assignments_for_principal",
            {"PrincipalId": "nobody", "PrincipalType": "USER"},
            "ValidationException",
        ),
    ],
)
def test_bad_requests_are_refused(
    operation: str,
    change: dict[str, Any],
    code: str,
    emulator: Emulator,
    auditor: Keys,
    organization: Organization,
) -> None:
    """Invalid values are a ValidationException, unknown resources a ResourceNotFoundException."""
    with ExpectedError() as refused:
        getattr(client(emulator, "sso-admin", auditor), operation)(
            **{"InstanceArn": organization.instance_arn} | change
        )

    assert refused.code == code


def test_tags_of_an_unknown_resource_are_refused(
    emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """Tags of an unknown permission set are not found."""
    arn = organization.permission_sets[0].arn[:-4] + "ffff"
    with ExpectedError() as refused:
        client(emulator, "sso-admin", auditor).list_tags_for_resource(ResourceArn=arn)

    assert refused.code == "ResourceNotFoundException"
