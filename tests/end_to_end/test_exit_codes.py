"""How a run ends: the exit codes of the contract, and one organization's trouble that stays its own."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from sso_batch.aws.api import InstanceApi
from sso_batch.emulator import Fault, World
from tests.end_to_end.command import Event
from tests.end_to_end.conftest import Audit
from tests.end_to_end.expected import assert_exact
from tests.end_to_end.worlds import denying, small


def locked(world: World, *names: str) -> World:
    """The world, in which the roles of these organizations trust nobody."""
    accounts = {world.organization(name).management_account_id for name in names}
    roles = [
        replace(role, trusted=()) if role.arn.split(":")[4] in accounts else role for role in world.roles
    ]
    return replace(world, roles=tuple(roles))


@pytest.fixture
def defect(monkeypatch: pytest.MonkeyPatch) -> World:
    """Three organizations; reading the second one's permission sets meets a bug of ours."""
    world = small(3)
    broken = world.organizations[1].instance_arn
    whole = InstanceApi.permission_set_arns

    async def divided_by_zero(api: InstanceApi) -> AsyncIterator[list[str]]:
        if api._instance["InstanceArn"] == broken:
            raise ZeroDivisionError
        async for page in whole(api):
            yield page

    monkeypatch.setattr(InstanceApi, "permission_set_arns", divided_by_zero)
    return world


def test_0_where_every_organization_is_complete(audit: Audit) -> None:
    """A complete run ends with 0, and its manifest says the same."""
    reports = audit(small())

    assert reports.ended.code == 0
    assert (reports.manifest["status"], reports.manifest["exit_code"]) == ("complete", 0)
    assert reports.statuses == {"org-0": "complete", "org-1": "complete"}


def test_1_where_a_bug_of_ours_struck(audit: Audit, defect: World) -> None:
    """A bug ends one organization and makes the exit code 1; the others' files are exactly right."""
    reports = audit(defect)

    assert reports.ended.code == 1
    assert reports.manifest["exit_code"] == 1
    assert reports.statuses == {"org-0": "complete", "org-1": "failed", "org-2": "complete"}
    assert reports.names == reports.file_names("org-0", "org-2")
    assert_exact(reports, defect, "org-0", "org-2")
    assert {row["Organization"] for row in reports.rows()} == {"org-0", "org-2"}


def test_a_bug_is_told_as_a_bug(audit: Audit, defect: World) -> None:
    """A bug is never reported as a user's mistake: the gap says whose it is, the log has its traceback."""
    reports = audit(defect)

    gap = reports.gap("org-1")
    assert gap["code"] == "UnexpectedError"
    assert "a defect of sso-batch" in gap["message"]
    assert "report it" in gap["hint"]
    (bug,) = reports.ended.named("org.bug")
    assert bug["org"] == "org-1"
    assert "ZeroDivisionError" in str(bug["exception"])


def test_2_where_the_configuration_is_wrong(audit: Audit) -> None:
    """A wrong configuration ends the run with 2, before the first call and without a file."""
    reports = audit(small(), config=lambda text: text.replace("region:", "regoin:"))

    assert reports.ended.code == 2
    assert reports.names == set()
    assert not reports.calls


def test_4_where_an_organization_is_incomplete(audit: Audit) -> None:
    """One organization denied one call makes the exit code 4; the other's files are exactly right."""
    world = denying(small(), "identitystore:ListUsers")

    reports = audit(world)

    assert reports.ended.code == 4
    assert (reports.manifest["status"], reports.manifest["exit_code"]) == ("incomplete", 4)
    assert reports.statuses == {"org-0": "incomplete", "org-1": "complete"}
    assert reports.names == reports.file_names("org-1", incomplete=["org-0"])
    assert_exact(reports, world, "org-1")


def test_4_where_an_organization_failed(audit: Audit) -> None:
    """One organization that failed makes the exit code 4, and has no CSV; the others' are exactly right."""
    world = locked(small(3), "org-1")

    reports = audit(world)

    assert reports.ended.code == 4
    assert reports.manifest["status"] == "incomplete"
    assert reports.statuses == {"org-0": "complete", "org-1": "failed", "org-2": "complete"}
    assert reports.names == reports.file_names("org-0", "org-2")
    assert reports.organization("org-1")["files"] == []
    assert_exact(reports, world, "org-0", "org-2")


def test_5_where_every_organization_failed(audit: Audit) -> None:
    """Where nothing was read at all the exit code is 5, and there is no merged file that could look empty."""
    reports = audit(locked(small(), "org-0", "org-1"))

    assert reports.ended.code == 5
    assert (reports.manifest["status"], reports.manifest["exit_code"]) == ("failed", 5)
    assert reports.names == reports.file_names(merged=False)
    assert reports.manifest["files"] == []


def test_what_is_past_the_deadline_is_a_gap(audit: Audit) -> None:
    """What is unfinished when the run's deadline comes is a gap, not an answer."""
    fault = Fault("hang", operation="ListAccountAssignments", organization="org-0")

    reports = audit(small(), faults=[fault], settings="run:\n  deadline: 1s\n")

    assert reports.ended.code == 4
    assert {gap["code"] for gap in reports.gaps("org-0")} == {"DeadlineExceeded"}
    assert {gap["operation"] for gap in reports.gaps("org-0")} == {"ListAccountAssignments"}
    assert reports.statuses == {"org-0": "incomplete", "org-1": "complete"}


def test_the_log_tells_every_organization_and_the_run(audit: Audit) -> None:
    """Every event has the run's id, an organization's its name, and the last ones counts and seconds."""
    world = locked(denying(small(3), "identitystore:ListUsers"), "org-1")

    reports = audit(world, "--run-id", "friday")

    def told(event: Event) -> tuple[str, str | None]:
        return event["event"], event.get("org")

    events = reports.ended.events
    assert {event["run_id"] for event in events} == {"friday"}
    assert {told(event) for event in events} == {
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
    assert (told(events[0]), told(events[-1])) == (("run.started", None), ("run.completed", None))
    for event in events:
        if event["event"] in {"org.incomplete", "org.failed", "org.completed"}:
            counts = reports.organization(event["org"])["counts"]
            assert event["rows"] == counts["rows"]
            assert event["gaps"] == len(reports.gaps(event["org"]))
            assert event["seconds"] >= 0
    assert events[-1]["exit_code"] == 4


def test_logs_hold_ids_and_never_people(audit: Audit) -> None:
    """No name, login or address of a person is in the logs."""
    world = denying(small(), "sso:ListAccountAssignments")

    reports = audit(world, before=("--log-level", "debug"))

    people = [one for organization in world.organizations for one in organization.users]
    assert people
    for user in people:
        for word in (user.user_name, user.display_name, *(email.value for email in user.emails)):
            assert word
            assert word not in reports.ended.stderr
