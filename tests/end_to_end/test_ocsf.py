"""Findings as OCSF events: what a security lake or a SIEM receives night after night."""

import json
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sso_batch.config import CHECK_IDS
from sso_batch.emulator import World, demo_world
from sso_batch.emulator.world import Email, PermissionSet
from tests.documents.text import blocks
from tests.support.audits import Audit
from tests.support.ocsf import Event, ocsf_events
from tests.support.sample_worlds import denying, locked, small, with_first

AMARA = "amara.okafor"
ADDRESS = "svc-deploy@lumen.example"
"""The address of an administrator in another organization, who has left."""
ROSTER = f"email,status\n{ADDRESS},leaver\n"
SETTINGS = """
collect: {activity: true, applications: true, people: [manager], requests_per_second: 1000}
review:
  compare: previous
  roster: hr.csv
  checks: {outdated-provisioning: low}
  waivers:
    - {check: direct-grant, reason: "known; =1", until: 9999-12-31}
    - {check: long-session, reason: was known, until: 2020-12-31}
"""
FORMATS = ("--format", "ocsf,csv")
PAGE = "docs/how-to/siem.md"


def before() -> World:
    """Return a world in which most checks find something."""
    world = demo_world(now=time.time())
    first = world.organizations[0]
    created = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime())
    unused = PermissionSet(f"{first.permission_sets[0].arn[:-4]}0000", "Unused")
    users = tuple(
        replace(user, created_at=created, emails=(Email(ADDRESS),)) if user.user_name == AMARA else user
        for user in first.users
    )
    oncall = administrators(world)
    return with_first(
        world,
        replace(
            first,
            users=users,
            permission_sets=(*first.permission_sets, unused),
            assignments=tuple(each for each in first.assignments if each.principal_id != oncall),
        ),
    )


def after(world: World) -> World:
    """Return the world in which a group has become administrator, so that every check finds something."""
    full = demo_world().organizations[0]
    return with_first(world, replace(world.organizations[0], assignments=full.assignments))


def administrators(world: World) -> str:
    """Return the id of the group of administrators in the first organization."""
    (group,) = (group.id for group in world.organizations[0].groups if "oncall" in (group.display_name or ""))
    return group


def unescaped(text: str) -> str:
    """Return a configuration whose CSV files have the same text as other files."""
    return text.replace("output:\n", "output:\n  escape_formulas: false\n")


def uids(events: list[Event]) -> set[str]:
    """Return the ids of the findings, each of which occurs once."""
    found = [event["finding_info"]["uid"] for event in events]
    assert len(set(found)) == len(found)
    return set(found)


def test_every_check(audit: Audit, tmp_path: Path) -> None:
    """Findings of all checks are valid events, and the same state in the next night has the same ids."""
    (tmp_path / "hr.csv").write_text(ROSTER)
    nights = [
        audit(world, "--run-id", f"night-{number}", *FORMATS, settings=SETTINGS, folder=tmp_path / "reports")
        for number, world in enumerate((before(), after(before()), after(before())), start=1)
    ]

    assert {night.ended.code for night in nights} == {0}
    gained, same = ocsf_events(nights[1].folder), ocsf_events(nights[2].folder)
    checks = {event["finding_info"]["analytic"]["uid"] for event in gained}
    assert checks == set(CHECK_IDS)
    # A gained administrator is news in one night only.
    assert uids(same) == {uid for uid in uids(gained) if not uid.startswith("admin-gained-")}
    assert uids(ocsf_events(nights[0].folder)) < uids(same)


def test_events_are_the_rows_of_the_findings_csv(audit: Audit, tmp_path: Path) -> None:
    """Each row of the findings CSV is one event, with the same values; a waived finding is suppressed."""
    (tmp_path / "hr.csv").write_text(ROSTER)

    reports = audit(before(), *FORMATS, settings=SETTINGS, config=unescaped)

    events, rows = ocsf_events(reports.folder), reports.findings()
    assert len(events) == len(rows) > 50
    for event, row in zip(events, rows, strict=True):
        assert event["severity"].lower() == row["Severity"]
        assert event["message"] == row["Message"]
        assert event["metadata"]["event_code"] == row["Check"]
        assert event["metadata"]["correlation_uid"] == row["Cause"]
        assert event["unmapped"]["organization"] == row["Organization"]
        resources = {resource["type"]: resource for resource in event["resources"]}
        assert resources.get("AWS::Organizations::Account", {}).get("uid", "") == row["AccountId"]
        assert resources.get("AWS::IdentityStore::User", {}).get("uid", "") == row["UserId"]
        assert resources.get("AWS::IdentityStore::User", {}).get("name", "") == row["UserName"]
        assert resources.get("AWS::IAM::Role", {}).get("uid", "") == row["RoleArn"]
        assert (event["status"], event.get("comment", "")) == (
            ("Suppressed", row["WaiverReason"]) if row["Waived"] == "yes" else ("New", "")
        )
        addresses = [observable["value"] for observable in event["observables"]]
        assert addresses == ([row["UserEmail"]] if row["UserEmail"] else [])
    assert {event["status"] for event in events} == {"New", "Suppressed"}
    (entry,) = (file for file in reports.manifest["files"] if file["kind"] == "findings_ocsf")
    assert entry["rows"] == len(events)
    reports.assert_sums()


def test_values_that_were_not_read(audit: Audit) -> None:
    """A value that was not read is named as such and never looks like a value of AWS."""
    world = denying(
        small(), "identitystore:ListUsers", "identitystore:DescribeUser", "sso:DescribePermissionSet"
    )

    reports = audit(world, *FORMATS)

    assert reports.ended.code == 4
    assert any(name.endswith("_findings_INCOMPLETE.ocsf.json") for name in reports.names)
    events = [event for event in ocsf_events(reports.folder) if event["unmapped"]["organization"] == "org-0"]
    assert {event["unmapped"]["organization_status"] for event in events} == {"incomplete"}
    assert any(event["unmapped"]["not_read"] for event in events)
    for event in events:
        event["unmapped"]["not_read"] = []
        event["message"] = event["finding_info"]["title"] = ""
        assert "NOT_READ" not in str(event)


def test_ids_do_not_depend_on_what_was_read(audit: Audit, tmp_path: Path) -> None:
    """A finding keeps its id in a night in which the name of its permission set was not read."""
    whole = audit(small(), *FORMATS, folder=tmp_path / "whole")
    part = audit(denying(small(), "sso:DescribePermissionSet"), *FORMATS, folder=tmp_path / "part")

    common = uids(ocsf_events(part.folder))
    assert common
    assert any(event["unmapped"]["not_read"] for event in ocsf_events(part.folder))
    assert common <= uids(ocsf_events(whole.folder))


def test_an_organization_that_failed(audit: Audit) -> None:
    """A failed organization has no events, and the name of the file says that the findings are incomplete."""
    reports = audit(locked(small(), "org-1"), *FORMATS)

    assert any(name.endswith("_findings_INCOMPLETE.ocsf.json") for name in reports.names)
    assert {event["unmapped"]["organization"] for event in ocsf_events(reports.folder)} == {"org-0"}


def test_parquet_for_security_lake(audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documented query has a column for every attribute, and the same columns every night."""
    events = documented_run(audit, tmp_path, monkeypatch)
    (query,) = blocks("sql", within=PAGE)

    duckdb.connect().execute(query.text)

    found = duckdb.connect().execute("FROM 'sso-batch.parquet'")
    names = [column for column, *_ in found.description]
    rows = [without_nothing(dict(zip(names, row, strict=True))) for row in found.fetchall()]
    assert sorted(rows, key=uid) == sorted(map(without_nothing, events), key=uid)
    assert [row["time"] for row in rows] == sorted(event["time"] for event in events)


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_envelopes_for_splunk(audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documented command puts each event into an envelope with its time in seconds."""
    events = documented_run(audit, tmp_path, monkeypatch)
    (script,) = blocks("bash", within=PAGE)
    command, _, sending = script.text.partition(" |\n")

    lines = subprocess.check_output(["bash", "-c", command], text=True).splitlines()  # noqa: S603, S607

    assert sending.strip().startswith("curl")
    envelopes = [json.loads(line) for line in lines]
    assert [envelope["event"] for envelope in envelopes] == events
    assert [envelope["time"] * 1000 for envelope in envelopes] == [event["time"] for event in events]


def uid(event: Event) -> str:
    """Return the id of an event."""
    return str(event["metadata"]["uid"])


def documented_run(audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """Make the run that the document names in a folder below the current one, and return its events."""
    (tmp_path / "hr.csv").write_text(ROSTER)
    monkeypatch.chdir(tmp_path)
    return ocsf_events(audit(before(), *FORMATS, "--run-id", "20261127", settings=SETTINGS).folder)


def without_nothing(value: Any) -> Any:  # noqa: ANN401 - a part of an event
    """Return a part of an event without what a table shows as nothing."""
    if isinstance(value, dict):
        return {key: without_nothing(part) for key, part in value.items() if part is not None}
    return [without_nothing(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("checked", [True, False])
def test_without_findings(audit: Audit, *, checked: bool) -> None:
    """A run that finds nothing writes an empty list; one without any check writes no file."""
    severities = dict.fromkeys(CHECK_IDS, "off") | ({"admin-gained": "high"} if checked else {})

    reports = audit(small(), *FORMATS, settings=f"\nreview: {{checks: {json.dumps(severities)}}}\n")

    assert reports.ended.code == 0
    texts = [file.read_text() for file in reports.folder.glob("*.ocsf.json")]
    assert texts == (["[]\n"] if checked else [])
