"""One run: its organizations at once, its merged file, its manifest; and its end when it is told to."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from structlog.typing import FilteringBoundLogger

from sso_batch.aws.connection import Sessions
from sso_batch.collect import Audit
from sso_batch.collect.lane import Meter
from sso_batch.collect.plan import Known, Way, estimate
from sso_batch.config import Config, Organization
from sso_batch.outcome import OrganizationOutcome, RunOutcome, Status
from sso_batch.progress import Progress
from sso_batch.report.manifest import RunFacts, manifest
from sso_batch.report.notice import notice
from sso_batch.report.write import write_document
from sso_batch.runner.claims import Claims
from sso_batch.runner.closing import MAKE_ROOM, Closing
from sso_batch.runner.notification import notify
from sso_batch.runner.organization import Desk, OrganizationRun
from sso_batch.store import Store
from sso_batch.workers import Workers

_WRITERS = 2


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run is given besides its configuration."""

    store: Store
    log: FilteringBoundLogger
    progress: Progress
    clock: Callable[[], datetime]


class Run:
    """One run over `organizations`: those of the configuration that were selected, in its order."""

    def __init__(
        self,
        config: Config,
        organizations: Sequence[Organization],
        facts: RunFacts,
        started_at: datetime,
        surroundings: Surroundings,
    ) -> None:
        self._config = config
        self._organizations = tuple(organizations)
        self._facts = facts
        self._started_at = started_at
        self._store = surroundings.store
        self._log = surroundings.log.bind(run_id=facts.names.run_id)
        self._progress = surroundings.progress
        self._clock = surroundings.clock
        self._claims = Claims([one.name for one in organizations])
        self._sessions = Sessions()
        output = config.output
        self._desk = Desk(
            self._store,
            facts.names,
            csv="csv" in output.formats,
            escape_formulas=output.escape_formulas,
            writers=Workers(_WRITERS, "files"),
        )
        self._stop = threading.Event()
        self._signal: int | None = None
        self._notifying: asyncio.Task[None] | None = None

    def run(self) -> RunOutcome:
        """Audit, write, and give the outcome."""
        return asyncio.run(self._run())

    async def _run(self) -> RunOutcome:
        self._log.info(
            "run.started",
            organizations=[one.name for one in self._organizations],
            not_selected=self._facts.not_selected,
        )
        deadline = asyncio.get_running_loop().time() + self._config.run.deadline.total_seconds()
        places = asyncio.Semaphore(self._config.run.max_parallel_organizations)
        tasks = [
            asyncio.create_task(self._organization(one, places, deadline)) for one in self._organizations
        ]
        with self._signals(tasks):
            await asyncio.wait(tasks)
            outcome = await self._finish(tuple(task.result() for task in tasks))
            await self._notify(outcome)
        tell = self._log.info if outcome.exit_code == 0 else self._log.error
        tell(
            "run.completed",
            status=outcome.status.value,
            exit_code=outcome.exit_code,
            rows=sum(one.counts.rows for one in outcome.organizations),
            complete=[one.name for one in outcome.organizations if one.status is Status.COMPLETE],
            not_complete=[one.name for one in outcome.organizations if one.status is not Status.COMPLETE],
            seconds=round((outcome.finished_at - outcome.started_at).total_seconds(), 3),
        )
        return outcome

    async def _organization(
        self, organization: Organization, places: asyncio.Semaphore, deadline: float
    ) -> OrganizationOutcome:
        name = organization.name
        meter = Meter(moved=lambda: self._progress.moved(name, done=meter.done, known=meter.known))
        audit = Audit(
            organization,
            self._config.collect,
            sessions=self._sessions,
            deadline=deadline,
            claim=partial(self._claims.claim, name),
            clock=self._clock,
            meter=meter,
            planned=partial(self._planned, name),
        )
        entry = OrganizationRun(name, audit, self._desk, self._log, self._clock, self._claims.lost)
        try:
            async with places:
                self._progress.started(name)
                outcome = await entry.run()
        except asyncio.CancelledError:  # before its turn came
            outcome = entry.interrupted()
        self._progress.ended(name, outcome.status)
        return outcome

    def _planned(self, name: str, way: Way, known: Known) -> None:
        """Log which way was taken, and what was known of both."""
        rate = self._config.collect.requests_per_second
        by_pair = estimate(known.common + known.by_pair, rate=rate)
        by_principal = estimate(known.common + known.principals, rate=rate)
        self._log.info(
            "collect.planned",
            org=name,
            way=way.value,
            by_pair_calls=by_pair.calls,
            by_pair_seconds=by_pair.seconds,
            by_principal_calls=by_principal.calls,
            by_principal_seconds=by_principal.seconds,
        )

    async def _finish(self, organizations: tuple[OrganizationOutcome, ...]) -> RunOutcome:
        """Write the files of the whole run and, last of all, the manifest."""
        closing = Closing(self._config.output, self._store, self._facts.names, self._log, self._stop)
        closed = await self._desk.writers.run(partial(closing.close, organizations))
        outcome = RunOutcome(
            organizations=closed.organizations,
            files=closed.files,
            started_at=self._started_at,
            finished_at=self._clock(),
            written=closed.written,
            signal=self._signal,
        )
        if outcome.endpoint_overrides:
            self._log.warning("run.endpoint_overridden", endpoints=outcome.endpoint_overrides)
        try:
            write_document(self._store, self._facts.names.manifest, manifest(self._facts, outcome))
        except OSError as error:
            self._log.error("run.manifest_failed", message=error.strerror, hint=MAKE_ROOM)
            return replace(outcome, written=False, manifest_written=False)
        return outcome

    async def _notify(self, outcome: RunOutcome) -> None:
        """Tell whoever wants to hear of the run; nothing that happens here changes what became of it."""
        topic_arn = self._config.notify.sns_topic_arn
        if topic_arn is not None:
            place = f"{self._store.name.rstrip('/')}/{self._facts.names.manifest}"
            told = notice(self._facts, outcome, manifest=place if outcome.manifest_written else None)
            self._notifying = asyncio.create_task(
                notify(topic_arn, told, self._log, hurried=self._signal is not None)
            )
            await asyncio.wait([self._notifying])
            self._notifying.result()

    @contextlib.contextmanager
    def _signals(self, tasks: Sequence[asyncio.Task[OrganizationOutcome]]) -> Iterator[None]:
        """While in here SIGINT and SIGTERM end the organizations; the run still writes its manifest."""
        loop = asyncio.get_running_loop()

        def stop(number: int) -> None:
            if self._signal is None:
                self._signal = number
                self._stop.set()
                for task in (*tasks, self._notifying):
                    if task is not None:
                        task.cancel()

        numbers = (signal.SIGINT, signal.SIGTERM)
        for number in numbers:
            loop.add_signal_handler(number, stop, int(number))
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)
