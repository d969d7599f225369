"""Runs whose organizations are audited by worker processes: the same as in one process, whatever happens."""

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_batch.emulator import Emulator, Fault, Limits, World, configuration, shared_credentials
from tests.support.audits import Audit
from tests.support.command import Command, Event, finish, set_environment, start
from tests.support.expected_reports import COLLECT, assert_exact
from tests.support.moto_s3 import BUCKET, S3, URL
from tests.support.nightly import RUN_ID, Nightly
from tests.support.processes import command_line, is_running, worker_processes_of
from tests.support.reports import Reports, files_in, without_first_seen
from tests.support.sample_worlds import EXTERNAL_ID, PROFILE_SECRET, small, three_access_paths

TWO = ("--processes", "2")
FAST = COLLECT + "  requests_per_second: 1000\n"
SOON = 5.0  # seconds
_INTERVAL = 0.02  # seconds
_VARYING = {"started_at", "finished_at", "files", "calls"}


def outcome_of(reports: Reports) -> list[dict[str, object]]:
    """Return what the manifest says of organizations, without times, checksums and numbers of calls."""
    return [
        {key: value for key, value in organization.items() if key not in _VARYING}
        for organization in reports.manifest["organizations"]
    ]


def events_of(reports: Reports) -> Counter[tuple[str, str | None]]:
    """Count the events of the log by their name and their organization."""
    return Counter((event["event"], event.get("org")) for event in reports.ended.events)


def test_same_as_one_process(audit: Audit, tmp_path: Path) -> None:
    """Two processes write the same bytes and log the same events as one process."""
    world = three_access_paths()
    one = audit(world, "--processes", "1", settings=FAST, folder=tmp_path / "one")
    two = audit(world, *TWO, settings=FAST, folder=tmp_path / "two")

    assert (one.ended.code, two.ended.code) == (0, 0)
    assert two.statuses == one.statuses
    for name in (None, "org-0", "org-1", "org-2"):
        assert without_first_seen(two.raw_content(name)) == without_first_seen(one.raw_content(name))
    assert outcome_of(two) == outcome_of(one)
    events = [
        Counter((event["event"], event.get("org")) for event in each.ended.events) for each in (one, two)
    ]
    assert events[0] == events[1]
    assert {event["run_id"] for event in two.ended.events} == {two.manifest["run_id"]}
    assert EXTERNAL_ID not in two.ended.stderr
    two.assert_sums()


def test_failures_stay_in_their_organization(audit: Audit) -> None:
    """A gap, a failure and a deadline in a worker process are those of one process."""
    faults = [
        Fault("access_denied", operation="ListUsers", organization="org-0"),
        Fault("access_denied", operation="ListInstances", organization="org-1"),
        Fault("hang", operation="ListAccountAssignments", organization="org-2"),
    ]
    reports = audit(small(4), *TWO, settings=f"run: {{deadline: 8s}}\n{FAST}", faults=faults)

    assert reports.ended.code == 4
    assert reports.statuses == {
        "org-0": "incomplete",
        "org-1": "failed",
        "org-2": "incomplete",
        "org-3": "complete",
    }
    assert {gap["code"] for gap in reports.gaps("org-2")} == {"DeadlineExceeded"}


def test_s3(s3: S3, sso_batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each worker process writes to the bucket itself."""
    world = small(2)
    file = tmp_path / "orgs.yaml"
    file.write_text(configuration(world, directory=URL) + FAST)
    with Emulator(world, limits=Limits.off()) as emulator:
        set_environment(monkeypatch, emulator.environment())
        ended = sso_batch("run", "--config", file, *TWO)

    assert ended.code == 0, ended.stderr
    assert s3.client.head_bucket(Bucket=BUCKET)
    names = [key.rpartition("/organizations/")[2] for key in s3.contents() if "/organizations/" in key]
    assert Counter(name.partition("/")[0] for name in names) == {"org-0": 2, "org-1": 2}


class Started:
    """A run in a process of its own, with two worker processes."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    @property
    def workers(self) -> list[int]:
        """The ids of the worker processes."""
        return worker_processes_of(self.process.pid)

    def until(self, event: str, *organizations: str) -> list[Event]:
        """Read the log up to an event of each of these organizations, and return it."""
        left, events = set(organizations), []
        assert self.process.stderr is not None
        while left:
            events.append(json.loads(self.process.stderr.readline()))
            if events[-1]["event"] == event:
                left.discard(events[-1]["org"])
        return events


def run_with_workers(nightly: Nightly, *options: object) -> Started:
    """Start the run in a process group of its own, so that a signal can be sent to all of its processes."""
    arguments = ("run", "--config", nightly.file, "--run-id", RUN_ID, *TWO, *options)
    return Started(start(*arguments, start_new_session=True))


HANGS = tuple(Fault("hang", operation="ListUsers", organization=name) for name in ("org-0", "org-1"))


@pytest.fixture
def world() -> World:
    return small(4)


@pytest.fixture
def hanging(world: World, nightly: Nightly) -> Iterator[Emulator]:
    """Serve an AWS in which two of four organizations do not answer, each in one process at a time."""
    with Emulator(world, limits=Limits.off(), faults=HANGS) as emulator:
        nightly.configure(emulator, parallel=1)
        yield emulator


def until_called(emulator: Emulator, *organizations: str) -> None:
    """Wait until these organizations have been asked for their users."""
    while not all(emulator.calls[name, "ListUsers"] for name in organizations):
        time.sleep(_INTERVAL)


def test_killed_workers(nightly: Nightly, emulator: Emulator, world: World, hanging: Emulator) -> None:
    """Killed workers lose what they audit, new ones audit the others, and a resume completes the run."""
    run = run_with_workers(nightly)
    until_called(hanging, "org-0", "org-1")
    for pid in run.workers:
        os.kill(pid, signal.SIGKILL)
    ended = finish(run.process, within=60)

    reports = Reports(nightly.place, ended, hanging.calls)
    lost, complete = ("org-0", "org-1"), ("org-2", "org-3")
    assert ended.code == 4, ended.stderr
    assert reports.statuses == dict.fromkeys(lost, "failed") | dict.fromkeys(complete, "complete")
    for name in lost:
        assert reports.gap(name)["code"] == "WorkerLost"
        message = "was ended by the signal SIGKILL; its calls are not counted"
        assert reports.gap(name)["message"].endswith(message)
        assert "--resume" in reports.gap(name)["hint"]
    assert_exact(reports, world, *complete)
    reports.assert_sums()

    nightly.configure(emulator, parallel=1)
    resumed = nightly.run("--resume", *TWO)
    assert resumed.ended.code == 0
    assert {name for name, _ in emulator.calls if name} == set(lost)
    assert_exact(resumed, world, *lost, *complete)


def test_killed_run(nightly: Nightly, hanging: Emulator) -> None:
    """The workers of a killed run end at once."""
    run = run_with_workers(nightly)
    until_called(hanging, "org-0", "org-1")
    workers = run.workers
    assert len(workers) == 2
    run.process.kill()
    run.process.communicate()

    end = time.monotonic() + SOON
    while any(map(is_running, workers)) and time.monotonic() < end:
        time.sleep(_INTERVAL)

    assert not any(map(is_running, workers))
    assert "manifest.json" not in files_in(nightly.folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_signal_to_all_processes(nightly: Nightly, hanging: Emulator, number: signal.Signals) -> None:
    """A signal that a terminal sends to all processes ends a run as in one process, and soon."""
    run = run_with_workers(nightly)
    until_called(hanging, "org-0", "org-1")
    sent = time.monotonic()
    os.killpg(run.process.pid, number)
    ended = finish(run.process, within=SOON * 2)

    assert time.monotonic() - sent < SOON
    assert ended.code == 128 + number
    assert "Traceback" not in ended.stderr
    reports = Reports(nightly.place, ended, hanging.calls)
    assert set(reports.statuses.values()) == {"interrupted"}
    assert sorted(event["org"] for event in ended.named("org.interrupted")) == [f"org-{i}" for i in range(4)]


def test_stopped_worker(nightly: Nightly, hanging: Emulator) -> None:
    """A worker that does not react to a signal is killed, and the manifest is written in time."""
    run = run_with_workers(nightly)
    until_called(hanging, "org-0", "org-1")
    workers = run.workers
    os.kill(workers[0], signal.SIGSTOP)
    sent = time.monotonic()
    run.process.terminate()
    ended = finish(run.process, within=SOON * 2)

    assert time.monotonic() - sent < SOON
    assert ended.code == 143
    assert set(Reports(nightly.place, ended, hanging.calls).statuses.values()) == {"interrupted"}
    assert not any(map(is_running, workers))


def test_secrets_are_on_no_command_line(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sso_batch: Command
) -> None:
    """Workers get secrets neither on their command lines nor in a file."""
    del sso_batch
    world = three_access_paths()
    file = tmp_path / "orgs.yaml"
    file.write_text(configuration(world, directory=str(tmp_path / "reports")) + FAST)
    (home / "aws-credentials").write_text(shared_credentials(world))
    with Emulator(world, limits=Limits.off(), faults=[Fault("hang", operation="ListUsers")]) as emulator:
        set_environment(monkeypatch, emulator.environment())
        run = Started(start("run", "--config", file, *TWO))
        until_called(emulator, "org-0", "org-1", "org-2")
        lines = [command_line(pid) for pid in (run.process.pid, *run.workers)]
        run.process.kill()
        run.process.communicate()

    assert len(lines) == 3
    assert not any(secret in line for line in lines for secret in (EXTERNAL_ID, PROFILE_SECRET))
