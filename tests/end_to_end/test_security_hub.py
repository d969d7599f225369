"""The script that imports findings into Security Hub, with moto as Security Hub."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from sso_batch.emulator import World
from tests.support.audits import Audit
from tests.support.moto_server import moto_server
from tests.support.reports import Reports
from tests.support.sample_worlds import locked, three_access_paths, with_first

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "config" / "security-hub" / "import_findings.py"
WAIVED = (
    "\nreview: {waivers: [{check: direct-grant, organization: org-0, reason: known, until: 9999-12-31}]}\n"
)

Findings = dict[str, dict[str, Any]]


class SecurityHub:
    """Security Hub in moto, and the script that imports into it."""

    def __init__(self, url: str) -> None:
        self.environment = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }

    def imports(self, run: Path) -> "subprocess.CompletedProcess[str]":
        """Run the script on the folder of a run."""
        return subprocess.run(  # noqa: S603 - our own script
            [sys.executable, SCRIPT, run],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def findings(self) -> Findings:
        """Return all findings by id."""
        client = boto3.client(
            "securityhub",
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name="eu-west-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        pages = client.get_paginator("get_findings").paginate()
        return {finding["Id"]: finding for page in pages for finding in page["Findings"]}


@pytest.fixture
def hub() -> Iterator[SecurityHub]:
    """Return an empty Security Hub."""
    with moto_server() as url:
        yield SecurityHub(url)


def night(audit: Audit, world: World, number: int, folder: Path, settings: str = "") -> Reports:
    """Return a run with findings as OCSF events."""
    options = ("--format", "csv,ocsf", "--run-id", f"night-{number}")
    return audit(world, *options, folder=folder, settings=settings)


def without_assignments(world: World) -> World:
    """Return the world in which nobody in the first organization has access any more."""
    return with_first(world, replace(world.organizations[0], assignments=(), applications=()))


def test_import(audit: Audit, hub: SecurityHub, tmp_path: Path) -> None:
    """Each finding of a run is imported; a waived one is archived. botocore checks what is sent."""
    reports = night(audit, three_access_paths(), 1, tmp_path / "reports", WAIVED)

    ended = hub.imports(reports.folder)

    assert (ended.returncode, ended.stderr) == (0, "")
    found = hub.findings()
    assert f"findings: {len(found)}, no longer found: 0, refused: 0" in ended.stdout
    states = {(finding["GeneratorId"], finding["RecordState"]) for finding in found.values()}
    assert ("sso-batch/direct-grant", "ARCHIVED") in states
    assert sum(finding["RecordState"] == "ACTIVE" for finding in found.values()) == sum(
        row["Waived"] == "no" for row in reports.findings()
    )
    accounts = {row["AccountId"] for row in reports.findings()} - {""}
    ids = {resource["Id"] for finding in found.values() for resource in finding["Resources"]}
    assert {f"AWS::::Account:{account}" for account in accounts} <= ids


def test_next_night(audit: Audit, hub: SecurityHub, tmp_path: Path) -> None:
    """A finding that is gone is archived, unless its organization was not read completely."""
    world, place = three_access_paths(), tmp_path / "reports"
    hub.imports(night(audit, world, 1, place).folder)
    before = hub.findings()
    later = locked(without_assignments(world), "org-1")

    ended = hub.imports(night(audit, later, 2, place).folder)

    assert ended.returncode == 0, ended.stderr
    after = hub.findings()
    assert after.keys() >= before.keys()

    def states(organization: str) -> set[str]:
        return {
            finding["RecordState"]
            for uid, finding in after.items()
            if finding["ProductFields"]["sso-batch/organization"] == organization
            and finding["GeneratorId"] == "sso-batch/direct-grant"
        }

    assert [states(name) for name in ("org-0", "org-1", "org-2")] == [{"ARCHIVED"}, {"ACTIVE"}, {"ACTIVE"}]
    for uid, finding in after.items():
        assert finding["CreatedAt"] == before.get(uid, finding)["CreatedAt"]
        assert finding["UpdatedAt"] >= finding["CreatedAt"]


def test_long_texts(hub: SecurityHub, tmp_path: Path, audit: Audit) -> None:
    """Texts longer than Security Hub allows are cut."""
    reports = night(audit, three_access_paths(), 1, tmp_path / "reports")
    (file,) = reports.folder.glob("*.ocsf.json")
    events = json.loads(file.read_text())
    file.write_text(json.dumps([event | {"message": "x" * 5000, "comment": "y" * 5000} for event in events]))

    assert hub.imports(reports.folder).returncode == 0
    for finding in hub.findings().values():
        assert len(finding["Title"]) == 256
        assert len(finding["Description"]) == 1024
        assert finding["ProductFields"]["sso-batch/waiver"].endswith("…")


def test_run_without_events(hub: SecurityHub, audit: Audit, tmp_path: Path) -> None:
    """A run that has no OCSF file is refused with what to do."""
    reports = audit(three_access_paths(), folder=tmp_path / "reports")

    ended = hub.imports(reports.folder)

    assert ended.returncode == 1
    assert "run sso-batch with --format ocsf" in ended.stderr
