"""Runs whose configuration is in S3 or in an environment variable: the same as from a file."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from sso_batch.console.summary import RunPlace
from sso_batch.console.terminal import Terminal
from sso_batch.emulator import HUB, Emulator, Limits, configuration
from sso_batch.run_files.results import RunOutcome
from tests.support.audits import Audit
from tests.support.campaign_files import SETTINGS
from tests.support.command import Command, set_environment
from tests.support.moto_s3 import BUCKET, S3
from tests.support.reports import files_in
from tests.support.sample_worlds import EXTERNAL_ID, small, three_access_paths

KEY = "config/orgs.yaml"
LOCATIONS = (f"s3://{BUCKET}/{KEY}", "env:ORGS")


def publish(text: str, s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the text of a configuration into the bucket and into the variable."""
    s3.client.put_object(Bucket=BUCKET, Key=KEY, Body=text)
    monkeypatch.setenv("ORGS", text)


def manifest_of(folder: Path) -> dict[str, Any]:
    """Return the manifest of a run."""
    document: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return document


@pytest.mark.no_cover  # coverage would double the time, and other tests cover the same code
def test_the_same_run(audit: Audit, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same text has the same fingerprint and result, wherever it is, and is read from S3 once."""
    world = three_access_paths()
    options = ("--processes", "2", "--run-id")
    audit(world, *options, "file")
    publish((tmp_path / "orgs.yaml").read_text(), s3, monkeypatch)

    for run_id, location in zip(("object", "variable"), LOCATIONS, strict=True):
        reports = audit(world, *options, run_id, "--config", location)
        assert (reports.ended.code, reports.statuses) == (0, dict.fromkeys(reports.statuses, "complete"))

    runs = [manifest_of(tmp_path / "reports" / name) for name in ("file", "object", "variable")]
    assert len({run["config_sha256"] for run in runs}) == 1
    assert len(runs[0]["organizations"]) == len(runs[2]["organizations"]) == 3
    assert s3.reads == [KEY]


@pytest.mark.parametrize("location", LOCATIONS)
def test_no_secret(
    audit: Audit, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    """The text and its external ids are in no file and no stream, not even at log level debug."""
    world = three_access_paths()
    comment = "# marker of the text\n"
    audit(world, "--run-id", "file")
    text = comment + (tmp_path / "orgs.yaml").read_text()
    assert EXTERNAL_ID in text
    publish(text, s3, monkeypatch)

    reports = audit(world, "--config", location, before=("--log-level", "debug"))

    assert reports.ended.code == 0
    written = [path.read_text() for path in files_in(tmp_path / "reports").values()]
    for shown in (reports.ended.stdout, reports.ended.stderr, *written):
        assert EXTERNAL_ID not in shown
        assert comment.strip() not in shown


@pytest.mark.parametrize("location", LOCATIONS)
def test_resume(
    audit: Audit, s3: S3, sso_batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    """The command that resumes a run names the configuration as the user did, and works."""
    commands: list[str | None] = []

    def record(_: Terminal, outcome: RunOutcome, place: RunPlace, **__: object) -> None:
        assert outcome
        commands.append(place.resume)

    monkeypatch.setattr(Terminal, "show_summary", record)
    world = small(1)
    publish(configuration(world, directory=str(tmp_path / "reports")), s3, monkeypatch)

    audit(world, "--config", location, "--run-id", "nightly")

    assert commands == [f"sso-batch run --config {location} --run-id nightly --resume"]
    with Emulator(world, limits=Limits.off()) as emulator:
        set_environment(monkeypatch, emulator.environment())
        again = sso_batch(*shlex.split(commands[0] or "")[1:])
        assert not emulator.calls
    assert again.code == 0


def test_denied_before_the_first_call(
    sso_batch: Command, s3: S3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A configuration that may not be read ends a run with 2 before any call, and nothing is written."""
    publish(configuration(small(1), directory=str(tmp_path / "reports")), s3, monkeypatch)
    s3.unreadable = "orgs"
    with Emulator(small(1), limits=Limits.off()) as emulator:
        set_environment(monkeypatch, emulator.environment())
        ended = sso_batch("run", "--config", LOCATIONS[0])
        assert not emulator.calls

    assert (ended.code, ended.stdout) == (2, "")
    assert f"s3:GetObject on arn:aws:s3:::{BUCKET}/{KEY}" in ended.stderr
    assert not (tmp_path / "reports").exists()


def test_campaign(
    audit: Audit, s3: S3, sso_batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A campaign reads the configuration once, even if it finds the run by its ID in the output place."""
    audit(small(1), "--run-id", "nightly", settings=SETTINGS)
    publish((tmp_path / "orgs.yaml").read_text(), s3, monkeypatch)
    set_environment(monkeypatch, {"AWS_ACCESS_KEY_ID": HUB.id, "AWS_SECRET_ACCESS_KEY": HUB.secret})
    monkeypatch.chdir(tmp_path)

    ended = sso_batch("campaign", "open", "-c", LOCATIONS[0], "--run", "nightly", "-o", "campaign")

    assert ended.code == 0, ended.stderr
    assert s3.reads == [KEY]


def test_policy(sso_batch: Command, s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner may read the configuration and the roster if they are in S3, and nothing else."""
    text = "organizations: [{name: acme, profile: acme}]\nreview: {roster: hr.csv}\n"
    publish(text, s3, monkeypatch)
    set_environment(monkeypatch, {"AWS_ACCESS_KEY_ID": HUB.id, "AWS_SECRET_ACCESS_KEY": HUB.secret})

    ended = sso_batch("policy", "-c", LOCATIONS[0], "--for", "runner")

    assert json.loads(ended.stdout)["Statement"] == [
        {
            "Sid": "Configuration",
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": [f"arn:aws:s3:::{BUCKET}/{KEY}", f"arn:aws:s3:::{BUCKET}/config/hr.csv"],
        }
    ]
