"""The end of a run, a shard or a merge: merged files, then the manifest, then the notice."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

from structlog.typing import FilteringBoundLogger

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.sns import publish
from sso_batch.daemon_threads import DaemonThreads
from sso_batch.exit_codes import ExitCode
from sso_batch.model import GapKind
from sso_batch.report.notice import Notice, build_notice
from sso_batch.review.finding import OFF
from sso_batch.run_files.manifest import encode_manifest
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.writer import write_document
from sso_batch.runner.context import RunContext
from sso_batch.runner.merged_files import MergedFilesWriter, MergeResult, merge_gap, run_gap
from sso_batch.runner.signals import Interruption
from sso_batch.store import ErrorExplanation, OverwritingStore, Store, explain_error

_STOP_SECONDS = 2.5
"""How long merged files may take to stop: 5 seconds after a signal the manifest must exist."""

_NOTICE_SECONDS = 20.0
"""How long SNS may take to accept the notice."""

_NOTICE_SECONDS_AFTER_SIGNAL = 1.5

_DEADLINE = ErrorExplanation(
    "DeadlineExceeded",
    "the run's deadline passed before its merged files, review and reports were written",
    "raise run.deadline, then run again with --resume: the organizations are not audited again",
)


@dataclass(frozen=True, slots=True)
class Finalizer:
    """Ends a run. With `again`, merged files of an earlier attempt can exist: replace or remove them."""

    context: RunContext
    workers: DaemonThreads
    interruption: Interruption
    again: bool

    async def finalize(self, organizations: tuple[OrganizationOutcome, ...], *, within: float) -> RunOutcome:
        """Write the merged files `within` so many seconds, then the manifest; return the outcome.

        A signal stops the merged files, and never the manifest.
        """
        merged = await self._write_merged_files(organizations, within=within)
        return await self.workers.run(partial(self._write_manifest, merged))

    async def notify(self, outcome: RunOutcome) -> None:
        """Publish the notice of a run, if the configuration asks for it; a shard has none.

        A failure is logged and changes neither the files nor the exit code.
        """
        topic_arn, facts = self.context.config.notify.sns_topic_arn, self.context.facts
        if topic_arn is None or facts.shard is not None:
            return
        manifest = f"{self.context.store.name.rstrip('/')}/{facts.manifest_name}"
        content = build_notice(facts, outcome, manifest=manifest if outcome.manifest_written else None)
        await _publish(topic_arn, content, self.context.log, self.interruption)

    def outcome(self, merged: MergeResult) -> RunOutcome:
        """Return the outcome of the run that ends now."""
        return RunOutcome(
            organizations=merged.organizations,
            files=merged.files,
            started_at=self.context.started_at,
            finished_at=self.context.clock(),
            gaps=merged.gaps,
            signal=self.interruption.signal,
            fail_on=OFF if self.context.facts.shard else self.context.config.review.fail_on,
            leading_findings=merged.leading_findings,
        )

    async def _write_merged_files(
        self, organizations: tuple[OrganizationOutcome, ...], *, within: float
    ) -> MergeResult:
        if self.context.facts.shard is not None or self.interruption.signal is not None:
            return MergeResult(organizations)
        writer = MergedFilesWriter(replace(self.context, store=self._store, stop=threading.Event()))
        work = asyncio.ensure_future(self.workers.run(partial(writer.write, organizations)))
        await self.interruption.wait_for(work, within=within)
        if not work.done():
            writer.stop()
            if self.interruption.signal is None:
                writer.add_gap(_DEADLINE)
            await asyncio.wait([work], timeout=_STOP_SECONDS)  # and no longer, whatever it is doing
        if work.done():
            work.result()
        return writer.result

    def _write_manifest(self, merged: MergeResult) -> RunOutcome:
        log, facts = self.context.log, self.context.facts
        outcome = self.outcome(self._without_superseded(merged))
        if outcome.endpoint_overrides:
            log.warning("run.endpoint_overridden", endpoints=tuple(map(str, outcome.endpoint_overrides)))
        try:
            write_document(self._store, facts.manifest_name, encode_manifest(facts, outcome))
        except OSError as error:
            reason = explain_error(error)
            gap = run_gap(log, "run.manifest_failed", GapKind.OUTPUT, "write", facts.manifest_name, reason)
            return replace(outcome, gaps=(*outcome.gaps, gap), manifest_written=False)
        return outcome

    def _without_superseded(self, merged: MergeResult) -> MergeResult:
        """Remove merged files of an earlier attempt, or of another process, that this run did not write."""
        facts, store = self.context.facts, self.context.store
        if not self.again or facts.shard is not None:
            return merged
        superseded = facts.names.merged - {file.name for file in merged.files}
        try:
            for name in sorted(superseded.intersection(file.name for file in store.stored())):
                store.remove(name)
        except OSError as error:
            return replace(merged, gaps=(*merged.gaps, merge_gap(self.context, explain_error(error))))
        return merged

    @property
    def _store(self) -> Store:
        """The run's store, where a later attempt replaces merged files."""
        return OverwritingStore(self.context.store) if self.again else self.context.store


async def _publish(
    topic_arn: str, content: Notice, log: FilteringBoundLogger, interruption: Interruption
) -> None:
    """Publish a notice and log the result. A signal ends the attempt."""
    interrupted = interruption.signal is not None
    within = _NOTICE_SECONDS_AFTER_SIGNAL if interrupted else _NOTICE_SECONDS
    publishing = asyncio.ensure_future(publish(topic_arn, content.subject, content.message, within=within))
    if interrupted:
        await asyncio.wait([publishing])
    else:
        await interruption.wait_for(publishing)
    if not publishing.done():
        publishing.cancel()
        reason = ErrorExplanation("Interrupted", "a signal ended the run before SNS answered", "")
        _log_unpublished(log, topic_arn, reason)
        return
    try:
        message_id = publishing.result()
    except AwsFailure as failure:
        _log_unpublished(log, topic_arn, ErrorExplanation(failure.code, failure.message, failure.hint))
    else:
        log.info("notify.published", topic=topic_arn, message_id=message_id)


def _log_unpublished(log: FilteringBoundLogger, topic_arn: str, reason: ErrorExplanation) -> None:
    consequence = "subscribers were not notified; the run's files and exit code are not affected"
    log.error("notify.failed", topic=topic_arn, **asdict(reason), consequence=consequence)


def log_completed(
    log: FilteringBoundLogger, outcome: RunOutcome, *, resumed: bool, not_selected: Sequence[str]
) -> None:
    """Log the one event that says how a run, a shard or a merge ended.

    `resumed` says that an earlier process had completed it, and that nothing was left to do. `not_selected`
    are the organizations that the options left out; the event names those that no earlier attempt has read.
    """
    write = log.info if outcome.exit_code == ExitCode.OK else log.error
    organizations = outcome.organizations
    in_run = {each.name for each in organizations}
    left_out = [name for name in not_selected if name not in in_run]
    audited = sum(each.status.was_read and not each.resumed for each in organizations)
    write(
        "run.completed",
        status=outcome.status.value,
        exit_code=int(outcome.exit_code),
        resumed=resumed,
        audited=0 if resumed else audited,
        rows=sum(each.counts.rows for each in organizations),
        findings=asdict(outcome.findings),
        complete=[each.name for each in organizations if each.status is Status.COMPLETE],
        not_complete=[each.name for each in organizations if each.status is not Status.COMPLETE],
        **({"not_selected": left_out} if left_out else {}),
        seconds=round((outcome.finished_at - outcome.started_at).total_seconds(), 3),
    )
