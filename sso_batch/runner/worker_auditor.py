"""Audits organizations in worker processes: who audits which one, and what becomes of a process's end."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sso_batch.aws.backoff import TimeLimit
from sso_batch.config import Organization
from sso_batch.errors import OrganizationError
from sso_batch.message_workers import WorkerProcess, Workers
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

_PREVIOUS_SECONDS = 5.0
"""How long to wait for the previous run, which says how many calls each organization took."""

_LATE_SECONDS = 60.0
"""How long after the run's time limit a worker must have ended an organization."""


class WorkerLostError(OrganizationError):
    """The worker process of an organization has ended, and nobody knows how far it had come."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the worker process that audited the organization {reason}",
            code="WorkerLost",
            hint="if the memory limit of the container was reached, raise it, or lower run.processes or "
            "run.max_parallel_organizations; then run again with --resume: only what is missing is audited",
        )


_Inbox = asyncio.Queue[Claim | Ended | WorkerLostError]


@dataclass(slots=True, eq=False)
class _Worker:
    """A worker process, and what it audits: by the name of the organization, its messages and its weight."""

    process: WorkerProcess
    inboxes: dict[str, _Inbox] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    is_alive: bool = True


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

    async def start(
        self,
        at_once: int,
        organizations: Sequence[Organization],
        earlier_calls: asyncio.Future[dict[str, int]],
    ) -> Sequence[Organization]:
        """Let the processes begin, and return the organizations in the order in which to audit them.

        Each process audits `at_once` organizations at a time. Those with the most `earlier_calls` come
        first; they are those of an earlier run, and are not waited for long.
        """
        self._at_once = at_once
        self._loop = asyncio.get_running_loop()
        for worker in self._workers:
            self._tell(worker)
        await asyncio.wait({earlier_calls}, timeout=_PREVIOUS_SECONDS)
        if earlier_calls.done():
            self._calls = earlier_calls.result()
        return sorted(organizations, key=lambda organization: self._weight(organization.name), reverse=True)

    async def audit(self, organization: Organization, limits: AuditLimits) -> OrganizationOutcome:
        """Have an organization audited by a process, and return its outcome, whatever happens."""
        name, entry = organization.name, self._local.entry(organization, limits)
        try:
            outcome = await self._audit(name, limits)
        except WorkerLostError as error:
            return await entry.lost(error)
        conflict = self._claims.lost(name)
        if conflict is not None and outcome.status.was_read:  # it finished before it could be stopped
            return await entry.refused(conflict)
        return outcome

    def end(self) -> None:
        """Tell the processes that nothing is left to audit."""
        for worker in self._workers:
            worker.is_alive = False
            worker.process.end(End())

    def received(self, process: WorkerProcess, message: FromWorker) -> None:
        """Note a message, in a thread of the process's connection."""
        self._in_loop(self._handle, process, message)

    def lost(self, process: WorkerProcess, reason: str) -> None:
        """Note that a process has ended, in a thread of its connection."""
        self._in_loop(self._bury, process, WorkerLostError(reason))

    async def _audit(self, name: str, limits: AuditLimits) -> OrganizationOutcome:
        """Return the outcome that a process sends; raise WorkerLostError if that ends before."""
        worker = self._least_busy()
        worker.weights[name] = self._weight(name)
        inbox = worker.inboxes[name] = asyncio.Queue()
        worker.process.send(AuditRequest(name, limits))
        try:
            return await self._outcome(name, worker.process, inbox, limits.deadline)
        finally:
            del worker.inboxes[name], worker.weights[name]

    async def _outcome(
        self, name: str, process: WorkerProcess, inbox: _Inbox, deadline: TimeLimit | None
    ) -> OrganizationOutcome:
        """Answer the process of an organization until that has ended."""
        end = None if deadline is None else deadline.end + _LATE_SECONDS
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
        for number, worker in enumerate(self._workers):
            if not worker.is_alive:
                self._workers[number] = self._replacement(worker)
        free = [worker for worker in self._workers if len(worker.inboxes) < self._at_once]
        return min(free or self._workers, key=lambda worker: sum(worker.weights.values()))

    def _replacement(self, worker: _Worker) -> _Worker:
        try:
            new = _Worker(self._all.replace(worker.process))
        except OSError as error:
            raise WorkerLostError(f"could not be started: {error.strerror}") from None
        self._tell(new)
        return new

    def _tell(self, worker: _Worker) -> None:
        worker.process.listen(self)
        worker.process.send(self._begin)

    def _weight(self, name: str) -> float:
        """Return how much an organization is; one that is unknown is as much as the others on average."""
        known = self._calls.values()
        return self._calls.get(name) or (sum(known) / len(known) if known else 1.0)

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

    def _bury(self, process: WorkerProcess, error: WorkerLostError) -> None:
        worker = self._worker(process)
        worker.is_alive = False
        for inbox in worker.inboxes.values():
            inbox.put_nowait(error)

    def _worker(self, process: WorkerProcess) -> _Worker:
        return next(worker for worker in self._workers if worker.process is process)
