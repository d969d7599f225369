"""Tests of whether a "not found" is about the requested resource."""

from typing import Any

import pytest

from sso_batch.aws.not_found import concerns_subject
from sso_batch.aws.operations import (
    DESCRIBE_GROUP,
    DESCRIBE_USER,
    GET_PERMISSIONS_BOUNDARY,
    GET_POLICY_VERSION,
    LIST_ACCOUNT_ASSIGNMENTS,
    LIST_ACCOUNT_ASSIGNMENTS_FOR_PRINCIPAL,
    LIST_APPLICATION_ASSIGNMENTS,
    LIST_GROUP_MEMBERSHIPS,
    Operation,
)

STORE = {"IdentityStoreId": "d-1"}
SSO = {"InstanceArn": "arn:aws:sso:::instance/ssoins-1"}
SET = {"PermissionSetArn": "arn:aws:sso:::permissionSet/ssoins-1/ps-1"}
APPLICATION = {"ApplicationArn": "arn:aws:sso::111111111111:application/ssoins-1/apl-1"}
POLICY = {"PolicyArn": "arn:aws:iam::aws:policy/X", "VersionId": "v1"}
USER, GROUP = STORE | {"UserId": "u-1"}, STORE | {"GroupId": "g-1"}


@pytest.mark.parametrize(
    ("operation", "asked", "members", "message"),
    [
        (DESCRIBE_USER, USER, {"ResourceType": "USER", "ResourceId": "u-1"}, "USER not found."),
        (DESCRIBE_USER, USER, {"ResourceType": "USER"}, "USER not found in IDENTITY_STORE d-1"),
        (DESCRIBE_USER, USER, {"ResourceId": "u-1"}, ""),
        (DESCRIBE_USER, USER, {}, ""),
        (DESCRIBE_USER, USER, {}, "The resource does not exist."),
        (DESCRIBE_USER, USER, {"ResourceType": None, "ResourceId": ""}, "User u-1 does not exist"),
        (DESCRIBE_GROUP, GROUP, {"ResourceType": "Group"}, ""),
        (LIST_GROUP_MEMBERSHIPS, GROUP, {}, "GROUP not found."),
        (
            LIST_ACCOUNT_ASSIGNMENTS,
            SSO | SET | {"AccountId": "1"},
            {},
            "Permission set arn:aws:sso:::permissionSet/ssoins-1/ps-1 does not exist in the instance",
        ),
        (LIST_ACCOUNT_ASSIGNMENTS, SSO | SET | {"AccountId": "1"}, {}, "Account 1 does not exist."),
        (
            LIST_ACCOUNT_ASSIGNMENTS_FOR_PRINCIPAL,
            SSO | {"PrincipalId": "u-1"},
            {},
            "User does not exist",
        ),
        (
            GET_PERMISSIONS_BOUNDARY,
            SSO | SET,
            {},
            "Permissions boundary for the permission set does not exist.",
        ),
        (GET_PERMISSIONS_BOUNDARY, SSO | SET, {}, ""),
        (LIST_APPLICATION_ASSIGNMENTS, APPLICATION, {}, "Application apl-1 does not exist."),
        (GET_POLICY_VERSION, POLICY, {}, "Policy arn:aws:iam::aws:policy/X version v1 was not found."),
    ],
)
def test_about_the_subject(
    operation: Operation, asked: dict[str, object], members: dict[str, Any], message: str
) -> None:
    """The requested resource does not exist, unless something contradicts that."""
    assert concerns_subject(operation, asked, {"Error": {"Message": message}, **members})


@pytest.mark.parametrize(
    ("operation", "asked", "members", "message"),
    [
        (DESCRIBE_USER, USER, {"ResourceType": "IDENTITY_STORE"}, "not found"),
        (DESCRIBE_USER, USER, {"ResourceType": "USER", "ResourceId": "u-2"}, "USER not found."),
        (DESCRIBE_USER, USER, {"ResourceId": "d-1"}, "not found"),
        (DESCRIBE_USER, USER, {"ResourceType": "GROUP", "ResourceId": "u-1"}, ""),
        (DESCRIBE_USER, USER, {}, "IDENTITY_STORE not found."),
        (DESCRIBE_USER, USER, {}, "The identity store d-1 does not exist"),
        (DESCRIBE_USER, USER, {}, "GROUP not found."),
        (DESCRIBE_GROUP, GROUP, {}, "Identity Store not found"),
        (LIST_GROUP_MEMBERSHIPS, GROUP, {"ResourceType": "RESOURCE_POLICY"}, ""),
        (LIST_ACCOUNT_ASSIGNMENTS, SSO | SET | {"AccountId": "1"}, {}, "Instance not found"),
        (LIST_APPLICATION_ASSIGNMENTS, APPLICATION, {}, "Instance not found"),
        (
            GET_PERMISSIONS_BOUNDARY,
            SSO | SET,
            {},
            "Instance arn:aws:sso:::instance/ssoins-1 does not exist.",
        ),
        (GET_PERMISSIONS_BOUNDARY, SSO | SET, {}, "Permission set ps-1 does not exist."),
    ],
)
def test_about_something_else(
    operation: Operation, asked: dict[str, object], members: dict[str, Any], message: str
) -> None:
    """A "not found" about another resource says nothing about the requested one."""
    assert not concerns_subject(operation, asked, {"Error": {"Message": message}, **members})
