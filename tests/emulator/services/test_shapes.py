"""Tests that all operations of an audit exist, and that answers match botocore's models."""

import json
import re
import time
from datetime import datetime
from typing import Any

import pytest
from botocore.handlers import json_decode_policies

from sso_batch.emulator import Emulator, Limits, World, demo_world
from sso_batch.emulator.services import SERVICES
from sso_batch.emulator.world import AccessKey, Organization
from tests.emulator.client import HUB_KEYS, Keys, client, keys_of, model

NEEDED = {
    "sts": {"AssumeRole", "GetCallerIdentity"},
    "iam": {"GetPolicy", "GetPolicyVersion"},
    "organizations": {
        "DescribeOrganization",
        "DescribeOrganizationalUnit",
        "ListAccounts",
        "ListAccountsForParent",
        "ListDelegatedAdministrators",
        "ListOrganizationalUnitsForParent",
        "ListParents",
        "ListRoots",
        "ListTagsForResource",
    },
    "identitystore": {"DescribeGroup", "DescribeUser", "ListGroupMemberships", "ListGroups", "ListUsers"},
    "sso-admin": {
        "DescribeInstance",
        "DescribePermissionSet",
        "GetApplicationAssignmentConfiguration",
        "GetInlinePolicyForPermissionSet",
        "GetPermissionsBoundaryForPermissionSet",
        "ListAccountAssignments",
        "ListAccountAssignmentsForPrincipal",
        "ListAccountsForProvisionedPermissionSet",
        "ListApplicationAssignments",
        "ListApplications",
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
    "cloudtrail": {"LookupEvents"},
}
OPERATIONS = [(service, operation) for service, names in NEEDED.items() for operation in sorted(names)]
# Replacements for Unicode classes, which Python patterns do not support; sufficient for the test data.
CLASSES = {
    r"\p{L}": r"\w",
    r"\p{M}": "\u0300-\u036f",
    r"\p{N}": "0-9",
    r"\p{P}": re.escape("!\"#%&'()*,-./:;?@[\\]_{}"),
    r"\p{S}": re.escape("$+<=>^`|~"),
    r"\p{Z}": " ",
}


def requests(organization: Organization, emulator: Emulator) -> dict[str, dict[str, Any]]:
    """Return a valid value for every member that an operation requires."""
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
        "iam": {"PolicyArn": "arn:aws:iam::aws:policy/job-function/Billing", "VersionId": "v27"},
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
            "ApplicationArn": organization.sso_applications[0].arn,
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
        "cloudtrail": {
            "LookupAttributes": [
                {"AttributeKey": "EventName", "AttributeValue": "UserAuthentication"},
            ],
        },
    }


def mismatches(shape: Any, value: Any, where: str) -> list[str]:  # noqa: ANN401 - botocore has no types
    """Return all mismatches of a value with a shape; a document is any JSON."""
    if getattr(shape, "is_document_type", False):
        return []
    match shape.type_name:
        case "structure":
            found = structure_mismatches(shape, value, where)
        case "list":
            parts = [mismatch for item in value for mismatch in mismatches(shape.member, item, f"{where}[]")]
            found = bounds_mismatches(shape, len(value), where) + parts
        case "map":
            found = bounds_mismatches(shape, len(value), where) + [
                mismatch
                for name, item in value.items()
                for mismatch in (
                    *mismatches(shape.key, name, f"a key of {where}"),
                    *mismatches(shape.value, item, f"{where}{{}}"),
                )
            ]
        case "string":
            found = string_mismatches(shape, value, where)
        case kind:
            in_text = shape.serialization.get("timestampFormat") == "iso8601"
            wanted = {
                "integer": (int,),
                "boolean": (bool,),
                # botocore has already parsed timestamps in XML.
                "timestamp": (str,) if in_text else (int, float, datetime),
            }[kind]
            found = [] if type(value) in wanted else [f"{where} is not of type {kind}: {value!r}"]
    return found


def structure_mismatches(shape: Any, value: dict[str, Any], where: str) -> list[str]:  # noqa: ANN401
    """Return missing, unknown and mismatching members."""
    missing = [f"{where} lacks {name}" for name in shape.required_members if name not in value]
    unknown = [f"{where} has {name}, which is unknown" for name in value if name not in shape.members]
    wrong = [
        mismatch
        for name, member in shape.members.items()
        if name in value
        for mismatch in mismatches(member, value[name], f"{where}.{name}")
    ]
    return missing + unknown + wrong


def string_mismatches(shape: Any, value: Any, where: str) -> list[str]:  # noqa: ANN401
    """Return mismatches of a string: type, enumeration, length, pattern."""
    if not isinstance(value, str):
        return [f"{where} is not a string: {value!r}"]
    found = bounds_mismatches(shape, len(value), where)
    if shape.metadata.get("enum") and value not in shape.metadata["enum"]:
        found.append(f"{where} is not one of {shape.metadata['enum']}: {value}")
    pattern = shape.metadata.get("pattern", "")
    for unicode_class, characters in CLASSES.items():
        pattern = pattern.replace(unicode_class, characters)
    if pattern and not re.search(rf"\A(?:{pattern})", value):
        found.append(f"{where} does not match {pattern}: {value}")
    return found


def bounds_mismatches(shape: Any, length: int, where: str) -> list[str]:  # noqa: ANN401
    """Return a mismatch if a length is out of bounds."""
    minimum, maximum = shape.metadata.get("min", 0), shape.metadata.get("max", length)
    return (
        [] if minimum <= length <= maximum else [f"{where} has length {length}, not {minimum} to {maximum}"]
    )


def snake(operation: str) -> str:
    """Return the name of boto3's method."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def test_every_needed_operation_is_served_and_no_other() -> None:
    """The services have exactly the operations that are tested."""
    assert {service.name: set(service.operations) for service in SERVICES} == NEEDED


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_an_answer_matches_botocores_model(
    service: str, operation: str, emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """Members, types, enumerations, patterns and lengths match the model."""
    shapes = model(service).operation_model(operation)
    values = requests(organization, emulator)[service]
    required = shapes.input_shape.required_members if shapes.input_shape else ()
    if service == "cloudtrail":
        required = values  # AWS answers without attributes, too
    asking = client(emulator, service, HUB_KEYS if operation == "AssumeRole" else auditor)
    bodies: list[bytes] = []
    # The model has documents of policies as URL-encoded text; this handler would decode them.
    asking.meta.events.unregister("after-call.iam", json_decode_policies)
    asking.meta.events.register(
        "before-parse", lambda response_dict, **_: bodies.append(response_dict["body"])
    )

    parsed = getattr(asking, snake(operation))(**{name: values[name] for name in required})

    parsed.pop("ResponseMetadata")
    answer = parsed if service in ("sts", "iam") else json.loads(bodies[0])
    assert mismatches(shapes.output_shape, answer, operation) == []
    assert answer


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_accepted_members_match_botocores_model(service: str, operation: str) -> None:
    """An operation requires the members that the model requires, and accepts no others."""
    (served,) = [
        served_service.operations[operation] for served_service in SERVICES if served_service.name == service
    ]
    shape = model(service).operation_model(operation).input_shape

    assert set(served.required) == set(shape.required_members if shape else ())
    assert served.accepted <= set(shape.members if shape else ())


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_rules_match_botocores_model(service: Any) -> None:  # noqa: ANN401
    """The bounds of page sizes and the values of enumerations match the model."""
    served = model(service.name)
    for operation in service.operations.values():
        for name in operation.accepted:
            rule, shape = (
                service.rules[name],
                served.operation_model(operation.name).input_shape.members[name],
            )
            if hasattr(rule, "longest") and "max" in shape.metadata:
                assert (rule.shortest, rule.longest) == (shape.metadata["min"], shape.metadata["max"])
                assert all(mismatches(shape.member, value, name) == [] for value in rule.item.values)
            if hasattr(rule, "values"):
                assert set(rule.values) == set(shape.enum)
            if hasattr(rule, "maximum"):
                assert (rule.minimum, rule.maximum) == (shape.metadata["min"], shape.metadata["max"])


@pytest.mark.parametrize(
    "organization",
    demo_world(with_failure=True, now=time.time()).organizations,
    ids=lambda organization: organization.name,
)
def test_the_demo_data_matches_botocores_models(organization: Organization) -> None:
    """AWS would accept the names and attributes of all users, accounts, sets and applications."""
    key = AccessKey("AKIAEXAMPLE", "secret", f"arn:aws:iam::{organization.management_account_id}:user/admin")
    with Emulator(World((organization,), (key,)), limits=Limits.off()) as emulator:
        store = {"IdentityStoreId": organization.identity_store_id}
        calls: list[tuple[str, str, dict[str, Any]]] = [
            ("organizations", "ListAccounts", {}),
            ("organizations", "ListDelegatedAdministrators", {}),
            ("identitystore", "ListUsers", store | {"Extensions": ["aws:identitystore:enterprise"]}),
            ("identitystore", "ListGroups", store),
            *(
                ("identitystore", "ListGroupMemberships", store | {"GroupId": group.id})
                for group in organization.groups
            ),
            *(
                (
                    "cloudtrail",
                    "LookupEvents",
                    {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": event.name}]},
                )
                for event in organization.events
            ),
            ("sso-admin", "ListApplications", {"InstanceArn": organization.instance_arn}),
            *(
                (
                    "sso-admin",
                    "DescribePermissionSet",
                    {"InstanceArn": organization.instance_arn, "PermissionSetArn": permission_set.arn},
                )
                for permission_set in organization.permission_sets
            ),
        ]
        for service, operation, member in calls:
            asking = client(emulator, service, keys_of(key), region=organization.region)
            answer = getattr(asking, snake(operation))(**member)
            answer.pop("ResponseMetadata")

            assert mismatches(model(service).operation_model(operation).output_shape, answer, operation) == []


def test_mismatches_are_found() -> None:
    """Missing and unknown members, and wrong types, enumerations and patterns are found."""
    shape = model("identitystore").operation_model("DescribeUser").output_shape
    valid = {
        "IdentityStoreId": "d-0123456789",
        "UserId": "11111111-2222-3333-4444-555555555555",
        "UserArn": "arn:aws:identitystore:::user/11111111-2222-3333-4444-555555555555",
        "Revision": "1",
    }

    assert mismatches(shape, valid, "user") == []
    changes: list[dict[str, Any]] = [
        {"UserId": "nobody"},
        {"UserStatus": "GONE"},
        {"Emails": []},
        {"Emails": [{"Primary": "yes"}]},
        {"DisplayName": 7},
        {"Nickname": "x"},
        {"CreatedAt": "2026-11-26T15:31:45Z"},
        {"Extensions": {}},
        {"Extensions": {"enterprise": {"any": ["JSON"]}}},
        {"ExternalIds": [{"Id": "00u1"}]},
    ]
    for change in changes:
        assert len(mismatches(shape, valid | change, "user")) == 1
    assert mismatches(shape, {name: valid[name] for name in list(valid)[1:]}, "user") == [
        "user lacks IdentityStoreId"
    ]
