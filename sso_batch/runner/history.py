"""What earlier runs in the output place know about an organization, and a new snapshot takes over."""

import threading
from collections.abc import Iterator
from dataclasses import asdict, replace

from sso_batch.coverage import NotExamined, Omission
from sso_batch.first_seen import blind_spots, carry_first_seen, is_known, without_first_seen
from sso_batch.model import Snapshot
from sso_batch.run_files.snapshot import SnapshotError
from sso_batch.run_files.stored_runs import RunPart, UnreadableRun
from sso_batch.run_files.verification import read_snapshot
from sso_batch.runner.context import RunContext
from sso_batch.runner.previous_runs import PreviousResult
from sso_batch.store import explain_error

_ACTIVITY = NotExamined.by_collection(Omission.ACTIVITY)

_NAMED = 3  # unreadable files named in a reason; the log has all of them


class History:
    """The complete snapshots of one organization in earlier runs, the newest first.

    What cannot be read is skipped, logged and noted; it never stops an audit. All methods block, may run in
    any thread, and raise Stopped once `stop` is set.
    """

    def __init__(self, context: RunContext, organization: str) -> None:
        self._context = context
        self._organization = organization
        self._log = context.log.bind(org=organization)
        self._snapshots: dict[str, Snapshot | None] = {}
        self._unreadable: dict[str, UnreadableRun] = {}

    def newest_with_activity(self, stop: threading.Event) -> Snapshot | None:
        """Return the newest complete snapshot that looked up activity; None if there is none."""
        return next((snapshot for _, snapshot in self._each(stop, if_examined=_ACTIVITY)), None)

    def carry(self, snapshot: Snapshot, stop: threading.Event) -> Snapshot:
        """Return the snapshot with the dates since when runs have seen its grants and memberships."""
        earlier = tuple(self._showing(snapshot, stop))
        self._snapshots.clear()
        not_examined = (*snapshot.not_examined, *self._notes(found=bool(earlier)))
        if not earlier and any(run.part is RunPart.LIST for run in self._unreadable.values()):
            return replace(without_first_seen(snapshot), not_examined=not_examined)
        carried = carry_first_seen(snapshot, earlier, run_started=self._context.started_at)
        return replace(carried, not_examined=not_examined)

    def _showing(self, snapshot: Snapshot, stop: threading.Event) -> Iterator[Snapshot]:
        """Yield the newest snapshot of each kind, until one shows all that this snapshot shows."""
        blind = blind_spots(snapshot.not_examined)
        kinds: set[frozenset[Omission | str]] = set()
        for result, earlier in self._each(stop):
            kind = blind_spots(result.outcome.not_examined)
            if earlier.instance.arn != snapshot.instance.arn or kind in kinds:
                continue
            yield earlier
            if is_known(earlier):
                kinds.add(kind)
                if kind <= blind:
                    return

    def _each(
        self, stop: threading.Event, *, if_examined: NotExamined | None = None
    ) -> Iterator[tuple[PreviousResult, Snapshot]]:
        for result in self._context.previous.results(self._organization):
            if isinstance(result, UnreadableRun):
                self._skip(result)
                continue
            if if_examined in result.outcome.not_examined:
                continue
            if result.run_id not in self._snapshots:
                self._snapshots[result.run_id] = self._read(result, stop)
            snapshot = self._snapshots[result.run_id]
            if snapshot is not None:
                yield result, snapshot

    def _read(self, result: PreviousResult, stop: threading.Event) -> Snapshot | None:
        file = f"{result.run_id}/{result.snapshot_file.name}"
        try:
            return read_snapshot(result.store, result.snapshot_file, stop)
        except SnapshotError as error:
            self._skip(UnreadableRun(RunPart.SNAPSHOT, file, "SnapshotError", error.message, ""))
        except OSError as error:
            reason = explain_error(error)
            self._skip(UnreadableRun(RunPart.SNAPSHOT, file, reason.code, reason.message, ""))
        return None

    def _skip(self, run: UnreadableRun) -> None:
        if run.file not in self._unreadable:
            self._unreadable[run.file] = run
            self._log.warning("history.run_unusable", **asdict(run))

    def _notes(self, *, found: bool) -> Iterator[NotExamined]:
        """Yield why dates may be later than the first run that had a grant.

        If an earlier run was `found`, folders that may be no runs at all do not matter.
        """
        runs = [run for run in self._unreadable.values() if not found or run.part is not RunPart.RUN_FILE]
        if runs:
            named = ", ".join(f"{run.file} ({run.code})" for run in runs[:_NAMED])
            more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
            yield NotExamined.by_history(f"earlier runs that cannot be read: {named}{more}")
