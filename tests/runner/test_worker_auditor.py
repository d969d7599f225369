"""Tests of the audits in worker processes, with processes that the test plays itself."""

import asyncio
import io
import pickle
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from sso_batch.aws.backoff import TimeLimit
from sso_batch.config import Organization, load
from sso_batch.errors import OrganizationError
from sso_batch.logs import LogSettings
from sso_batch.message_workers import ProcessEnd
from sso_batch.progress import NoProgress, Watch
from sso_batch.review.roster import Person, Roster
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.results import OrganizationOutcome, Status
from sso_batch.run_files.run import RunFacts
from sso_batch.runner import worker_auditor
from sso_batch.runner.auditor import AuditLimits
from sso_batch.runner.instance_claims import InstanceClaims
from sso_batch.runner.worker_auditor import WorkerAuditor
from sso_batch.runner.worker_messages import (
    AuditRequest,
    Begin,
    Cancel,
    Claim,
    ClaimAnswer,
    End,
    Ended,
    LogText,
    Moved,
)
from sso_batch.store import FolderPlace
from tests.support.command import SOURCES
from tests.support.contexts import run_context
from tests.support.records import INSTANCE, STARTED, outcome

NAMES = [f"org-{number}" for number in range(5)]
ORGANIZATIONS = [Organization(name=name) for name in NAMES]
FACTS = RunFacts(FileNames("r", "20260304_050607"), "c0ffee", "complete", ())


NO_LIMITS = AuditLimits()

Audit = asyncio.Task[OrganizationOutcome]


class PlayedProcess:
    """A worker process that does nothing but keep the messages that it gets."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.killed = False
        self.listener: Any = None

    def send(self, message: object) -> None:
        """Keep a message; it must be possible to pickle it."""
        self.messages.append(pickle.loads(pickle.dumps(message)))  # noqa: S301 - our own

    end = send

    def listen(self, listener: object) -> None:
        """Keep the listener."""
        self.listener = listener

    def kill(self) -> None:
        """Note the end, as the connection would."""
        self.killed = True
        self.lose(-9)

    def lose(self, exit_code: int) -> None:
        """Report that the process has ended."""
        self.listener.lost(self, ProcessEnd(exit_code))

    def say(self, message: object) -> None:
        """Report what the process sends."""
        self.listener.received(self, message)

    def end_all(self, *names: str) -> None:
        """Report that organizations have ended."""
        for name in names:
            self.say(Ended(name, outcome(name)))

    @property
    def requested(self) -> list[str]:
        """The organizations that the process was asked to audit."""
        return [message.organization for message in self.messages if isinstance(message, AuditRequest)]


class PlayedWorkers:
    """Worker processes that can be replaced, unless there are none to spare."""

    def __init__(self, number: int) -> None:
        self.processes = [PlayedProcess() for _ in range(number)]
        self.all = list(self.processes)
        self.can_be_replaced = True

    def replace(self, ended: PlayedProcess) -> PlayedProcess:
        """Return another process in its place."""
        if not self.can_be_replaced:
            raise OSError(11, "Resource temporarily unavailable")
        new = PlayedProcess()
        self.processes[self.processes.index(ended)] = new
        self.all.append(new)
        return new


class PlayedLocal:
    """What the run itself does about an organization: it keeps the errors that it gets."""

    def __init__(self) -> None:
        self.errors: list[OrganizationError] = []
        self.left: OrganizationOutcome | None = None
        """What a lost process has left."""

    def entry(self, organization: Organization, limits: AuditLimits) -> "PlayedLocal":
        """Return an entry that has left nothing."""
        del limits
        self._name = organization.name
        return self

    async def lost(self, error: OrganizationError) -> OrganizationOutcome:
        """Return a failure."""
        self.errors.append(error)
        return self.left or outcome(self._name, Status.FAILED, gaps=(error.gap(self._name),))

    async def refused(self, error: OrganizationError) -> OrganizationOutcome:
        """Return a failure."""
        self.errors.append(error)
        return outcome(self._name, Status.FAILED, gaps=(error.gap(self._name),))


class Observer(NoProgress):
    """Keeps how far organizations have come."""

    def __init__(self) -> None:
        self.moves: list[tuple[str, int, int]] = []

    def moved(self, organization: str, *, done: int, known: int) -> None:
        """Keep it."""
        self.moves.append((organization, done, known))


class Stage:
    """An auditor with worker processes that the test plays."""

    def __init__(self, folder: Path, number: int = 2) -> None:
        self.workers = PlayedWorkers(number)
        self.local = PlayedLocal()
        self.claims = InstanceClaims(NAMES)
        self.observer = Observer()
        self.stream = io.StringIO()
        self.stop = threading.Event()
        context = run_context(FolderPlace(folder), FACTS, stop=self.stop)
        workers: Any = self.workers
        local: Any = self.local
        watch = Watch(self.stream, LogSettings(), self.observer)
        self.auditor = WorkerAuditor(workers, local, context, self.claims, watch)

    async def start(self, at_once: int = 20, calls: dict[str, int] | None = None) -> list[str]:
        """Start, and return the order in which to audit."""
        self.auditor.start(at_once, calls or {})
        return [each.name for each in sorted(ORGANIZATIONS, key=self.auditor.weight_of, reverse=True)]

    async def audit(
        self, *names: str, limits: AuditLimits = NO_LIMITS
    ) -> list[asyncio.Task[OrganizationOutcome]]:
        """Start to audit organizations, one after the other."""
        tasks = []
        for name in names:
            organization = ORGANIZATIONS[NAMES.index(name)]
            tasks.append(asyncio.create_task(self.auditor.audit(organization, limits)))
            await settled()
        return tasks

    @property
    def requested(self) -> list[list[str]]:
        """What each process was asked to audit, in the order in which they were started."""
        return [process.requested for process in self.workers.all]


async def settled() -> None:
    """Let everything happen that can."""
    for _ in range(5):
        await asyncio.sleep(0)


Play = Callable[[Callable[[Stage], Coroutine[Any, Any, None]]], None]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    """Return a function that plays with two processes."""
    monkeypatch.setattr(worker_auditor, "_STOP_SECONDS", 0.05)

    def run(scene: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
        async def on_stage() -> None:
            await scene(Stage(tmp_path))

        asyncio.run(on_stage())

    yield run
    assert list(tmp_path.iterdir()) == []


def test_balance_by_calls(play: Play) -> None:
    """The organizations with the most calls come first, each to the process with the lowest load."""

    async def scene(stage: Stage) -> None:
        order = await stage.start(calls={"org-1": 100, "org-3": 500, "org-4": 150})
        # An unknown one counts as the average, 250.
        assert order == ["org-3", "org-0", "org-2", "org-4", "org-1"]
        tasks = await stage.audit(*order)
        assert stage.requested == [["org-3", "org-4"], ["org-0", "org-2", "org-1"]]
        stage.workers.processes[0].end_all("org-3", "org-4")
        stage.workers.processes[1].end_all("org-0", "org-2", "org-1")
        assert [(await task).name for task in tasks] == order

    play(scene)


def test_balance_by_count(play: Play) -> None:
    """Without an earlier run, the order is that of the configuration and each process gets as many."""

    async def scene(stage: Stage) -> None:
        assert await stage.start() == NAMES
        await stage.audit(*NAMES[:4])
        assert stage.requested == [["org-0", "org-2"], ["org-1", "org-3"]]

    play(scene)


def test_idle_process_takes_what_waits(play: Play) -> None:
    """No process audits more at a time than allowed, even if another one has a huge organization."""

    async def scene(stage: Stage) -> None:
        await stage.start(at_once=2, calls={"org-0": 10_000, "org-1": 1, "org-2": 1, "org-3": 1})
        await stage.audit("org-0", "org-1", "org-2", "org-3")
        assert stage.requested == [["org-0", "org-3"], ["org-1", "org-2"]]
        stage.workers.processes[1].end_all("org-1", "org-2")
        await settled()
        await stage.audit("org-4")
        assert stage.requested[1] == ["org-1", "org-2", "org-4"]

    play(scene)


def test_messages_of_a_process(play: Play) -> None:
    """Log, progress and claims of a process reach the run, and the answers come back."""

    async def scene(stage: Stage) -> None:
        await stage.start()
        await stage.audit("org-0", "org-1")
        first, second = stage.workers.processes
        assert [type(message) for message in first.messages] == [Begin, AuditRequest]
        first.say(LogText('{"event": "org.started"}\n'))
        first.say(Moved({"org-0": (3, 7)}))
        first.say(Claim("org-0", INSTANCE))
        await settled()
        second.say(Claim("org-1", INSTANCE))
        await settled()
        assert stage.stream.getvalue() == '{"event": "org.started"}\n'
        assert stage.observer.moves == [("org-0", 3, 7)]
        assert first.messages[-1] == ClaimAnswer("org-0", None)
        refused = second.messages[-1]
        assert isinstance(refused, ClaimAnswer)
        assert isinstance(refused.conflict, OrganizationError)
        assert (refused.conflict.code, refused.conflict.operation) == ("SameInstance", "ListInstances")
        assert "org-0" in refused.conflict.message
        assert refused.conflict.hint
        stage.auditor.end()
        assert first.messages[-1] == second.messages[-1] == End()

    play(scene)


def test_earlier_entry_takes_the_instance(play: Play) -> None:
    """A later entry that was faster is cancelled, and fails even if it had just finished."""

    async def scene(stage: Stage) -> None:
        await stage.start()
        first, second = await stage.audit("org-0", "org-1")
        one, two = stage.workers.processes
        two.say(Claim("org-1", INSTANCE))
        await settled()
        one.say(Claim("org-0", INSTANCE))
        await settled()
        cancel = two.messages[-1]
        assert isinstance(cancel, Cancel)
        assert cancel.conflict is not None
        two.end_all("org-1")
        one.end_all("org-0")
        assert (await first).status is Status.COMPLETE
        assert (await second).status is Status.FAILED
        assert [error.code for error in stage.local.errors] == ["SameInstance"]

    play(scene)


def test_lost_process(play: Play) -> None:
    """What a lost process audited is lost; a new one audits what comes later."""

    async def scene(stage: Stage) -> None:
        await stage.start()
        tasks = await stage.audit("org-0", "org-1", "org-2")
        stage.workers.processes[0].lose(9)
        assert [(await task).status for task in (tasks[0], tasks[2])] == [Status.FAILED, Status.FAILED]
        assert [error.code for error in stage.local.errors] == ["WorkerLost"] * 2
        assert "ended with exit code 9" in stage.local.errors[0].message
        assert not tasks[1].done()
        await stage.audit("org-3")
        assert stage.requested == [["org-0", "org-2"], ["org-1"], ["org-3"]]
        assert isinstance(stage.workers.processes[0].messages[0], Begin)

    play(scene)


def test_no_process_to_replace_it(play: Play) -> None:
    """Where no new process can be started, the others go on; without any, the message says why."""

    async def scene(stage: Stage) -> None:
        await stage.start()
        stage.workers.can_be_replaced = False
        stage.workers.processes[0].lose(9)
        await settled()
        await stage.audit("org-0")
        assert stage.requested == [[], ["org-0"]]
        stage.workers.processes[1].lose(9)
        await settled()
        (task,) = await stage.audit("org-1")
        assert (await task).status is Status.FAILED
        assert "could not be started: Resource temporarily unavailable" in stage.local.errors[-1].message

    play(scene)


@pytest.mark.parametrize(
    ("exit_code", "hint", "is_bug"),
    [(-9, "memory limit", False), (1, "report it", True), (9, "run again", False)],
)
def test_reason_of_a_loss(play: Play, exit_code: int, hint: str, is_bug: bool) -> None:  # noqa: FBT001 - a case
    """The hint depends on how the process has ended; an unexpected error is a bug, as in one process."""

    async def scene(stage: Stage) -> None:
        await stage.start()
        await stage.audit("org-0")
        stage.workers.processes[0].lose(exit_code)
        await settled()
        (error,) = stage.local.errors
        assert hint in error.hint
        assert error.is_bug is is_bug

    play(scene)


def test_lost_process_of_an_entry_without_its_instance(play: Play) -> None:
    """What a lost process has left does not count if an earlier entry has taken its instance."""

    async def scene(stage: Stage) -> None:
        await stage.start()
        _, second = await stage.audit("org-0", "org-1")
        one, two = stage.workers.processes
        two.say(Claim("org-1", INSTANCE))
        await settled()
        one.say(Claim("org-0", INSTANCE))
        await settled()
        stage.local.left = outcome("org-1")
        two.lose(-9)
        assert (await second).status is Status.FAILED
        assert [error.code for error in stage.local.errors] == ["WorkerLost", "SameInstance"]

    play(scene)


def test_signal(play: Play) -> None:
    """After a signal a process may end its organizations; one that does not is killed soon."""

    async def scene(stage: Stage) -> None:
        await stage.start()
        tasks = await stage.audit("org-0", "org-1")
        stage.stop.set()
        for task in tasks:
            task.cancel()
        await settled()
        first, second = stage.workers.processes
        assert first.messages[-1] == Cancel("org-0", None)
        first.say(Ended("org-0", outcome("org-0", Status.INTERRUPTED)))
        assert (await tasks[0]).status is Status.INTERRUPTED
        await tasks[1]
        assert (first.killed, second.killed) == (False, True)

    play(scene)


def test_process_that_ignores_the_time_limit(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has not ended an organization long after the run's time limit is killed."""
    monkeypatch.setattr(worker_auditor, "_LATE_SECONDS", 0.05)

    async def scene(stage: Stage) -> None:
        await stage.start()
        long_ago = asyncio.get_running_loop().time() - 1000
        limits = AuditLimits(TimeLimit(long_ago, "run.deadline (2h)", "increase it"))
        (task,) = await stage.audit("org-0", limits=limits)
        await settled()
        assert not task.done()  # also an organization that starts after the limit has some time
        await task
        assert stage.workers.processes[0].killed
        (error,) = stage.local.errors
        assert error.code == "WorkerLost"
        assert "did not stop after run.deadline" in error.message
        assert "memory" not in error.hint

    play(scene)


def test_begin_in_another_process() -> None:
    """Configuration and roster arrive in a worker as they were."""
    config = load(SOURCES / "config/orgs.example.yaml", {"GLOBEX_EXTERNAL_ID": "secret"})
    roster = Roster((Person("ann@example.com", "7"),), frozenset({"email"}), "5ha")
    begin = Begin(config, FACTS, STARTED, roster, LogSettings("debug", "json"), is_terminal=False)

    assert pickle.loads(pickle.dumps(begin)) == begin  # noqa: S301 - our own
    assert pickle.loads(pickle.dumps(roster)).find("ANN@example.com") == roster.people[0]  # noqa: S301 - likewise
