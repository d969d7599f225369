"""Tests of the calls about organizations, policies and account access: parameters and records."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from sso_batch.aws.organization_api import AccountAccessApi, ListedInstance, OrganizationApi, PolicyApi
from sso_batch.model import USER, Account, PolicyDocument, Principal
from tests.aws.conftest import Clients, Instantly, MakeGateway, whole
from tests.support.records import ROLE, entitlement


@pytest.fixture
def organization(gateway: MakeGateway) -> OrganizationApi:
    return OrganizationApi(gateway())


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


def test_delegated_administrators(
    instantly: Instantly, clients: Clients, organization: OrganizationApi
) -> None:
    """The accounts that administer Identity Center are listed, in order, each once."""
    clients.scripts["list_delegated_administrators"] = [
        {"DelegatedAdministrators": [{"Id": "3"}, {"Id": "2"}], "NextToken": "1"},
        {"DelegatedAdministrators": [{"Id": "3"}]},
    ]

    assert instantly(organization.delegated_administrators()) == ("2", "3")
    asked = {"ServicePrincipal": "sso.amazonaws.com", "MaxResults": 20}
    assert clients.asked == [
        ("organizations.list_delegated_administrators", asked),
        ("organizations.list_delegated_administrators", asked | {"NextToken": "1"}),
    ]


# Policies

POLICY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def test_policy_document(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """The document of a policy is the one of the version that is in force."""
    clients.scripts["get_policy"] = [{"Policy": {"Arn": POLICY, "DefaultVersionId": "v7"}}]
    clients.scripts["get_policy_version"] = [
        {"PolicyVersion": {"VersionId": "v7", "Document": {"Statement": []}, "IsDefaultVersion": True}}
    ]

    found = instantly(PolicyApi(gateway()).policy_document(POLICY))

    assert found == PolicyDocument(POLICY, "v7", '{"Statement":[]}')
    assert clients.asked == [
        ("iam.get_policy", {"PolicyArn": POLICY}),
        ("iam.get_policy_version", {"PolicyArn": POLICY, "VersionId": "v7"}),
    ]


@pytest.mark.parametrize(
    ("policy", "version", "repeated"),
    [
        ({"Arn": "arn:aws:iam::aws:policy/Billing"}, {}, "get_policy"),
        ({"DefaultVersionId": ""}, {}, "get_policy"),
        ({}, {"VersionId": "v6"}, "get_policy_version"),
        ({}, {"Document": "%7B"}, "get_policy_version"),  # botocore returns what is not JSON as it is
        ({}, {"Document": []}, "get_policy_version"),
    ],
)
def test_malformed_policy(
    instantly: Instantly,
    clients: Clients,
    gateway: MakeGateway,
    policy: dict[str, Any],
    version: dict[str, Any],
    repeated: str,
) -> None:
    """An answer about another policy or version, or without a document, is asked for again."""
    right: dict[str, dict[str, Any]] = {
        "get_policy": {"Policy": {"Arn": POLICY, "DefaultVersionId": "v7"}},
        "get_policy_version": {"PolicyVersion": {"VersionId": "v7", "Document": {}}},
    }
    wrong = {
        "get_policy": {"Policy": right["get_policy"]["Policy"] | policy},
        "get_policy_version": {"PolicyVersion": right["get_policy_version"]["PolicyVersion"] | version},
    }
    for method, answer in right.items():
        clients.scripts[method] = [wrong[method], answer] if method == repeated else [answer]

    found = instantly(PolicyApi(gateway()).policy_document(POLICY))

    assert found == PolicyDocument(POLICY, "v7", "{}")
    asked = [name.removeprefix("iam.") for name, _ in clients.asked]
    assert asked == sorted([*right, repeated])


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
