"""One run: it audits its organizations in parallel and writes their files, or ends early on a signal."""

import asyncio
import contextlib
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sso_batch import open_files
from sso_batch.aws.backoff import TimeLimit
from sso_batch.config import Organization
from sso_batch.config.durations import format_duration
from sso_batch.daemon_threads import DaemonThreads
from sso_batch.message_workers import Workers
from sso_batch.progress import Watch
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import Stopped
from sso_batch.runner.auditor import FILE_THREADS, AuditLimits, Auditor, LocalAuditor
from sso_batch.runner.context import RunContext, run_logger
from sso_batch.runner.existing_results import ExistingResults, reading_fingerprints
from sso_batch.runner.finalize import Finalizer, log_completed
from sso_batch.runner.instance_claims import InstanceClaims
from sso_batch.runner.merged_files import MergeResult, expected_merged_files
from sso_batch.runner.signals import Interruption, call_on_first_signal
from sso_batch.runner.worker_auditor import WorkerAuditor
from sso_batch.store import to_output_error

_PREVIOUS_SECONDS = 5.0
"""How long to wait for the previous run, which says how many calls each organization took."""

_FINALIZE_SECONDS = 300.0
"""Seconds that the end of a run may take, even if the audit has used all of the deadline."""


class Run:
    """One run, or one shard of it, over `organizations`: the selected ones, in the configuration's order.

    With `workers`, their processes audit, and this one keeps the run together. With `resume`, the results
    that an earlier attempt has finished are kept.
    """

    def __init__(
        self,
        context: RunContext,
        organizations: Sequence[Organization],
        watch: Watch,
        *,
        workers: Workers | None = None,
        resume: bool = False,
    ) -> None:
        config = context.config
        self._context = replace(context, log=run_logger(watch.log, context.facts))
        self._config = config
        self._organizations = tuple(organizations)
        self._progress = watch.progress
        self._resume = resume
        self._log = self._context.log
        self._claims = InstanceClaims([organization.name for organization in config.organizations])
        self._files = DaemonThreads(FILE_THREADS, "files")
        fingerprints = reading_fingerprints(config, config.organizations, context.roster)
        self._existing = ExistingResults(self._context, fingerprints, config.run.resume_max_age)
        self._local = LocalAuditor(self._existing, self._claims, self._progress, self._files)
        self._workers = (
            WorkerAuditor(workers, self._local, self._context, self._claims, watch) if workers else None
        )
        self._auditor: Auditor = self._workers or self._local
        self._interruption = Interruption(context.stop)
        self._finalizer = Finalizer(self._context, self._files, self._interruption, again=resume)
        self._tasks: list[asyncio.Task[OrganizationOutcome | None]] = []

    def run(self) -> RunOutcome:
        """Audit, write, and return the outcome."""
        try:
            return asyncio.run(self._run())
        finally:
            self._local.close()
            self._files.close()

    async def _run(self) -> RunOutcome:
        self._log.info(
            "run.started",
            organizations=[organization.name for organization in self._organizations],
            not_selected=self._context.facts.not_selected,
        )
        with call_on_first_signal(self._stop) as settle:
            finished = await self._finished_before() if self._resume else None
            outcome = finished or await self._audit()
            if finished is None:
                await self._finalizer.notify(outcome)
            if self._workers is not None:  # here, so that a signal does not change the exit code any more
                await self._files.run(self._workers.close)
            log_completed(
                self._log,
                outcome,
                resumed=finished is not None and finished.signal is None,
                not_selected=self._context.facts.not_selected,
            )
            settle(outcome.exit_code)
        return outcome

    async def _finished_before(self) -> RunOutcome | None:
        """Return the outcome of a run that an earlier attempt has completed; None if work is left."""
        stop = self._context.stop
        names = {organization.name for organization in self._organizations}
        merged_files = expected_merged_files(self._config, self._context.facts)
        with contextlib.suppress(Stopped):
            look = partial(self._existing.finished_run, names, merged_files, stop)
            finished = await self._files.run(look)
            if finished is not None:
                return replace(finished, fail_on=self._config.review.fail_on)
        if stop.is_set():  # no file has been changed, the manifest included
            interrupted = tuple(
                self._local.entry(organization, AuditLimits()).interrupted()
                for organization in self._organizations
            )
            return self._finalizer.outcome(MergeResult(interrupted))
        try:
            await self._files.run(self._existing.clear)
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
        earlier_calls = asyncio.create_task(self._files.run(self._context.previous.newest_calls))
        at_once = self._organizations_at_once()
        candidates: Sequence[Organization] = self._candidates()
        if self._workers is not None:
            await self._interruption.wait_for(earlier_calls, within=_PREVIOUS_SECONDS)
            known = earlier_calls.done() and earlier_calls.exception() is None
            self._workers.start(at_once, earlier_calls.result() if known else {})
            candidates = sorted(candidates, key=self._workers.weight_of, reverse=True)
            at_once *= self._workers.number
        places = asyncio.Semaphore(at_once)
        rounds = math.ceil(len(self._organizations) / at_once or 1)
        limits = AuditLimits(deadline, activity_seconds=span.total_seconds() / rounds)
        tasks = {
            organization.name: asyncio.create_task(self._organization(organization, places, limits))
            for organization in candidates
        }
        self._tasks = [tasks[organization.name] for organization in self._candidates()]
        await asyncio.sleep(0)  # a task that is cancelled before it starts has no outcome
        if self._context.stop.is_set():
            self._cancel()
        outcomes = [outcome for task in self._tasks if (outcome := await task) is not None]
        earlier_calls.cancel()
        if self._workers is not None:
            self._workers.end()
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
        self, organization: Organization, places: asyncio.Semaphore, limits: AuditLimits
    ) -> OrganizationOutcome | None:
        """Return an organization's outcome; None if it was not selected and has no files."""
        name, entry = organization.name, self._local.entry(organization, limits)
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
                outcome = await self._auditor.audit(organization, limits)
        except asyncio.CancelledError:  # before its audit started
            if not selected:
                return None
            outcome = entry.interrupted()
        self._progress.ended(name, outcome)
        return outcome

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _stop(self, number: int) -> None:
        """Cancel the organizations; the run still writes its manifest."""
        self._interruption.interrupt(number)
        self._cancel()
