"""The end of a run, of a shard or of a merge: the files of the whole, and the manifest, the last of all."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial

from structlog.typing import FilteringBoundLogger

from sso_batch.config import Config
from sso_batch.daemon_threads import Workers
from sso_batch.exit_codes import ExitCode
from sso_batch.model import Gap
from sso_batch.report.notice import notice
from sso_batch.review.finding import OFF
from sso_batch.run_files.manifest import encode_manifest
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.writer import write_document
from sso_batch.runner.closing import Closed, Closing
from sso_batch.runner.notification import notify
from sso_batch.runner.resumption import stale
from sso_batch.runner.signals import Interruption
from sso_batch.store import Replacing, Store, trouble

_GRACE = 2.5
"""Seconds in which the files of the whole have to be given up: after 5 the manifest has to be there."""

_LATE = "the run's deadline passed before its merged files, review and reports were written"
_LATE_HINT = "raise run.deadline, then run again with --resume: the organizations are not audited again"


@dataclass(frozen=True, slots=True)
class Ending:
    """Ends the run of `facts`. `again` tells that files of the whole can be there from an earlier try."""

    config: Config
    facts: RunFacts
    started_at: datetime
    store: Store
    events: FilteringBoundLogger
    clock: Callable[[], datetime]
    workers: Workers
    interruption: Interruption
    again: bool

    async def end(self, organizations: tuple[OrganizationOutcome, ...], *, within: float) -> RunOutcome:
        """Write the files of the whole, `within` so many seconds, and the manifest; give the outcome.

        A signal ends the first and never the second.
        """
        closed = await self._close(organizations, within=within)
        return await self.workers.run(partial(self._end, closed))

    async def _close(self, organizations: tuple[OrganizationOutcome, ...], *, within: float) -> Closed:
        """Write the files of the whole; a shard has none."""
        if self.facts.shard is not None or self.interruption.signal is not None:
            return Closed(organizations, ())
        closing = Closing(self.config, self._store, self.facts, self.started_at, self.events)
        work = asyncio.ensure_future(self.workers.run(partial(closing.close, organizations)))
        await self.interruption.wait_for(work, within=within)
        if not work.done():
            closing.stop.set()
            if self.interruption.signal is None:
                closing.fail("DeadlineExceeded", _LATE, _LATE_HINT)
            await asyncio.wait([work], timeout=_GRACE)  # and no longer, whatever it is doing
        if work.done():
            work.result()
        return closing.closed

    def outcome(self, closed: Closed) -> RunOutcome:
        """What it has come to."""
        return RunOutcome(
            organizations=closed.organizations,
            files=closed.files,
            started_at=self.started_at,
            finished_at=self.clock(),
            gaps=closed.gaps,
            signal=self.interruption.signal,
            fail_on=OFF if self.facts.shard else self.config.review.fail_on,
        )

    def _end(self, closed: Closed) -> RunOutcome:
        """Write the manifest and give the outcome."""
        outcome = self.outcome(self._without_stale(closed))
        if outcome.endpoint_overrides:
            self.events.warning("run.endpoint_overridden", endpoints=outcome.endpoint_overrides)
        try:
            write_document(self._store, self.facts.manifest_name, encode_manifest(self.facts, outcome))
        except OSError as error:
            told = trouble(error)
            self.events.error("run.manifest_failed", code=told.code, message=told.message, hint=told.hint)
            gap = Gap("write", self.facts.manifest_name, told.code, told.message, told.hint)
            return replace(outcome, gaps=(*outcome.gaps, gap), manifest_written=False)
        return outcome

    def _without_stale(self, closed: Closed) -> Closed:
        """Remove what an earlier try, or another process, has made of the whole and this one has not."""
        if not self.again or self.facts.shard is not None:
            return closed
        written = {file.name for file in closed.files} | {self.facts.manifest_name}
        try:
            for name in stale(self.facts.names, tuple(self.store.stored()), written):
                self.store.remove(name)
        except OSError as error:
            told = trouble(error)
            self.events.error("run.merge_failed", code=told.code, message=told.message, hint=told.hint)
            gap = Gap("merge", self.facts.names.run_id, told.code, told.message, told.hint)
            return replace(closed, gaps=(*closed.gaps, gap))
        return closed

    @property
    def _store(self) -> Store:
        """The place, where a later try replaces files of the whole."""
        return Replacing(self.store) if self.again else self.store

    async def notify(self, outcome: RunOutcome) -> None:
        """Tell whoever wants to hear of the run; a shard is none. What happens here changes nothing else."""
        topic_arn = self.config.notify.sns_topic_arn
        if topic_arn is None or self.facts.shard is not None:
            return
        place = f"{self.store.name.rstrip('/')}/{self.facts.manifest_name}"
        told = notice(self.facts, outcome, manifest=place if outcome.manifest_written else None)
        await notify(topic_arn, told, self.events, self.interruption)


def tell_completed(log: FilteringBoundLogger, outcome: RunOutcome, *, resumed: bool) -> None:
    """Log the one event that tells how a run, a shard or a merge ended.

    `resumed` says that an earlier process had completed it, and that this one had nothing left to do.
    """
    tell = log.info if outcome.exit_code == ExitCode.OK else log.error
    audited = sum(one.status.was_read and not one.resumed for one in outcome.organizations)
    tell(
        "run.completed",
        status=outcome.status.value,
        exit_code=int(outcome.exit_code),
        resumed=resumed,
        audited=0 if resumed else audited,
        rows=sum(one.counts.rows for one in outcome.organizations),
        findings=asdict(outcome.findings),
        complete=[one.name for one in outcome.organizations if one.status is Status.COMPLETE],
        not_complete=[one.name for one in outcome.organizations if one.status is not Status.COMPLETE],
        seconds=round((outcome.finished_at - outcome.started_at).total_seconds(), 3),
    )
