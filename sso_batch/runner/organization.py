"""One organization of a run, from its audit to its files: every error that is raised in it ends here."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from functools import partial
from typing import TypeVar

from sso_batch.collect import Audit
from sso_batch.coverage import NotExamined
from sso_batch.daemon_threads import DaemonThreads
from sso_batch.errors import OrganizationError
from sso_batch.model import Gap, GapKind, Instance, ListingStrategy, Snapshot, group_gaps
from sso_batch.review.roster import fill_attributes
from sso_batch.run_files.results import (
    NOTHING,
    Calls,
    Counts,
    OrganizationOutcome,
    OrganizationReview,
    Status,
)
from sso_batch.run_files.run import Stopped, raise_if_stopped
from sso_batch.run_files.writer import WrittenOrganization, write_organization
from sso_batch.runner.existing_results import ExistingResults
from sso_batch.runner.history import History
from sso_batch.runner.snapshot_review import review_snapshot
from sso_batch.store import FileEntry, explain_error

T = TypeVar("T")

_ATTEMPTS = 3  # to publish a name that another process of this run takes at the same moment
_REVIEW_SECONDS = 60.0
"""How long an organization may wait for its review; longer ones are left to the end of the run."""

_SHOWN = 5  # resources that a log line about gaps names; the manifest has them all
_EVENTS = {
    Status.COMPLETE: "org.completed",
    Status.INCOMPLETE: "org.incomplete",
    Status.FAILED: "org.failed",
    Status.INTERRUPTED: "org.interrupted",
}


class OrganizationRun:
    """Audits one organization and writes its files; `run` always returns an outcome.

    `workers` are the threads that read and write files, `reviews` those that review. `cancelled_for` returns
    why another entry has cancelled this one, if one has.
    """

    def __init__(
        self,
        name: str,
        audit: Audit,
        existing: ExistingResults,
        history: History,
        workers: DaemonThreads,
        reviews: DaemonThreads,
        cancelled_for: Callable[[str], OrganizationError | None],
    ) -> None:
        self._name = name
        self._audit = audit
        self._existing = existing
        self._history = history
        self._context = existing.context
        self._workers = workers
        self._reviews = reviews
        self._log = existing.context.log.bind(org=name)
        self._cancelled_for = cancelled_for
        self._started_at = existing.context.clock()

    async def run(self) -> OrganizationOutcome:
        """Audit, write, and return the outcome, whatever happens."""
        self._started_at = self._context.clock()
        self._log.info("org.started")
        outcome = await self._guard(self._audit_and_write())
        assert outcome is not None, "an audit always has one"  # noqa: S101 - for the type checker
        return outcome

    async def take_over(
        self, claim: Callable[[Instance], Awaitable[None]], *, incomplete: bool = False
    ) -> OrganizationOutcome | None:
        """Return the outcome that an earlier attempt has left; None if the organization must be audited.

        Results that cannot be kept are removed. With `incomplete`, an incomplete result is kept, too.
        `claim` is called with the instance and raises OrganizationError if another entry has it.
        """
        return await self._guard(self._take_over(claim, incomplete=incomplete))

    async def lost(self, error: OrganizationError) -> OrganizationOutcome:
        """Return the outcome of an organization whose worker process has ended.

        A result that the process has finished is kept, unless a signal ends the run; the rest is removed.
        """
        outcome = await self._guard(self._left_by_worker(error))
        assert outcome is not None, "it is kept, or an error"  # noqa: S101 - for the type checker
        return outcome

    async def refused(self, conflict: OrganizationError) -> OrganizationOutcome:
        """Remove a finished result, because another entry has the instance, and return the outcome."""
        await self._workers.run(partial(self._existing.remove, self._name))
        outcome = self._failed(conflict.gap(self._name))
        self._log_outcome(outcome)
        return outcome

    def interrupted(self) -> OrganizationOutcome:
        """Return the outcome of an organization whose audit never started."""
        outcome = self._outcome(Status.INTERRUPTED)
        self._log_outcome(outcome)
        return outcome

    async def _guard(self, work: Awaitable[OrganizationOutcome | None]) -> OrganizationOutcome | None:
        """Return an outcome whatever `work` raises: the error boundary of an organization."""
        try:
            outcome = await work
        except OrganizationError as error:
            outcome = self._failed(error.gap(self._name), bug=error.is_bug)
        except asyncio.CancelledError:
            conflict = self._cancelled_for(self._name)
            outcome = (
                self._failed(conflict.gap(self._name)) if conflict else self._outcome(Status.INTERRUPTED)
            )
        except OSError as error:
            outcome = self._failed(_unwritten(self._name, error))
        except Exception as error:  # noqa: BLE001 - the one boundary of an organization
            self._log.exception("org.bug")
            outcome = self._failed(_bug(self._name, error), bug=True)
        if outcome is not None:
            self._log_outcome(outcome)
        return outcome

    async def _audit_and_write(self) -> OrganizationOutcome:
        """Audit and write, or use the result that another process of this run has just finished."""
        config_sha256 = self._existing.fingerprints[self._name]
        snapshot = fill_attributes(await self._audit.run(), self._context.roster)
        snapshot = replace(snapshot, config_sha256=config_sha256)
        snapshot = await self._in_thread(partial(self._history.carry, snapshot))
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(FileExistsError):
                return await self._write_and_review(snapshot)
            theirs = await self._in_thread(self._keep_or_remove)
            if theirs is not None:
                return theirs
        return await self._write_and_review(snapshot)

    async def _write_and_review(self, snapshot: Snapshot) -> OrganizationOutcome:
        """Write the files, then review the snapshot while it is in memory.

        Where that fails, takes long or is interrupted, the end of the run reviews the file.
        """
        outcome = self._written(snapshot, await self._write(snapshot))
        if self._context.facts.shard is not None or self._context.stop.is_set():
            return outcome  # a merge reviews all organizations, and an interrupted run none
        stop = threading.Event()
        try:
            async with asyncio.timeout(_REVIEW_SECONDS):
                review = await self._reviews.run(partial(self._review, snapshot, stop))
        except asyncio.CancelledError:
            if self._cancelled_for(self._name) is not None:
                await self._workers.run(partial(self._existing.remove, self._name))
                raise
        except Exception:  # noqa: BLE001 - if it happens again, the end of the run reports it
            self._log.debug("org.review_postponed", exc_info=True)
        else:
            return replace(outcome, review=review)
        finally:
            stop.set()  # nobody waits for a review: it has no effects
        return outcome

    def _review(self, snapshot: Snapshot, stop: threading.Event) -> OrganizationReview:
        raise_if_stopped(stop)  # it may have waited for other reviews
        context = self._context
        earlier = context.previous.newest(self._name)[0] if context.compares else None
        return review_snapshot(context, snapshot, earlier, stop)

    async def _take_over(
        self, claim: Callable[[Instance], Awaitable[None]], *, incomplete: bool
    ) -> OrganizationOutcome | None:
        outcome = await self._in_thread(partial(self._keep_or_remove, incomplete=incomplete))
        if outcome is not None and outcome.instance is not None:
            try:
                await claim(outcome.instance)
            except OrganizationError:
                self._existing.remove(self._name)
                raise
        return outcome

    async def _left_by_worker(self, error: OrganizationError) -> OrganizationOutcome:
        if self._context.stop.is_set():
            await self._workers.run(partial(self._existing.remove, self._name))
            return self._outcome(Status.INTERRUPTED)
        outcome = await self._in_thread(partial(self._keep_or_remove, incomplete=True))
        if outcome is None:
            raise error
        return outcome

    def _keep_or_remove(
        self, stop: threading.Event, *, incomplete: bool = False
    ) -> OrganizationOutcome | None:
        """Return the result that another attempt or process has left; remove one that cannot be kept."""
        outcome = self._existing.take_over(self._name, stop, incomplete=incomplete)
        if outcome is None:
            self._existing.remove(self._name)
        return outcome

    async def _write(self, snapshot: Snapshot) -> WrittenOrganization:
        context = self._context

        def write(stop: threading.Event) -> WrittenOrganization:
            return write_organization(
                context.store,
                context.names,
                snapshot,
                csv=context.csv,
                escape=context.escape_formulas,
                stop=stop,
            )

        return await self._in_thread(write)

    async def _in_thread(self, work: Callable[[threading.Event], T]) -> T:
        """Return the result of `work` in a thread. On cancellation, wait for it: it stops soon, or is done.

        Files of an entry whose instance another entry has taken are removed, because that one writes the
        same rows.
        """
        stop = threading.Event()
        working = asyncio.ensure_future(self._workers.run(partial(work, stop)))
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            stop.set()
            with contextlib.suppress(Stopped):
                done = await working
                if self._cancelled_for(self._name) is None:
                    return done
                await self._workers.run(partial(self._existing.remove, self._name))
            raise

    def _written(self, snapshot: Snapshot, written: WrittenOrganization) -> OrganizationOutcome:
        return self._outcome(
            Status.COMPLETE if snapshot.complete else Status.INCOMPLETE,
            counts=Counts.of(snapshot, rows=written.rows),
            not_examined=snapshot.not_examined,
            gaps=snapshot.gaps,
            files=written.files,
            listing=snapshot.listing,
        )

    def _failed(self, gap: Gap, *, bug: bool = False) -> OrganizationOutcome:
        return self._outcome(Status.FAILED, gaps=(gap,), bug=bug)

    def _outcome(
        self,
        status: Status,
        *,
        counts: Counts = NOTHING,
        not_examined: tuple[NotExamined, ...] = (),
        gaps: tuple[Gap, ...] = (),
        files: tuple[FileEntry, ...] = (),
        listing: ListingStrategy | None = None,
        bug: bool = False,
    ) -> OrganizationOutcome:
        tally = self._audit.tally
        return OrganizationOutcome(
            name=self._name,
            status=status,
            started_at=self._started_at,
            finished_at=self._context.clock(),
            region=self._audit.region,
            instance=self._audit.instance,
            counts=counts,
            calls=Calls(
                total=tally.by_operation.total(),
                throttled=tally.throttled,
                retried=tally.retried,
                by_operation=dict(sorted(tally.by_operation.items())),
            ),
            not_examined=not_examined,
            gaps=gaps,
            files=files,
            endpoint_overrides=self._audit.endpoint_overrides,
            bug=bug,
            listing=listing,
        )

    def _log_outcome(self, outcome: OrganizationOutcome) -> None:
        for gap, resources in group_gaps(outcome.gaps):
            self._log.error(
                "collect.gap",
                operation=gap.operation,
                code=gap.code,
                message=gap.message,
                hint=gap.hint,
                count=len(resources),
                resources=resources[:_SHOWN],
            )
        if outcome.calls.throttled:
            self._log.warning(
                "collect.throttled", throttled=outcome.calls.throttled, calls=outcome.calls.total
            )
        write = self._log.info if outcome.status is Status.COMPLETE else self._log.error
        write(
            _EVENTS[outcome.status],
            **asdict(outcome.counts),
            calls=outcome.calls.total,
            gaps=len(outcome.gaps),
            resumed=outcome.resumed,
            seconds=round((outcome.finished_at - outcome.started_at).total_seconds(), 3),
        )


def _unwritten(name: str, error: OSError) -> Gap:
    reason = explain_error(error)
    message = f"the organization's files could not be written: {reason.message}"
    return Gap(GapKind.OUTPUT, "write", name, reason.code, message, reason.hint)


def _bug(name: str, error: Exception) -> Gap:
    return Gap(
        GapKind.BUG,
        "sso-batch",
        name,
        "UnexpectedError",
        f"internal error in sso-batch: {type(error).__name__}",
        "please report it with the traceback from the log",
    )
