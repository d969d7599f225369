"""The statements of the audited role: one IAM action for each operation, on the resources that it reads."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sso_batch.aws.operations import Operation
from sso_batch.aws.required_operations import required_operations
from sso_batch.config import Collect

Statement = dict[str, Any]
Arn = Callable[[str], str]
"""Builds an ARN from the part after the partition, such as `sso:::instance/*`."""

_NO_PERMISSION_NEEDED = frozenset({"sts:GetCallerIdentity"})

ACCOUNT_ACCESS_SID = "AccountAccess"
"""How the ids of the statements for account access start: AWS offers it only in its partition `aws`."""

_SIDS = {
    "sso": "IdentityCenter",
    "identitystore": "IdentityStore",
    "organizations": "Organizations",
    "account-access": ACCOUNT_ACCESS_SID,
}

# Source: AWS's service authorization reference. Actions without a resource type, and listings that need
# none, are allowed on all resources.
_RESOURCES: Mapping[str, tuple[str, ...]] = {
    "sso": ("sso:::instance/*", "sso:::permissionSet/*", "sso:::account/*"),
    "identitystore": (
        "identitystore::*:identitystore/*",
        "identitystore:::user/*",
        "identitystore:::group/*",
        "identitystore:::membership/*",
    ),
    "account-access": ("account-access:*:*:application/*",),
}
_ON_ALL_RESOURCES = frozenset({"sso:ListInstances", "account-access:ListApplications"})


def audited_statements(settings: Collect, partition: str, arn: Arn | None = None) -> list[Statement]:
    """Return the statements of the audited role for these settings in a partition."""
    return read_statements(required_operations(settings, partition=partition), arn or _plain_arn(partition))


def read_statements(operations: Iterable[Operation], arn: Arn) -> list[Statement]:
    """Return statements that allow operations: one for each service, one for actions without resource."""
    actions = sorted({operation.action for operation in operations} - _NO_PERMISSION_NEEDED)
    statements = []
    for prefix, sid in _SIDS.items():
        of_service = [action for action in actions if action.startswith(f"{prefix}:")]
        on_all = [action for action in of_service if action in _ON_ALL_RESOURCES or prefix not in _RESOURCES]
        on_some = [action for action in of_service if action not in on_all]
        if on_some:
            resources = [arn(resource) for resource in _RESOURCES[prefix]]
            statements.append(allow(sid, on_some, resources))
        if on_all:
            statements.append(allow(f"{sid}Lists" if on_some else sid, on_all, "*"))
    return statements


def decrypt_statement(key_arn: Any, via: list[Any]) -> Statement:  # noqa: ANN401 - text or a CloudFormation function
    """Return a statement that allows reading an instance encrypted with a customer managed key."""
    condition = {"StringLike": {"kms:ViaService": via}}
    return allow("EncryptedInstance", ["kms:Decrypt"], key_arn) | {"Condition": condition}


def allow(sid: str, actions: list[str], resource: object) -> Statement:
    """Return a statement that allows actions on one or more resources."""
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def policy_document(statements: list[Statement]) -> dict[str, Any]:
    """Return a policy document with these statements."""
    return {"Version": "2012-10-17", "Statement": statements}


def _plain_arn(partition: str) -> Arn:
    return lambda rest: f"arn:{partition}:{rest}"
