"""The operations that an audit with a given configuration can call: for IAM policies and the preflight."""

from sso_batch.aws import operations
from sso_batch.aws.operations import Operation
from sso_batch.config import Collect

_ALWAYS = (
    operations.GET_CALLER_IDENTITY,
    operations.DESCRIBE_ORGANIZATION,
    operations.LIST_ACCOUNTS,
    operations.LIST_INSTANCES,
    operations.LIST_PERMISSION_SETS,
    operations.DESCRIBE_PERMISSION_SET,
    operations.LIST_ACCOUNTS_FOR_PROVISIONED_PERMISSION_SET,
    operations.LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT,
    operations.LIST_ACCOUNT_ASSIGNMENTS,
    operations.LIST_USERS,
    operations.LIST_GROUPS,
    operations.LIST_GROUP_MEMBERSHIPS,
    operations.DESCRIBE_USER,
    operations.DESCRIBE_GROUP,
)
_DETAILS = (
    operations.LIST_MANAGED_POLICIES,
    operations.LIST_CUSTOMER_MANAGED_POLICIES,
    operations.GET_INLINE_POLICY,
    operations.GET_PERMISSIONS_BOUNDARY,
    operations.LIST_PERMISSION_SET_TAGS,
)
_ENTITLEMENTS = (operations.LIST_APPLICATIONS, operations.GET_APPLICATION, operations.LIST_ENTITLEMENTS)
_PATHS = (
    operations.LIST_ROOTS,
    operations.LIST_ORGANIZATIONAL_UNITS_FOR_PARENT,
    operations.LIST_ACCOUNTS_FOR_PARENT,
    operations.DESCRIBE_ORGANIZATIONAL_UNIT,
)
_BY_PRINCIPAL = (operations.LIST_ACCOUNT_ASSIGNMENTS_FOR_PRINCIPAL,)


def required_operations(settings: Collect, *, partition: str) -> tuple[Operation, ...]:
    """Return the operations that an audit with these settings can call in a partition, in a fixed order."""
    return (
        *_ALWAYS,
        *(_BY_PRINCIPAL if settings.strategy == "fastest" else ()),
        *(_DETAILS if settings.permission_set_details else ()),
        *(_ENTITLEMENTS if has_entitlements(settings, partition) else ()),
        *(_PATHS if settings.account_paths else ()),
    )


def has_entitlements(settings: Collect, partition: str) -> bool:
    """Return whether entitlements are collected: AWS offers account access only in its partition `aws`."""
    return settings.entitlements and partition == "aws"
