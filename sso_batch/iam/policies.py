"""The policies of a configuration: for the audited role, each role of a chain, the runner and the output.

The audited role has one IAM action for each operation, on the resources that it reads.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sso_batch.aws.credential_source import configured_partition
from sso_batch.aws.operations import (
    GET_OBJECT,
    LIST_OBJECTS,
    OF_ONE_APPLICATION,
    TABLE,
    Operation,
    required_operations,
)
from sso_batch.aws.regions import output_region
from sso_batch.config import Collect, Config, Organization, S3Place
from sso_batch.config.field_types import partition_of_arn, partition_of_region
from sso_batch.errors import UsageError

Statement = dict[str, Any]
Arn = Callable[[str], str]
"""Builds an ARN from the part after the partition, such as `sso:::instance/*`."""

_NO_PERMISSION_NEEDED = frozenset({"sts:GetCallerIdentity"})

_SIDS = {
    "sso": "IdentityCenter",
    "identitystore": "IdentityStore",
    "organizations": "Organizations",
    "account-access": "AccountAccess",
    "iam": "ManagedPolicies",
    "cloudtrail": "Activity",
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
    "iam": ("iam::aws:policy/*",),
}
_ON_ALL_RESOURCES = frozenset(
    {"sso:ListInstances", "sso:ListApplications", "account-access:ListApplications"}
)
_ALSO_ON = {operation.action: "sso::*:application/*" for operation in OF_ONE_APPLICATION}
"""Resources that only a few actions of a service read; an application's ARN has its owner's account id."""

RUNNER = "runner"
AUDITED = "audited"

Policies = dict[str, dict[str, Any]]


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
            further = sorted({_ALSO_ON[action] for action in on_some if action in _ALSO_ON})
            resources = [arn(resource) for resource in (*_RESOURCES[prefix], *further)]
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


def build_policies(
    config: Config, *, kms_key_arns: Iterable[str] = (), read_first: Iterable[S3Place] = ()
) -> Policies:
    """Return the policies by the name of their holder.

    `audited` is for the credentials that read an organization: its role, or its profile's user; with
    organizations in several partitions there is one for each, as `audited-aws-cn`. `runner` is for the
    credentials that the program starts with, including those of `source_profile`. `output` is for a writer
    with credentials of its own. A role that assumes the next one of a chain has its ARN as name.
    `kms_key_arns` are the keys of encrypted instances, and `read_first` the objects of the configuration.
    """
    partitions = sorted({_partition_of(organization) for organization in config.organizations})
    keys = sorted(kms_key_arns)
    if unknown := [key for key in keys if partition_of_arn(key) not in partitions]:
        raise UsageError(
            f"no organization is in the partition of the key {unknown[0]}",
            hint="write the ARN of the key that encrypts an organization's instance",
        )
    policies: Policies = {}
    for partition in partitions:
        name = AUDITED if len(partitions) == 1 else f"{AUDITED}-{partition}"
        own = [key for key in keys if partition_of_arn(key) == partition]
        policies[name] = policy_document(
            [*audited_statements(config.collect, partition), *_decrypt_statements(own, partition)]
        )
    assumed = _assumed_roles(config)
    writer_role = config.output.role_arn
    runner = [
        *_assume_statements(assumed.pop(RUNNER, set()) | ({writer_role} if writer_role else set())),
        *_read_statements(read_first),
        *_notify_statements(config),
    ]
    output_statements = _output_statements(config)
    if writer_role is not None or config.output.profile is not None:
        policies["output"] = policy_document(output_statements)
    else:
        runner += output_statements
    if runner:
        policies[RUNNER] = policy_document(runner)
    return policies | {
        role: policy_document(_assume_statements(roles)) for role, roles in sorted(assumed.items())
    }


def _partition_of(organization: Organization) -> str:
    """Return the partition that an organization's entry names, `aws` by default."""
    return configured_partition(organization) or "aws"


def _assumed_roles(config: Config) -> dict[str, set[str]]:
    """Return the roles that the runner and each role of a chain assume."""
    assumed: defaultdict[str, set[str]] = defaultdict(set)
    for organization in config.organizations:
        holder = RUNNER
        for role in organization.role_arns:
            assumed[holder].add(role)
            holder = role
    return dict(assumed)


def _assume_statements(roles: set[str]) -> list[Statement]:
    return [allow("AssumeRoles", ["sts:AssumeRole"], sorted(roles))] if roles else []


def _decrypt_statements(keys: list[str], partition: str) -> list[Statement]:
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    via = [f"{service}.*.{suffix}" for service in ("sso", "identitystore")]
    return [decrypt_statement(keys, via)] if keys else []


def _read_statements(objects: Iterable[S3Place]) -> list[Statement]:
    """Return the statement for the objects that the runner reads before anything else."""
    partition = partition_of_region(output_region(None, None))
    arns = [place.object_arn(partition) for place in objects]
    return [allow("Configuration", [GET_OBJECT.action], arns)] if arns else []


def _output_statements(config: Config) -> list[Statement]:
    """Return the statements for an output place in S3: put, read, list and delete reports."""
    place = config.output.s3
    if place is None:
        return []
    partition = _output_partition(config)
    bucket = f"arn:{partition}:s3:::{place.bucket}"
    prefix = f"{place.prefix}/" if place.prefix else ""
    reports = f"{prefix}*"
    on_bucket = {LIST_OBJECTS.action}
    on_objects = {operation.action for operation in TABLE if operation.service == "s3"} - on_bucket
    if config.output.acl is not None:
        on_objects.add("s3:PutObjectAcl")
    statements = [
        allow("Reports", sorted(on_objects), f"{bucket}/{reports}"),
        allow("ReportNames", sorted(on_bucket), bucket)
        | ({"Condition": {"StringLike": {"s3:prefix": [reports]}}} if prefix else {}),
    ]
    key = config.output.kms_key_id
    return statements if key is None else [*statements, _encrypt_statement(key, partition)]


def _encrypt_statement(key: str, partition: str) -> Statement:
    """Return the statement for the key that encrypts reports; a multipart upload also decrypts its parts."""
    actions = ["kms:Decrypt", "kms:GenerateDataKey"]
    arn_start, is_alias, alias = key.rpartition("alias/")
    anywhere = f"arn:{partition}:kms:*:*:"
    if not is_alias:
        return allow("ReportKey", actions, key if key.startswith("arn:") else f"{anywhere}key/{key}")
    # A policy's resource can be a key, but not an alias; a condition can name the alias.
    alias_condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/{alias}"}}
    return allow("ReportKey", actions, f"{arn_start or anywhere}key/*") | {"Condition": alias_condition}


def _output_partition(config: Config) -> str:
    output = config.output
    if output.role_arn is not None:
        return partition_of_arn(output.role_arn)
    if output.region is not None:
        return partition_of_region(output.region)
    return _partition_of(config.organizations[0])


def _notify_statements(config: Config) -> list[Statement]:
    topic = config.notify.sns_topic_arn
    return [allow("Notify", ["sns:Publish"], topic)] if topic is not None else []
