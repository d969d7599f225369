"""Earlier runs in a place, found by their run files and manifests alone."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.results import OrganizationOutcome, Status
from sso_batch.run_files.run import Stopped, checkpoint, raise_if_stopped
from sso_batch.run_files.stored_runs import StoredRun, UnreadableRun, newest_first
from sso_batch.store import FileEntry, Place, Store


@dataclass(frozen=True, slots=True)
class PreviousResult:
    """The complete result of an organization in an earlier run."""

    run_id: str
    store: Store
    outcome: OrganizationOutcome
    snapshot_file: FileEntry


class PreviousRuns:
    """The runs in a place that started before a run, from the newest on, read only as far as needed.

    A run that cannot be used is skipped: one of another version, of another user, behind a symbolic link, or
    in an archive. `unusable` lists the skipped ones, in this order. Several threads can read at once. Once
    `stop` is set, reading raises Stopped.
    """

    def __init__(self, place: Place, names: FileNames, started_at: datetime, stop: threading.Event) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._read: list[StoredRun | UnreadableRun] = []
        self._unread = newest_first(
            place,
            lambda run: run.run_id != names.run_id and (run.ts, run.started_at) < (names.ts, started_at),
            checkpoint=checkpoint(stop),
        )

    @property
    def unusable(self) -> tuple[UnreadableRun, ...]:
        """The runs that were skipped so far."""
        return tuple(run for run in self._read if isinstance(run, UnreadableRun))

    def newest_calls(self) -> dict[str, int]:
        """Return how many calls each organization took in the newest run that can be read.

        Organizations without calls are left out. From then on, others need not wait for that run.
        """
        number = 0
        with contextlib.suppress(Stopped):
            while (run := self._at(number)) is not None:
                if isinstance(run, StoredRun):
                    organizations = run.manifest.outcome.organizations
                    return {each.name: each.calls.total for each in organizations if each.calls.total}
                number += 1
        return {}

    def newest(self, organization: str) -> tuple[PreviousResult | None, tuple[UnreadableRun, ...]]:
        """Return the newest complete result of the organization, and the runs skipped before it."""
        skipped: list[UnreadableRun] = []
        for result in self.results(organization):
            if isinstance(result, PreviousResult):
                return result, tuple(skipped)
            skipped.append(result)
        return None, tuple(skipped)

    def results(self, organization: str) -> Iterator[PreviousResult | UnreadableRun]:
        """Yield the complete results of the organization, the newest first, and the runs in between."""
        number = 0
        while (run := self._at(number)) is not None:
            number += 1
            if isinstance(run, UnreadableRun):
                yield run
                continue
            for outcome in run.manifest.outcome.organizations:
                complete = outcome.status is Status.COMPLETE
                if outcome.name == organization and complete and outcome.snapshot_file:
                    yield PreviousResult(run.manifest.run_id, run.store, outcome, outcome.snapshot_file)

    def _at(self, number: int) -> StoredRun | UnreadableRun | None:
        """Return the run with this number, read now if necessary; None if there are fewer."""
        with self._lock:
            if number == len(self._read):
                raise_if_stopped(self._stop)
                run = next(self._unread, None)
                if run is None:
                    return None
                self._read.append(run)
            return self._read[number]
