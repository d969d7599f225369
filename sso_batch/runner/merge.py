"""Joins the shards of one run, once all have reported or it has waited long enough."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from sso_batch.config import Config, Organization, fingerprint
from sso_batch.daemon_threads import Workers
from sso_batch.errors import UsageError
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import Manifest, RunFile
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import RunFacts, Stopped
from sso_batch.runner.closing import files_promised
from sso_batch.runner.existing_results import Archive, reading_fingerprints
from sso_batch.runner.finalize import Ending, tell_completed
from sso_batch.runner.run import Surroundings
from sso_batch.runner.shard_merge import Joining, nothing
from sso_batch.runner.shards import Reports, is_report
from sso_batch.runner.signals import Interruption, told_to_end
from sso_batch.runner.start import find_run
from sso_batch.sharding import Shard
from sso_batch.store import trouble, unusable

T = TypeVar("T")

_THREADS = 2  # the second writes the manifest where the first does not end soon

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 1.0, 30.0, 1.5  # seconds between two looks


class Merge:
    """The merge of the run `run_id`; without `wait` it takes what is there.

    A shard that was told to end is waited for as one that is missing: another try of it will come.
    """

    def __init__(
        self,
        config: Config,
        run_id: str,
        surroundings: Surroundings,
        *,
        wait: timedelta,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._config = config
        self._run_id = run_id
        self._store = surroundings.store
        self._log = surroundings.log.bind(run_id=run_id)
        self._clock = surroundings.clock
        self._sleep = sleep
        self._begun = self._clock()
        self._until = self._begun + wait
        self._worker = Workers(_THREADS, "merge")
        self._stop = surroundings.stop
        self._interruption = Interruption(surroundings.stop)
        self._told: tuple[int, ...] = ()

    def run(self) -> RunOutcome:
        """Wait, join, write, and give the outcome; raises UsageError where there is no such run."""
        return asyncio.run(self._run())

    async def _run(self) -> RunOutcome:
        looking = asyncio.ensure_future(self._look())

        def stop(number: int) -> None:
            self._interruption.interrupt(number)
            looking.cancel()

        with told_to_end(stop):
            try:
                found, reports = await looking
                joined = await self._joined(found, reports)
            except (asyncio.CancelledError, Stopped):
                joined = None
            if isinstance(joined, RunOutcome):
                outcome = joined
            elif joined is not None:
                ending, organizations = joined
                outcome = await ending.end(organizations, within=self._config.run.deadline.total_seconds())
                await ending.notify(outcome)
            else:
                outcome = self._interrupted()
        tell_completed(self._log, outcome, resumed=isinstance(joined, RunOutcome))
        return outcome

    async def _look(self) -> tuple[RunFile, Reports]:
        """Find the run, and what its shards have reported, while there is time to wait."""
        found = await self._patiently(self._find)
        if found is None:
            raise UsageError(
                f"there is no run {self._run_id} in this place",
                hint="give the --run-id and the --output of its shards; --wait 2h waits for them to begin",
            )
        names = FileNames(found.run_id, found.ts)
        reports = await self._patiently(partial(self._all_reported, names, found.shards))
        if reports is None:
            reports = await self._worker.run(partial(self._read, names, found.shards))
        if found.shards == 1 and not reports.manifests:
            raise UsageError(
                f"the run {self._run_id} has no shards that have reported",
                hint="a run that was not sharded is not merged: go on with it by `sso-batch run --resume`",
            )
        return found, reports

    async def _joined(
        self, found: RunFile, reports: Reports
    ) -> RunOutcome | tuple[Ending, tuple[OrganizationOutcome, ...]]:
        """What is to be ended, or the outcome of a run that is merged already. Raises Stopped."""
        try:
            return await self._worker.run(partial(self._join, found, reports))
        except OSError as error:
            raise unusable(self._store.name, error) from error

    async def _patiently(self, look: Callable[[], T | None]) -> T | None:
        """What is found, looked for again and again until the wait is over."""
        pause = _FIRST_PAUSE
        while True:
            found = await self._worker.run(look)
            left = (self._until - self._clock()).total_seconds()
            if found is not None or left <= 0:
                return found
            await self._sleep(min(pause, left))
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)

    def _find(self) -> RunFile | None:
        try:
            return find_run(self._store, self._run_id)
        except OSError as error:
            told = trouble(error)
            self._log.warning("merge.place_unreadable", code=told.code, message=told.message, hint=told.hint)
            return None

    def _all_reported(self, names: FileNames, count: int) -> Reports | None:
        reports = self._read(names, count)
        if reports.missing and reports.missing != self._told:
            self._told = reports.missing
            self._log.info("merge.waiting", shards=count, missing=reports.missing)
        return None if reports.missing else reports

    def _read(self, names: FileNames, count: int) -> Reports:
        archive = self._archive(RunFacts(names, "", "", ()), ())
        found: dict[int, Manifest] = {}
        for index in range(count):
            manifest = archive.manifest(names.shard_manifest(index))
            if manifest is not None and is_report(manifest, names, Shard(index, count)):
                found[index] = manifest
        return Reports(count, found)

    def _archive(self, facts: RunFacts, organizations: Sequence[Organization]) -> Archive:
        output = self._config.output
        return Archive(
            self._store,
            facts,
            reading_fingerprints(self._config, organizations),
            csv="csv" in output.formats,
            escape_formulas=output.escape_formulas,
            max_age=None,
            clock=self._clock,
        )

    def _join(
        self, found: RunFile, reports: Reports
    ) -> RunOutcome | tuple[Ending, tuple[OrganizationOutcome, ...]]:
        """Put the organizations together. Raises Stopped."""
        config, names = self._config, FileNames(found.run_id, found.ts)
        facts = RunFacts(names, fingerprint(config), config.collect.strategy, ())
        archive = self._archive(facts, config.organizations)
        left_out = set(reports.not_selected([one.name for one in config.organizations]))
        selected = {one.name for one in config.organizations} - left_out
        finished = archive.finished_run(selected, files_promised(config, facts), self._stop)
        if finished is not None:
            return replace(finished, fail_on=config.review.fail_on)
        archive.clear()
        for name in sorted(left_out):  # an earlier try may have read it
            if archive.take_over(name, self._stop, incomplete=True) is None:
                archive.remove(name)
            else:
                left_out.remove(name)
        order = [one.name for one in config.organizations if one.name not in left_out]
        not_selected = tuple(one.name for one in config.organizations if one.name in left_out)
        joining = Joining(archive, reports, order, self._stop)
        ending = Ending(
            config,
            replace(facts, not_selected=not_selected),
            found.started_at,
            self._store,
            self._log,
            self._clock,
            self._worker,
            self._interruption,
            again=True,
        )
        return ending, joining.outcomes()

    def _interrupted(self) -> RunOutcome:
        organizations = tuple(
            nothing(one.name, Status.INTERRUPTED, self._clock()) for one in self._config.organizations
        )
        return RunOutcome(
            organizations,
            (),
            self._begun,
            self._clock(),
            signal=self._interruption.signal,
            manifest_written=False,
        )
