"""Tests of `sso-batch policy`."""

import json
from pathlib import Path

import pytest

from sso_batch.config import Collect, Config
from sso_batch.iam.policies import build_policies
from sso_batch.iam.template import render_template
from tests.support.command import Command

ROLE = "arn:aws:iam::111122223333:role/Audit"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "orgs.yaml"
    file.write_text(f"organizations:\n  - name: acme\n    role_arn: {ROLE}\n")
    return file


def test_unknown_name(sso_batch: Command, config: Path) -> None:
    """An unknown policy name is a usage error that lists the known ones."""
    ended = sso_batch("policy", "-c", config, "--for", "output")

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr == ("sso-batch: unknown policy name output\n  use --for audited or --for runner\n")


def test_all(sso_batch: Command, config: Path) -> None:
    """All policies of a configuration are one JSON object, by policy name."""
    ended = sso_batch("policy", "-c", config)

    entry = {"name": "acme", "role_arn": ROLE}
    assert (ended.code, ended.stderr) == (0, "")
    assert json.loads(ended.stdout) == build_policies(Config.model_validate({"organizations": (entry,)}))


@pytest.mark.parametrize("holder", ["audited", "runner"])
def test_one(sso_batch: Command, config: Path, holder: str) -> None:
    """A single policy is printed as a document for IAM."""
    ended = sso_batch("policy", "-c", config, "--for", holder)

    assert json.loads(ended.stdout) == json.loads(sso_batch("policy", "-c", config).stdout)[holder]


def test_defaults(sso_batch: Command) -> None:
    """Without a configuration, the policy and the template are those of the default settings."""
    assert list(json.loads(sso_batch("policy").stdout)) == ["audited"]
    assert sso_batch("policy", "--format", "cloudformation").stdout == render_template(Collect())
