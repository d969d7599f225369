"""What the reports for people are made from."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sso_batch.access import Access, resolve
from sso_batch.model import Snapshot
from sso_batch.review.comparison import Change
from sso_batch.review.finding import Finding
from sso_batch.run_files.results import RunOutcome
from sso_batch.run_files.run import RunFacts


@dataclass(frozen=True, slots=True)
class ReportInput:
    """A whole run, as the page and the workbook show it.

    `outcome` has every organization, but only the run's files that are already written. `snapshots` has the
    organizations that were read, in the order of the configuration; each iteration reads them again, one at
    a time. `findings` includes waived ones. `changes` is None if no earlier run was compared; it can be
    iterated several times. `earlier` has the snapshots of earlier runs that it was compared with.
    `not_compared` has the organizations that were not compared, and why. `people` names the attributes of
    users that are shown. `applications` is set if applications were examined. `checkpoint` is called
    between grants; an exception that it raises ends the work.
    """

    facts: RunFacts
    outcome: RunOutcome
    snapshots: Iterable[Snapshot]
    findings: Sequence[Finding] = ()
    changes: Iterable[Change] | None = None
    earlier: Iterable[Snapshot] = ()
    not_compared: Sequence[tuple[str, str]] = ()
    people: Sequence[str] = ()
    applications: bool = False
    checkpoint: Callable[[], None] = lambda: None

    @property
    def checked(self) -> bool:
        """Whether the run examined at least one organization for findings."""
        return bool(self.findings) or any(
            organization.findings is not None for organization in self.outcome.organizations
        )

    def accesses(self, snapshot: Snapshot) -> Iterator[Access]:
        """Resolve the grants of one of the snapshots, with a checkpoint at each."""
        for access in resolve(snapshot):
            self.checkpoint()
            yield access
