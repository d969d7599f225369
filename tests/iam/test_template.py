"""Tests of the CloudFormation template in config/iam."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import sso_batch
from sso_batch.config import Collect
from sso_batch.iam.template import render_template

FILE = Path(sso_batch.__file__).parents[1] / "config" / "iam" / "audited-role.yaml"


def role(text: str) -> dict[str, Any]:
    properties: dict[str, Any] = yaml.safe_load(text)["Resources"]["Role"]["Properties"]
    return properties


def test_drift() -> None:
    """The file in config/iam equals what the command prints for the defaults."""
    assert FILE.read_text() == render_template(Collect()), (
        "regenerate it: sso-batch policy --format cloudformation >config/iam/audited-role.yaml"
    )


@pytest.mark.parametrize("settings", [Collect(), Collect(strategy="fastest", entitlements=False)])
def test_lint(tmp_path: Path, settings: Collect) -> None:
    """cfn-lint, which knows IAM's actions, reports nothing."""
    file = tmp_path / "template.yaml"
    file.write_text(render_template(settings))

    ended = subprocess.run(  # noqa: S603 - a tool of ours
        [Path(sys.executable).with_name("cfn-lint"), "--include-checks", "I", "--", file],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (0, "")


def test_external_id_is_a_parameter() -> None:
    """The external id is a hidden parameter, and required only if it is set."""
    text = render_template(Collect())

    parameter = yaml.safe_load(text)["Parameters"]["ExternalId"]
    assert (parameter["NoEcho"], parameter["Default"]) == (True, "")
    (trust,) = role(text)["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": {"Ref": "RunnerArn"}}
    assert trust["Condition"]["Fn::If"] == [
        "HasExternalId",
        {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}},
        {"Ref": "AWS::NoValue"},
    ]


def test_partitions() -> None:
    """No ARN names a partition, and account access is conditional on the partition that offers it."""
    text = render_template(Collect())

    assert "arn:aws:" not in text
    (document,) = role(text)["Policies"]
    conditional = [
        statement["Fn::If"] for statement in document["PolicyDocument"]["Statement"] if "Fn::If" in statement
    ]
    assert [(condition, statement["Sid"]) for condition, statement, _ in conditional] == [
        ("HasAccountAccess", "AccountAccess"),
        ("HasAccountAccess", "AccountAccessLists"),
        ("HasKey", "EncryptedInstance"),
    ]
