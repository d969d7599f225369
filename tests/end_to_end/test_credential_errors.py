"""Credentials that do not work: the organization fails, and the hint names the command to run."""

import hashlib
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import botocore.credentials
import botocore.tokens
import pytest

from sso_batch.aws import connection_pool
from sso_batch.emulator import HUB
from tests.support.audits import Audit
from tests.support.expected_reports import assert_exact, assert_first_failed
from tests.support.sample_worlds import EXTERNAL_ID, small, three_access_paths, with_profile

SSO_PROFILE = """\
[profile staff]
sso_session = corp
sso_account_id = 000001000000
sso_role_name = Auditor

[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://corp.awsapps.example/start
"""


def test_an_unknown_profile(audit: Audit) -> None:
    """For an unknown profile the hint names the command that lists the profiles."""
    world = small()

    reports = audit(world, config=with_profile("nobody", world))

    gap = assert_first_failed(reports, world, "ProfileNotFound", "aws configure list-profiles")
    assert "nobody" in gap["message"]


@pytest.mark.parametrize("session", ["missing", "expired"])
def test_an_expired_sso_login(
    audit: Audit, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, session: str
) -> None:
    """For a profile of IAM Identity Center without a valid login the hint names `aws sso login`."""
    (home / "aws-config").write_text(SSO_PROFILE)
    cache = tmp_path / "cache"
    for provider in (botocore.credentials.SSOProvider, botocore.tokens.SSOTokenProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(cache))
    if session == "expired":
        cache.mkdir()
        token = {"accessToken": "made-up", "expiresAt": "2020-01-01T00:00:00Z"}
        name = hashlib.sha1(b"corp", usedforsecurity=False).hexdigest()
        (cache / f"{name}.json").write_text(json.dumps(token))
    world = small()

    reports = audit(world, config=with_profile("staff", world))

    assert_first_failed(reports, world, "LoginExpired", "aws sso login --profile")


def test_a_profile_that_asks_for_mfa(audit: Audit, home: Path) -> None:
    """A profile that would ask for an MFA code fails at once, and the hint says what to use instead."""
    (home / "aws-config").write_text(
        "[profile admin]\nrole_arn = arn:aws:iam::000001000000:role/Admin\nsource_profile = me\n"
        "mfa_serial = arn:aws:iam::000001000000:mfa/me\n"
    )
    world = small()

    reports = audit(world, config=with_profile("admin", world))

    gap = assert_first_failed(reports, world, "MfaRequired", "aws configure sso", "mfa_serial")
    assert "admin" in gap["message"]
    assert reports.calls["org-0", "GetCallerIdentity"] == 0


def test_no_credentials_at_all(audit: Audit) -> None:
    """Without any credentials every organization fails, and the hint names the command that shows them."""
    world = small()

    reports = audit(world, environ={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None})

    assert reports.ended.code == 5
    assert reports.statuses == {"org-0": "failed", "org-1": "failed"}
    for name in ("org-0", "org-1"):
        gap = reports.gap(name)
        assert gap["code"] == "NoCredentials"
        assert "`profile`" in gap["hint"]
        assert "aws sts get-caller-identity" in gap["hint"]
    assert not reports.calls


def test_keys_that_aws_does_not_know(audit: Audit) -> None:
    """With deleted or wrong keys every organization fails at AssumeRole."""
    reports = audit(small(), environ={"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEGONE00001"})

    assert reports.ended.code == 5
    assert {reports.gap(name)["operation"] for name in ("org-0", "org-1")} == {"AssumeRole"}


def test_a_role_with_another_trust_policy(audit: Audit) -> None:
    """For a role that trusts somebody else the hint names the trust policy, and no external id."""
    first, second = small().roles
    world = replace(small(), roles=(replace(first, trusted=("123412341234",)), second))

    reports = audit(world)

    gap = assert_first_failed(reports, world, "AccessDenied", "trust policy", "sts:AssumeRole")
    assert gap["operation"] == "AssumeRole"
    assert "external" not in gap["hint"]
    assert HUB.user_arn in gap["message"]


def test_a_misspelled_role(audit: Audit) -> None:
    """For a role that does not exist, which AWS denies, the hint says first to check its name."""
    world = small()

    reports = audit(world, config=lambda text: text.replace(world.roles[0].arn, f"{world.roles[0].arn}Typo"))

    gap = assert_first_failed(reports, world, "AccessDenied", "does not exist")
    assert gap["hint"].startswith("check the role's name")
    assert "external" not in gap["hint"]


@pytest.mark.parametrize("written", ["another-one", None], ids=["wrong", "missing"])
def test_a_wrong_external_id(audit: Audit, written: str | None) -> None:
    """For a wrong or missing external id the hint names the trust policy, and a configured `external_id`."""
    world = three_access_paths()
    line = f'    external_id: "{EXTERNAL_ID}"\n'

    reports = audit(
        world,
        config=lambda text: text.replace(line, f"    external_id: {written}\n" if written else ""),
    )

    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "complete", "org-1": "complete", "org-2": "failed"}
    gap = reports.gap("org-2")
    assert gap["operation"] == "AssumeRole"
    assert "trust policy" in gap["hint"]
    assert ("external_id" in gap["hint"]) == (written is not None)
    assert_exact(reports, world, "org-0", "org-1")


def test_a_session_longer_than_the_role_allows(audit: Audit) -> None:
    """A session longer than the role allows fails with AWS's own message."""
    world = small()

    entry = "  - name: org-0"

    reports = audit(world, config=lambda text: text.replace(entry, f"{entry}\n    duration_seconds: 7200"))

    assert reports.statuses == {"org-0": "failed", "org-1": "complete"}
    assert "DurationSeconds" in reports.gap("org-0")["message"]


def test_a_credential_process_that_returns_expired_credentials(
    audit: Audit, home: Path, tmp_path: Path
) -> None:
    """Credentials that have expired already fail the organization with a hint, not as a bug."""
    script = tmp_path / "credentials.py"
    script.write_text(
        'print(\'{"Version": 1, "AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "made-up", \'\n'
        '\'"SessionToken": "made-up", "Expiration": "2020-01-01T00:00:00Z"}\')\n'
    )
    (home / "aws-config").write_text(f"[profile expired]\ncredential_process = {sys.executable} {script}\n")
    world = small()

    reports = audit(world, config=with_profile("expired", world))

    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "failed", "org-1": "complete"}
    assert "credentials" in reports.gap("org-0")["hint"]


def test_a_credential_process_that_never_ends(
    audit: Audit, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that waits for input fails only its own organization, after a time limit."""
    monkeypatch.setattr(connection_pool, "PATIENCE", 0.5)
    silent = tmp_path / "silent"
    os.mkfifo(silent)
    (home / "aws-config").write_text(f"[profile waiting]\ncredential_process = cat {silent}\n")
    world = small()

    reports = audit(world, config=with_profile("waiting", world))

    assert_first_failed(reports, world, "CredentialsTimeout", "credential_process")
    os.close(os.open(silent, os.O_RDWR))  # ends the program
