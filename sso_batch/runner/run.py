"""One run: its organizations at once, its merged file, its manifest; and its end when it is told to."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from structlog.typing import FilteringBoundLogger

from sso_batch import open_files
from sso_batch.aws.connection_pool import Sessions
from sso_batch.aws.time_limit import TimeLimit
from sso_batch.collect import Audit
from sso_batch.collect.strategy import Known, Way, estimate
from sso_batch.collect.work_queue import Meter
from sso_batch.config import Config, Organization
from sso_batch.config.durations import written
from sso_batch.daemon_threads import Workers
from sso_batch.progress import Progress
from sso_batch.review.settings import wants_outdated
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import RunFacts, Stopped
from sso_batch.runner.closing import Closed, files_promised
from sso_batch.runner.existing_results import Archive, reading_fingerprints
from sso_batch.runner.finalize import Ending, tell_completed
from sso_batch.runner.instance_claims import Claims
from sso_batch.runner.organization import Desk, OrganizationRun
from sso_batch.runner.signals import Interruption, told_to_end
from sso_batch.store import Store, unusable

_WRITERS = 2

_TO_END = 300.0
"""Seconds that the end of a run has, even where the audit has taken all of its time."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run is given besides its configuration; it sets `stop` when it is told to end."""

    store: Store
    log: FilteringBoundLogger
    progress: Progress
    clock: Callable[[], datetime]
    stop: threading.Event = field(default_factory=threading.Event)


class Run:
    """One run, or one shard of it, over `organizations`: the selected ones, in the configuration's order.

    With `resume` what an earlier try of the run has finished is taken over.
    """

    def __init__(
        self,
        config: Config,
        organizations: Sequence[Organization],
        facts: RunFacts,
        started_at: datetime,
        surroundings: Surroundings,
        *,
        resume: bool = False,
    ) -> None:
        self._config = config
        self._organizations = tuple(organizations)
        self._facts = facts
        self._resume = resume
        shard = {"shard": str(facts.shard)} if facts.shard else {}
        self._log = surroundings.log.bind(run_id=facts.names.run_id, **shard)
        self._progress = surroundings.progress
        self._clock = surroundings.clock
        self._claims = Claims([one.name for one in config.organizations])
        self._sessions = Sessions(len(organizations))
        output = config.output
        self._archive = Archive(
            surroundings.store,
            facts,
            reading_fingerprints(config, config.organizations),
            csv="csv" in output.formats,
            escape_formulas=output.escape_formulas,
            max_age=config.run.resume_max_age,
            clock=surroundings.clock,
        )
        self._desk = Desk(
            surroundings.store,
            facts.names,
            csv="csv" in output.formats,
            escape_formulas=output.escape_formulas,
            writers=Workers(_WRITERS, "files"),
            archive=self._archive,
        )
        self._stop = surroundings.stop
        self._interruption = Interruption(surroundings.stop)
        self._ending = Ending(
            config,
            facts,
            started_at,
            surroundings.store,
            self._log,
            self._clock,
            self._desk.writers,
            self._interruption,
            resume,
        )
        self._tasks: list[asyncio.Task[OrganizationOutcome | None]] = []

    def run(self) -> RunOutcome:
        """Audit, write, and give the outcome."""
        try:
            return asyncio.run(self._run())
        finally:
            self._sessions.close()
            self._desk.writers.close()

    async def _run(self) -> RunOutcome:
        self._log.info(
            "run.started",
            organizations=[one.name for one in self._organizations],
            not_selected=self._facts.not_selected,
        )
        with told_to_end(self._end):
            finished = await self._finished_before() if self._resume else None
            outcome = finished or await self._work()
            if finished is None:
                await self._ending.notify(outcome)
        tell_completed(self._log, outcome, resumed=finished is not None and finished.signal is None)
        return outcome

    async def _finished_before(self) -> RunOutcome | None:
        """The outcome of a run that an earlier try has already completed: nothing is left to do."""
        writers, archive = self._desk.writers, self._archive
        names, promised = {one.name for one in self._organizations}, files_promised(self._config, self._facts)
        with contextlib.suppress(Stopped):
            found = await writers.run(partial(archive.finished_run, names, promised, self._stop))
            if found is not None:
                return replace(found, fail_on=self._config.review.fail_on)
        if self._stop.is_set():  # nothing has been touched, the manifest neither
            interrupted = tuple(self._entry(one, None).interrupted() for one in self._organizations)
            return self._ending.outcome(Closed(interrupted, ()))
        try:
            await writers.run(archive.clear)
        except OSError as error:
            raise unusable(archive.store.name, error) from error
        return None

    async def _work(self) -> RunOutcome:
        loop = asyncio.get_running_loop()
        span = self._config.run.deadline
        deadline = TimeLimit(
            loop.time() + span.total_seconds(),
            name=f"run.deadline ({written(span)})",
            hint="increase run.deadline, or audit fewer organizations in one run",
        )
        places = asyncio.Semaphore(self._organizations_at_once())
        self._tasks = [
            asyncio.create_task(self._organization(one, places, deadline)) for one in self._candidates()
        ]
        await asyncio.sleep(0)  # a task that is cancelled before it begins cannot tell its outcome
        if self._stop.is_set():
            self._cancel()
        outcomes = [outcome for task in self._tasks if (outcome := await task) is not None]
        there = {one.name for one in outcomes}
        not_selected = tuple(name for name in self._facts.not_selected if name not in there)
        ending = replace(self._ending, facts=replace(self._facts, not_selected=not_selected))
        return await ending.end(tuple(outcomes), within=max(deadline.end - loop.time(), _TO_END))

    def _candidates(self) -> tuple[Organization, ...]:
        """The organizations to audit, and on a resume those of which results of an earlier try can stand."""
        if not self._resume or self._facts.shard is not None:
            return self._organizations
        return self._config.organizations

    def _organizations_at_once(self) -> int:
        """As many as the configuration says, and as the limit of open files allows."""
        wanted = min(self._config.run.max_parallel_organizations, max(len(self._organizations), 1))
        possible = open_files.organizations_at_once(wanted)
        if possible < wanted:
            self._log.warning(
                "run.open_files_limited",
                wanted=wanted,
                organizations_at_once=possible,
                hint=open_files.hint(),
            )
        return possible

    async def _organization(
        self, organization: Organization, places: asyncio.Semaphore, deadline: TimeLimit
    ) -> OrganizationOutcome | None:
        """Return an organization's outcome; None where it was not selected and no files of it are there."""
        name, entry = organization.name, self._entry(organization, deadline)
        selected = organization in self._organizations
        try:
            if self._resume:
                claim = partial(self._claims.claim, name)
                earlier = await entry.take_over(claim, incomplete=not selected)
                if earlier is not None and (selected or earlier.status is not Status.INTERRUPTED):
                    return earlier
            if not selected:
                return None
            async with places:
                self._progress.started(name)
                outcome = await entry.run()
        except asyncio.CancelledError:  # before its turn came
            if not selected:
                return None
            outcome = entry.interrupted()
        self._progress.ended(name, outcome.status)
        return outcome

    def _entry(self, organization: Organization, deadline: TimeLimit | None) -> OrganizationRun:
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
            outdated=wants_outdated(self._config.review),
        )
        return OrganizationRun(name, audit, self._desk, self._log, self._clock, self._claims.lost)

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

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _end(self, number: int) -> None:
        """End the organizations; the run still writes its manifest."""
        self._interruption.interrupt(number)
        self._cancel()
