"""Tests of `sso-batch explain`."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from sso_batch.model import PermissionSet, Snapshot
from sso_batch.run_files.file_names import MANIFEST, RUN_FILE, FileNames
from sso_batch.run_files.manifest import encode_manifest, encode_run_file
from sso_batch.run_files.results import Status
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.writer import write_document, write_organization
from sso_batch.store import FolderPlace
from tests.privileges.policies import allow, deny
from tests.report.test_explanation import ANN, ARN, MEMBER, inline
from tests.run_files.test_writer import StopsAfter
from tests.support.command import Command, isolate
from tests.support.records import grant, outcome, run_outcome, snapshot, user

NEVER = StopsAfter(10**9)
SECOND = "arn:aws:sso:::permissionSet/ssoins-1/ps-2"


@pytest.fixture
def sso_batch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    isolate(monkeypatch, tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return Command(monkeypatch, capsys)


def organization(name: str, *permission_sets: PermissionSet) -> Snapshot:
    """Return an organization in which Ann has the permission sets in a member account."""
    return snapshot(
        organization=name,
        users=(user(),),
        permission_sets=permission_sets,
        grants=tuple(grant(ANN, MEMBER, each.arn) for each in permission_sets),
        delegated_administrators=(),
    )


ACME = organization(
    "acme",
    inline(allow("iam:PassRole") | {"Sid": "Pass"}, allow("lambda:Create*", "lambda:Invoke*"), deny("s3:*")),
    replace(inline(allow("s3:Get*")), arn=SECOND, name="Reader"),
)
GLOBEX = organization("globex", replace(inline(allow("*")), name="Deploy"))


def write_run(folder: Path, *snapshots: Snapshot, ts: str = "20260304_050607", failed: str = "") -> Path:
    """Write a run with these organizations into its folder below `folder`, and return its manifest."""
    names = FileNames(f"nightly-{ts[6:8]}", ts)
    store = FolderPlace(folder).run(names.run_id)
    write_document(store, RUN_FILE, encode_run_file(names, datetime.strptime(ts + "Z", "%Y%m%d_%H%M%S%z")))
    outcomes = [
        outcome(
            each.organization,
            files=write_organization(store, names, each, csv=False, escape=True, stop=NEVER).files,
        )
        for each in snapshots
    ]
    if failed:
        outcomes.append(outcome(failed, Status.FAILED))
    manifest = folder / names.run_id / MANIFEST
    manifest.write_bytes(encode_manifest(RunFacts(names, "0" * 64, "complete", ()), run_outcome(*outcomes)))
    return manifest


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return the folder of a run of two organizations that were read, and one that was not."""
    return write_run(tmp_path / "reports", ACME, GLOBEX, failed="initech").parent


def test_text(sso_batch: Command, run: Path) -> None:
    """The explanation names policies, level, paths with their statements, and what is denied."""
    ended = sso_batch("explain", "Deploy", "--run", run, "--organization", "acme")

    assert (ended.code, ended.stderr) == (0, "")
    assert (
        ended.stdout
        == f"""\
Permission set Deploy of acme
{ARN}

Policies
  AWS managed: none
  Customer managed: none
  Inline policy: yes
  Permissions boundary: none

What it amounts to
  In 1 member account, for 1 person: CAN_ESCALATE (can become administrator)
    The inline policy: can pass any role to a Lambda function (iam:PassRole +
        lambda:CreateFunction + lambda:InvokeFunction)

Paths to more access that need only these permissions
  - Pass any role to a Lambda function (CAN_ESCALATE)
    iam:PassRole + lambda:CreateFunction + lambda:InvokeFunction
    by the inline policy, statement 1 (Pass): "iam:PassRole" on "*"
    by the inline policy, statement 2: "lambda:Create*", "lambda:Invoke*" on "*"

Possible paths: they also need something that must exist already
  - Pass any role to a Lambda function with an existing source of events
    (CAN_ESCALATE)
    iam:PassRole + lambda:CreateFunction + lambda:CreateEventSourceMapping
    by the inline policy, statement 1 (Pass): "iam:PassRole" on "*"
    by the inline policy, statement 2: "lambda:Create*" on "*"

Denied
  - the inline policy, statement 3: "s3:*" on "*"

Levels are what policies allow before service control policies and resource
control policies. Conditions count as met where they allow something, and as not
met where they deny it.
"""
    )


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("Deploy", ["acme Deploy", "globex Deploy"]),
        ("Rea?er", ["acme Reader"]),
        ("*", ["acme Deploy", "acme Reader", "globex Deploy"]),
        (SECOND, ["acme Reader"]),
        ("*ps-2", ["acme Reader"]),
    ],
)
def test_name_pattern_and_arn(sso_batch: Command, run: Path, wanted: str, found: list[str]) -> None:
    """Every permission set that a name, a pattern or an ARN means is explained."""
    ended = sso_batch("explain", wanted, "--run", run, "--format", "json")

    content = json.loads(ended.stdout)
    assert ended.code == 0
    assert [f"{each['organization']} {each['name']}" for each in content["permission_sets"]] == found


def test_organizations_that_were_not_read_are_named(sso_batch: Command, run: Path) -> None:
    """An organization without a snapshot could have the permission set as well."""
    as_text = sso_batch("explain", "Reader", "--run", run)
    as_json = sso_batch("explain", "Reader", "--run", run, "--format", "json")

    assert as_text.stdout.endswith("initech: not explained: failed in this run\n")
    assert json.loads(as_json.stdout)["not_explained"] == [
        {"organization": "initech", "reason": "failed in this run"}
    ]


def test_a_damaged_snapshot(sso_batch: Command, run: Path) -> None:
    """A snapshot that does not match the manifest is not explained, and the others are."""
    (run / "organizations" / "acme" / "snapshot.jsonl").write_text("{}")

    ended = sso_batch("explain", "Deploy", "--run", run)

    assert ended.code == 0
    assert "Permission set Deploy of globex" in ended.stdout
    assert "acme: not explained: its snapshot cannot be read: " in ended.stdout


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("deploy", "did you mean Deploy?"),
        ("Raeder", "did you mean Reader?"),
        ("Dep", "did you mean Deploy?"),
        ("Billing", "permission sets of the run: Deploy, Reader"),
    ],
)
def test_unknown_permission_set(sso_batch: Command, run: Path, wanted: str, hint: str) -> None:
    """An unknown name is a usage error with the names that are near."""
    ended = sso_batch("explain", wanted, "--run", run)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"sso-batch: unknown permission set {wanted}; not read: initech (failed in this run)\n  {hint}\n"
    )


def test_unknown_organization(sso_batch: Command, run: Path) -> None:
    """An unknown organization is a usage error with the names of the run."""
    ended = sso_batch("explain", "Deploy", "--run", run, "--organization", "acme,hooli")

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr == (
        "sso-batch: unknown organization hooli\n  organizations of the run: acme, globex, initech\n"
    )


def test_nothing_that_could_be_searched(sso_batch: Command, tmp_path: Path) -> None:
    """Without any permission set there are no names to suggest."""
    manifest = write_run(tmp_path / "reports", organization("acme"))

    ended = sso_batch("explain", "Deploy", "--run", manifest)

    assert ended.code == 2
    assert ended.stderr.endswith("  no permission set was read in this run\n")


def test_a_permission_set_that_was_not_listed(sso_batch: Command, tmp_path: Path) -> None:
    """An assignment is enough to explain its permission set by its ARN, as far as that is possible."""
    manifest = write_run(tmp_path / "reports", replace(ACME, permission_sets=()))

    ended = sso_batch("explain", ARN, "--run", manifest)

    assert ended.code == 0
    assert "Permission set (name not read) of acme" in ended.stdout
    assert "AWS managed: not read" in ended.stdout
    assert "at least NONE" in ended.stdout


def test_names_cannot_write_to_the_terminal(sso_batch: Command, tmp_path: Path) -> None:
    """Names of people at AWS reach the terminal without escape sequences and workflow commands."""
    hostile = replace(inline(allow("s3:*") | {"Sid": "\x1b[31m"}), name="a\x1b[2J\n::error::b")
    manifest = write_run(tmp_path / "reports", organization("acme", hostile))

    ended = sso_batch("explain", "*", "--run", manifest)

    assert ended.code == 0
    assert "\x1b" not in ended.stdout
    assert "\n::error::" not in ended.stdout


def test_the_same_patterns_in_json(sso_batch: Command, run: Path) -> None:
    """A program finds each action of a path with its statement."""
    ended = sso_batch("explain", "Deploy", "--run", run, "--organization", "acme", "--format", "json")

    [explanation] = json.loads(ended.stdout)["permission_sets"]
    [level] = explanation["levels"]
    assert (level["account_kind"], level["privilege"], level["accounts"], level["people"]) == (
        "member",
        "CAN_ESCALATE",
        1,
        1,
    )
    assert explanation["paths"][0]["allowed_by"][0] == {
        "policy": "the inline policy",
        "statement": 1,
        "sid": "Pass",
        "action": "iam:PassRole",
        "effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": ["*"],
        "condition_keys": [],
        "conditional": False,
    }
    assert [each["statement"] for each in explanation["restrictions"]] == [3]
