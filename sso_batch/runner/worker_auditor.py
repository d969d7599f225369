"""Audits organizations in worker processes: who audits which one, and what becomes of a process's end."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sso_batch.aws.backoff import TimeLimit
from sso_batch.config import Organization
from sso_batch.errors import OrganizationError
from sso_batch.message_workers import ProcessEnd, WorkerProcess, Workers
from sso_batch.model import Instance
from sso_batch.progress import Watch
from sso_batch.run_files.results import OrganizationOutcome
from sso_batch.runner.auditor import AuditLimits, LocalAuditor
from sso_batch.runner.context import RunContext
from sso_batch.runner.instance_claims import InstanceClaims
from sso_batch.runner.worker_messages import (
    AuditRequest,
    Begin,
    Cancel,
    Claim,
    ClaimAnswer,
    End,
    Ended,
    FromWorker,
    LogText,
    Moved,
)

_STOP_SECONDS = 3.0
"""How long a worker may take to stop an organization: 5 seconds after a signal the manifest must exist."""

_LATE_SECONDS = 300.0
"""How long after the run's time limit a worker must have ended an organization."""


_AGAIN = "run again with --resume: only what is missing is audited"
_MEMORY = (
    "if the memory limit of the container was reached, raise it, or lower run.processes or "
    f"run.max_parallel_organizations; then {_AGAIN}"
)
_REPORT = f"please report it with the traceback from the log; {_AGAIN}"


class WorkerLostError(OrganizationError):
    """The worker process of an organization has ended before the organization."""

    def __init__(self, reason: str, hint: str = _AGAIN, *, is_bug: bool = False) -> None:
        message = f"the worker process that audited the organization {reason}"
        super().__init__(message, code="WorkerLost", hint=hint)
        self.is_bug = is_bug


_Inbox = asyncio.Queue[Claim | Ended | WorkerLostError]


@dataclass(slots=True, eq=False)
class _Worker:
    """A worker process, and what it audits: by the name of the organization, its messages and its weight."""

    process: WorkerProcess
    inboxes: dict[str, _Inbox] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    is_alive: bool = True
    was_late: bool = False


class WorkerAuditor:
    """The auditor that has processes audit, each several organizations at a time.

    A waiting organization goes to the process with the lowest load. A process that has ended before its
    time is replaced as soon as there is something to audit; `local` finds out what it has left.
    """

    def __init__(
        self,
        workers: Workers,
        local: LocalAuditor,
        context: RunContext,
        claims: InstanceClaims,
        watch: Watch,
    ) -> None:
        self.number = len(workers.processes)
        self._all = workers
        self._local = local
        self._claims = claims
        self._stream = watch.stream
        self._progress = watch.progress
        self._stop = context.stop
        self._begin = Begin(
            context.config,
            context.facts,
            context.started_at,
            context.roster,
            watch.settings,
            is_terminal=watch.stream.isatty(),
        )
        self._workers = [_Worker(process) for process in workers.processes]
        self._at_once = 1
        self._calls: Mapping[str, int] = {}
        self._average = 1.0

    def start(self, at_once: int, earlier_calls: Mapping[str, int]) -> None:
        """Let the processes begin. Each audits `at_once` organizations at a time.

        `earlier_calls` says how many calls organizations took in an earlier run.
        """
        self._at_once = at_once
        self._calls = earlier_calls
        if earlier_calls:
            self._average = sum(earlier_calls.values()) / len(earlier_calls)
        self._loop = asyncio.get_running_loop()
        for worker in self._workers:
            self._begin_in(worker)

    def weight_of(self, organization: Organization) -> float:
        """Return how many calls an organization takes: as many as earlier, or as the others on average."""
        return self._calls.get(organization.name, self._average)

    async def audit(self, organization: Organization, limits: AuditLimits) -> OrganizationOutcome:
        """Have an organization audited by a process, and return its outcome, whatever happens."""
        name, entry = organization.name, self._local.entry(organization, limits)
        try:
            outcome = await self._audit(organization, limits)
        except WorkerLostError as error:
            outcome = await entry.lost(error)
        conflict = self._claims.lost(name)
        if conflict is not None and outcome.status.was_read:  # it had finished before it was stopped
            return await entry.refused(conflict)
        return outcome

    def end(self) -> None:
        """Tell the processes that nothing is left to audit."""
        for worker in self._workers:
            worker.is_alive = False
            worker.process.end(End())

    def close(self) -> None:
        """Wait until the processes have ended; end those that take too long."""
        self._all.resize(0)

    def received(self, process: WorkerProcess, message: FromWorker) -> None:
        """Note a message, in a thread of the process's connection."""
        self._in_loop(self._handle, process, message)

    def lost(self, process: WorkerProcess, end: ProcessEnd) -> None:
        """Note that a process has ended, in a thread of its connection."""
        self._in_loop(self._note_end, process, end)

    async def _audit(self, organization: Organization, limits: AuditLimits) -> OrganizationOutcome:
        """Return the outcome that a process sends; raise WorkerLostError if that ends before."""
        name, worker = organization.name, self._least_busy()
        worker.weights[name] = self.weight_of(organization)
        inbox = worker.inboxes[name] = asyncio.Queue()
        worker.process.send(AuditRequest(name, limits))
        try:
            return await self._outcome(name, worker, inbox, limits.deadline)
        finally:
            del worker.inboxes[name], worker.weights[name]

    async def _outcome(
        self, name: str, worker: _Worker, inbox: _Inbox, deadline: TimeLimit | None
    ) -> OrganizationOutcome:
        """Answer the process of an organization until that has ended."""
        process = worker.process
        end = None if deadline is None else max(deadline.end, self._loop.time()) + _LATE_SECONDS
        while True:
            try:
                async with asyncio.timeout_at(end):
                    message = await inbox.get()
            except asyncio.CancelledError:
                conflict = self._claims.lost(name)
                process.send(Cancel(name, conflict))
                if conflict is None or self._stop.is_set():
                    end = self._loop.time() + _STOP_SECONDS
                continue
            except TimeoutError:
                worker.was_late = True
                process.kill()
                end = None
                continue
            match message:
                case Claim(instance=instance):
                    process.send(ClaimAnswer(name, await self._conflict(name, instance)))
                case Ended(outcome=outcome):
                    return outcome
                case WorkerLostError():
                    raise message

    async def _conflict(self, name: str, instance: Instance) -> OrganizationError | None:
        try:
            await self._claims.claim(name, instance)
        except OrganizationError as error:
            return error
        return None

    def _least_busy(self) -> _Worker:
        """Return the process with the lowest load; those that have ended are replaced."""
        reason = ""
        for number, worker in enumerate(self._workers):
            if not worker.is_alive:
                try:
                    self._workers[number] = self._replacement(worker)
                except OSError as error:
                    reason = f"could not be started: {error.strerror}"
        alive = [worker for worker in self._workers if worker.is_alive]
        if not alive:
            raise WorkerLostError(reason)
        free = [worker for worker in alive if len(worker.inboxes) < self._at_once]
        return min(free or alive, key=lambda worker: sum(worker.weights.values()))

    def _replacement(self, worker: _Worker) -> _Worker:
        """Return a new process in place of one that has ended; raise OSError if it cannot be started."""
        new = _Worker(self._all.replace(worker.process))
        self._begin_in(new)
        return new

    def _begin_in(self, worker: _Worker) -> None:
        worker.process.listen(self)
        worker.process.send(self._begin)

    def _in_loop(self, function: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop is closed
            self._loop.call_soon_threadsafe(function, *arguments)

    def _handle(self, process: WorkerProcess, message: FromWorker) -> None:
        match message:
            case LogText(text=text):
                self._stream.write(text)
                self._stream.flush()
            case Moved(jobs=jobs):
                for name, (done, known) in jobs.items():
                    self._progress.moved(name, done=done, known=known)
            case Claim() | Ended():
                self._worker(process).inboxes[message.organization].put_nowait(message)

    def _note_end(self, process: WorkerProcess, end: ProcessEnd) -> None:
        worker = self._worker(process)
        worker.is_alive = False
        error = _lost(end, was_late=worker.was_late)
        for inbox in worker.inboxes.values():
            inbox.put_nowait(error)

    def _worker(self, process: WorkerProcess) -> _Worker:
        return next(worker for worker in self._workers if worker.process is process)


def _lost(end: ProcessEnd, *, was_late: bool) -> WorkerLostError:
    """Return the error of organizations whose process has ended."""
    reason = f"{end.text}; its calls are not counted"
    if was_late:
        return WorkerLostError(f"did not stop after run.deadline and {reason}")
    if end.is_bug:
        return WorkerLostError(reason, _REPORT, is_bug=True)
    return WorkerLostError(reason, _MEMORY if end.was_killed else _AGAIN)
