"""`sso-batch policy`."""

import json
from pathlib import Path

import pytest

from sso_batch.config import Collect, Config
from sso_batch.iam.policies import build_policies
from sso_batch.iam.template import render_template
from tests.end_to_end.command import Command

ROLE = "arn:aws:iam::111122223333:role/Audit"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "orgs.yaml"
    file.write_text(f"organizations:\n  - name: acme\n    role_arn: {ROLE}\n")
    return file


def test_nobody(sso_batch: Command, config: Path) -> None:
    """Somebody who needs no policy is a mistake, and those who do are named."""
    ended = sso_batch("policy", "-c", config, "--for", "output")

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr == (
        "sso-batch: nobody is called output here, or needs a policy\n  write --for audited, or runner\n"
    )


def test_all(sso_batch: Command, config: Path) -> None:
    """All policies of a configuration are one JSON object, by who needs them."""
    ended = sso_batch("policy", "-c", config)

    entry = {"name": "acme", "role_arn": ROLE}
    assert (ended.code, ended.stderr) == (0, "")
    assert json.loads(ended.stdout) == build_policies(Config.model_validate({"organizations": (entry,)}))


@pytest.mark.parametrize("holder", ["audited", "runner"])
def test_one(sso_batch: Command, config: Path, holder: str) -> None:
    """One policy alone is a document that IAM takes as it is."""
    ended = sso_batch("policy", "-c", config, "--for", holder)

    assert json.loads(ended.stdout) == json.loads(sso_batch("policy", "-c", config).stdout)[holder]


def test_defaults(sso_batch: Command) -> None:
    """Without a configuration, the policy is what the defaults need; the template likewise."""
    assert list(json.loads(sso_batch("policy").stdout)) == ["audited"]
    assert sso_batch("policy", "--format", "cloudformation").stdout == render_template(Collect())
