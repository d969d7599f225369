"""The result of each organization and of the run. Pure."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sso_batch.coverage import NotExamined, Scope
from sso_batch.exit_codes import ExitCode, signal_exit_code
from sso_batch.model import (
    IAM_ROLE,
    PERMISSION_SET,
    EndpointOverride,
    Gap,
    Instance,
    ListingStrategy,
    Snapshot,
)
from sso_batch.review.examined import Examined
from sso_batch.review.finding import OFF, SEVERITIES, FindingCounts
from sso_batch.review.leading_findings import LeadingFindings
from sso_batch.store import FileEntry, FileKind


class Status(StrEnum):
    """The final status of an organization or of the run."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def was_read(self) -> bool:
        """Whether an organization of this status was read, so that its counts and files mean something."""
        return self in {Status.COMPLETE, Status.INCOMPLETE}


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of records of each kind that were read."""

    users: int
    groups: int
    accounts: int
    permission_sets: int
    assignments: int
    entitlements: int
    rows: int
    orphaned: int

    @classmethod
    def of(cls, snapshot: Snapshot, *, rows: int) -> "Counts":
        """Count a snapshot's records; orphaned are the grants to principals that no longer exist."""
        missing = frozenset(snapshot.missing)
        return cls(
            users=len(snapshot.users),
            groups=len(snapshot.groups),
            accounts=len(snapshot.accounts),
            permission_sets=len(snapshot.permission_sets),
            assignments=sum(grant.access_type == PERMISSION_SET for grant in snapshot.grants),
            entitlements=sum(grant.access_type == IAM_ROLE for grant in snapshot.grants),
            rows=rows,
            orphaned=sum(grant.principal in missing for grant in snapshot.grants),
        )


NOTHING = Counts(0, 0, 0, 0, 0, 0, 0, 0)
"""The counts of an organization that was not read."""


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls for one organization; every attempt counts."""

    total: int
    throttled: int
    retried: int
    by_operation: dict[str, int]


NO_CALLS = Calls(0, 0, 0, {})
"""The calls for an organization whose results an earlier process or a shard has left."""


@dataclass(frozen=True, slots=True)
class OrganizationReview:
    """What the review found in one organization, before it is known what it found in the others.

    `earlier_snapshot` is the file of the earlier run that was to be compared, and `not_compared` is why it
    was not. `not_examined` is what the comparison lacked.
    """

    examined: Examined
    earlier_snapshot: FileEntry | None
    not_compared: str
    not_examined: tuple[NotExamined, ...]


@dataclass(frozen=True, slots=True)
class OrganizationOutcome:
    """The result of one organization.

    `findings` is None where there was no review; `resumed` says that an earlier attempt of the run read it.
    `listing` is None where nothing was read, or an older version did not record it. `review` was made as soon
    as the organization was read; the end of the run makes it where it is None.
    """

    name: str
    status: Status
    started_at: datetime
    finished_at: datetime
    region: str | None
    instance: Instance | None
    counts: Counts
    calls: Calls
    not_examined: tuple[NotExamined, ...]
    gaps: tuple[Gap, ...]
    files: tuple[FileEntry, ...]
    endpoint_overrides: tuple[EndpointOverride, ...] = ()
    bug: bool = False
    findings: FindingCounts | None = None
    resumed: bool = False
    listing: ListingStrategy | None = None
    review: OrganizationReview | None = field(default=None, repr=False)

    @property
    def unchecked(self) -> bool:
        """Whether a check could not examine something, so that there may be more findings."""
        return any(item.scope is Scope.CHECK for item in self.not_examined)

    @property
    def access_file(self) -> FileEntry | None:
        """Its access CSV, if one was written."""
        return self._file(FileKind.ACCESS_CSV)

    @property
    def snapshot_file(self) -> FileEntry | None:
        """Its snapshot, if it was read."""
        return self._file(FileKind.SNAPSHOT)

    @classmethod
    def unread(cls, name: str, status: Status, moment: datetime, *gaps: Gap) -> "OrganizationOutcome":
        """Return the outcome of an organization of which nothing is known."""
        return cls(
            name=name,
            status=status,
            started_at=moment,
            finished_at=moment,
            region=None,
            instance=None,
            counts=NOTHING,
            calls=NO_CALLS,
            not_examined=(),
            gaps=gaps,
            files=(),
        )

    def as_failed(self, gap: Gap) -> "OrganizationOutcome":
        """Return the outcome without its results, which cannot be used because of the gap."""
        return replace(
            self,
            status=Status.FAILED,
            counts=NOTHING,
            not_examined=(),
            gaps=(gap,),
            files=(),
            findings=None,
            review=None,
            listing=None,
        )

    def _file(self, kind: FileKind) -> FileEntry | None:
        return next((file for file in self.files if file.kind is kind), None)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """The result of the run; `signal` is the number of the signal that ended it early.

    `gaps` has what the run itself lacks, such as merged files that could not be written. Findings of the
    severity `fail_on` or higher give the run an exit code of their own; `leading_findings` are the first of
    those, or None where the run was not reviewed by this process.
    """

    organizations: tuple[OrganizationOutcome, ...]
    files: tuple[FileEntry, ...]
    started_at: datetime
    finished_at: datetime
    gaps: tuple[Gap, ...] = ()
    signal: int | None = None
    fail_on: str = OFF
    leading_findings: LeadingFindings | None = None
    manifest_written: bool = True

    def file(self, kind: FileKind) -> FileEntry | None:
        """Return the run's own file of a kind, if it was written."""
        return next((file for file in self.files if file.kind is kind), None)

    @property
    def all_files(self) -> tuple[FileEntry, ...]:
        """The run's own files, then those of its organizations."""
        return (*self.files, *(file for each in self.organizations for file in each.files))

    @property
    def findings(self) -> FindingCounts:
        """The number of findings in all organizations, without waived ones."""
        counts = [each.findings for each in self.organizations if each.findings is not None]
        return FindingCounts(
            **{severity: sum(getattr(count, severity) for count in counts) for severity in SEVERITIES}
        )

    @property
    def findings_certain(self) -> bool:
        """Whether the checks could examine everything, so that there are no more findings than these."""
        return all(each.status is Status.COMPLETE and not each.unchecked for each in self.organizations)

    @property
    def endpoint_overrides(self) -> tuple[EndpointOverride, ...]:
        """The services whose answers did not come from AWS, sorted."""
        return tuple(
            sorted({override for each in self.organizations for override in each.endpoint_overrides})
        )

    @property
    def status(self) -> Status:
        """Complete only if everything was read and written; a shard can have nothing to read."""
        if self.signal is not None:
            return Status.INTERRUPTED
        statuses = {each.status for each in self.organizations}
        if statuses <= {Status.COMPLETE} and not self.gaps:
            return Status.COMPLETE
        return Status.INCOMPLETE if any(status.was_read for status in statuses) else Status.FAILED

    @property
    def exit_code(self) -> int:
        """The exit code of the command: a bug outranks an incomplete audit, which outranks findings."""
        if self.signal is not None:
            return signal_exit_code(self.signal)
        if any(each.bug for each in self.organizations):
            return ExitCode.INTERNAL_ERROR
        if self.status is not Status.COMPLETE:
            return ExitCode.INCOMPLETE if self.status is Status.INCOMPLETE else ExitCode.FAILED
        return ExitCode.FINDINGS if self.findings.at_least(self.fail_on) else ExitCode.OK
