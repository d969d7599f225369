"""Tests of the table of operations, compared with botocore's models."""

import pytest
from botocore.loaders import create_loader
from botocore.model import ServiceModel

from sso_batch.aws import operations
from sso_batch.aws.operations import Limit, Operation

ALL = [value for value in vars(operations).values() if isinstance(value, Operation)]
MODELS = {
    service: ServiceModel(create_loader().load_service_model(service, "service-2"), service)
    for service in {operation.service for operation in ALL}
}


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: operation.name)
def test_known_to_aws(operation: Operation) -> None:
    """The service has the operation, and a listing has its list and the largest page size."""
    model = MODELS[operation.service].operation_model(operation.name)

    asked, given = model.input_shape, model.output_shape
    assert given is not None
    assert (operation.items in given.members) == bool(operation.items)
    assert (operation.token_key in given.members) == bool(operation.items)
    paged = asked is not None and operation.page_size_key in asked.members
    assert operation.page == (
        asked.members[operation.page_size_key].metadata["max"] if asked is not None and paged else None
    )


@pytest.mark.parametrize(
    "operation",
    [operation for operation in ALL if operation.service != "s3"],
    ids=lambda operation: operation.name,
)
def test_iam_action(operation: Operation) -> None:
    """The IAM action has the prefix that IAM uses: `sso`, not `sso-admin`."""
    prefix = {"sso-admin": "sso"}.get(operation.service, operation.service)

    assert operation.action == f"{prefix}:{operation.name}"


def test_labels() -> None:
    """Every operation has a label of its own, although two services have a ListApplications."""
    labels = [operation.label for operation in ALL]

    assert len(labels) == len(set(labels))
    assert {operation.label for operation in ALL if operation.label != operation.name} == {
        "sso:ListApplications"
    }
    assert operations.LIST_APPLICATIONS.label == "ListApplications"


def test_iam_actions_of_s3() -> None:
    """S3's operations share actions, as in AWS's service authorization reference."""
    assert {operation.name: operation.action for operation in ALL if operation.service == "s3"} == {
        "PutObject": "s3:PutObject",
        "CreateMultipartUpload": "s3:PutObject",
        "UploadPart": "s3:PutObject",
        "CompleteMultipartUpload": "s3:PutObject",
        "AbortMultipartUpload": "s3:AbortMultipartUpload",
        "GetObject": "s3:GetObject",
        "HeadObject": "s3:GetObject",
        "ListObjectsV2": "s3:ListBucket",
        "DeleteObject": "s3:DeleteObject",
    }


@pytest.mark.parametrize(
    ("operation", "limit"),
    [
        (operations.LIST_PERMISSION_SETS, Limit("sso-admin", 20, 20)),
        (operations.LIST_ACCOUNT_ASSIGNMENTS, Limit("sso-admin", 20, 20)),
        (operations.LIST_SSO_APPLICATIONS, Limit("sso-admin", 20, 20)),
        (operations.LIST_APPLICATION_ASSIGNMENTS, Limit("sso-admin", 20, 20)),
        (operations.GET_APPLICATION_ASSIGNMENT_CONFIGURATION, Limit("sso-admin", 20, 20)),
        (operations.LIST_USERS, Limit("identitystore:ListUsers", 20, 20)),
        (operations.DESCRIBE_USER, Limit("identitystore:DescribeUser", 20, 20)),
        (operations.LIST_ACCOUNTS, Limit("organizations:accounts", 8, 12)),
        (operations.DESCRIBE_ORGANIZATION, Limit("organizations:organization", 1, 2)),
        (operations.LIST_DELEGATED_ADMINISTRATORS, Limit("organizations:delegated", 5, 8)),
        (operations.GET_POLICY, Limit("iam", 10, 10)),
        (operations.GET_POLICY_VERSION, Limit("iam", 10, 10)),
    ],
)
def test_limits(operation: Operation, limit: Limit) -> None:
    """sso-admin and IAM have one limit for all, Identity Store one for each, Organizations several."""
    assert operation.limit == limit


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("ListUsers", "list_users"),
        ("AssumeRole", "assume_role"),
        ("ListAccountsForProvisionedPermissionSet", "list_accounts_for_provisioned_permission_set"),
    ],
)
def test_method(name: str, method: str) -> None:
    """A client's method has the operation's name in snake case."""
    assert Operation(name, "sts", "sts:x", operations.UNLIMITED).method == method
