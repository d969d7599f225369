"""Tests of policies: everything that a configuration needs, and nothing else."""

import json
from typing import Any

import pytest

from sso_batch.aws.operations import required_operations
from sso_batch.config import Collect, Config, S3Place
from sso_batch.errors import UsageError
from sso_batch.iam.policies import build_policies

HUB = "arn:aws:iam::333344445555:role/AuditHub"
AUDIT = "arn:aws:iam::444455556666:role/SsoBatchAudit"
CHINA = "arn:aws-cn:iam::555566667777:role/SsoBatchAudit"
IAM_LIMIT = 6144
"""The maximum number of characters of a managed policy, without white space."""


def configuration(*organizations: dict[str, Any], **settings: Any) -> Config:  # noqa: ANN401 - as users write them
    return Config.model_validate({"organizations": organizations or ({"name": "acme"},), **settings})


def actions(policy: dict[str, Any]) -> list[str]:
    return [action for statement in policy["Statement"] for action in statement["Action"]]


def test_key_in_another_partition() -> None:
    """A key in a partition without an organization is an error."""
    with pytest.raises(UsageError, match="no organization is in the partition of the key arn:aws-cn:kms:x"):
        build_policies(configuration(), kms_key_arns=["arn:aws-cn:kms:x"])


@pytest.mark.parametrize("strategy", ["complete", "fastest"])
@pytest.mark.parametrize("everything", [True, False])
def test_audited(strategy: str, everything: bool) -> None:  # noqa: FBT001 - a row of the table
    """The audited role may do exactly what the settings need, each action once."""
    keys = dict.fromkeys(("permission_set_details", "entitlements", "account_paths"), everything)
    settings = Collect.model_validate({"strategy": strategy, **keys})

    audited = build_policies(configuration(collect={"strategy": strategy, **keys}))["audited"]

    used = {operation.action for operation in required_operations(settings, partition="aws")} - {
        "sts:GetCallerIdentity"
    }
    assert sorted(actions(audited)) == sorted(used)
    assert ("sso:ListAccountAssignmentsForPrincipal" in used) == (strategy == "fastest")
    assert len(json.dumps(audited, separators=(",", ":"))) < IAM_LIMIT


def test_without_documents_of_policies() -> None:
    """Without the documents of policies the audited role needs nothing of IAM."""
    complete, without = (
        actions(build_policies(configuration(collect={"policy_documents": documents}))["audited"])
        for documents in (True, False)
    )

    assert set(complete) - set(without) == {
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "organizations:ListDelegatedAdministrators",
    }


def test_audited_resources() -> None:
    """Each statement names the resources that its actions read."""
    audited = build_policies(configuration({"name": "acme", "role_arn": CHINA}))["audited"]

    resources = {statement["Sid"]: statement["Resource"] for statement in audited["Statement"]}
    assert resources == {
        "IdentityCenter": [
            "arn:aws-cn:sso:::instance/*",
            "arn:aws-cn:sso:::permissionSet/*",
            "arn:aws-cn:sso:::account/*",
        ],
        "IdentityCenterLists": "*",
        "IdentityStore": [
            "arn:aws-cn:identitystore::*:identitystore/*",
            "arn:aws-cn:identitystore:::user/*",
            "arn:aws-cn:identitystore:::group/*",
            "arn:aws-cn:identitystore:::membership/*",
        ],
        "Organizations": "*",
        "ManagedPolicies": ["arn:aws-cn:iam::aws:policy/*"],
    }


def test_applications() -> None:
    """Applications need three actions, two of them on the ARNs of applications in any account."""
    without, audited = (
        build_policies(configuration(collect={"applications": applications}))["audited"]
        for applications in (False, True)
    )

    assert set(actions(audited)) - set(actions(without)) == {
        "sso:ListApplications",
        "sso:ListApplicationAssignments",
        "sso:GetApplicationAssignmentConfiguration",
    }
    statements = {statement["Sid"]: statement for statement in audited["Statement"]}
    assert statements["IdentityCenter"]["Resource"][-1] == "arn:aws:sso::*:application/*"
    assert {"sso:ListApplicationAssignments", "sso:GetApplicationAssignmentConfiguration"} <= set(
        statements["IdentityCenter"]["Action"]
    )
    assert statements["IdentityCenterLists"]["Action"] == ["sso:ListApplications", "sso:ListInstances"]
    assert len(json.dumps(audited, separators=(",", ":"))) < IAM_LIMIT


def test_encrypted_instance() -> None:
    """The key of an encrypted instance may only be used through IAM Identity Center."""
    key = "arn:aws:kms:eu-west-1:111122223333:key/1"

    audited = build_policies(configuration(), kms_key_arns=[key])["audited"]

    assert audited["Statement"][-1] == {
        "Sid": "EncryptedInstance",
        "Effect": "Allow",
        "Action": ["kms:Decrypt"],
        "Resource": [key],
        "Condition": {
            "StringLike": {"kms:ViaService": ["sso.*.amazonaws.com", "identitystore.*.amazonaws.com"]}
        },
    }


def test_no_runner_policy() -> None:
    """A runner that assumes no role and writes to a folder needs no policy."""
    assert list(build_policies(configuration({"name": "acme", "profile": "acme"}))) == ["audited"]


def test_runner_and_chains() -> None:
    """The runner assumes the first roles, each once, and each role of a chain the next one."""
    entries = (
        {"name": "a", "role_arn": (HUB, AUDIT)},
        {"name": "b", "role_arn": HUB},
        {"name": "c", "role_arn": CHINA},
    )

    found = build_policies(configuration(*entries))

    assert list(found) == ["audited-aws", "audited-aws-cn", "runner", HUB]
    assert actions(found["audited-aws-cn"]) == [
        action for action in actions(found["audited-aws"]) if not action.startswith("account-access:")
    ]
    assert found["runner"]["Statement"] == [
        {
            "Sid": "AssumeRoles",
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Resource": [CHINA, HUB],
        }
    ]
    assert found[HUB]["Statement"][0]["Resource"] == [AUDIT]


@pytest.mark.parametrize("prefix", ["", "/nightly"])
def test_bucket_and_topic(prefix: str) -> None:
    """The runner may only write this bucket's reports, use its key, and publish to this topic."""
    key, topic = "arn:aws:kms:eu-west-1:111122223333:key/1", "arn:aws:sns:eu-west-1:111122223333:audits"
    output = {"directory": f"s3://reports{prefix}", "kms_key_id": key}
    folder = f"{prefix}/".removeprefix("/")

    runner = build_policies(configuration(output=output, notify={"sns_topic_arn": topic}))["runner"]

    assert [(statement["Action"], statement["Resource"]) for statement in runner["Statement"]] == [
        (["sns:Publish"], topic),
        (
            ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            f"arn:aws:s3:::reports/{folder}*",
        ),
        (["s3:ListBucket"], "arn:aws:s3:::reports"),
        (["kms:Decrypt", "kms:GenerateDataKey"], key),
    ]
    condition = {"Condition": {"StringLike": {"s3:prefix": [f"{folder}*"]}}} if folder else {}
    assert {key: value for key, value in runner["Statement"][2].items() if key == "Condition"} == condition


@pytest.mark.parametrize(("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn")])
def test_configuration_in_s3(monkeypatch: pytest.MonkeyPatch, region: str, partition: str) -> None:
    """The runner may read the objects of the configuration, in the partition of its own credentials."""
    monkeypatch.setenv("AWS_REGION", region)
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    objects = [S3Place("bucket", "config/orgs.yaml"), S3Place("other", "hr.csv")]

    found = build_policies(configuration({"name": "acme", "role_arn": CHINA}), read_first=objects)

    assert found["runner"]["Statement"][1] == {
        "Sid": "Configuration",
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": [
            f"arn:{partition}:s3:::bucket/config/orgs.yaml",
            f"arn:{partition}:s3:::other/hr.csv",
        ],
    }


def test_acl() -> None:
    """Only a configuration with an ACL needs the permission to set one."""
    plain, with_acl = (
        build_policies(configuration(output={"directory": "s3://reports", **acl}))["runner"]
        for acl in ({}, {"acl": "bucket-owner-full-control"})
    )

    assert set(actions(with_acl)) - set(actions(plain)) == {"s3:PutObjectAcl"}


@pytest.mark.parametrize(
    ("key", "resource", "alias"),
    [
        ("arn:aws:kms:eu-west-1:111122223333:key/1", "arn:aws:kms:eu-west-1:111122223333:key/1", None),
        (
            "12345678-1234-1234-1234-123456789012",
            "arn:aws:kms:*:*:key/12345678-1234-1234-1234-123456789012",
            None,
        ),
        ("alias/reports", "arn:aws:kms:*:*:key/*", "alias/reports"),
        (
            "arn:aws:kms:eu-west-1:111122223333:alias/reports",
            "arn:aws:kms:eu-west-1:111122223333:key/*",
            "alias/reports",
        ),
    ],
)
def test_key(key: str, resource: str, alias: str | None) -> None:
    """The policy's resource is always a key, as IAM requires; an alias becomes a condition."""
    runner = build_policies(configuration(output={"directory": "s3://reports", "kms_key_id": key}))["runner"]

    statement = runner["Statement"][-1]
    assert (statement["Action"], statement["Resource"]) == (["kms:Decrypt", "kms:GenerateDataKey"], resource)
    assert statement.get("Condition") == (
        alias and {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}}
    )


@pytest.mark.parametrize("writer", [{"profile": "writer"}, {"role_arn": HUB}])
def test_writer_with_own_credentials(writer: dict[str, str]) -> None:
    """A writer with its own credentials gets the bucket; the runner may only assume the writer's role."""
    found = build_policies(configuration(output={"directory": "s3://reports", **writer}))

    assert "s3:PutObject" in actions(found["output"])
    assert [statement["Resource"] for statement in found.get("runner", {"Statement": []})["Statement"]] == [
        [role] for role in writer.values() if role == HUB
    ]
