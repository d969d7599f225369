"""The exit codes of a run, and organizations that are not affected by another one's failure."""

from collections.abc import AsyncIterator

import pytest

from sso_batch.aws.instance_api import InstanceApi
from sso_batch.emulator import Fault, World
from tests.support.audits import Audit
from tests.support.command import Event
from tests.support.expected_reports import assert_exact
from tests.support.sample_worlds import denying, locked, small


@pytest.fixture
def world_with_bug(monkeypatch: pytest.MonkeyPatch) -> World:
    """Return three organizations; reading the second one's permission sets raises a bug of sso-batch."""
    world = small(3)
    broken = world.organizations[1].instance_arn
    permission_set_arns = InstanceApi.permission_set_arns

    async def divide_by_zero(api: InstanceApi) -> AsyncIterator[list[str]]:
        if api._instance["InstanceArn"] == broken:
            raise ZeroDivisionError
        async for page in permission_set_arns(api):
            yield page

    monkeypatch.setattr(InstanceApi, "permission_set_arns", divide_by_zero)
    return world


def test_0_if_every_organization_is_complete(audit: Audit) -> None:
    """A complete run ends with 0, and its manifest has the same exit code."""
    reports = audit(small())

    assert reports.ended.code == 0
    assert (reports.manifest["status"], reports.manifest["exit_code"]) == ("complete", 0)
    assert reports.statuses == {"org-0": "complete", "org-1": "complete"}


def test_1_if_sso_batch_has_a_bug(audit: Audit, world_with_bug: World) -> None:
    """A bug fails one organization and ends the run with 1; the others' files are exactly right."""
    reports = audit(world_with_bug)

    assert reports.ended.code == 1
    assert reports.manifest["exit_code"] == 1
    assert reports.statuses == {"org-0": "complete", "org-1": "failed", "org-2": "complete"}
    assert reports.names == reports.file_names("org-0", "org-2")
    assert_exact(reports, world_with_bug, "org-0", "org-2")
    assert {row["Organization"] for row in reports.rows()} == {"org-0", "org-2"}


def test_a_bug_is_reported_as_a_bug(audit: Audit, world_with_bug: World) -> None:
    """A bug is reported as such in the gap, never as a user's mistake, and the log has its traceback."""
    reports = audit(world_with_bug)

    gap = reports.gap("org-1")
    assert gap["code"] == "UnexpectedError"
    assert "sso-batch" in gap["message"]
    assert "report" in gap["hint"]
    (bug,) = reports.ended.named("org.bug")
    assert bug["org"] == "org-1"
    assert "ZeroDivisionError" in str(bug["exception"])


def test_2_if_the_configuration_is_invalid(audit: Audit) -> None:
    """An invalid configuration ends the run with 2 before the first call and without a file."""
    reports = audit(small(), config=lambda text: text.replace("region:", "regoin:"))

    assert reports.ended.code == 2
    assert reports.names == set()
    assert not reports.calls


def test_4_if_an_organization_is_incomplete(audit: Audit) -> None:
    """One denied call ends the run with 4; the other organization's files are exactly right."""
    world = denying(small(), "identitystore:ListUsers")

    reports = audit(world)

    assert reports.ended.code == 4
    assert (reports.manifest["status"], reports.manifest["exit_code"]) == ("incomplete", 4)
    assert reports.statuses == {"org-0": "incomplete", "org-1": "complete"}
    assert reports.names == reports.file_names("org-1", incomplete=["org-0"])
    assert_exact(reports, world, "org-1")


def test_4_if_an_organization_failed(audit: Audit) -> None:
    """A failed organization ends the run with 4 and has no CSV; the others' files are exactly right."""
    world = locked(small(3), "org-1")

    reports = audit(world)

    assert reports.ended.code == 4
    assert reports.manifest["status"] == "incomplete"
    assert reports.statuses == {"org-0": "complete", "org-1": "failed", "org-2": "complete"}
    assert reports.names == reports.file_names("org-0", "org-2")
    assert reports.organization("org-1")["files"] == []
    assert_exact(reports, world, "org-0", "org-2")


def test_5_if_every_organization_failed(audit: Audit) -> None:
    """If nothing was read, the run ends with 5 and writes no merged file that could look empty."""
    reports = audit(locked(small(), "org-0", "org-1"))

    assert reports.ended.code == 5
    assert (reports.manifest["status"], reports.manifest["exit_code"]) == ("failed", 5)
    assert reports.names == reports.file_names(merged=False)
    assert reports.manifest["files"] == []


def test_calls_after_the_deadline_are_gaps(audit: Audit) -> None:
    """Calls that are unfinished at the run's deadline are gaps."""
    fault = Fault("hang", operation="ListAccountAssignments", organization="org-0")

    reports = audit(small(), faults=[fault], settings="run:\n  deadline: 1s\n")

    assert reports.ended.code == 4
    assert {gap["code"] for gap in reports.gaps("org-0")} == {"DeadlineExceeded"}
    assert {gap["operation"] for gap in reports.gaps("org-0")} == {"ListAccountAssignments"}
    assert reports.statuses == {"org-0": "incomplete", "org-1": "complete"}


def test_the_log_describes_each_organization_and_the_run(audit: Audit) -> None:
    """Each event has the run id and its organization's name; final events have counts and seconds."""
    world = locked(denying(small(3), "identitystore:ListUsers"), "org-1")

    reports = audit(world, "--run-id", "friday")

    def name_and_organization(event: Event) -> tuple[str, str | None]:
        return event["event"], event.get("org")

    events = reports.ended.events
    assert {event["run_id"] for event in events} == {"friday"}
    assert {name_and_organization(event) for event in events} == {
        ("run.started", None),
        ("org.started", "org-0"),
        ("org.started", "org-1"),
        ("org.started", "org-2"),
        ("collect.planned", "org-0"),
        ("collect.planned", "org-2"),
        ("collect.gap", "org-0"),
        ("collect.gap", "org-1"),
        ("org.incomplete", "org-0"),
        ("org.reviewed", "org-0"),
        ("org.reviewed", "org-2"),
        ("org.failed", "org-1"),
        ("org.completed", "org-2"),
        ("run.endpoint_overridden", None),
        ("run.completed", None),
    }
    assert [name_and_organization(events[end]) for end in (0, -1)] == [
        ("run.started", None),
        ("run.completed", None),
    ]
    for event in events:
        if event["event"] in {"org.incomplete", "org.failed", "org.completed"}:
            counts = reports.organization(event["org"])["counts"]
            assert event["rows"] == counts["rows"]
            assert event["gaps"] == len(reports.gaps(event["org"]))
            assert event["seconds"] >= 0
    assert events[-1]["exit_code"] == 4


def test_logs_contain_no_names_of_people(audit: Audit) -> None:
    """No name, login or email address of a person is in the logs."""
    world = denying(small(), "sso:ListAccountAssignments")

    reports = audit(world, before=("--log-level", "debug"))

    people = [user for organization in world.organizations for user in organization.users]
    assert people
    for user in people:
        for word in (user.user_name, user.display_name, *(email.value for email in user.emails)):
            assert word
            assert word not in reports.ended.stderr
