"""The policies of a configuration: for the audited role, each role of a chain, the runner and the output."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sso_batch.aws.credential_source import configured_partition
from sso_batch.aws.operations import LIST_OBJECTS, TABLE
from sso_batch.config import Config, Organization
from sso_batch.config.field_types import partition_of_arn, partition_of_region
from sso_batch.errors import UsageError
from sso_batch.iam.statements import Statement, allow, audited_statements, decrypt_statement, policy_document

RUNNER = "runner"
AUDITED = "audited"

Policies = dict[str, dict[str, Any]]


def build_policies(config: Config, *, kms_key_arns: Iterable[str] = ()) -> Policies:
    """Return the policies by the name of their holder.

    `audited` is for the credentials that read an organization: its role, or its profile's user; with
    organizations in several partitions there is one for each, as `audited-aws-cn`. `runner` is for the
    credentials that the program starts with, including those of `source_profile`. `output` is for a writer
    with credentials of its own. A role that assumes the next one of a chain has its ARN as name.
    `kms_key_arns` are the keys of encrypted instances.
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
