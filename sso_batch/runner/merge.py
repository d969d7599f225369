"""The merge of a run's shards: it waits for their manifests, and writes the run's own files."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from structlog.typing import FilteringBoundLogger

from sso_batch.config import Config, fingerprint
from sso_batch.daemon_threads import DaemonThreads
from sso_batch.errors import UsageError
from sso_batch.review.roster import Roster, roster_sha256
from sso_batch.review.rules import Rules
from sso_batch.run_files.manifest import RunFile
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import RunFacts, Stopped
from sso_batch.runner.context import RunContext
from sso_batch.runner.existing_results import ExistingResults, reading_fingerprints
from sso_batch.runner.finalize import Finalizer, log_completed
from sso_batch.runner.merged_files import expected_merged_files
from sso_batch.runner.previous_runs import PreviousRuns
from sso_batch.runner.shard_merge import ShardManifests, ShardMerge, read_shard_manifests
from sso_batch.runner.signals import Interruption, call_on_first_signal
from sso_batch.runner.start import find_run
from sso_batch.store import Place, explain_error, to_output_error

T = TypeVar("T")

_THREADS = 2  # the second writes the manifest where the first does not stop soon

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 1.0, 30.0, 1.5  # seconds between two attempts

_Unfinished = tuple[Finalizer, tuple[OrganizationOutcome, ...]]
"""What is left to do after the organizations have been put together."""


class Merge:
    """The merge of the run `run_id`; without `wait` it uses the manifests that exist.

    A shard that a signal ended is waited for like a missing one, because another attempt of it will follow.
    """

    def __init__(  # noqa: PLR0913 - each is named where it is given
        self,
        config: Config,
        run_id: str,
        *,
        place: Place,
        log: FilteringBoundLogger,
        clock: Callable[[], datetime],
        stop: threading.Event,
        wait: timedelta,
        roster: Roster | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._config = config
        self._run_id = run_id
        self._place = place
        self._store = place.run(run_id)
        self._log = log.bind(run_id=run_id)
        self._clock = clock
        self._roster = roster
        self._stop = stop
        self._sleep = sleep
        self._started_at = clock()
        self._wait_until = self._started_at + wait
        self._workers = DaemonThreads(_THREADS, "merge")
        self._interruption = Interruption(stop)
        self._logged_missing: tuple[int, ...] = ()

    def run(self) -> RunOutcome:
        """Wait, merge, write, and return the outcome; raise UsageError if there is no such run."""
        return asyncio.run(self._run())

    async def _run(self) -> RunOutcome:
        finding = asyncio.ensure_future(self._find())

        def stop(number: int) -> None:
            self._interruption.interrupt(number)
            finding.cancel()

        not_selected: tuple[str, ...] = ()
        with call_on_first_signal(stop) as settle:
            try:
                merged = await self._merge(*await finding)
            except (asyncio.CancelledError, Stopped):
                merged = None
            if merged is None:
                outcome = self._interrupted()
            elif isinstance(merged, RunOutcome):
                outcome = merged
            else:
                finalizer, organizations = merged
                within = self._config.run.deadline.total_seconds()
                outcome = await finalizer.finalize(organizations, within=within)
                await finalizer.notify(outcome)
                not_selected = finalizer.context.facts.not_selected
            resumed = isinstance(merged, RunOutcome)
            log_completed(self._log, outcome, resumed=resumed, not_selected=not_selected)
            settle(outcome.exit_code)
        return outcome

    async def _find(self) -> tuple[RunFile, ShardManifests]:
        """Return the run and the manifests of its shards; wait for them as long as allowed."""
        run = await self._poll(self._find_run)
        if run is None:
            raise UsageError(
                f"there is no run {self._run_id} in this place",
                hint="use the --run-id and the --output of its shards; --wait 2h waits for them to start",
            )
        shards = await self._poll(partial(self._all_shards, run))
        if shards is None:
            shards = await self._workers.run(
                partial(read_shard_manifests, self._store, run.names, run.shards)
            )
        if run.shards == 1 and not shards.manifests:
            raise UsageError(
                f"no shard of the run {self._run_id} has finished",
                hint="a run without shards is not merged: resume it with `sso-batch run --resume`",
            )
        return run, shards

    async def _poll(self, look: Callable[[], T | None]) -> T | None:
        """Return what `look` returns, called again and again until the wait is over."""
        pause = _FIRST_PAUSE
        while True:
            found = await self._workers.run(look)
            left = (self._wait_until - self._clock()).total_seconds()
            if found is not None or left <= 0:
                return found
            await self._sleep(min(pause, left))
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)

    def _find_run(self) -> RunFile | None:
        try:
            return find_run(self._store, self._run_id)
        except OSError as error:
            self._log.warning("merge.place_unreadable", **asdict(explain_error(error)))
            return None

    def _all_shards(self, run: RunFile) -> ShardManifests | None:
        """Return the manifests of all shards; None while some are missing, which is logged."""
        shards = read_shard_manifests(self._store, run.names, run.shards)
        if shards.missing and shards.missing != self._logged_missing:
            self._logged_missing = shards.missing
            self._log.info("merge.waiting", shards=run.shards, missing=shards.missing)
        return None if shards.missing else shards

    async def _merge(self, run: RunFile, shards: ShardManifests) -> RunOutcome | _Unfinished:
        """Return what is left to do, or the outcome of a run that is merged already. Raises Stopped."""
        try:
            return await self._workers.run(partial(self._merge_organizations, run, shards))
        except OSError as error:
            raise to_output_error(self._place.name, error) from error

    def _merge_organizations(self, run: RunFile, shards: ShardManifests) -> RunOutcome | _Unfinished:
        config, configured = self._config, [each.name for each in self._config.organizations]
        facts = RunFacts(
            run.names,
            fingerprint(config, roster_sha256(self._roster)),
            config.collect.strategy,
            not_selected=(),
            checks=tuple(Rules.from_config(config.review, today=run.names.day).severities),
        )
        context = RunContext(
            config,
            facts,
            run.started_at,
            self._place,
            self._store,
            self._log,
            self._clock,
            self._stop,
            PreviousRuns(self._place, run.names, run.started_at, self._stop),
            self._roster,
        )
        fingerprints = reading_fingerprints(config, config.organizations, self._roster)
        existing = ExistingResults(context, fingerprints, max_age=None)
        not_selected = set(shards.not_selected(configured))
        finished = existing.finished_run(
            set(configured) - not_selected, expected_merged_files(config, facts), self._stop
        )
        if finished is not None:
            return replace(finished, fail_on=config.review.fail_on)
        existing.clear()
        for name in sorted(not_selected):  # an earlier attempt may have read it
            if existing.take_over(name, self._stop, incomplete=True) is None:
                existing.remove(name)
            else:
                not_selected.remove(name)
        order = [name for name in configured if name not in not_selected]
        outcomes = ShardMerge(existing, shards, order).outcomes()
        left_out = tuple(name for name in configured if name in not_selected)
        context = replace(context, facts=replace(facts, not_selected=left_out))
        return Finalizer(context, self._workers, self._interruption, again=True), outcomes

    def _interrupted(self) -> RunOutcome:
        now = self._clock()
        organizations = tuple(
            OrganizationOutcome.unread(organization.name, Status.INTERRUPTED, now)
            for organization in self._config.organizations
        )
        return RunOutcome(
            organizations,
            (),
            self._started_at,
            now,
            signal=self._interruption.signal,
            manifest_written=False,
        )
