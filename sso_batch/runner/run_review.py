"""The review of a run that has ended: its findings, and what changed since earlier runs in the same place."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from structlog.typing import FilteringBoundLogger

from sso_batch.config import Review
from sso_batch.coverage import CHANGES
from sso_batch.errors import OrganizationError
from sso_batch.model import Snapshot
from sso_batch.review import comparison
from sso_batch.review.change import Change
from sso_batch.review.finding import Finding, FindingCounts
from sso_batch.review.reviewer import Reviewer
from sso_batch.review.settings import rules
from sso_batch.review.snapshot_index import Facts
from sso_batch.review.useless_waivers import expired, unmatched
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.results import OrganizationOutcome, Status
from sso_batch.run_files.run import Stopped, checkpoint
from sso_batch.run_files.snapshot import SnapshotError
from sso_batch.run_files.verification import FileChangedError, read_snapshot
from sso_batch.runner.previous_runs import Earlier, EarlierRuns, Unusable
from sso_batch.runner.shards import CHANGED, lost
from sso_batch.store import FileEntry, Store

_NOT_ASKED = "there is no earlier run to compare with (review.compare: none)"
_NO_EARLIER = "no earlier run in this place has it complete"
_AGAIN = "find out what else writes to the output place, then run again with --resume"
_NAMED = 3  # manifests that could not be read; the log has all of them


@dataclass(frozen=True, slots=True)
class RunChanges:
    """What changed in organizations of a run, read anew from both snapshots at each iteration, in order."""

    store: Store
    compared: Sequence[tuple[FileEntry, FileEntry]]
    """Of each organization its earlier and its later snapshot file."""
    stop: threading.Event

    def __iter__(self) -> Iterator[Change]:
        """Compare one organization after the other; raises Stopped, OSError or SnapshotError."""
        for files in self.compared:
            earlier, later = (read_snapshot(self.store, file, self.stop) for file in files)
            yield from comparison.changes(earlier, later, checkpoint=checkpoint(self.stop))


@dataclass(frozen=True, slots=True)
class Looked:
    """What a review comes to.

    `findings` is None where every check is off, `changes` where no earlier run was asked for.
    """

    organizations: tuple[OrganizationOutcome, ...]
    findings: tuple[Finding, ...] | None
    changes: Iterable[Change] | None
    not_compared: tuple[tuple[str, str], ...]


class RunReview:
    """Reviews the organizations of one run, one snapshot at a time and one of an earlier run beside it."""

    def __init__(
        self, review: Review, store: Store, names: FileNames, log: FilteringBoundLogger, stop: threading.Event
    ) -> None:
        self._rules = rules(review, today=names.day)
        self._store = store
        self._log = log
        self._stop = stop
        self._earlier = EarlierRuns(store, names.ts) if review.compare == "previous" else None
        self._reviewer = Reviewer(self._rules, checkpoint(stop))
        self._compared: list[tuple[FileEntry, FileEntry]] = []
        self._lost: dict[str, OrganizationError] = {}
        self._not_compared: list[tuple[str, str]] = []
        self._notes: defaultdict[str, list[str]] = defaultdict(list)

    def look(self, organizations: Sequence[OrganizationOutcome]) -> Looked:
        """Look at them all; raises Stopped and OSError.

        An organization whose snapshot is not as it was written has failed: nothing of it can be trusted.
        """
        for one in organizations:
            if self._stop.is_set():
                raise Stopped
            self._look_at(one)
        unread = [one.name for one in organizations if one.snapshot_file is None or one.name in self._lost]
        reviewed = self._reviewer.end(unread)
        findings = reviewed.findings if self._rules.severities else None
        self._warn_of_waivers(organizations, reviewed.used_waivers)
        for unusable in self._earlier.unusable if self._earlier else ():
            self._log.warning("review.manifest_unusable", **asdict(unusable))
        return Looked(
            tuple(
                self._reviewed(one, findings, reviewed.not_examined.get(one.name, ()))
                for one in organizations
            ),
            findings,
            None if self._earlier is None else RunChanges(self._store, self._compared, self._stop),
            tuple(self._not_compared),
        )

    def _warn_of_waivers(self, organizations: Sequence[OrganizationOutcome], used: frozenset[int]) -> None:
        """Log each waiver that has no effect. A principal can be a person's address and is not logged."""
        waivers = self._rules.waivers
        late = {one.number: one for one in expired(waivers, self._rules.today)}
        complete = {one.name: one.status is Status.COMPLETE for one in organizations}
        idle = {one.number: one for one in unmatched(waivers, used, complete)}
        for number, one in sorted((idle | late).items()):
            event = "review.waiver_expired" if number in late else "review.waiver_unmatched"
            self._log.warning(event, waiver=one.path, check=one.rule.check, message=one.reason, hint=one.hint)

    def _look_at(self, one: OrganizationOutcome) -> None:
        file = one.snapshot_file
        if file is None:
            if self._earlier is not None:
                self._leave_out(one.name, f"{one.status.value} in this run")
            return
        snapshot = self._own(one.name, file)
        if snapshot is None:
            return
        previous, reason = self._previous(snapshot, file)
        facts = Facts(snapshot, previous=Facts(previous) if previous else None, not_compared=reason)
        self._reviewer.look_at(facts)

    def _own(self, name: str, file: FileEntry) -> Snapshot | None:
        """Read a snapshot of this run, a second time where the first reading was not what was written."""
        message = ""
        for _ in range(2):
            try:
                return read_snapshot(self._store, file, self._stop)
            except (FileChangedError, SnapshotError) as error:
                message = error.message
        self._lost[name] = OrganizationError(message, code=CHANGED, operation="merge", hint=_AGAIN)
        self._log.error("org.failed", org=name, code=CHANGED, message=message, hint=_AGAIN)
        return None

    def _previous(self, snapshot: Snapshot, file: FileEntry) -> tuple[Snapshot | None, str]:
        """The snapshot to compare with, or why there is none."""
        if self._earlier is None:
            return None, _NOT_ASKED
        name = snapshot.organization
        earlier, skipped = self._earlier.newest(name)
        if skipped:
            self._notes[name].append(f"changes: {_skipped(skipped)}")
        reason = _NO_EARLIER
        if earlier is not None:
            previous, reason = self._compare(earlier, snapshot)
            if previous is not None:
                self._compared.append((earlier.snapshot_file, file))
                self._notes[name] += [
                    f"{CHANGES}{one}" for one in comparison.not_examined(previous, snapshot)
                ]
                return previous, ""
        self._leave_out(name, reason)
        return None, f"not compared with an earlier run: {reason}"

    def _compare(self, earlier: Earlier, snapshot: Snapshot) -> tuple[Snapshot | None, str]:
        try:
            previous = read_snapshot(self._store, earlier.snapshot_file, self._stop)
        except (SnapshotError, OSError) as error:
            return None, f"the snapshot of the run {earlier.run_id} cannot be read: {error}"
        reason = comparison.why_not(previous, snapshot)
        return (None, reason) if reason else (previous, "")

    def _leave_out(self, name: str, reason: str) -> None:
        self._not_compared.append((name, reason))
        self._notes[name].append(f"{CHANGES}{reason}")

    def _reviewed(
        self, one: OrganizationOutcome, findings: Iterable[Finding] | None, holes: Iterable[str]
    ) -> OrganizationOutcome:
        """The outcome with what the review adds to it, which is told to the log."""
        if one.name in self._lost:
            return lost(one, self._lost[one.name])
        own = (
            None
            if findings is None or one.snapshot_file is None
            else [finding for finding in findings if finding.organization == one.name]
        )
        counts = None if own is None else FindingCounts.of(own)
        if own is not None and counts is not None:
            waived = sum(finding.waiver is not None for finding in own)
            self._log.info("org.reviewed", org=one.name, **asdict(counts), waived=waived)
        not_examined = (*one.not_examined, *holes, *self._notes[one.name])
        return replace(one, findings=counts, not_examined=not_examined)


def _skipped(manifests: Sequence[Unusable]) -> str:
    """Say which manifests of earlier runs were skipped: newer than what is compared, if anything is."""
    named = ", ".join(f"{one.file} ({one.code})" for one in manifests[:_NAMED])
    more = f" and {len(manifests) - _NAMED} more" if len(manifests) > _NAMED else ""
    return f"earlier runs whose manifests cannot be read: {named}{more}"
