"""What became of each organization and of the whole run. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sso_batch.coverage import CHECK
from sso_batch.exit_codes import ExitCode, signal_exit_code
from sso_batch.model import IAM_ROLE, PERMISSION_SET, Gap, Instance, Snapshot
from sso_batch.review.finding import OFF, SEVERITIES, FindingCounts
from sso_batch.store import FileEntry, FileKind


class Status(StrEnum):
    """How far an organization, or the run as a whole, came."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Counts:
    """How much of each was read."""

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
        """Count a snapshot's records, and its grants to principals that no longer exist."""
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


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of one organization; every attempt is one."""

    total: int
    throttled: int
    retried: int
    by_operation: dict[str, int]


@dataclass(frozen=True, slots=True)
class OrganizationOutcome:
    """What became of one organization.

    `findings` is None where none were looked for; `resumed` tells that an earlier try of the run read it.
    """

    name: str
    status: Status
    started_at: datetime
    finished_at: datetime
    region: str | None
    instance: Instance | None
    counts: Counts
    calls: Calls
    not_examined: tuple[str, ...]
    gaps: tuple[Gap, ...]
    files: tuple[FileEntry, ...]
    endpoint_overrides: tuple[str, ...] = ()
    bug: bool = False
    findings: FindingCounts | None = None
    resumed: bool = False

    @property
    def unchecked(self) -> bool:
        """Whether there is something that a check could not look at, so that there may be more findings."""
        return any(one.startswith(CHECK) for one in self.not_examined)

    @property
    def access_file(self) -> FileEntry | None:
        """Its CSV, if one was written."""
        return self._file(FileKind.ACCESS_CSV)

    @property
    def snapshot_file(self) -> FileEntry | None:
        """Its snapshot, if it was read."""
        return self._file(FileKind.SNAPSHOT)

    def _file(self, kind: FileKind) -> FileEntry | None:
        return next((file for file in self.files if file.kind is kind), None)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What became of the run; `signal` is the number of the signal that ended it early.

    `gaps` has what the run as a whole lacks: merged files that could not be written, for example.
    `manifest_written` is whether the manifest found its place. From the severity `fail_on` on, findings end
    the run with a code of their own.
    """

    organizations: tuple[OrganizationOutcome, ...]
    files: tuple[FileEntry, ...]
    started_at: datetime
    finished_at: datetime
    gaps: tuple[Gap, ...] = ()
    signal: int | None = None
    fail_on: str = OFF
    manifest_written: bool = True

    def file(self, kind: FileKind) -> FileEntry | None:
        """Return the run's own file of a kind, if it was written."""
        return next((file for file in self.files if file.kind is kind), None)

    @property
    def findings(self) -> FindingCounts:
        """The findings of all organizations that count."""
        counts = [one.findings for one in self.organizations if one.findings is not None]
        return FindingCounts(**{one: sum(getattr(each, one) for each in counts) for one in SEVERITIES})

    @property
    def findings_certain(self) -> bool:
        """Whether the checks could look at everything, so that there are no more findings than these."""
        return all(one.status is Status.COMPLETE and not one.unchecked for one in self.organizations)

    @property
    def endpoint_overrides(self) -> tuple[str, ...]:
        """Where answers came from that did not come from AWS, as `service=URL`."""
        return tuple(sorted({one for each in self.organizations for one in each.endpoint_overrides}))

    @property
    def status(self) -> Status:
        """Complete only where everything was read and written; a shard can have nothing to read."""
        if self.signal is not None:
            return Status.INTERRUPTED
        statuses = {one.status for one in self.organizations}
        if statuses <= {Status.COMPLETE} and not self.gaps:
            return Status.COMPLETE
        return Status.INCOMPLETE if statuses & {Status.COMPLETE, Status.INCOMPLETE} else Status.FAILED

    @property
    def exit_code(self) -> int:
        """The contract's exit code: a bug outranks an incomplete audit, and that outranks findings."""
        if self.signal is not None:
            return signal_exit_code(self.signal)
        if any(one.bug for one in self.organizations):
            return ExitCode.INTERNAL_ERROR
        if self.status is not Status.COMPLETE:
            return ExitCode.INCOMPLETE if self.status is Status.INCOMPLETE else ExitCode.FAILED
        return ExitCode.FINDINGS if self.findings.at_least(self.fail_on) else ExitCode.OK
