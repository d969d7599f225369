"""A worker process of `sso-batch run`: it audits the organizations that the run sends to it."""

import asyncio
import os
import threading
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import Connection
from typing import NoReturn

from structlog.typing import FilteringBoundLogger

from sso_batch import open_files
from sso_batch.commands.storage import open_place
from sso_batch.daemon_threads import DaemonThreads
from sso_batch.errors import OrganizationError, SsoBatchError
from sso_batch.exit_codes import ExitCode
from sso_batch.logs import make_logger
from sso_batch.model import Instance
from sso_batch.progress import NoProgress
from sso_batch.runner.auditor import FILE_THREADS, AuditLimits, LocalAuditor
from sso_batch.runner.context import RunContext, run_logger
from sso_batch.runner.existing_results import ExistingResults, reading_fingerprints
from sso_batch.runner.previous_runs import PreviousRuns
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
    ToWorker,
)

_MOVED_INTERVAL = 0.1
"""Seconds between two messages about how far organizations have come."""


def audit_worker(connection: Connection) -> None:
    """Audit what the run at the other end of the connection asks for, until it says that nothing is left.

    The process ends at once when the run has ended, even if that was killed: a resumed run must not meet it.
    """
    open_files.raise_limit()
    run = _RunConnection(connection)
    try:
        begin = connection.recv()
    except (EOFError, OSError):  # the run has ended before it began
        return
    stream = _LogStream(run, is_terminal=begin.is_terminal)
    log = run_logger(make_logger(stream, begin.log), begin.facts)
    try:
        asyncio.run(_Worker(run, begin, log).run())
    except SsoBatchError as error:  # such as an output place that does not answer now
        log.error("worker.failed", message=error.message, hint=error.hint)  # noqa: TRY400 - not a bug
        os._exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the error boundary of the process
        _end_with(error, log)


def _end_with(error: BaseException, log: FilteringBoundLogger) -> NoReturn:
    """End the process with a bug: the run notes that its organizations are lost."""
    log.error("worker.bug", exc_info=error)
    os._exit(ExitCode.INTERNAL_ERROR)


class _RunConnection:
    """The connection to the run. Several threads can send; nothing is sent to a run that has ended."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()

    def send(self, message: FromWorker) -> None:
        """Send a message; end this process if the run has ended."""
        try:
            with self._sending:
                self._connection.send(message)
        except OSError:
            os._exit(ExitCode.FAILED)

    def receive(self) -> ToWorker:
        """Return the next message; end this process if the run has ended."""
        try:
            message: ToWorker = self._connection.recv()
        except (EOFError, OSError):
            os._exit(ExitCode.FAILED)
        return message


class _LogStream:
    """A stream whose text the run writes to its own log."""

    def __init__(self, run: _RunConnection, *, is_terminal: bool) -> None:
        self._run = run
        self._is_terminal = is_terminal

    def write(self, text: str) -> int:
        """Send the line of an event."""
        self._run.send(LogText(text))
        return len(text)

    def flush(self) -> None:
        """Do nothing: nothing is buffered."""

    def isatty(self) -> bool:
        """Return whether the log of the run is shown on a terminal."""
        return self._is_terminal


class _Claims:
    """Asks the run which organization may read which instance."""

    def __init__(self, run: _RunConnection) -> None:
        self._run = run
        self._answers: dict[str, asyncio.Future[OrganizationError | None]] = {}
        self._lost: dict[str, OrganizationError] = {}

    async def claim(self, organization: str, instance: Instance) -> None:
        """Ask for an instance; raise OrganizationError where it is taken."""
        answer = self._answers[organization] = asyncio.get_running_loop().create_future()
        self._run.send(Claim(organization, instance))
        conflict = await answer
        if conflict is not None:
            raise conflict

    def lost(self, organization: str) -> OrganizationError | None:
        """Return why an entry was cancelled, if another one took its instance."""
        return self._lost.get(organization)

    def answered(self, organization: str, conflict: OrganizationError | None) -> None:
        """Note the run's answer to a claim."""
        answer = self._answers.pop(organization)
        if not answer.done():  # cancelled in the meantime
            answer.set_result(conflict)

    def lose(self, organization: str, conflict: OrganizationError) -> None:
        """Note that another entry has taken the instance of this one."""
        self._lost[organization] = conflict


class _Movements(NoProgress):
    """Reports to the run how far organizations have come: together, and not at each call."""

    def __init__(self, run: _RunConnection) -> None:
        self._run = run
        self._jobs: dict[str, tuple[int, int]] = {}

    def moved(self, organization: str, *, done: int, known: int) -> None:
        """Note how far an organization has come."""
        if not self._jobs:
            asyncio.get_running_loop().call_later(_MOVED_INTERVAL, self._report)
        self._jobs[organization] = done, known

    def _report(self) -> None:
        self._run.send(Moved(self._jobs))
        self._jobs = {}


class _Worker:
    """The organizations that this process audits."""

    def __init__(self, run: _RunConnection, begin: Begin, log: FilteringBoundLogger) -> None:
        config, names = begin.config, begin.facts.names
        self._run = run
        self._log = log
        self._stop = threading.Event()
        self._files = DaemonThreads(FILE_THREADS, "files")
        self._claims = _Claims(run)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._organizations = {organization.name: organization for organization in config.organizations}
        place = open_place(config.output, self._stop)
        context = RunContext(
            config,
            begin.facts,
            begin.started_at,
            place,
            place.run(names.run_id),
            self._log,
            partial(datetime.now, UTC),
            self._stop,
            PreviousRuns(place, names, begin.started_at, self._stop),
            begin.roster,
        )
        fingerprints = reading_fingerprints(config, config.organizations, begin.roster)
        existing = ExistingResults(context, fingerprints, config.run.resume_max_age)
        self._auditor = LocalAuditor(existing, self._claims, _Movements(run), self._files)

    async def run(self) -> None:
        """Do what the run says until nothing is left."""
        messages: asyncio.Queue[ToWorker] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._receive, args=(loop, messages), daemon=True).start()
        await self._files.run(lambda: None)  # its first thread must not find that calls have all threads
        while not isinstance(message := await messages.get(), End):
            match message:
                case AuditRequest(organization=name, limits=limits):
                    self._tasks[name] = asyncio.create_task(self._audit(name, limits))
                    await asyncio.sleep(0)  # a task that is cancelled before it starts has no outcome
                case ClaimAnswer(organization=name, conflict=conflict):
                    self._claims.answered(name, conflict)
                case Cancel(organization=name, conflict=conflict):
                    self._cancel(name, conflict)
        self._auditor.close()

    def _receive(self, loop: asyncio.AbstractEventLoop, messages: "asyncio.Queue[ToWorker]") -> None:
        """Pass on what the run says, in a thread of its own."""
        while True:
            message = self._run.receive()
            loop.call_soon_threadsafe(messages.put_nowait, message)
            if isinstance(message, End):
                return

    async def _audit(self, name: str, limits: AuditLimits) -> None:
        try:
            outcome = await self._auditor.audit(self._organizations[name], limits)
            del self._tasks[name]
            await self._files.run(partial(self._run.send, Ended(name, outcome)))  # findings can be 80 MB
        except BaseException as error:  # noqa: BLE001 - otherwise the run would wait for an outcome
            _end_with(error, self._log)

    def _cancel(self, name: str, conflict: OrganizationError | None) -> None:
        if conflict is not None:
            self._claims.lose(name, conflict)
        else:  # the run ends
            self._stop.set()
        if name in self._tasks:
            self._tasks[name].cancel()
