"""The review of one organization's snapshot, compared with that of an earlier run if there is one."""

import threading

from sso_batch.coverage import NotExamined, Setting
from sso_batch.model import Snapshot
from sso_batch.review import comparison
from sso_batch.review.reviewer import examine
from sso_batch.review.rules import Rules
from sso_batch.review.snapshot_index import SnapshotIndex
from sso_batch.run_files.results import OrganizationReview
from sso_batch.run_files.run import checkpoint
from sso_batch.run_files.snapshot import SnapshotError
from sso_batch.run_files.verification import read_snapshot
from sso_batch.runner.context import RunContext
from sso_batch.runner.previous_runs import PreviousResult

_NO_PREVIOUS = "no earlier run in this place has it complete"


def review_snapshot(
    context: RunContext, snapshot: Snapshot, earlier: PreviousResult | None, stop: threading.Event
) -> OrganizationReview:
    """Return what the checks find in a snapshot of this run.

    `earlier` is the newest complete result of the organization, if the configuration compares runs. Raises
    Stopped once `stop` is set.
    """
    previous, reason = _previous(snapshot, earlier, stop) if context.compares else (None, Setting.COMPARE)
    index = SnapshotIndex(
        snapshot,
        previous=None if previous is None else SnapshotIndex(previous),
        not_compared=f"not compared with an earlier run: {reason}" if context.compares else reason,
        roster=context.roster,
    )
    omissions = () if previous is None else comparison.not_examined(previous, snapshot)
    return OrganizationReview(
        examine(index, Rules.from_config(context.config.review, today=context.names.day), checkpoint(stop)),
        earlier_snapshot=None if earlier is None else earlier.snapshot_file,
        not_compared=reason,
        not_examined=tuple(map(NotExamined.by_comparison, omissions)),
    )


def _previous(
    snapshot: Snapshot, earlier: PreviousResult | None, stop: threading.Event
) -> tuple[Snapshot | None, str]:
    """Return the snapshot of the earlier run, or why this run's cannot be compared with it."""
    if earlier is None:
        return None, _NO_PREVIOUS
    try:
        previous = read_snapshot(earlier.store, earlier.snapshot_file, stop)
    except (SnapshotError, OSError) as error:
        return None, f"the snapshot of the run {earlier.run_id} cannot be read: {error}"
    reason = comparison.incomparable_reason(previous, snapshot)
    return (None, reason) if reason else (previous, "")
