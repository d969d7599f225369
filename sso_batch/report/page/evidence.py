"""What shows that a run is complete and accurate: calls, counts that reconcile, and files. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sso_batch.report.report_input import ReportInput
from sso_batch.report.statistics import Statistics
from sso_batch.store import FileEntry


@dataclass(frozen=True, slots=True)
class Balance:
    """Two counts of the same thing, from different sources, that must be equal."""

    what: str
    read: int
    reported: int

    @property
    def equal(self) -> bool:
        """Whether they are."""
        return self.read == self.reported


@dataclass(frozen=True, slots=True)
class Evidence:
    """The calls by operation, the counts, and the files that were written before this page."""

    calls: tuple[tuple[str, int], ...]
    total: int
    throttled: int
    retried: int
    balances: tuple[Balance, ...]
    files: tuple[FileEntry, ...]


def build_evidence(report: ReportInput, statistics: Sequence[Statistics]) -> Evidence:
    """Return the evidence of a run."""
    organizations = report.outcome.organizations
    calls = Counter[str]()
    for organization in organizations:
        calls.update(organization.calls.by_operation)
    return Evidence(
        calls=tuple(sorted(calls.items(), key=lambda pair: (-pair[1], pair[0]))),
        total=sum(each.calls.total for each in organizations),
        throttled=sum(each.calls.throttled for each in organizations),
        retried=sum(each.calls.retried for each in organizations),
        balances=tuple(_balances(report, statistics)),
        files=report.outcome.all_files,
    )


def _balances(report: ReportInput, statistics: Sequence[Statistics]) -> Iterator[Balance]:
    """Yield counts of the snapshots beside those of the written files; each is computed on its own."""
    counts = [each.counts for each in report.outcome.organizations]
    read = sum(each.assignments + each.entitlements for each in counts)
    yield Balance("assignments and entitlements: listed, then shown", read, sum(e.grants for e in statistics))
    rows = sum(each.rows for each in statistics)
    yield Balance("access paths: resolved, then counted at collection", rows, sum(e.rows for e in counts))
    csv = [each.access_file for each in report.outcome.organizations]
    if all(file is None or file.rows for file in csv) and any(csv):
        written = sum(file.rows for file in csv if file)
        yield Balance("access paths: resolved, then written as CSV rows", rows, written)
    users = sum(each.users for each in counts)
    known = sum(each.users for each in statistics)
    yield Balance("users: listed, then stored", users, known)
