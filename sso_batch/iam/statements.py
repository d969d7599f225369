"""What an audited role may do, statement by statement: an action for each operation, on what it reads."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sso_batch.aws.operations import Operation
from sso_batch.aws.required_operations import needed
from sso_batch.config import Collect

Statement = dict[str, Any]
Arn = Callable[[str], str]
"""Makes an ARN of what follows the partition, as `sso:::instance/*`."""

_NO_PERMISSION_NEEDED = frozenset({"sts:GetCallerIdentity"})

_SIDS = {
    "sso": "IdentityCenter",
    "identitystore": "IdentityStore",
    "organizations": "Organizations",
    "account-access": "AccountAccess",
}

# Source: AWS's service authorization reference. Actions that it gives no resource for, and those that need
# none where they list, are allowed on all.
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
_ON_ALL = frozenset({"sso:ListInstances", "account-access:ListApplications"})


def audited_statements(settings: Collect, partition: str, arn: Arn | None = None) -> list[Statement]:
    """The statements of the role that is audited with, for these settings in a partition."""
    return reads(needed(settings, partition=partition), arn or _plain(partition))


def reads(operations: Iterable[Operation], arn: Arn) -> list[Statement]:
    """Statements that allow operations: one a service, and one for what has no resource."""
    actions = sorted({one.action for one in operations} - _NO_PERMISSION_NEEDED)
    statements = []
    for prefix, sid in _SIDS.items():
        of_service = [action for action in actions if action.startswith(f"{prefix}:")]
        on_all = [action for action in of_service if action in _ON_ALL or prefix not in _RESOURCES]
        on_some = [action for action in of_service if action not in on_all]
        if on_some:
            resources = [arn(resource) for resource in _RESOURCES[prefix]]
            statements.append(allow(sid, on_some, resources))
        if on_all:
            statements.append(allow(f"{sid}Lists" if on_some else sid, on_all, "*"))
    return statements


def decrypts(key_arn: Any, via: list[Any]) -> Statement:  # noqa: ANN401 - text, or a function of CloudFormation's
    """A statement that allows to read an instance that is encrypted with a customer managed key."""
    condition = {"StringLike": {"kms:ViaService": via}}
    return allow("EncryptedInstance", ["kms:Decrypt"], key_arn) | {"Condition": condition}


def allow(sid: str, actions: list[str], resource: object) -> Statement:
    """A statement that allows actions on a resource, or on several."""
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def policy(statements: list[Statement]) -> dict[str, Any]:
    """A policy document of statements."""
    return {"Version": "2012-10-17", "Statement": statements}


def _plain(partition: str) -> Arn:
    return lambda rest: f"arn:{partition}:{rest}"
