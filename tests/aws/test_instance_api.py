"""Tests of the calls about an instance: the right parameters, and answers as records."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.instance_api import InstanceApi
from sso_batch.model import (
    USER,
    Application,
    ApplicationAssignment,
    Grant,
    Group,
    Member,
    PermissionSet,
    Principal,
    User,
)
from tests.aws.conftest import Clients, Instantly, MakeGateway, Script, whole
from tests.support.records import grant

SET = "arn:aws:sso:::permissionSet/ssoins-1/ps-admin"
STORE = {"IdentityStoreId": "d-1"}
INSTANCE = {"InstanceArn": "ssoins-1"}
ASSIGNMENT = {
    "AccountId": "111111111111",
    "PermissionSetArn": SET,
    "PrincipalType": "USER",
    "PrincipalId": "u-1",
}
APPLICATION = {
    "ApplicationArn": "apl-1",
    "Name": "Wiki",
    "ApplicationAccount": "111111111111",
    "ApplicationProviderArn": "custom",
    "Status": "ENABLED",
    "InstanceArn": "ssoins-1",
}
ANNS = grant(Principal(USER, "u-1"))


def refused(code: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "no"}}
    return ClientError(response, "GetPermissionsBoundaryForPermissionSet")


def pages(key: str, first: dict[str, str], second: dict[str, str]) -> Script:
    """Return two pages, the second of which repeats an item of the first."""
    return [{key: [first, second], "NextToken": "1"}, {key: [first]}]


@pytest.fixture
def api(gateway: MakeGateway) -> InstanceApi:
    return InstanceApi(gateway(), "ssoins-1", "d-1")


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
        (
            lambda api: api.applications(),
            "list_applications",
            {},
            {"Applications": [APPLICATION, {"ApplicationArn": "apl-2", "InstanceArn": "ssoins-1"}]},
            [
                Application("apl-1", "Wiki", "111111111111", "custom", "ENABLED"),
                Application("apl-2", "", "", "", ""),
            ],
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


def test_assignments_of_an_application(instantly: Instantly, clients: Clients, api: InstanceApi) -> None:
    """The call names the application and not the instance, and the answer must be about it."""
    assignment = {"ApplicationArn": "apl-1", "PrincipalType": "USER", "PrincipalId": "u-1"}
    clients.scripts["list_application_assignments"] = [
        {"ApplicationAssignments": [assignment]},
        {"ApplicationAssignments": [assignment]},
    ]

    found = instantly(whole(api.application_assignments("apl-1")))
    with pytest.raises(AwsFailure, match="another ApplicationArn than requested"):
        instantly(whole(api.application_assignments("apl-2")))

    assert found == [ApplicationAssignment("apl-1", Principal(USER, "u-1"))]
    assert clients.asked[0] == (
        "sso-admin.list_application_assignments",
        {"ApplicationArn": "apl-1", "MaxResults": 100},
    )


def test_applications_of_another_instance(instantly: Instantly, clients: Clients, api: InstanceApi) -> None:
    """Applications of another instance are not an answer."""
    clients.scripts["list_applications"] = [{"Applications": [APPLICATION | {"InstanceArn": "ssoins-2"}]}]

    with pytest.raises(AwsFailure, match="another InstanceArn than requested"):
        instantly(whole(api.applications()))


@pytest.mark.parametrize("required", [True, False])
def test_assignment_required(
    instantly: Instantly, clients: Clients, api: InstanceApi, *, required: bool
) -> None:
    """The configuration of an application says whether an assignment is required."""
    clients.scripts["get_application_assignment_configuration"] = [{"AssignmentRequired": required}]

    assert instantly(api.assignment_required("apl-1")) is required
    assert clients.asked == [
        ("sso-admin.get_application_assignment_configuration", {"ApplicationArn": "apl-1"})
    ]


@pytest.mark.parametrize("answer", [{}, {"AssignmentRequired": None}, {"AssignmentRequired": "false"}])
def test_unclear_assignment_required(
    instantly: Instantly, clients: Clients, api: InstanceApi, answer: dict[str, Any]
) -> None:
    """Anything but true and false is malformed."""
    clients.scripts["get_application_assignment_configuration"] = [answer]

    with pytest.raises(AwsFailure) as failed:
        instantly(api.assignment_required("apl-1"))

    assert failed.value.code == "MalformedAnswer"


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
            lambda api: api.members("g"),
            "list_group_memberships",
            {"GroupId": "g"},
            {"GroupMemberships": [{"MemberId": {"UserId": "u"}}]},
            [Member("u")],
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


@pytest.mark.parametrize(
    ("people", "extensions"),
    [
        ((), {}),
        (("title", "user_type"), {}),
        (("title", "manager"), {"Extensions": ["aws:identitystore:enterprise"]}),
    ],
)
def test_attributes(
    instantly: Instantly,
    clients: Clients,
    gateway: MakeGateway,
    people: tuple[str, ...],
    extensions: dict[str, list[str]],
) -> None:
    """The extension is requested only if one of its attributes is, and only requested attributes are kept."""
    item: dict[str, Any] = {"UserId": "u", "Title": "Lead", "UserType": "Employee"}
    item |= {"Extensions": {"aws:identitystore:enterprise": {"manager": "ada"}}} if extensions else {}
    clients.scripts |= {"list_users": [{"Users": [item]}], "describe_user": [item]}
    api = InstanceApi(gateway(), "ssoins-1", "d-1", people=people)

    (listed,), described = instantly(whole(api.users())), instantly(api.user("u"))

    values = {"title": "Lead", "user_type": "Employee", "manager": "ada"}
    assert listed == described
    assert described.attributes == tuple((name, values[name]) for name in people)
    assert clients.asked == [
        ("identitystore.list_users", {**STORE, **extensions, "MaxResults": 100}),
        ("identitystore.describe_user", {**STORE, "UserId": "u", **extensions}),
    ]


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
    """A permission set's policies and tags come from all pages, each once and sorted."""
    clients.scripts[method] = list(pages)

    assert instantly(ask(api)) == found
    assert clients.asked == [
        (f"sso-admin.{method}", parameters),
        (f"sso-admin.{method}", parameters | {"NextToken": "1"}),
    ]
