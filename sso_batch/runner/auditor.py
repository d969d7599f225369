"""Audits organizations in this process, each from its credentials to its files."""

import asyncio
import threading
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from sso_batch.activity import EarlierActivity
from sso_batch.aws.backoff import TimeLimit
from sso_batch.aws.connection_pool import ConnectionPool
from sso_batch.collect import Audit
from sso_batch.collect.policy_documents import PolicyLibrary
from sso_batch.collect.strategy import Workload, estimate
from sso_batch.collect.work_queue import JobCount
from sso_batch.config import Organization
from sso_batch.daemon_threads import DaemonThreads
from sso_batch.model import ListingStrategy
from sso_batch.progress import Progress
from sso_batch.review.rules import needs_outdated_provisioning
from sso_batch.run_files.results import OrganizationOutcome
from sso_batch.runner.existing_results import ExistingResults
from sso_batch.runner.history import History
from sso_batch.runner.instance_claims import Claims
from sso_batch.runner.organization import OrganizationRun

FILE_THREADS = 2
"""Threads of a process that read and write files."""


@dataclass(frozen=True, slots=True)
class AuditLimits:
    """The time limit of the run, and the seconds in which one organization may look up activity."""

    deadline: TimeLimit | None = None
    activity_seconds: float | None = None


class Auditor(Protocol):
    """Audits organizations; several at the same time."""

    async def audit(self, organization: Organization, limits: AuditLimits) -> OrganizationOutcome:
        """Audit an organization, write its files, and return the outcome, whatever happens.

        On cancellation, stop soon and return the outcome of an interrupted organization.
        """
        ...


class LocalAuditor:
    """The auditor of this process.

    `files` are the threads that read and write files; `existing` are the files that the run has already.
    """

    def __init__(
        self, existing: ExistingResults, claims: Claims, progress: Progress, files: DaemonThreads
    ) -> None:
        self._context = existing.context
        self._existing = existing
        self._claims = claims
        self._progress = progress
        self._files = files
        self._reviews = DaemonThreads(1, "reviews")
        self._sessions = ConnectionPool(len(existing.context.config.organizations))
        self._library = PolicyLibrary()

    async def audit(self, organization: Organization, limits: AuditLimits) -> OrganizationOutcome:
        """Audit an organization, write its files, and return the outcome, whatever happens."""
        return await self.entry(organization, limits).run()

    def entry(self, organization: Organization, limits: AuditLimits) -> OrganizationRun:
        """Return the run of one organization, which can also take over earlier results."""
        name, config = organization.name, self._context.config
        count = JobCount(on_change=lambda: self._progress.moved(name, done=count.done, known=count.known))
        history = History(self._context, name)
        audit = Audit(
            organization,
            config.collect,
            sessions=self._sessions,
            library=self._library,
            deadline=limits.deadline,
            claim_instance=partial(self._claims.claim, name),
            clock=self._context.clock,
            job_count=count,
            on_strategy=partial(self._log_strategy, name),
            outdated=needs_outdated_provisioning(config.review),
            earlier_activity=partial(self._earlier_activity, history),
            activity_seconds=limits.activity_seconds,
        )
        return OrganizationRun(
            name, audit, self._existing, history, self._files, self._reviews, self._claims.lost
        )

    def close(self) -> None:
        """Close what all organizations share."""
        self._sessions.close()
        self._reviews.close()

    async def _earlier_activity(self, history: History) -> EarlierActivity | None:
        """Return what the newest complete snapshot with activity of an organization knew."""
        stop = threading.Event()
        try:
            snapshot = await self._files.run(partial(history.newest_with_activity, stop))
        except asyncio.CancelledError:
            stop.set()
            raise
        return None if snapshot is None else EarlierActivity.of(snapshot)

    def _log_strategy(self, name: str, strategy: ListingStrategy, workload: Workload) -> None:
        """Log the listing strategy of an organization, and what each costs.

        By principal costs as much as by user if answers for users hold the assignments of all groups.
        """
        rate = self._context.config.collect.requests_per_second
        by_pair = estimate(workload.common + workload.by_pair, rate=rate)
        by_principal = estimate(workload.common + workload.by_principal, rate=rate)
        by_user = estimate(workload.common + workload.by_user, rate=rate)
        self._context.log.info(
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
