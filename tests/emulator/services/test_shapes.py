"""Every operation that an audit needs is there, and answers in the shapes of botocore's own models."""

import json
import re
from datetime import datetime
from typing import Any

import pytest

from sso_batch.emulator import Emulator, Limits, World, demo_world
from sso_batch.emulator.services import SERVICES
from sso_batch.emulator.world import AccessKey, Organization
from tests.emulator.client import HUB_KEYS, Keys, client, keys_of, model

NEEDED = {
    "sts": {"AssumeRole", "GetCallerIdentity"},
    "organizations": {
        "DescribeOrganization",
        "DescribeOrganizationalUnit",
        "ListAccounts",
        "ListAccountsForParent",
        "ListOrganizationalUnitsForParent",
        "ListParents",
        "ListRoots",
        "ListTagsForResource",
    },
    "identitystore": {"DescribeGroup", "DescribeUser", "ListGroupMemberships", "ListGroups", "ListUsers"},
    "sso-admin": {
        "DescribeInstance",
        "DescribePermissionSet",
        "GetInlinePolicyForPermissionSet",
        "GetPermissionsBoundaryForPermissionSet",
        "ListAccountAssignments",
        "ListAccountAssignmentsForPrincipal",
        "ListAccountsForProvisionedPermissionSet",
        "ListCustomerManagedPolicyReferencesInPermissionSet",
        "ListInstances",
        "ListManagedPoliciesInPermissionSet",
        "ListPermissionSets",
        "ListPermissionSetsProvisionedToAccount",
        "ListTagsForResource",
    },
    "account-access": {
        "GetApplication",
        "GetEntitlement",
        "ListApplications",
        "ListEntitlements",
        "ListTagsForResource",
    },
}
OPERATIONS = [(service, operation) for service, names in NEEDED.items() for operation in sorted(names)]
# Unicode's classes, which Python's own patterns do not know, as far as the worlds here go.
CLASSES = {
    r"\p{L}": r"\w",
    r"\p{M}": "\u0300-\u036f",
    r"\p{N}": "0-9",
    r"\p{P}": re.escape("!\"#%&'()*,-./:;?@[\\]_{}"),
    r"\p{S}": re.escape("$+<=>^`|~"),
    r"\p{Z}": " ",
}


def requests(organization: Organization, emulator: Emulator) -> dict[str, dict[str, Any]]:
    """Return for every member that some operation requires a value that names something."""
    instance = organization.instance_arn
    assignment = organization.assignments[0]
    application = organization.applications[0]
    bounded = next(
        permission_set
        for permission_set in organization.permission_sets
        if permission_set.permissions_boundary
    )
    return {
        "sts": {"RoleArn": emulator.world.roles[0].arn, "RoleSessionName": "audit"},
        "organizations": {
            "ParentId": organization.root_id,
            "ChildId": organization.accounts[1].id,
            "OrganizationalUnitId": organization.organizational_units[0].id,
            "ResourceId": organization.accounts[1].id,
        },
        "identitystore": {
            "IdentityStoreId": organization.identity_store_id,
            "UserId": organization.users[-1].id,
            "GroupId": organization.groups[1].id,
        },
        "sso-admin": {
            "InstanceArn": instance,
            "PermissionSetArn": bounded.arn,
            "ResourceArn": bounded.arn,
            "AccountId": assignment.account_id,
            "PrincipalId": organization.users[-1].id,
            "PrincipalType": "USER",
        },
        "account-access": {
            "applicationArn": application.arn,
            "resourceArn": application.arn,
            "entitlementId": application.entitlements[0].id,
            "filter": {},
        },
    }


def trouble(shape: Any, value: Any, where: str) -> list[str]:  # noqa: ANN401 - botocore has no types
    """Return everything in which a value is not of a shape."""
    match shape.type_name:
        case "structure":
            found = structure_trouble(shape, value, where)
        case "list":
            parts = [problem for item in value for problem in trouble(shape.member, item, f"{where}[]")]
            found = bounds_trouble(shape, len(value), where) + parts
        case "map":
            found = [
                problem for item in value.values() for problem in trouble(shape.value, item, f"{where}{{}}")
            ]
        case "string":
            found = string_trouble(shape, value, where)
        case kind:
            in_text = shape.serialization.get("timestampFormat") == "iso8601"
            wanted = {
                "integer": (int,),
                "boolean": (bool,),
                # botocore has parsed those of XML already.
                "timestamp": (str,) if in_text else (int, datetime),
            }[kind]
            found = [] if type(value) in wanted else [f"{where} is no {kind}: {value!r}"]
    return found


def structure_trouble(shape: Any, value: dict[str, Any], where: str) -> list[str]:  # noqa: ANN401
    """Return members that are missing, unknown, or wrong in themselves."""
    missing = [f"{where} lacks {name}" for name in shape.required_members if name not in value]
    unknown = [f"{where} has {name}, which is unknown" for name in value if name not in shape.members]
    wrong = [
        problem
        for name, member in shape.members.items()
        if name in value
        for problem in trouble(member, value[name], f"{where}.{name}")
    ]
    return missing + unknown + wrong


def string_trouble(shape: Any, value: Any, where: str) -> list[str]:  # noqa: ANN401
    """Return what is wrong with a string: type, enumeration, length, pattern."""
    if not isinstance(value, str):
        return [f"{where} is no string: {value!r}"]
    found = bounds_trouble(shape, len(value), where)
    if shape.metadata.get("enum") and value not in shape.metadata["enum"]:
        found.append(f"{where} is none of {shape.metadata['enum']}: {value}")
    pattern = shape.metadata.get("pattern", "")
    for unicode_class, characters in CLASSES.items():
        pattern = pattern.replace(unicode_class, characters)
    if pattern and not re.search(rf"\A(?:{pattern})", value):
        found.append(f"{where} does not fit {pattern}: {value}")
    return found


def bounds_trouble(shape: Any, length: int, where: str) -> list[str]:  # noqa: ANN401
    """Return whether a length is out of its bounds."""
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", length)
    return [] if least <= length <= most else [f"{where} has length {length}, not {least} to {most}"]


def snake(operation: str) -> str:
    """Return the name of boto3's method."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def test_every_needed_operation_is_served_and_no_other() -> None:
    """The services have exactly the operations that the shapes are checked of."""
    assert {service.name: set(service.operations) for service in SERVICES} == NEEDED


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_an_answer_has_the_shape_of_botocores_model(
    service: str, operation: str, emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """Members, types, enumerations, patterns and lengths are those of the model, and none is unknown."""
    shapes = model(service).operation_model(operation)
    values = requests(organization, emulator)[service]
    required = shapes.input_shape.required_members if shapes.input_shape else ()
    asking = client(emulator, service, HUB_KEYS if operation == "AssumeRole" else auditor)
    bodies: list[bytes] = []
    asking.meta.events.register(
        "before-parse", lambda response_dict, **_: bodies.append(response_dict["body"])
    )

    parsed = getattr(asking, snake(operation))(**{name: values[name] for name in required})

    parsed.pop("ResponseMetadata")
    answer = parsed if service == "sts" else json.loads(bodies[0])
    assert trouble(shapes.output_shape, answer, operation) == []
    assert answer


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_the_members_taken_are_members_of_botocores_model(service: str, operation: str) -> None:
    """An operation requires what the model requires, and takes nothing that the model does not have."""
    (served,) = [
        served_service.operations[operation] for served_service in SERVICES if served_service.name == service
    ]
    shape = model(service).operation_model(operation).input_shape

    assert set(served.required) == set(shape.required_members if shape else ())
    assert served.accepted <= set(shape.members if shape else ())


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_the_rules_of_members_are_those_of_botocores_model(service: Any) -> None:  # noqa: ANN401
    """The bounds of page sizes and the words of enumerations are the model's."""
    served = model(service.name)
    for operation in service.operations.values():
        for name in operation.accepted:
            rule, shape = (
                service.rules[name],
                served.operation_model(operation.name).input_shape.members[name],
            )
            if hasattr(rule, "words"):
                assert set(rule.words) == set(shape.enum)
            if hasattr(rule, "maximum"):
                assert (rule.minimum, rule.maximum) == (shape.metadata["min"], shape.metadata["max"])


@pytest.mark.parametrize(
    "company", demo_world(with_failure=True).organizations, ids=lambda company: company.name
)
def test_the_companies_have_the_shapes_too(company: Organization) -> None:
    """Names of people, accounts and permission sets are such as AWS accepts, and come back unharmed."""
    key = AccessKey("AKIAEXAMPLE", "secret", f"arn:aws:iam::{company.management_account_id}:user/admin")
    with Emulator(World((company,), (key,)), limits=Limits.off()) as emulator:
        for service, operation, member in (
            ("organizations", "ListAccounts", {}),
            ("identitystore", "ListUsers", {"IdentityStoreId": company.identity_store_id}),
            ("identitystore", "ListGroups", {"IdentityStoreId": company.identity_store_id}),
            *(
                (
                    "sso-admin",
                    "DescribePermissionSet",
                    {"InstanceArn": company.instance_arn, "PermissionSetArn": permission_set.arn},
                )
                for permission_set in company.permission_sets
            ),
        ):
            asking = client(emulator, service, keys_of(key), region=company.region)
            answer = getattr(asking, snake(operation))(**member)
            answer.pop("ResponseMetadata")

            assert trouble(model(service).operation_model(operation).output_shape, answer, operation) == []


def test_the_check_itself_sees_what_is_wrong() -> None:
    """A member that is missing, unknown, out of its enumeration or pattern, or of a wrong type is told."""
    shape = model("identitystore").operation_model("DescribeUser").output_shape
    whole = {
        "IdentityStoreId": "d-0123456789",
        "UserId": "11111111-2222-3333-4444-555555555555",
        "UserArn": "arn:aws:identitystore:::user/11111111-2222-3333-4444-555555555555",
        "Revision": "1",
    }

    assert trouble(shape, whole, "user") == []
    changes: list[dict[str, Any]] = [
        {"UserId": "nobody"},
        {"UserStatus": "GONE"},
        {"Emails": []},
        {"Emails": [{"Primary": "yes"}]},
        {"DisplayName": 7},
        {"Nickname": "x"},
    ]
    for change in changes:
        assert len(trouble(shape, whole | change, "user")) == 1
    assert trouble(shape, {name: whole[name] for name in list(whole)[1:]}, "user") == [
        "user lacks IdentityStoreId"
    ]
