"""Tests of the calls of an audit: the right parameters, and answers as records."""

from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sso_batch.aws.api import AccountAccessApi, InstanceApi, ListedInstance, OrganizationApi
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.model import USER, Account, Grant, Group, PermissionSet, Principal, User
from tests.aws.conftest import Clients, Instantly, MakeGateway, Script
from tests.support.records import ROLE, entitlement, grant

SET = "arn:aws:sso:::permissionSet/ssoins-1/ps-admin"
STORE = {"IdentityStoreId": "d-1"}
INSTANCE = {"InstanceArn": "ssoins-1"}
ASSIGNMENT = {
    "AccountId": "111111111111",
    "PermissionSetArn": SET,
    "PrincipalType": "USER",
    "PrincipalId": "u-1",
}
ANNS = grant(Principal(USER, "u-1"))


async def whole(pages: AsyncIterator[list[Any]]) -> list[Any]:
    return [item async for page in pages for item in page]


def refused(code: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "no"}}
    return ClientError(response, "GetPermissionsBoundaryForPermissionSet")


def pages(key: str, first: dict[str, str], second: dict[str, str]) -> Script:
    """Return two pages, the second of which repeats an item of the first."""
    return [{key: [first, second], "NextToken": "1"}, {key: [first]}]


@pytest.fixture
def organization(gateway: MakeGateway) -> OrganizationApi:
    return OrganizationApi(gateway())


@pytest.fixture
def api(gateway: MakeGateway) -> InstanceApi:
    return InstanceApi(gateway(), "ssoins-1", "d-1")


# The organization


def test_caller(instantly: Instantly, clients: Clients, organization: OrganizationApi) -> None:
    """STS returns the caller."""
    clients.scripts["get_caller_identity"] = [{"Arn": "arn:aws:iam::1:user/ann", "Account": "1"}]

    assert instantly(organization.caller_arn()) == "arn:aws:iam::1:user/ann"
    assert clients.asked == [("sts.get_caller_identity", {})]


def test_organization(instantly: Instantly, clients: Clients, organization: OrganizationApi) -> None:
    """Organizations returns its id and its management account."""
    clients.scripts["describe_organization"] = [{"Organization": {"Id": "o-1", "MasterAccountId": "1"}}]

    assert instantly(organization.organization()) == ("o-1", "1")
    assert clients.asked == [("organizations.describe_organization", {})]


@pytest.mark.parametrize(("all_regions", "scope"), [(True, {"RegionScope": "ALL_REGIONS"}), (False, {})])
def test_instances(
    instantly: Instantly,
    clients: Clients,
    organization: OrganizationApi,
    scope: dict[str, str],
    *,
    all_regions: bool,
) -> None:
    """The instances of one Region or of all are listed, with omitted fields empty."""
    first = {"InstanceArn": "i-1", "IdentityStoreId": "d-1"}
    second = {"OwnerAccountId": "2", "Status": "ACTIVE", "PrimaryRegion": "eu-west-1"}
    clients.scripts["list_instances"] = [
        {"Instances": [first], "NextToken": "1"},
        {"Instances": [first | second]},
    ]

    assert instantly(organization.instances(all_regions=all_regions)) == [
        ListedInstance("i-1", "d-1", "", "", ""),
        ListedInstance("i-1", "d-1", "2", "ACTIVE", "eu-west-1"),
    ]
    assert clients.asked == [
        ("sso-admin.list_instances", {"MaxResults": 100, **scope}),
        ("sso-admin.list_instances", {"MaxResults": 100, "NextToken": "1", **scope}),
    ]


def test_accounts(instantly: Instantly, clients: Clients, organization: OrganizationApi) -> None:
    """Every account in any state is listed, in pages of twenty, with the ids of the OUs above it."""
    closed = {"Id": "1", "Name": "Old", "State": "CLOSED"}
    clients.scripts["list_accounts"] = [{"Accounts": [closed, closed | {"Paths": ["o-1/r-1/ou-1/"]}]}]

    assert instantly(whole(organization.accounts())) == [
        (Account("1", "Old", "CLOSED"), None),
        (Account("1", "Old", "CLOSED"), ("r-1", "ou-1")),
    ]
    assert clients.asked == [("organizations.list_accounts", {"MaxResults": 20})]


@pytest.mark.parametrize(
    ("ask", "method", "parameters", "answer", "found"),
    [
        (
            lambda api: api.roots(),
            "list_roots",
            {},
            {"Roots": [{"Id": "r", "Name": "Root"}]},
            [("r", "Root")],
        ),
        (
            lambda api: api.organizational_units_of("r"),
            "list_organizational_units_for_parent",
            {"ParentId": "r"},
            {"OrganizationalUnits": [{"Id": "ou", "Name": "Prod"}]},
            [("ou", "Prod")],
        ),
        (
            lambda api: api.account_ids_of("ou"),
            "list_accounts_for_parent",
            {"ParentId": "ou"},
            {"Accounts": [{"Id": "000000000042"}]},
            ["000000000042"],
        ),
    ],
)
def test_tree(
    instantly: Instantly,
    clients: Clients,
    organization: OrganizationApi,
    ask: Callable[[OrganizationApi], AsyncIterator[list[object]]],
    method: str,
    parameters: dict[str, str],
    answer: dict[str, Any],
    found: list[object],
) -> None:
    """The tree of OUs is listed level by level, starting at its root."""
    clients.scripts[method] = [answer]

    assert instantly(whole(ask(organization))) == found
    assert clients.asked == [(f"organizations.{method}", {**parameters, "MaxResults": 20})]


def test_organizational_unit(instantly: Instantly, clients: Clients, organization: OrganizationApi) -> None:
    """An OU is described with its name."""
    clients.scripts["describe_organizational_unit"] = [{"OrganizationalUnit": {"Id": "ou", "Name": "Prod"}}]

    assert instantly(organization.organizational_unit("ou")) == "Prod"
    assert clients.asked == [
        ("organizations.describe_organizational_unit", {"OrganizationalUnitId": "ou"}),
    ]


# Account access


def test_applications(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """The applications of the caller's account are listed, with the service's own spelling of tokens."""
    clients.scripts["list_applications"] = [
        {"applications": [{"applicationArn": "a"}], "nextToken": "1"},
        {"applications": [{"applicationArn": "b"}]},
    ]

    assert instantly(whole(AccountAccessApi(gateway()).application_arns())) == ["a", "b"]
    assert clients.asked == [
        ("account-access.list_applications", {"maxResults": 100}),
        ("account-access.list_applications", {"maxResults": 100, "nextToken": "1"}),
    ]


def test_instance_of_an_application(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """An application names the instance whose users and groups it entitles."""
    clients.scripts["get_application"] = [
        {"identitySource": {"identityCenter": {"instanceArn": "ssoins-1"}}},
    ]

    assert instantly(AccountAccessApi(gateway()).instance_of("a")) == "ssoins-1"
    assert clients.asked == [("account-access.get_application", {"applicationArn": "a"})]


@pytest.mark.parametrize(
    ("account_id", "filter_"), [(None, {}), ("000000000042", {"principalRole": {"account": "000000000042"}})]
)
def test_entitlements(
    instantly: Instantly,
    clients: Clients,
    gateway: MakeGateway,
    account_id: str | None,
    filter_: dict[str, object],
) -> None:
    """Entitlements are listed with the filter that AWS requires: for one account, or for all."""
    role: dict[str, Any] = {
        "account": "111111111111",
        "roleArn": ROLE,
        "principal": {"identityCenter": {"userId": "u-1"}},
    }
    role["account"] = account_id or role["account"]
    clients.scripts["list_entitlements"] = [{"entitlements": [{"entitlement": {"principalRole": role}}]}]

    found = instantly(whole(AccountAccessApi(gateway()).entitlements("a", account_id)))

    assert found == [replace(entitlement(Principal(USER, "u-1")), account_id=role["account"])]
    assert clients.asked == [
        ("account-access.list_entitlements", {"applicationArn": "a", "filter": filter_, "maxResults": 100})
    ]


# The instance


@pytest.mark.parametrize(
    ("ask", "method", "parameters", "answer", "records"),
    [
        (lambda api: api.permission_set_arns(), "list_permission_sets", {}, {"PermissionSets": [SET]}, [SET]),
        (
            lambda api: api.accounts_provisioned_with(SET),
            "list_accounts_for_provisioned_permission_set",
            {"PermissionSetArn": SET},
            {"AccountIds": ["000000000042"]},
            ["000000000042"],
        ),
        (
            lambda api: api.permission_sets_provisioned_to("000000000042"),
            "list_permission_sets_provisioned_to_account",
            {"AccountId": "000000000042"},
            {"PermissionSets": [SET]},
            [SET],
        ),
        (
            lambda api: api.assignments("111111111111", SET),
            "list_account_assignments",
            {"AccountId": "111111111111", "PermissionSetArn": SET},
            {"AccountAssignments": [ASSIGNMENT]},
            [ANNS],
        ),
        (
            lambda api: api.assignments_of(Principal(USER, "u-1")),
            "list_account_assignments_for_principal",
            {"PrincipalType": "USER", "PrincipalId": "u-1"},
            {"AccountAssignments": [ASSIGNMENT]},
            [ANNS],
        ),
    ],
)
def test_listings_of_the_instance(
    instantly: Instantly,
    clients: Clients,
    api: InstanceApi,
    ask: Callable[[InstanceApi], AsyncIterator[list[str | Grant]]],
    method: str,
    parameters: dict[str, str],
    answer: dict[str, Any],
    records: list[str | Grant],
) -> None:
    """Each listing calls sso-admin for this instance, without a filter by provisioning status."""
    clients.scripts[method] = [answer]

    assert instantly(whole(ask(api))) == records
    assert clients.asked == [(f"sso-admin.{method}", {**INSTANCE, **parameters, "MaxResults": 100})]


@pytest.mark.parametrize(
    ("ask", "method", "parameters", "answer", "records"),
    [
        (
            lambda api: api.users(),
            "list_users",
            {},
            {"Users": [{"UserId": "u"}]},
            [User("u", "", "", "", "")],
        ),
        (lambda api: api.groups(), "list_groups", {}, {"Groups": [{"GroupId": "g"}]}, [Group("g", "")]),
        (
            lambda api: api.member_ids("g"),
            "list_group_memberships",
            {"GroupId": "g"},
            {"GroupMemberships": [{"MemberId": {"UserId": "u"}}]},
            ["u"],
        ),
    ],
)
def test_listings_of_the_identity_store(
    instantly: Instantly,
    clients: Clients,
    api: InstanceApi,
    ask: Callable[[InstanceApi], AsyncIterator[list[User | Group | str]]],
    method: str,
    parameters: dict[str, str],
    answer: dict[str, Any],
    records: list[User | Group | str],
) -> None:
    """Users, groups and members are listed from the instance's identity store."""
    clients.scripts[method] = [answer]

    assert instantly(whole(ask(api))) == records
    assert clients.asked == [(f"identitystore.{method}", {**STORE, **parameters, "MaxResults": 100})]


@pytest.mark.parametrize(
    ("ask", "question", "parameters", "answer", "record"),
    [
        (
            lambda api: api.user("u"),
            "identitystore.describe_user",
            {**STORE, "UserId": "u"},
            {"UserId": "u", "UserName": "ann"},
            User("u", "ann", "", "", ""),
        ),
        (
            lambda api: api.group("g"),
            "identitystore.describe_group",
            {**STORE, "GroupId": "g"},
            {"GroupId": "g", "DisplayName": "Ops"},
            Group("g", "Ops"),
        ),
        (
            lambda api: api.permission_set(SET),
            "sso-admin.describe_permission_set",
            {**INSTANCE, "PermissionSetArn": SET},
            {"PermissionSet": {"Name": "Admin"}},
            PermissionSet(SET, name="Admin", description="", session_duration=""),
        ),
        (
            lambda api: api.inline_policy(SET),
            "sso-admin.get_inline_policy_for_permission_set",
            {**INSTANCE, "PermissionSetArn": SET},
            {"InlinePolicy": "{}"},
            "{}",
        ),
        (
            lambda api: api.inline_policy(SET),
            "sso-admin.get_inline_policy_for_permission_set",
            {**INSTANCE, "PermissionSetArn": SET},
            {"ResponseMetadata": {}},
            "",
        ),
        (
            lambda api: api.permissions_boundary(SET),
            "sso-admin.get_permissions_boundary_for_permission_set",
            {**INSTANCE, "PermissionSetArn": SET},
            {"PermissionsBoundary": {"ManagedPolicyArn": "arn:b"}},
            "arn:b",
        ),
        (
            lambda api: api.permissions_boundary(SET),
            "sso-admin.get_permissions_boundary_for_permission_set",
            {**INSTANCE, "PermissionSetArn": SET},
            refused("ResourceNotFoundException"),
            "",
        ),
    ],
)
def test_single_records(
    instantly: Instantly,
    clients: Clients,
    api: InstanceApi,
    ask: Callable[[InstanceApi], Coroutine[Any, Any, object]],
    question: str,
    parameters: dict[str, str],
    answer: Any,  # noqa: ANN401 - an answer or a refusal
    record: object,
) -> None:
    """A single resource is returned as a record, or as empty if AWS has none."""
    clients.scripts[question.split(".")[1]] = [answer]

    assert instantly(ask(api)) == record
    assert clients.asked == [(question, parameters)]


def test_unreadable_boundary(instantly: Instantly, clients: Clients, api: InstanceApi) -> None:
    """A boundary that may not be read is a failure, not a missing boundary."""
    clients.scripts["get_permissions_boundary_for_permission_set"] = [refused("AccessDeniedException")]

    with pytest.raises(AwsFailure) as caught:
        instantly(api.permissions_boundary(SET))

    assert caught.value.denied


DETAILS = {**INSTANCE, "PermissionSetArn": SET, "MaxResults": 100}


@pytest.mark.parametrize(
    ("ask", "method", "pages", "found", "parameters"),
    [
        (
            lambda api: api.managed_policies(SET),
            "list_managed_policies_in_permission_set",
            pages("AttachedManagedPolicies", {"Arn": "b"}, {"Arn": "a"}),
            ("a", "b"),
            DETAILS,
        ),
        (
            lambda api: api.customer_managed_policies(SET),
            "list_customer_managed_policy_references_in_permission_set",
            pages(
                "CustomerManagedPolicyReferences", {"Name": "b", "Path": "/"}, {"Name": "a", "Path": "/x/"}
            ),
            ("/b", "/x/a"),
            DETAILS,
        ),
        (
            lambda api: api.permission_set_tags(SET),
            "list_tags_for_resource",
            pages("Tags", {"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}),
            ("a=2", "b=1"),
            {**INSTANCE, "ResourceArn": SET},
        ),
    ],
)
def test_details(
    instantly: Instantly,
    clients: Clients,
    api: InstanceApi,
    ask: Callable[[InstanceApi], Coroutine[Any, Any, tuple[str, ...]]],
    method: str,
    pages: Script,
    found: tuple[str, ...],
    parameters: dict[str, object],
) -> None:
    """A permission set's policies and tags come from all pages, sorted, each once."""
    clients.scripts[method] = list(pages)

    assert instantly(ask(api)) == found
    assert clients.asked == [
        (f"sso-admin.{method}", parameters),
        (f"sso-admin.{method}", parameters | {"NextToken": "1"}),
    ]
