"""The review of a run that has ended: findings, and changes since earlier runs in the same place."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from sso_batch.coverage import NotExamined
from sso_batch.errors import OrganizationError
from sso_batch.model import Snapshot
from sso_batch.review import comparison
from sso_batch.review.comparison import Change
from sso_batch.review.finding import Finding, FindingCounts
from sso_batch.review.reviewer import Reviewer
from sso_batch.review.rules import Rules
from sso_batch.review.waivers import expired_waivers, unmatched_waivers
from sso_batch.run_files.results import OrganizationOutcome, OrganizationReview, Status
from sso_batch.run_files.run import checkpoint, raise_if_stopped, until_stopped
from sso_batch.run_files.snapshot import SnapshotError
from sso_batch.run_files.stored_runs import UnreadableRun
from sso_batch.run_files.verification import FILES_CHANGED, FileChangedError, read_snapshot, read_verified
from sso_batch.runner.context import RunContext
from sso_batch.runner.previous_runs import PreviousResult
from sso_batch.runner.snapshot_review import review_snapshot
from sso_batch.store import FileEntry, Store

_HINT = "find out what else writes to the output place, then run again with --resume"
_NAMED = 3  # unreadable manifests named in a reason; the log has all of them


@dataclass(frozen=True, slots=True)
class RunChanges:
    """The changes in organizations of a run, read again from both snapshots at each iteration, in order.

    Iterating raises Stopped, OSError or SnapshotError.
    """

    store: Store
    compared: Sequence[tuple[PreviousResult, FileEntry]]
    """The earlier result and this run's snapshot file of each organization."""
    stop: threading.Event

    def __iter__(self) -> Iterator[Change]:
        """Compare one organization after the other."""
        for earlier, (_, file) in zip(self.earlier, self.compared, strict=True):
            later = read_snapshot(self.store, file, self.stop)
            yield from comparison.changes(earlier, later, checkpoint=checkpoint(self.stop))

    @property
    def earlier(self) -> "EarlierSnapshots":
        """The snapshots of the earlier runs, in the same order."""
        return EarlierSnapshots([previous for previous, _ in self.compared], self.stop)


@dataclass(frozen=True, slots=True)
class EarlierSnapshots:
    """Snapshots of earlier runs, read again at each iteration, one at a time."""

    results: Sequence[PreviousResult]
    stop: threading.Event

    def __iter__(self) -> Iterator[Snapshot]:
        """Read one snapshot after the other; raise Stopped, OSError or SnapshotError."""
        for result in self.results:
            yield read_snapshot(result.store, result.snapshot_file, self.stop)


@dataclass(frozen=True, slots=True)
class ReviewedRun:
    """The organizations with their counts of findings, the findings, and the changes.

    `findings` is None where every check is off, `changes` where the configuration compares with no run.
    """

    organizations: tuple[OrganizationOutcome, ...]
    findings: tuple[Finding, ...] | None
    changes: RunChanges | None
    not_compared: tuple[tuple[str, str], ...]


class RunReview:
    """Reviews the organizations of one run; two snapshots at most are in memory at any time."""

    def __init__(self, context: RunContext) -> None:
        review, names = context.config.review, context.names
        self._rules = Rules.from_config(review, today=names.day)
        self._context = context
        self._store = context.store
        self._log = context.log
        self._stop = context.stop
        self._not_selected = context.facts.not_selected
        self._previous_runs = context.previous if context.compares else None
        self._reviewer = Reviewer(self._rules, checkpoint(context.stop))
        self._compared: list[tuple[PreviousResult, FileEntry]] = []
        self._changed: dict[str, OrganizationError] = {}
        self._not_compared: list[tuple[str, str]] = []
        self._notes: defaultdict[str, list[NotExamined]] = defaultdict(list)

    def review(self, organizations: Sequence[OrganizationOutcome]) -> ReviewedRun:
        """Review all organizations; raise Stopped or OSError.

        An organization whose snapshot was changed has failed: nothing in it can be trusted.
        """
        for outcome in organizations:
            raise_if_stopped(self._stop)
            self._review_organization(outcome)
        unread = [
            outcome.name
            for outcome in organizations
            if outcome.snapshot_file is None or outcome.name in self._changed
        ]
        unread += self._not_selected
        reviewed = self._reviewer.finish(unread)
        findings = reviewed.findings if self._rules.severities else None
        own: defaultdict[str, list[Finding]] = defaultdict(list)
        for finding in reviewed.findings:
            own[finding.organization].append(finding)
        self._warn_of_waivers(organizations, reviewed.used_waivers)
        for run in self._previous_runs.unusable if self._previous_runs else ():
            self._log.warning("review.manifest_unusable", **asdict(run))
        return ReviewedRun(
            tuple(
                self._with_review(
                    outcome,
                    None if findings is None else own[outcome.name],
                    reviewed.not_examined.get(outcome.name, ()),
                )
                for outcome in organizations
            ),
            findings,
            None if self._previous_runs is None else RunChanges(self._store, self._compared, self._stop),
            tuple(self._not_compared),
        )

    def _warn_of_waivers(self, organizations: Sequence[OrganizationOutcome], used: frozenset[int]) -> None:
        """Log each waiver that has no effect. A principal can be a person's address and is not logged."""
        waivers = self._rules.waivers
        late = {waiver.number: waiver for waiver in expired_waivers(waivers, self._rules.today)}
        complete = {outcome.name: outcome.status is Status.COMPLETE for outcome in organizations}
        unused = {waiver.number: waiver for waiver in unmatched_waivers(waivers, used, complete)}
        for number, waiver in sorted((unused | late).items()):
            event = "review.waiver_expired" if number in late else "review.waiver_unmatched"
            self._log.warning(
                event,
                waiver=waiver.path,
                check=waiver.rule.check,
                message=waiver.reason,
                hint=waiver.hint,
            )

    def _review_organization(self, outcome: OrganizationOutcome) -> None:
        name, file = outcome.name, outcome.snapshot_file
        if file is None:
            if self._previous_runs is not None:
                self._leave_out(name, f"{outcome.status.value} in this run")
            return
        earlier = self._earlier(name)
        review = self._made_before(outcome, file, earlier) or self._review(name, file, earlier)
        if review is None:
            return
        self._reviewer.add(review.examined)
        if self._previous_runs is None:
            return
        if earlier is None or review.not_compared:
            self._leave_out(name, review.not_compared)
        else:
            self._compared.append((earlier, file))
            self._notes[name] += review.not_examined

    def _earlier(self, name: str) -> PreviousResult | None:
        """Return the newest complete result of an organization, if the configuration compares runs."""
        if self._previous_runs is None:
            return None
        earlier, skipped = self._previous_runs.newest(name)
        if skipped:
            self._notes[name].append(NotExamined.by_comparison(_skipped(skipped)))
        return earlier

    def _made_before(
        self, outcome: OrganizationOutcome, file: FileEntry, earlier: PreviousResult | None
    ) -> OrganizationReview | None:
        """Return the review that was made when the organization was read; None if it has to be made now."""
        review = outcome.review
        if review is None or review.earlier_snapshot != (earlier.snapshot_file if earlier else None):
            return None
        files = [(self._store, file)]
        if earlier is not None:
            if review.not_compared:  # perhaps it can be now
                return None
            files.append((earlier.store, earlier.snapshot_file))
        try:
            for store, each in files:
                for _ in until_stopped(read_verified(store, each), self._stop):
                    pass
        except OSError:
            return None
        return review

    def _review(
        self, name: str, file: FileEntry, earlier: PreviousResult | None
    ) -> OrganizationReview | None:
        """Review a snapshot of this run, read a second time if needed; None for one that was changed."""
        message = ""
        for _ in range(2):
            try:
                snapshot = read_snapshot(self._store, file, self._stop)
            except (FileChangedError, SnapshotError) as error:
                message = error.message
            else:
                return review_snapshot(self._context, snapshot, earlier, self._stop)
        self._changed[name] = OrganizationError(message, code=FILES_CHANGED, operation="merge", hint=_HINT)
        self._log.error("org.failed", org=name, code=FILES_CHANGED, message=message, hint=_HINT)
        return None

    def _leave_out(self, name: str, reason: str) -> None:
        self._not_compared.append((name, reason))
        self._notes[name].append(NotExamined.by_comparison(reason))

    def _with_review(
        self,
        outcome: OrganizationOutcome,
        findings: Sequence[Finding] | None,
        not_examined: Iterable[NotExamined],
    ) -> OrganizationOutcome:
        """Return an outcome with the counts of its findings, which are logged, and what was not examined."""
        name = outcome.name
        if name in self._changed:
            return outcome.as_failed(self._changed[name].gap(name))
        counts = None
        if findings is not None and outcome.snapshot_file is not None:
            counts = FindingCounts.of(findings)
            waived = sum(finding.waiver is not None for finding in findings)
            self._log.info("org.reviewed", org=name, **asdict(counts), waived=waived)
        everything = (*outcome.not_examined, *not_examined, *self._notes[name])
        return replace(outcome, findings=counts, not_examined=everything, review=None)


def _skipped(runs: Sequence[UnreadableRun]) -> str:
    """Return which earlier runs were skipped before the one that is compared, if any."""
    named = ", ".join(f"{run.file} ({run.code})" for run in runs[:_NAMED])
    more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
    return f"earlier runs whose manifests cannot be read: {named}{more}"
