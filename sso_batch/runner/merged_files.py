"""Writes the merged files of a run, from the files of its organizations."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain

from structlog.typing import FilteringBoundLogger

from sso_batch.application_access import resolve_applications
from sso_batch.config import Config
from sso_batch.model import Gap, GapKind, Snapshot
from sso_batch.report import changes_csv, findings_csv, ocsf
from sso_batch.report.human_formats import HUMAN_FORMATS, write_human_format
from sso_batch.report.report_input import ReportInput
from sso_batch.review.finding import Finding
from sso_batch.review.leading_findings import LeadingFindings, leading_findings
from sso_batch.review.rules import Rules
from sso_batch.run_files import applications_csv
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import RunFacts, Stopped, checkpoint
from sso_batch.run_files.snapshot import SnapshotError
from sso_batch.run_files.verification import FileChangedError, read_snapshot
from sso_batch.run_files.writer import restore_access, write_merged, write_rows
from sso_batch.runner.context import RunContext
from sso_batch.runner.run_review import ReviewedRun, RunReview
from sso_batch.store import ErrorExplanation, FileEntry, FileKind, Store, explain_error


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The organizations with their review, the merged files, and in `gaps` what the run itself lacks.

    `leading_findings` are those that decide about exit code 3; None before the review.
    """

    organizations: tuple[OrganizationOutcome, ...]
    files: tuple[FileEntry, ...] = ()
    gaps: tuple[Gap, ...] = ()
    leading_findings: LeadingFindings | None = None


class MergedFilesWriter:
    """Reviews the organizations of a run and writes the merged files; the manifest is not one of them.

    `write` blocks, until `stop` of the context is set at the latest; other threads may read `result` at any
    time.
    """

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._store = context.store
        self._stop = context.stop
        self.result = MergeResult(())

    def write(self, organizations: tuple[OrganizationOutcome, ...]) -> None:
        """Write the merged files of a run whose organizations have ended."""
        self.result = MergeResult(organizations)
        if self._stop.is_set() or not any(outcome.files for outcome in organizations):
            return
        with contextlib.suppress(Stopped):
            try:
                reviewed = self._review(organizations)
                if any(outcome.files for outcome in reviewed.organizations):
                    self._write_formats(reviewed)
            except OSError as error:
                self.add_gap(explain_error(error))
            except SnapshotError as error:
                self.add_gap(ErrorExplanation("SnapshotError", error.message, "run again with --resume"))

    def stop(self) -> None:
        """Let `write` return soon; call this in any thread."""
        self._stop.set()

    def add_gap(self, reason: ErrorExplanation) -> None:
        """Record and log why merged files are missing."""
        gap = merge_gap(self._context, reason)
        self.result = replace(self.result, gaps=(*self.result.gaps, gap))

    def _review(self, organizations: tuple[OrganizationOutcome, ...]) -> ReviewedRun:
        """Review the organizations; remove the files of those whose snapshot was changed."""
        reviewed = RunReview(self._context).review(organizations)
        leading = leading_findings(
            reviewed.findings or (),
            self._context.config.review.fail_on,
            checkpoint=checkpoint(self._stop),
        )
        self.result = replace(self.result, organizations=reviewed.organizations, leading_findings=leading)
        for before, after in zip(organizations, reviewed.organizations, strict=True):
            if before.files and not after.files:
                for name in self._context.names.of_organization(after.name):
                    self._store.remove(name)
        return reviewed

    def _write_formats(self, reviewed: ReviewedRun) -> None:
        """Write one file after the other, and record each as soon as it exists."""
        formats = self._context.config.output.formats
        if "csv" in formats:
            self._write_csvs(reviewed)
        if "ocsf" in formats and reviewed.findings is not None:
            self._write_ocsf(reviewed, reviewed.findings)
        human_formats = [format_ for format_ in HUMAN_FORMATS if format_ in formats]
        if human_formats:
            report = self._report_input(reviewed)
            for format_ in human_formats:
                self._add(write_human_format(self._store, report, format_, stop=self._stop))

    def _write_ocsf(self, reviewed: ReviewedRun, findings: Sequence[Finding]) -> None:
        names, organizations = self._context.names, reviewed.organizations
        complete = all(outcome.status is Status.COMPLETE for outcome in organizations)
        lines = ocsf.lines(findings, names.run_id, organizations)
        name, kind = names.ocsf(complete=complete), FileKind.FINDINGS_OCSF
        self._add(write_rows(self._store, name, kind, "", lines, stop=self._stop))

    def _write_csvs(self, reviewed: ReviewedRun) -> None:
        store, stop, names = self._store, self._stop, self._context.names
        escape = self._context.escape_formulas
        complete = all(outcome.status is Status.COMPLETE for outcome in reviewed.organizations)
        self._add(self._write_merged(reviewed.organizations, complete=complete))
        if reviewed.findings is not None:
            lines = findings_csv.lines(reviewed.findings, escape=escape)
            name, kind = names.findings(complete=complete), FileKind.FINDINGS_CSV
            self._add(write_rows(store, name, kind, findings_csv.HEADER, lines, stop=stop))
        if reviewed.changes is not None:
            people = self._context.config.collect.people
            lines = changes_csv.lines(reviewed.changes, escape=escape, people=people)
            name, kind = names.changes(complete=complete), FileKind.CHANGES_CSV
            self._add(write_rows(store, name, kind, changes_csv.header(people), lines, stop=stop))
        if self._context.config.collect.applications:
            snapshots = StoredSnapshots(store, reviewed.organizations, stop)
            accesses = chain.from_iterable(map(resolve_applications, snapshots))
            lines = applications_csv.lines(accesses, escape=escape)
            name, kind = names.applications(complete=complete), FileKind.APPLICATIONS_CSV
            self._add(write_rows(store, name, kind, applications_csv.HEADER, lines, stop=stop))

    def _add(self, file: FileEntry) -> None:
        self.result = replace(self.result, files=(*self.result.files, file))

    def _write_merged(self, organizations: Sequence[OrganizationOutcome], *, complete: bool) -> FileEntry:
        """Merge the organizations' CSVs; restore one that was changed from its snapshot, once."""
        parts = {outcome.access_file: outcome for outcome in organizations if outcome.access_file}
        restored: set[str] = set()
        names = self._context.names
        while True:
            try:
                name, people = names.access(complete=complete), self._context.config.collect.people
                return write_merged(self._store, name, tuple(parts), people=people, stop=self._stop)
            except FileChangedError as error:
                if error.entry.name in restored:
                    raise
                self._context.log.warning("run.file_restored", file=error.entry.name, message=error.message)
                restored.add(error.entry.name)
                self._restore(parts[error.entry])

    def _restore(self, organization: OrganizationOutcome) -> None:
        access, records = organization.access_file, organization.snapshot_file
        assert access is not None, "it was to be merged"  # noqa: S101 - for the type checker
        assert records is not None, "its snapshot comes with its CSV"  # noqa: S101 - for the type checker
        snapshot = read_snapshot(self._store, records, self._stop)
        escape = self._context.escape_formulas
        restore_access(self._store, access.name, snapshot, escape=escape, stop=self._stop)

    def _report_input(self, reviewed: ReviewedRun) -> ReportInput:
        outcome = RunOutcome(
            reviewed.organizations,
            self.result.files,
            started_at=self._context.started_at,
            finished_at=max(outcome.finished_at for outcome in reviewed.organizations),
        )
        return ReportInput(
            self._context.facts,
            outcome,
            StoredSnapshots(self._store, reviewed.organizations, self._stop),
            findings=reviewed.findings or (),
            changes=reviewed.changes,
            earlier=reviewed.changes.earlier if reviewed.changes else (),
            not_compared=reviewed.not_compared,
            people=self._context.config.collect.people,
            applications=self._context.config.collect.applications,
        )


@dataclass(frozen=True, slots=True)
class StoredSnapshots:
    """The snapshots of a run's organizations, read again at each iteration, one at a time."""

    store: Store
    organizations: Sequence[OrganizationOutcome]
    stop: threading.Event

    def __iter__(self) -> Iterator[Snapshot]:
        """Read them in the order of the organizations; raise Stopped, OSError or SnapshotError."""
        for outcome in self.organizations:
            if outcome.snapshot_file is not None:
                yield read_snapshot(self.store, outcome.snapshot_file, self.stop)


def expected_merged_files(config: Config, facts: RunFacts) -> frozenset[str]:
    """Return the names of the merged files that a complete run has; a shard has none."""
    if facts.shard is not None:
        return frozenset()
    names, formats = facts.names, config.output.formats
    csv, checked = "csv" in formats, bool(Rules.from_config(config.review, today=names.day).severities)
    expected = {
        names.access(complete=True): csv,
        names.findings(complete=True): csv and checked,
        names.changes(complete=True): csv and config.review.compare == "previous",
        names.applications(complete=True): csv and config.collect.applications,
        names.ocsf(complete=True): "ocsf" in formats and checked,
        names.page(complete=True): "html" in formats,
        names.workbook(complete=True): "xlsx" in formats,
    }
    return frozenset(name for name, is_expected in expected.items() if is_expected)


def merge_gap(context: RunContext, reason: ErrorExplanation) -> Gap:
    """Log why merged files are missing, and return it as a gap of the run itself."""
    return run_gap(context.log, "run.merge_failed", GapKind.MERGE, "merge", context.names.run_id, reason)


def run_gap(
    log: FilteringBoundLogger,
    event: str,
    kind: GapKind,
    operation: str,
    resource: str,
    reason: ErrorExplanation,
) -> Gap:
    """Log what the run itself lacks, and return it as a gap."""
    log.error(event, **asdict(reason))
    return Gap(kind, operation, resource, reason.code, reason.message, reason.hint)
