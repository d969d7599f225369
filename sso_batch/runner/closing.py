"""The end of a run: from its organizations' files, the files of the whole."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from sso_batch.config import Output
from sso_batch.model import Snapshot
from sso_batch.outcome import OrganizationOutcome, RunOutcome, Status
from sso_batch.report.for_people import write_for_people
from sso_batch.report.manifest import RunFacts
from sso_batch.report.overview import Overview
from sso_batch.report.snapshot import SnapshotError, decode
from sso_batch.report.write import Stopped, write_merged
from sso_batch.store import FileEntry, Store, lines

MAKE_ROOM = "make room in the output place, or name another one with --output, and run again"


@dataclass(frozen=True, slots=True)
class Closed:
    """What a run comes to: its organizations, reviewed, and its files.

    `written` is false where a file could not be.
    """

    organizations: tuple[OrganizationOutcome, ...]
    files: tuple[FileEntry, ...]
    written: bool = True


class Closing:
    """Makes the files of the whole run; the manifest, which names them, is not among them."""

    def __init__(
        self,
        output: Output,
        store: Store,
        facts: RunFacts,
        started_at: datetime,
        log: FilteringBoundLogger,
        stop: threading.Event,
    ) -> None:
        self._output = output
        self._store = store
        self._facts = facts
        self._started_at = started_at
        self._names = facts.names
        self._log = log
        self._stop = stop

    def close(self, organizations: tuple[OrganizationOutcome, ...]) -> Closed:
        """Write the files of a run whose organizations have ended. Blocks; begins none once stopped."""
        if self._stop.is_set() or not any(one.files for one in organizations):
            return Closed(organizations, ())
        files: list[FileEntry] = []
        try:
            files.extend(self._files(organizations))
        except Stopped:
            return Closed(organizations, tuple(files))
        except (OSError, SnapshotError) as error:
            self._log.error("run.merge_failed", message=_reason(error), hint=MAKE_ROOM)
            return Closed(organizations, tuple(files), written=False)
        return Closed(organizations, tuple(files))

    def _files(self, organizations: tuple[OrganizationOutcome, ...]) -> Iterator[FileEntry]:
        complete = all(one.status is Status.COMPLETE for one in organizations)
        if "csv" in self._output.formats:
            parts = [one.access_file for one in organizations if one.access_file]
            yield write_merged(self._store, self._names, parts, complete=complete, stop=self._stop)
        yield from self._for_people(organizations, ())

    def _for_people(
        self, organizations: tuple[OrganizationOutcome, ...], files: tuple[FileEntry, ...]
    ) -> Iterator[FileEntry]:
        """The page and the workbook, where they are asked for; `files` are those of the run so far."""
        outcome = RunOutcome(
            organizations,
            files,
            started_at=self._started_at,
            finished_at=max(one.finished_at for one in organizations),
            written=True,
        )
        overview = Overview(self._facts, outcome, Snapshots(self._store, organizations))
        for one in self._output.formats:
            if one != "csv":
                yield write_for_people(self._store, overview, one, stop=self._stop)


def _reason(error: OSError | SnapshotError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The snapshots of a run's organizations, read anew at each iteration, one at a time."""

    store: Store
    organizations: Sequence[OrganizationOutcome]

    def __iter__(self) -> Iterator[Snapshot]:
        """Read them in the order of the organizations; raises OSError or SnapshotError."""
        for one in self.organizations:
            if one.snapshot_file is not None:
                yield decode(lines(self.store, one.snapshot_file.name))
