"""The script that imports findings into Security Hub, with moto as Security Hub."""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from sso_batch.emulator import World, demo_world
from sso_batch.emulator.world import Email
from tests.support.audits import Audit
from tests.support.moto_server import moto_server
from tests.support.reports import Reports
from tests.support.sample_worlds import locked, three_access_paths, with_first

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "config" / "security-hub" / "import_findings.py"
WAIVED = (
    "\nreview: {waivers: [{check: direct-grant, organization: org-0, reason: known, until: 9999-12-31}]}\n"
)

EVERYTHING = "collect: {requests_per_second: 1000}\n"

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

    def of_check(self, check: str) -> list[dict[str, Any]]:
        """Return the findings of a check."""
        return [each for each in self.findings().values() if each["GeneratorId"] == f"sso-batch/{check}"]

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


def night(
    audit: Audit, world: World, number: int, folder: Path, settings: str = "", *options: str
) -> Reports:
    """Return a run with findings as OCSF events."""
    options = ("--format", "csv,ocsf", "--run-id", f"night-{number}", *options)
    return audit(world, *options, folder=folder, settings=settings)


def one_administrator(world: World) -> World:
    """Return the world in which every user of every organization has the same address."""
    address = (Email("root@example.com"),)
    organizations = (
        replace(each, users=tuple(replace(user, emails=address) for user in each.users))
        for each in world.organizations
    )
    return replace(world, organizations=tuple(organizations))


def without_assignments(world: World) -> World:
    """Return the world in which nobody in the first organization has access any more."""
    return with_first(world, replace(world.organizations[0], assignments=(), applications=()))


def test_import(audit: Audit, hub: SecurityHub, tmp_path: Path) -> None:
    """Each finding of a run is imported; a waived one is archived. botocore checks what is sent."""
    reports = night(audit, three_access_paths(), 1, tmp_path / "reports", WAIVED)

    ended = hub.imports(reports.folder)

    assert (ended.returncode, ended.stderr) == (0, "")
    found = hub.findings()
    assert ended.stdout == (
        f"findings: {len(found)}, archived because they are gone: 0, "
        "left because the run could not look: 0, refused: 0\n"
    )
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
    for uid, finding in before.items():
        assert after[uid]["CreatedAt"] == finding["CreatedAt"]


@pytest.mark.parametrize(
    ("settings", "options", "check"),
    [
        ("", ("--only", "harbor-bank"), "cross-organization-admin"),
        ("\nreview: {checks: {direct-grant: off}}\n", (), "direct-grant"),
        ("\nreview: {checks: {orphaned-grant: off}}\n", (), "orphaned-grant"),
    ],
)
def test_a_check_that_could_not_look(
    audit: Audit, hub: SecurityHub, tmp_path: Path, settings: str, options: tuple[str, ...], check: str
) -> None:
    """Findings of a check that was off, or that could look at less than before, stay active."""
    world, place = one_administrator(demo_world()), tmp_path / "reports"
    hub.imports(night(audit, world, 1, place, EVERYTHING).folder)
    assert {finding["RecordState"] for finding in hub.of_check(check)} == {"ACTIVE"}

    ended = hub.imports(night(audit, world, 2, place, EVERYTHING + settings, *options).folder)

    assert ended.returncode == 0, ended.stderr
    assert {finding["RecordState"] for finding in hub.of_check(check)} == {"ACTIVE"}
    assert "left because the run could not look: 0," not in ended.stdout


def test_a_waiver_after_the_import(audit: Audit, hub: SecurityHub, tmp_path: Path) -> None:
    """A run that is resumed with a waiver is a newer update, because Security Hub ignores others."""
    world, place = three_access_paths(), tmp_path / "reports"
    hub.imports(night(audit, world, 1, place).folder)
    before = hub.of_check("direct-grant")

    hub.imports(night(audit, world, 1, place, WAIVED, "--resume").folder)

    after = {finding["Id"]: finding for finding in hub.of_check("direct-grant")}
    assert "ARCHIVED" in {finding["RecordState"] for finding in after.values()}
    for finding in before:
        assert after[finding["Id"]]["UpdatedAt"] > finding["UpdatedAt"]
        assert after[finding["Id"]]["CreatedAt"] == finding["CreatedAt"]


def test_texts_that_security_hub_accepts(audit: Audit, hub: SecurityHub, tmp_path: Path) -> None:
    """No text is blank: Security Hub demands a character, which botocore does not check."""
    hub.imports(night(audit, three_access_paths(), 1, tmp_path / "reports").folder)

    for finding in hub.findings().values():
        sent = [*finding["ProductFields"].values(), finding["Title"], finding["Description"]]
        for resource in finding["Resources"]:
            sent += [resource["Id"], *resource["Details"]["Other"].values()]
        assert all(text.strip() for text in sent)


def test_only_active_findings_of_ours_are_asked_for() -> None:
    """The filters are those of Security Hub; moto ignores them."""
    client = boto3.client(
        "securityhub", region_name="eu-west-1", aws_access_key_id="made-up", aws_secret_access_key="made-up"
    )
    expected = {
        "ProductArn": [{"Value": "arn:product", "Comparison": "EQUALS"}],
        "GeneratorId": [{"Value": "sso-batch/", "Comparison": "PREFIX"}],
        "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}],
    }
    with Stubber(client) as stubber:
        stubber.add_response("get_findings", {"Findings": []}, {"Filters": expected})

        assert runpy.run_path(str(SCRIPT))["active_findings"](client, "arn:product") == {}


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
    """A run that has no OCSF file, or that has not ended, is refused with what to do."""
    reports = audit(three_access_paths(), folder=tmp_path / "reports")

    without_events, without_manifest = hub.imports(reports.folder), hub.imports(tmp_path)

    assert (without_events.returncode, without_manifest.returncode) == (1, 1)
    assert "run sso-batch with --format ocsf" in without_events.stderr
    assert "pass the folder of a run that has ended" in without_manifest.stderr
