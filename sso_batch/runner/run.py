"""One run: it audits its organizations in parallel and writes their files, or ends early on a signal."""

import asyncio
import contextlib
import math
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sso_batch import open_files
from sso_batch.activity import EarlierActivity
from sso_batch.aws.backoff import TimeLimit
from sso_batch.aws.connection_pool import ConnectionPool
from sso_batch.collect import Audit
from sso_batch.collect.policy_documents import PolicyLibrary
from sso_batch.collect.strategy import Workload, estimate
from sso_batch.collect.work_queue import JobCount
from sso_batch.config import Organization
from sso_batch.config.durations import format_duration
from sso_batch.daemon_threads import DaemonThreads
from sso_batch.model import ListingStrategy
from sso_batch.progress import Progress
from sso_batch.review.rules import needs_outdated_provisioning
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import Stopped
from sso_batch.runner.context import RunContext
from sso_batch.runner.existing_results import ExistingResults, reading_fingerprints
from sso_batch.runner.finalize import Finalizer, log_completed
from sso_batch.runner.history import History
from sso_batch.runner.instance_claims import InstanceClaims
from sso_batch.runner.merged_files import MergeResult, expected_merged_files
from sso_batch.runner.organization import OrganizationRun
from sso_batch.runner.signals import Interruption, call_on_first_signal
from sso_batch.store import to_output_error

_WRITERS = 2

_FINALIZE_SECONDS = 300.0
"""Seconds that the end of a run may take, even if the audit has used all of the deadline."""


class Run:
    """One run, or one shard of it, over `organizations`: the selected ones, in the configuration's order.

    With `resume`, the results that an earlier attempt has finished are kept.
    """

    def __init__(
        self,
        context: RunContext,
        organizations: Sequence[Organization],
        progress: Progress,
        *,
        resume: bool = False,
    ) -> None:
        config, facts = context.config, context.facts
        shard = {"shard": str(facts.shard)} if facts.shard else {}
        self._context = replace(context, log=context.log.bind(run_id=facts.names.run_id, **shard))
        self._config = config
        self._organizations = tuple(organizations)
        self._progress = progress
        self._activity_seconds: float | None = None
        """How long each organization may look up activity, so that those that wait have their turn."""
        self._resume = resume
        self._log = self._context.log
        self._claims = InstanceClaims([organization.name for organization in config.organizations])
        self._sessions = ConnectionPool(len(organizations))
        self._library = PolicyLibrary()
        self._workers = DaemonThreads(_WRITERS, "files")
        fingerprints = reading_fingerprints(config, config.organizations, context.roster)
        self._existing = ExistingResults(self._context, fingerprints, config.run.resume_max_age)
        self._interruption = Interruption(context.stop)
        self._finalizer = Finalizer(self._context, self._workers, self._interruption, again=resume)
        self._tasks: list[asyncio.Task[OrganizationOutcome | None]] = []

    def run(self) -> RunOutcome:
        """Audit, write, and return the outcome."""
        try:
            return asyncio.run(self._run())
        finally:
            self._sessions.close()
            self._workers.close()

    async def _run(self) -> RunOutcome:
        self._log.info(
            "run.started",
            organizations=[organization.name for organization in self._organizations],
            not_selected=self._context.facts.not_selected,
        )
        with call_on_first_signal(self._stop):
            finished = await self._finished_before() if self._resume else None
            outcome = finished or await self._audit()
            if finished is None:
                await self._finalizer.notify(outcome)
        log_completed(self._log, outcome, resumed=finished is not None and finished.signal is None)
        return outcome

    async def _finished_before(self) -> RunOutcome | None:
        """Return the outcome of a run that an earlier attempt has completed; None if work is left."""
        stop = self._context.stop
        names = {organization.name for organization in self._organizations}
        merged_files = expected_merged_files(self._config, self._context.facts)
        with contextlib.suppress(Stopped):
            look = partial(self._existing.finished_run, names, merged_files, stop)
            finished = await self._workers.run(look)
            if finished is not None:
                return replace(finished, fail_on=self._config.review.fail_on)
        if stop.is_set():  # no file has been changed, the manifest included
            interrupted = tuple(
                self._entry(organization, None).interrupted() for organization in self._organizations
            )
            return self._finalizer.outcome(MergeResult(interrupted))
        try:
            await self._workers.run(self._existing.clear)
        except OSError as error:
            raise to_output_error(self._context.place.name, error) from error
        return None

    async def _audit(self) -> RunOutcome:
        """Audit all organizations and write all files."""
        loop = asyncio.get_running_loop()
        span = self._config.run.deadline
        deadline = TimeLimit(
            loop.time() + span.total_seconds(),
            name=f"run.deadline ({format_duration(span)})",
            hint="increase run.deadline, or audit fewer organizations in one run",
        )
        listing = asyncio.create_task(self._workers.run(self._context.previous.prepare))
        at_once = self._organizations_at_once()
        places = asyncio.Semaphore(at_once)
        self._activity_seconds = span.total_seconds() / math.ceil(len(self._organizations) / at_once or 1)
        self._tasks = [
            asyncio.create_task(self._organization(organization, places, deadline))
            for organization in self._candidates()
        ]
        await asyncio.sleep(0)  # a task that is cancelled before it starts has no outcome
        if self._context.stop.is_set():
            self._cancel()
        outcomes = [outcome for task in self._tasks if (outcome := await task) is not None]
        listing.cancel()
        facts, with_outcome = self._context.facts, {outcome.name for outcome in outcomes}
        not_selected = tuple(name for name in facts.not_selected if name not in with_outcome)
        context = replace(self._context, facts=replace(facts, not_selected=not_selected))
        finalizer = replace(self._finalizer, context=context)
        within = max(deadline.end - loop.time(), _FINALIZE_SECONDS)
        return await finalizer.finalize(tuple(outcomes), within=within)

    def _candidates(self) -> tuple[Organization, ...]:
        """Return the organizations to audit, and on a resume those whose earlier results can be kept."""
        if not self._resume or self._context.facts.shard is not None:
            return self._organizations
        return self._config.organizations

    def _organizations_at_once(self) -> int:
        """Return as many as configured, if the limit of open files allows it."""
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
        """Return an organization's outcome; None if it was not selected and has no files."""
        name, entry = organization.name, self._entry(organization, deadline)
        selected = organization in self._organizations
        try:
            if self._resume:
                claim = partial(self._claims.claim, name)
                earlier = await entry.take_over(claim, incomplete=not selected)
                if earlier is not None and (selected or earlier.status is not Status.INTERRUPTED):
                    if selected:
                        self._progress.ended(name, earlier)
                    return earlier
            if not selected:
                return None
            async with places:
                self._progress.started(name)
                outcome = await entry.run()
        except asyncio.CancelledError:  # before its audit started
            if not selected:
                return None
            outcome = entry.interrupted()
        self._progress.ended(name, outcome)
        return outcome

    def _entry(self, organization: Organization, deadline: TimeLimit | None) -> OrganizationRun:
        name = organization.name
        count = JobCount(on_change=lambda: self._progress.moved(name, done=count.done, known=count.known))
        history = History(self._context, name)
        audit = Audit(
            organization,
            self._config.collect,
            sessions=self._sessions,
            library=self._library,
            deadline=deadline,
            claim_instance=partial(self._claims.claim, name),
            clock=self._context.clock,
            job_count=count,
            on_strategy=partial(self._log_strategy, name),
            outdated=needs_outdated_provisioning(self._config.review),
            earlier_activity=partial(self._earlier_activity, history),
            activity_seconds=self._activity_seconds,
        )
        return OrganizationRun(name, audit, self._existing, history, self._workers, self._claims.lost)

    async def _earlier_activity(self, history: History) -> EarlierActivity | None:
        """Return what the newest complete snapshot with activity of an organization knew."""
        stop = threading.Event()
        try:
            snapshot = await self._workers.run(partial(history.newest_with_activity, stop))
        except asyncio.CancelledError:
            stop.set()
            raise
        return None if snapshot is None else EarlierActivity.of(snapshot)

    def _log_strategy(self, name: str, strategy: ListingStrategy, workload: Workload) -> None:
        """Log the listing strategy of an organization, and what each costs.

        By principal costs as much as by user if answers for users hold the assignments of all groups.
        """
        rate = self._config.collect.requests_per_second
        by_pair = estimate(workload.common + workload.by_pair, rate=rate)
        by_principal = estimate(workload.common + workload.by_principal, rate=rate)
        by_user = estimate(workload.common + workload.users, rate=rate)
        self._log.info(
            "collect.planned",
            org=name,
            way=strategy.value,
            by_pair_calls=by_pair.calls,
            by_pair_seconds=by_pair.seconds,
            by_principal_calls=by_principal.calls,
            by_principal_seconds=by_principal.seconds,
            by_user_calls=by_user.calls,
            by_user_seconds=by_user.seconds,
        )

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _stop(self, number: int) -> None:
        """Cancel the organizations; the run still writes its manifest."""
        self._interruption.interrupt(number)
        self._cancel()
