"""SIGINT and SIGTERM: a run ends soon, keeps finished organizations, and names the others."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sso_batch.emulator import Behaviour, Emulator, Fault, Limits, World, configuration, generate
from tests.support.command import finish, set_environment, start
from tests.support.drivers import SIGNALLED_BEFORE_THE_RUN, SIGNALLED_WHILE_WRITING
from tests.support.expected_reports import COLLECT, assert_exact
from tests.support.reports import Reports, files_in
from tests.support.sample_worlds import ODDITIES, small

SOON = 5.0  # seconds

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}

LONG: dict[str, Any] = {
    "users": 200,
    "groups": 3,
    "members": 150,
    "permission_sets": 3,
    "accounts": 20,
    "pairs": 60,
    "principals": 3,
    "direct": 0.0,
}
"""Sizes of an organization that needs few calls and has thousands of rows."""

SETTINGS = """
run:
  max_parallel_organizations: {parallel}
"""


@dataclass
class Started:
    """A run in a process of its own."""

    process: "subprocess.Popen[str]"
    place: Path

    def until(self, event: str, org: str) -> None:
        """Read the log up to an event of an organization."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            logged = json.loads(line)
            if (logged["event"], logged.get("org")) == (event, org):
                return
        raise AssertionError(f"the run ended without {event} of {org}")

    def stop(self, number: signal.Signals) -> Reports:
        """Send a signal and assert that the process ends soon."""
        sent = time.monotonic()
        self.process.send_signal(number)
        ended = finish(self.process, within=SOON * 2)
        assert time.monotonic() - sent < SOON
        return Reports(self.place, ended, calls=Emulator(small()).calls)


class Starter:
    """Starts runs over an emulated world, each in a process of its own."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = tmp_path / "reports"
        self._file = tmp_path / "orgs.yaml"
        self._monkeypatch = monkeypatch

    def start(
        self, emulator: Emulator, *, parallel: int = 20, python: tuple[str, ...] = ("-m", "sso_batch")
    ) -> Started:
        """Start `sso-batch run`."""
        collect = COLLECT + "  requests_per_second: 1000\n"
        settings = SETTINGS.format(parallel=parallel)
        self._file.write_text(configuration(emulator.world, directory=str(self._folder)) + collect + settings)
        set_environment(self._monkeypatch, emulator.environment())
        return Started(start("run", "--config", self._file, python=python), self._folder)


@pytest.fixture
def runner(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Starter:
    assert home.is_dir()
    return Starter(tmp_path, monkeypatch)


@pytest.fixture
def world() -> World:
    """Return a small organization and a large one."""
    large = generate(2, organizations=2, **ODDITIES)
    return World((small().organizations[0], large.organizations[1]), large.access_keys, large.roles)


DELAYS: dict[str, tuple[Fault, ...]] = {
    "a call that hangs": (Fault("hang", operation="ListAccountAssignments", organization="org-1"),),
    "endless throttling": (Fault("throttle", operation="ListUsers", organization="org-1"),),
    "slow answers": (),
}


@pytest.fixture(params=DELAYS, ids=str)
def emulator(request: pytest.FixtureRequest, world: World) -> Iterator[Emulator]:
    """Serve an AWS in which auditing the large organization takes long."""
    faults = DELAYS[request.param]
    slow = {} if faults else {"latency": 0.04, "behaviour": Behaviour(page_size=1)}
    with Emulator(world, limits=Limits.off(), faults=faults, **slow) as emulator:  # type: ignore[arg-type]
        yield emulator


@pytest.mark.parametrize(("number", "code"), SIGNALS.items(), ids=lambda value: getattr(value, "name", ""))
def test_a_signal_keeps_finished_organizations(
    runner: Starter, emulator: Emulator, number: signal.Signals, code: int
) -> None:
    """After a signal, finished organizations are on disk; the others are interrupted and have no CSV."""
    run = runner.start(emulator)
    run.until("org.completed", "org-0")

    reports = run.stop(number)

    assert reports.ended.code == code
    assert (reports.manifest["exit_code"], reports.manifest["status"]) == (code, "interrupted")
    assert reports.statuses == {"org-0": "complete", "org-1": "interrupted"}
    assert reports.names == reports.file_names("org-0", merged=False)
    assert reports.manifest["files"] == reports.organization("org-1")["files"] == []
    assert_exact(reports, emulator.world, "org-0")
    reports.assert_sums()
    assert [event["org"] for event in reports.ended.named("org.interrupted")] == ["org-1"]
    assert reports.ended.events[-1]["event"] == "run.completed"


def test_organizations_that_were_not_started_are_interrupted(runner: Starter, world: World) -> None:
    """An organization that was not started is named as interrupted, and no call is made to it."""
    reverse = World((world.organizations[1], world.organizations[0]), world.access_keys, world.roles)
    fault = Fault("hang", operation="ListUsers", organization="org-1")
    with Emulator(reverse, limits=Limits.off(), faults=[fault]) as emulator:
        run = runner.start(emulator, parallel=1)
        run.until("org.started", "org-1")

        reports = run.stop(signal.SIGINT)

        assert emulator.calls["org-0", "GetCallerIdentity"] == 0
    assert reports.ended.code == 130
    assert reports.statuses == {"org-1": "interrupted", "org-0": "interrupted"}
    assert reports.names == reports.file_names(merged=False)


@pytest.mark.parametrize(
    ("beginning", "statuses"),
    [
        ("/org-1/", {"org-0": "complete", "org-1": "interrupted"}),
        ("aws_sso_access_report_2", {"org-0": "complete", "org-1": "complete"}),
    ],
    ids=["an organization's file", "the merged file"],
)
@pytest.mark.parametrize(("number", "code"), SIGNALS.items(), ids=lambda value: getattr(value, "name", ""))
def test_a_signal_while_a_file_is_written(
    runner: Starter,
    world: World,
    number: signal.Signals,
    code: int,
    beginning: str,
    statuses: dict[str, str],
) -> None:
    """A signal during a write leaves no partial file, and files finished before are intact."""
    driver = ("-c", SIGNALLED_WHILE_WRITING, str(int(number)), beginning)
    with Emulator(world, limits=Limits.off()) as emulator:
        run = runner.start(emulator, parallel=1, python=driver)

        ended = finish(run.process, within=20)

        reports = Reports(run.place, ended, emulator.calls)
    assert ended.code == code
    assert reports.statuses == statuses
    complete = [name for name, status in statuses.items() if status == "complete"]
    assert reports.names == reports.file_names(*complete, merged=False)
    assert reports.manifest["files"] == []
    assert_exact(reports, world, *complete)
    reports.assert_sums()


@pytest.mark.parametrize(("number", "code"), SIGNALS.items(), ids=lambda value: getattr(value, "name", ""))
def test_a_signal_before_the_first_call(
    runner: Starter, world: World, number: signal.Signals, code: int
) -> None:
    """A signal before the first call ends the process without a traceback and without a file."""
    with Emulator(world, limits=Limits.off()) as emulator:
        run = runner.start(emulator, python=("-c", SIGNALLED_BEFORE_THE_RUN, str(int(number))))

        ended = finish(run.process, within=20)

        assert emulator.calls.total() == 0
    assert ended.code == code
    assert "Traceback" not in ended.stderr
    assert not run.place.exists() or not list(files_in(run.place))


def test_a_second_signal_changes_nothing(runner: Starter, world: World) -> None:
    """Further signals change neither the exit code of the first one nor the manifest."""
    driver = ("-c", SIGNALLED_WHILE_WRITING, "2,15,2", "/org-1/")
    with Emulator(world, limits=Limits.off()) as emulator:
        run = runner.start(emulator, parallel=1, python=driver)

        ended = finish(run.process, within=20)

    reports = Reports(run.place, ended, emulator.calls)
    assert (reports.ended.code, reports.manifest["exit_code"]) == (130, 130)
    assert reports.statuses == {"org-0": "complete", "org-1": "interrupted"}
    assert reports.names == reports.file_names("org-0", merged=False)


def test_a_signal_while_a_large_file_is_merged(runner: Starter) -> None:
    """A merged file of 10,000 rows is abandoned soon, and the organizations' files are kept."""
    world = generate(3, organizations=2, **LONG)
    driver = ("-c", SIGNALLED_WHILE_WRITING, str(int(signal.SIGTERM)), "aws_sso_access_report_2")
    with Emulator(world, limits=Limits.off()) as emulator:
        run = runner.start(emulator, python=driver)

        ended = finish(run.process, within=60)

    reports = Reports(run.place, ended, emulator.calls)
    assert ended.code == 143
    assert sum(organization["counts"]["rows"] for organization in reports.manifest["organizations"]) > 10_000
    assert reports.statuses == {"org-0": "complete", "org-1": "complete"}
    assert reports.names == reports.file_names("org-0", "org-1", merged=False)
    reports.assert_sums()
