"""The end of a run: from its organizations' files, the files of the whole."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from sso_batch.config import Config
from sso_batch.model import Gap, Snapshot
from sso_batch.report import changes_csv, findings_csv
from sso_batch.report.human_formats import write_for_people
from sso_batch.report.report_input import Overview
from sso_batch.review.settings import rules
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import RunFacts, Stopped
from sso_batch.run_files.snapshot import SnapshotError
from sso_batch.run_files.verification import FileChangedError, read_snapshot
from sso_batch.run_files.writer import restore_access, write_merged, write_rows
from sso_batch.runner.run_review import Looked, RunReview
from sso_batch.store import FileEntry, FileKind, Store, trouble


@dataclass(frozen=True, slots=True)
class Closed:
    """What a run comes to: its organizations, reviewed, its files, and in `gaps` what it lacks itself."""

    organizations: tuple[OrganizationOutcome, ...]
    files: tuple[FileEntry, ...]
    gaps: tuple[Gap, ...] = ()


class Closing:
    """Makes the files of the whole run; the manifest, which names them, is not among them.

    `close` blocks, until `stop` is set at the latest. What it has done so far is in `closed` at any time.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        facts: RunFacts,
        started_at: datetime,
        log: FilteringBoundLogger,
    ) -> None:
        self._config = config
        self._store = store
        self._facts = facts
        self._started_at = started_at
        self._names = facts.names
        self._log = log
        self.stop = threading.Event()
        self.closed = Closed((), ())

    def close(self, organizations: tuple[OrganizationOutcome, ...]) -> None:
        """Write the files of a run whose organizations have ended."""
        self.closed = Closed(organizations, ())
        if self.stop.is_set() or not any(one.files for one in organizations):
            return
        with contextlib.suppress(Stopped):
            try:
                looked = self._look(organizations)
                if any(one.files for one in looked.organizations):
                    self._write(looked)
            except OSError as error:
                told = trouble(error)
                self.fail(told.code, told.message, told.hint)
            except SnapshotError as error:
                self.fail("SnapshotError", error.message, "run again with --resume")

    def fail(self, code: str, message: str, hint: str) -> None:
        """Note why files of the whole run are missing."""
        self._log.error("run.merge_failed", code=code, message=message, hint=hint)
        gap = Gap("merge", self._names.run_id, code, message, hint)
        self.closed = replace(self.closed, gaps=(*self.closed.gaps, gap))

    def _look(self, organizations: tuple[OrganizationOutcome, ...]) -> Looked:
        """Review the organizations; remove the files of those whose snapshot is not as it was written."""
        review = RunReview(self._config.review, self._store, self._names, self._log, self.stop)
        looked = review.look(organizations)
        self.closed = replace(self.closed, organizations=looked.organizations)
        for before, after in zip(organizations, looked.organizations, strict=True):
            if before.files and not after.files:
                for name in self._names.of_organization(after.name):
                    self._store.remove(name)
        return looked

    def _write(self, looked: Looked) -> None:
        """Write one file after the other, and note each as soon as it is there."""
        store, names, stop = self._store, self._names, self.stop
        complete = all(one.status is Status.COMPLETE for one in looked.organizations)
        escape = self._config.output.escape_formulas
        if "csv" in self._config.output.formats:
            self._add(self._merged(looked.organizations, complete=complete))
            if looked.findings is not None:
                text = findings_csv.lines(looked.findings, escape=escape)
                name = names.findings(complete=complete)
                self._add(
                    write_rows(store, name, FileKind.FINDINGS_CSV, findings_csv.HEADER, text, stop=stop)
                )
            if looked.changes is not None:
                text = changes_csv.lines(looked.changes, escape=escape)
                name = names.changes(complete=complete)
                self._add(write_rows(store, name, FileKind.CHANGES_CSV, changes_csv.HEADER, text, stop=stop))
        for_people = [one for one in self._config.output.formats if one != "csv"]
        if for_people:
            overview = self._overview(looked, self.closed.files)
            for one in for_people:
                self._add(write_for_people(store, overview, one, stop=stop))

    def _add(self, file: FileEntry) -> None:
        self.closed = replace(self.closed, files=(*self.closed.files, file))

    def _merged(self, organizations: Sequence[OrganizationOutcome], *, complete: bool) -> FileEntry:
        """Merge the organizations' CSVs; make one that was changed from its snapshot again."""
        parts = {one.access_file: one for one in organizations if one.access_file}
        restored: set[str] = set()
        while True:
            try:
                return write_merged(self._store, self._names, tuple(parts), complete=complete, stop=self.stop)
            except FileChangedError as error:
                if error.entry.name in restored:
                    raise
                self._log.warning("run.file_restored", file=error.entry.name, message=error.message)
                restored.add(error.entry.name)
                self._restore(parts[error.entry])

    def _restore(self, organization: OrganizationOutcome) -> None:
        access, records = organization.access_file, organization.snapshot_file
        assert access is not None, "it was to be merged"  # noqa: S101 - for the type checker
        assert records is not None, "its snapshot comes with its CSV"  # noqa: S101 - for the type checker
        snapshot = read_snapshot(self._store, records, self.stop)
        escape = self._config.output.escape_formulas
        restore_access(self._store, access.name, snapshot, escape=escape, stop=self.stop)

    def _overview(self, looked: Looked, written: tuple[FileEntry, ...]) -> Overview:
        outcome = RunOutcome(
            looked.organizations,
            written,
            started_at=self._started_at,
            finished_at=max(one.finished_at for one in looked.organizations),
        )
        return Overview(
            self._facts,
            outcome,
            Snapshots(self._store, looked.organizations, self.stop),
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
                yield read_snapshot(self.store, one.snapshot_file, self.stop)


def files_promised(config: Config, facts: RunFacts) -> frozenset[str]:
    """The names of the files that a complete run has besides its organizations' and the manifest."""
    if facts.shard is not None:
        return frozenset()
    names, formats = facts.names, config.output.formats
    csv, checked = "csv" in formats, bool(rules(config.review, today=names.day).severities)
    promised = {
        names.access(complete=True): csv,
        names.findings(complete=True): csv and checked,
        names.changes(complete=True): csv and config.review.compare == "previous",
        names.page(complete=True): "html" in formats,
        names.workbook(complete=True): "xlsx" in formats,
    }
    return frozenset(name for name, wanted in promised.items() if wanted)
