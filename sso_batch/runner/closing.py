"""The end of a run: from its organizations' files, the files of the whole."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from sso_batch.config import Config
from sso_batch.model import Snapshot
from sso_batch.outcome import OrganizationOutcome, RunOutcome, Status
from sso_batch.report import changes_csv, findings_csv
from sso_batch.report.for_people import write_for_people
from sso_batch.report.manifest import RunFacts
from sso_batch.report.overview import Overview
from sso_batch.report.snapshot import SnapshotError
from sso_batch.report.write import Stopped, write_merged, write_rows
from sso_batch.runner.reading import read_snapshot
from sso_batch.runner.reviewing import Looked, RunReview
from sso_batch.store import FileEntry, Store, trouble


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
        config: Config,
        store: Store,
        facts: RunFacts,
        started_at: datetime,
        log: FilteringBoundLogger,
        stop: threading.Event,
    ) -> None:
        self._config = config
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
            review = RunReview(self._config.review, self._store, self._names, self._log, self._stop)
            looked = review.look(organizations)
            organizations = looked.organizations
            self._write(looked, files)
        except Stopped:
            return Closed(organizations, tuple(files))
        except OSError as error:
            told = trouble(error)
            self._log.error("run.merge_failed", code=told.code, message=told.message, hint=told.hint)
            return Closed(organizations, tuple(files), written=False)
        except SnapshotError as error:
            self._log.error("run.merge_failed", code="SnapshotError", message=str(error), hint="")
            return Closed(organizations, tuple(files), written=False)
        return Closed(organizations, tuple(files))

    def _write(self, looked: Looked, files: list[FileEntry]) -> None:
        """Write one file after the other, and note each in `files` as soon as it is there."""
        store, names, stop = self._store, self._names, self._stop
        complete = all(one.status is Status.COMPLETE for one in looked.organizations)
        escape = self._config.output.escape_formulas
        if "csv" in self._config.output.formats:
            parts = [one.access_file for one in looked.organizations if one.access_file]
            files.append(write_merged(store, names, parts, complete=complete, stop=stop))
            if looked.findings is not None:
                text = findings_csv.lines(looked.findings, escape=escape)
                name = names.findings(complete=complete)
                files.append(write_rows(store, name, findings_csv.HEADER, text, stop=stop))
            if looked.changes is not None:
                text = changes_csv.lines(looked.changes, escape=escape)
                name = names.changes(complete=complete)
                files.append(write_rows(store, name, changes_csv.HEADER, text, stop=stop))
        for_people = [one for one in self._config.output.formats if one != "csv"]
        if for_people:
            overview = self._overview(looked, tuple(files))
            for one in for_people:
                file = write_for_people(store, overview, one, stop=stop)
                files.append(file)

    def _overview(self, looked: Looked, written: tuple[FileEntry, ...]) -> Overview:
        outcome = RunOutcome(
            looked.organizations,
            written,
            started_at=self._started_at,
            finished_at=max(one.finished_at for one in looked.organizations),
            written=True,
        )
        return Overview(
            self._facts,
            outcome,
            Snapshots(self._store, looked.organizations, self._stop),
            findings=looked.findings or (),
            changes=looked.changes,
            not_compared=looked.not_compared,
        )


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The snapshots of a run's organizations, read anew at each iteration, one at a time."""

    store: Store
    organizations: Sequence[OrganizationOutcome]
    stop: threading.Event

    def __iter__(self) -> Iterator[Snapshot]:
        """Read them in the order of the organizations; raises Stopped, OSError or SnapshotError."""
        for one in self.organizations:
            if one.snapshot_file is not None:
                yield read_snapshot(self.store, one.snapshot_file.name, self.stop)
