"""SIGINT and SIGTERM: a run ends soon, keeps what is finished, and names what is not."""

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
from tests.end_to_end.command import Ended, finish, start
from tests.end_to_end.expected import COLLECT, assert_exact
from tests.end_to_end.reports import Reports
from tests.end_to_end.worlds import ODDITIES, small

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
"""An organization of few calls and thousands of rows."""

SETTINGS = """
run:
  max_parallel_organizations: {parallel}
"""

# Sends signals, one after the other, to its own process while the first bytes of a file are being
# written, and writes on.
SIGNAL_IN_MID_FILE = """
import os, sys, time
from sso_batch.store import Draft
numbers, beginning = sys.argv.pop(1).split(","), sys.argv.pop(1)
write = Draft.write
def write_and_signal(draft, data):
    write(draft, data)
    while draft.name.startswith(beginning) and draft.name.endswith(".csv") and numbers:
        os.kill(os.getpid(), int(numbers.pop(0)))
        time.sleep(0.3)
Draft.write = write_and_signal
from sso_batch.cli import main
main()
"""

# Sends signals to its own process while the output place is prepared, before the run listens for them.
SIGNAL_BEFORE_THE_RUN = """
import os, sys
from sso_batch.store import Folder
number = int(sys.argv.pop(1))
def prepare_and_signal(folder):
    folder.directory.mkdir()
    with folder.draft("aws_sso_access_report_probe"):
        os.kill(os.getpid(), number)
Folder.prepare = prepare_and_signal
from sso_batch.cli import main
main()
"""


@dataclass
class Started:
    """A run in a process of its own."""

    process: "subprocess.Popen[str]"
    folder: Path

    def until(self, event: str, org: str) -> None:
        """Read the log up to an event."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            told = json.loads(line)
            if (told["event"], told.get("org")) == (event, org):
                return
        raise AssertionError(f"the run ended without {event} of {org}")

    def stop(self, number: signal.Signals) -> Reports:
        """Send a signal; the process has to end soon."""
        sent = time.monotonic()
        self.process.send_signal(number)
        ended = finish(self.process, within=SOON * 2)
        assert time.monotonic() - sent < SOON
        return Reports(self.folder, ended, calls=Emulator(small()).calls)


class Runner:
    """Starts runs over a world, each in a process of its own."""

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
        for name, value in emulator.environment().items():
            self._monkeypatch.setenv(name, value)
        return Started(start("run", "--config", self._file, python=python), self._folder)


@pytest.fixture
def runner(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    assert home.is_dir()
    return Runner(tmp_path, monkeypatch)


@pytest.fixture
def world() -> World:
    """A small organization and a large one."""
    large = generate(2, organizations=2, **ODDITIES)
    return World((small().organizations[0], large.organizations[1]), large.access_keys, large.roles)


TROUBLES: dict[str, tuple[Fault, ...]] = {
    "a call that hangs": (Fault("hang", operation="ListAccountAssignments", organization="org-1"),),
    "throttles without end": (Fault("throttle", operation="ListUsers", organization="org-1"),),
    "slow answers": (),
}


@pytest.fixture(params=TROUBLES, ids=str)
def emulator(request: pytest.FixtureRequest, world: World) -> Iterator[Emulator]:
    """An AWS in which the large organization takes long."""
    faults = TROUBLES[request.param]
    slow = {} if faults else {"latency": 0.04, "behaviour": Behaviour(page_size=1)}
    with Emulator(world, limits=Limits.off(), faults=faults, **slow) as emulator:  # type: ignore[arg-type]
        yield emulator


@pytest.mark.parametrize(("number", "code"), SIGNALS.items(), ids=lambda value: getattr(value, "name", ""))
def test_a_signal_ends_the_run_and_keeps_what_is_finished(
    runner: Runner, emulator: Emulator, number: signal.Signals, code: int
) -> None:
    """In mid-run: finished organizations are on disk, the others have no CSV and are named as interrupted."""
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


def test_what_never_began_is_interrupted_too(runner: Runner, world: World) -> None:
    """An organization whose turn never came is named as interrupted, and nothing was asked of it."""
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
        ("aws_sso_access_report_org-1_", {"org-0": "complete", "org-1": "interrupted"}),
        ("aws_sso_access_report_2", {"org-0": "complete", "org-1": "complete"}),
    ],
    ids=["an organization's", "the merged one"],
)
@pytest.mark.parametrize(("number", "code"), SIGNALS.items(), ids=lambda value: getattr(value, "name", ""))
def test_a_signal_while_a_file_is_written_leaves_no_half_of_it(
    runner: Runner,
    world: World,
    number: signal.Signals,
    code: int,
    beginning: str,
    statuses: dict[str, str],
) -> None:
    """The file that is being written is gone, those that were finished before are whole."""
    driver = ("-c", SIGNAL_IN_MID_FILE, str(int(number)), beginning)
    with Emulator(world, limits=Limits.off()) as emulator:
        run = runner.start(emulator, parallel=1, python=driver)

        ended: Ended = finish(run.process, within=20)

        reports = Reports(run.folder, ended, emulator.calls)
    assert ended.code == code
    assert reports.statuses == statuses
    complete = [name for name, status in statuses.items() if status == "complete"]
    assert reports.names == reports.file_names(*complete, merged=False)
    assert reports.manifest["files"] == []
    assert_exact(reports, world, *complete)
    reports.assert_sums()


@pytest.mark.parametrize(("number", "code"), SIGNALS.items(), ids=lambda value: getattr(value, "name", ""))
def test_a_signal_before_the_first_call(
    runner: Runner, world: World, number: signal.Signals, code: int
) -> None:
    """A process that is told to end before its run has begun ends at once, and leaves nothing."""
    with Emulator(world, limits=Limits.off()) as emulator:
        run = runner.start(emulator, python=("-c", SIGNAL_BEFORE_THE_RUN, str(int(number))))

        ended = finish(run.process, within=20)

        assert emulator.calls.total() == 0
    assert ended.code == code
    assert "Traceback" not in ended.stderr
    assert not run.folder.exists() or list(run.folder.iterdir()) == []


def test_a_second_signal_changes_nothing(runner: Runner, world: World) -> None:
    """Whoever is impatient gets the same: the first signal's exit code, and the manifest."""
    driver = ("-c", SIGNAL_IN_MID_FILE, "2,15,2", "aws_sso_access_report_org-1_")
    with Emulator(world, limits=Limits.off()) as emulator:
        run = runner.start(emulator, parallel=1, python=driver)

        ended = finish(run.process, within=20)

    reports = Reports(run.folder, ended, emulator.calls)
    assert (reports.ended.code, reports.manifest["exit_code"]) == (130, 130)
    assert reports.statuses == {"org-0": "complete", "org-1": "interrupted"}
    assert reports.names == reports.file_names("org-0", merged=False)


def test_a_signal_while_ten_thousand_rows_are_merged(runner: Runner) -> None:
    """A merged file that is under way is given up soon, however long it is; the organizations' are kept."""
    world = generate(3, organizations=2, **LONG)
    driver = ("-c", SIGNAL_IN_MID_FILE, str(int(signal.SIGTERM)), "aws_sso_access_report_2")
    with Emulator(world, limits=Limits.off()) as emulator:
        run = runner.start(emulator, python=driver)

        ended = finish(run.process, within=60)

    reports = Reports(run.folder, ended, emulator.calls)
    assert ended.code == 143
    assert sum(one["counts"]["rows"] for one in reports.manifest["organizations"]) > 10_000
    assert reports.statuses == {"org-0": "complete", "org-1": "complete"}
    assert reports.names == reports.file_names("org-0", "org-1", merged=False)
    reports.assert_sums()
