"""A configuration's policies: of the role that is audited with, of each role on the way, of the runner."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sso_batch.aws.operations import LIST_OBJECTS, TABLE
from sso_batch.config import Config, Organization
from sso_batch.config.field_types import partition_of_arn, partition_of_region
from sso_batch.errors import UsageError
from sso_batch.iam.statements import Statement, allow, audited_statements, decrypts, policy
from sso_batch.store import PREFIX

RUNNER = "runner"
AUDITED = "audited"

Policies = dict[str, dict[str, Any]]


def policies(config: Config, *, kms_key_arns: Iterable[str] = ()) -> Policies:
    """The policies by who needs them.

    `audited` is for the credentials that an organization is read with: its role, or its profile's user;
    with organizations in several partitions, one a partition, as `audited-aws-cn`. `runner` is for the
    credentials that the program starts with, those of `source_profile` included. A role that assumes the
    next one of a chain stands under its ARN. `kms_key_arns` are the keys of encrypted instances.
    """
    partitions = sorted({partition_of(one) for one in config.organizations})
    keys = sorted(kms_key_arns)
    if wrong := [key for key in keys if partition_of_arn(key) not in partitions]:
        raise UsageError(
            f"no organization is in the partition of the key {wrong[0]}",
            hint="write the ARN of the key that encrypts an organization's instance",
        )
    found: Policies = {}
    for partition in partitions:
        name = AUDITED if len(partitions) == 1 else f"{AUDITED}-{partition}"
        own = [key for key in keys if partition_of_arn(key) == partition]
        found[name] = policy([*audited_statements(config.collect, partition), *_decrypts(own, partition)])
    assumed = _assumed(config)
    output = config.output.role_arn
    runner = [*_assumes(assumed.pop(RUNNER, set()) | ({output} if output else set())), *_tells(config)]
    writes = _writes(config)
    if output is not None or config.output.profile is not None:
        found["output"] = policy(writes)
    else:
        runner += writes
    if runner:
        found[RUNNER] = policy(runner)
    return found | {role: policy(_assumes(roles)) for role, roles in sorted(assumed.items())}


def partition_of(organization: Organization) -> str:
    """The partition of AWS that an organization is in, as far as its entry tells."""
    if organization.role_arns:
        return partition_of_arn(organization.role_arns[0])
    return "aws" if organization.region == "auto" else partition_of_region(organization.region)


def _assumed(config: Config) -> dict[str, set[str]]:
    """The roles that each role, and the runner, assumes."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for organization in config.organizations:
        holder = RUNNER
        for role in organization.role_arns:
            found[holder].add(role)
            holder = role
    return dict(found)


def _assumes(roles: set[str]) -> list[Statement]:
    return [allow("AssumeRoles", ["sts:AssumeRole"], sorted(roles))] if roles else []


def _decrypts(keys: list[str], partition: str) -> list[Statement]:
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    via = [f"{service}.*.{suffix}" for service in ("sso", "identitystore")]
    return [decrypts(keys, via)] if keys else []


def _writes(config: Config) -> list[Statement]:
    """What a place in S3 takes: reports put, read back and taken back, and a look at those there."""
    place = config.output.s3
    if place is None:
        return []
    partition = _output_partition(config)
    bucket = f"arn:{partition}:s3:::{place.bucket}"
    prefix = f"{place.prefix}/" if place.prefix else ""
    reports = f"{prefix}{PREFIX}*"
    on_bucket = {LIST_OBJECTS.action}
    on_objects = {one.action for one in TABLE if one.service == "s3"} - on_bucket
    if config.output.acl is not None:
        on_objects.add("s3:PutObjectAcl")
    statements = [
        allow("Reports", sorted(on_objects), f"{bucket}/{reports}"),
        allow("ReportNames", sorted(on_bucket), bucket)
        | {"Condition": {"StringLike": {"s3:prefix": [reports]}}},
    ]
    key = config.output.kms_key_id
    return statements if key is None else [*statements, _encrypts(key, partition)]


def _encrypts(key: str, partition: str) -> Statement:
    """What S3 does with the key for the writer: an upload in parts reads them as well."""
    actions = ["kms:Decrypt", "kms:GenerateDataKey"]
    place, is_alias, alias = key.rpartition("alias/")
    anywhere = f"arn:{partition}:kms:*:*:"
    if not is_alias:
        return allow("ReportKey", actions, key if key.startswith("arn:") else f"{anywhere}key/{key}")
    # IAM knows keys alone as resources; an alias can stand in a condition.
    named = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/{alias}"}}
    return allow("ReportKey", actions, f"{place or anywhere}key/*") | {"Condition": named}


def _output_partition(config: Config) -> str:
    output = config.output
    if output.role_arn is not None:
        return partition_of_arn(output.role_arn)
    if output.region is not None:
        return partition_of_region(output.region)
    return partition_of(config.organizations[0])


def _tells(config: Config) -> list[Statement]:
    topic = config.notify.sns_topic_arn
    return [allow("Notify", ["sns:Publish"], topic)] if topic is not None else []
