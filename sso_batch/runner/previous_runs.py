"""Earlier runs in a place, found by their run files and manifests alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.results import Status
from sso_batch.run_files.stored_runs import StoredRun, UnreadableRun, newest_first
from sso_batch.store import FileEntry, Place, Store


@dataclass(frozen=True, slots=True)
class PreviousResult:
    """The complete result of an organization in an earlier run."""

    run_id: str
    store: Store
    snapshot_file: FileEntry


class PreviousRuns:
    """The runs in a place that started before a run, from the newest on, read only as far as needed.

    A run that cannot be used is skipped: one of another version, of another user, behind a symbolic link, or
    in an archive. `unusable` lists the skipped ones, in this order.
    """

    def __init__(self, place: Place, names: FileNames, started_at: datetime) -> None:
        self._read: list[StoredRun | UnreadableRun] = []
        self._unread = newest_first(
            place,
            lambda run: run.run_id != names.run_id and (run.ts, run.started_at) < (names.ts, started_at),
        )

    @property
    def unusable(self) -> tuple[UnreadableRun, ...]:
        """The runs that were skipped so far."""
        return tuple(run for run in self._read if isinstance(run, UnreadableRun))

    def newest(self, organization: str) -> tuple[PreviousResult | None, tuple[UnreadableRun, ...]]:
        """Return the newest complete result of the organization, and the runs skipped before it."""
        skipped: list[UnreadableRun] = []
        for run in self._each():
            if isinstance(run, UnreadableRun):
                skipped.append(run)
                continue
            for outcome in run.manifest.outcome.organizations:
                complete = outcome.status is Status.COMPLETE
                if outcome.name == organization and complete and outcome.snapshot_file:
                    result = PreviousResult(run.manifest.run_id, run.store, outcome.snapshot_file)
                    return result, tuple(skipped)
        return None, tuple(skipped)

    def _each(self) -> Iterator[StoredRun | UnreadableRun]:
        yield from self._read
        for run in self._unread:
            self._read.append(run)
            yield run
