"""The end of a run, of a shard or of a merge: the files of the whole, and the manifest, the last of all."""

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from sso_batch.config import Config
from sso_batch.outcome import OrganizationOutcome, RunOutcome, Status
from sso_batch.report.manifest import RunFacts, manifest
from sso_batch.report.notice import notice
from sso_batch.report.write import write_document
from sso_batch.review.finding import OFF
from sso_batch.runner.closing import Closed, Closing
from sso_batch.runner.notification import notify
from sso_batch.runner.resumption import stale
from sso_batch.store import Replacing, Store, trouble


@dataclass(frozen=True, slots=True)
class Ending:
    """Ends the run of `facts`. `again` tells that files of the whole can be there from an earlier try."""

    config: Config
    facts: RunFacts
    started_at: datetime
    store: Store
    events: FilteringBoundLogger
    clock: Callable[[], datetime]
    stop: threading.Event
    again: bool

    def close(self, organizations: tuple[OrganizationOutcome, ...]) -> Closed:
        """Write the files of the whole; a shard has none. Blocks."""
        if self.facts.shard is not None:
            return Closed(organizations, ())
        store: Store = Replacing(self.store) if self.again else self.store
        closing = Closing(self.config, store, self.facts, self.started_at, self.events, self.stop)
        closed = closing.close(organizations)
        return self._without_stale(closed) if self.again else closed

    def _without_stale(self, closed: Closed) -> Closed:
        """Remove what an earlier try, or another process, has made of the whole and this one has not."""
        written = {file.name for file in closed.files} | {self.facts.manifest_name}
        try:
            for name in stale(self.facts.names, tuple(self.store.stored()), written):
                self.store.remove(name)
        except OSError as error:
            told = trouble(error)
            self.events.error("run.merge_failed", code=told.code, message=told.message, hint=told.hint)
            return replace(closed, written=False)
        return closed

    def outcome(self, closed: Closed, signal: int | None) -> RunOutcome:
        """What it has come to."""
        return RunOutcome(
            organizations=closed.organizations,
            files=closed.files,
            started_at=self.started_at,
            finished_at=self.clock(),
            written=closed.written,
            signal=signal,
            fail_on=OFF if self.facts.shard else self.config.review.fail_on,
        )

    def end(self, closed: Closed, signal: int | None) -> RunOutcome:
        """Write the manifest and give the outcome."""
        outcome = self.outcome(closed, signal)
        if outcome.endpoint_overrides:
            self.events.warning("run.endpoint_overridden", endpoints=outcome.endpoint_overrides)
        store: Store = Replacing(self.store) if self.again else self.store
        try:
            write_document(store, self.facts.manifest_name, manifest(self.facts, outcome))
        except OSError as error:
            told = trouble(error)
            self.events.error("run.manifest_failed", code=told.code, message=told.message, hint=told.hint)
            return replace(outcome, written=False, manifest_written=False)
        return outcome

    async def notify(self, outcome: RunOutcome, *, hurried: bool) -> None:
        """Tell whoever wants to hear of the run; a shard is none. What happens here changes nothing else."""
        topic_arn = self.config.notify.sns_topic_arn
        if topic_arn is None or self.facts.shard is not None:
            return
        place = f"{self.store.name.rstrip('/')}/{self.facts.manifest_name}"
        told = notice(self.facts, outcome, manifest=place if outcome.manifest_written else None)
        await notify(topic_arn, told, self.events, hurried=hurried)


def tell_completed(log: FilteringBoundLogger, outcome: RunOutcome) -> None:
    """Log the one event that tells how a run, a shard or a merge ended."""
    tell = log.info if outcome.exit_code == 0 else log.error
    tell(
        "run.completed",
        status=outcome.status.value,
        exit_code=outcome.exit_code,
        rows=sum(one.counts.rows for one in outcome.organizations),
        findings=asdict(outcome.findings),
        complete=[one.name for one in outcome.organizations if one.status is Status.COMPLETE],
        not_complete=[one.name for one in outcome.organizations if one.status is not Status.COMPLETE],
        seconds=round((outcome.finished_at - outcome.started_at).total_seconds(), 3),
    )
