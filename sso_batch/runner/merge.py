"""Joins the shards of one run, once all have reported or it has waited long enough."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from sso_batch.config import Config, Organization, fingerprint
from sso_batch.errors import UsageError
from sso_batch.outcome import RunOutcome, Status
from sso_batch.report.manifest import RunFacts
from sso_batch.report.manifest_reading import Manifest, RunFile
from sso_batch.report.names import FileNames
from sso_batch.report.write import Stopped
from sso_batch.runner.archive import Archive, reading_fingerprints
from sso_batch.runner.ending import Ending, tell_completed
from sso_batch.runner.joining import Joining, nothing
from sso_batch.runner.run import Surroundings
from sso_batch.runner.shards import Reports, is_report
from sso_batch.runner.signals import told_to_end
from sso_batch.runner.start import find_run
from sso_batch.sharding import Shard
from sso_batch.store import trouble, unusable
from sso_batch.workers import Workers

T = TypeVar("T")

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
        self._worker = Workers(1, "merge")
        self._stop = surroundings.stop
        self._signal: int | None = None
        self._told: tuple[int, ...] = ()
        self._ending: Ending | None = None

    def run(self) -> RunOutcome:
        """Wait, join, write, and give the outcome; raises UsageError where there is no such run."""
        return asyncio.run(self._run())

    async def _run(self) -> RunOutcome:
        merging = asyncio.ensure_future(self._merge())
        telling: asyncio.Task[None] | None = None

        def stop(number: int) -> None:
            self._signal = number
            self._stop.set()
            merging.cancel()
            if telling is not None:
                telling.cancel()

        with told_to_end(stop):
            try:
                outcome = await merging
            except asyncio.CancelledError:
                outcome = self._interrupted()
            if self._ending is not None:
                hurried = self._signal is not None
                telling = asyncio.create_task(self._ending.notify(outcome, hurried=hurried))
                await asyncio.wait([telling])
                telling.result()
        tell_completed(self._log, outcome)
        return outcome

    async def _merge(self) -> RunOutcome:
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
        joining = asyncio.ensure_future(self._worker.run(partial(self._join, found, names, reports)))
        try:
            return await asyncio.shield(joining)
        except asyncio.CancelledError:  # it stops soon, or has just finished
            try:
                return await joining
            except Stopped:
                return self._interrupted()
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

    def _join(self, found: RunFile, names: FileNames, reports: Reports) -> RunOutcome:
        """Put the run together. Raises Stopped before anything was changed that a manifest names."""
        config = self._config
        not_selected = reports.not_selected([one.name for one in config.organizations])
        organizations = [one for one in config.organizations if one.name not in not_selected]
        facts = RunFacts(names, fingerprint(config), config.collect.strategy, not_selected)
        archive = self._archive(facts, organizations)
        finished = archive.finished_run(self._stop)
        if finished is not None:
            return replace(finished.outcome, fail_on=config.review.fail_on)
        archive.clear()
        ending = self._ending = Ending(
            config,
            facts,
            found.started_at,
            self._store,
            self._log,
            self._clock,
            self._stop,
            again=True,
        )
        joining = Joining(archive, reports, [one.name for one in organizations], self._stop)
        closed = ending.close(joining.outcomes())
        if self._stop.is_set():
            raise Stopped
        return ending.end(closed, None)

    def _interrupted(self) -> RunOutcome:
        organizations = tuple(
            nothing(one.name, Status.INTERRUPTED, self._clock()) for one in self._config.organizations
        )
        return RunOutcome(
            organizations,
            (),
            self._begun,
            self._clock(),
            written=False,
            signal=self._signal,
            manifest_written=False,
        )
