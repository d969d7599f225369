"""A whole run as its formats for people show it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sso_batch.access import Access, resolve
from sso_batch.model import Snapshot
from sso_batch.review.change import Change
from sso_batch.review.finding import Finding
from sso_batch.run_files.results import RunOutcome
from sso_batch.run_files.run import RunFacts


@dataclass(frozen=True, slots=True)
class Overview:
    """What a page or a workbook is made from.

    `outcome` has every organization, but not yet the files of the run that are still to be written.
    `snapshots` has those of the organizations that were read, in the order of the configuration; each
    iteration reads them anew, one at a time. `findings` holds the waived ones too. `changes` is None where
    no earlier run was compared; it can be iterated several times. `not_compared` tells, by organization,
    why one was not. `checkpoint` is called between grants and ends the work by what it raises.
    """

    facts: RunFacts
    outcome: RunOutcome
    snapshots: Iterable[Snapshot]
    findings: Sequence[Finding] = ()
    changes: Iterable[Change] | None = None
    not_compared: Sequence[tuple[str, str]] = ()
    checkpoint: Callable[[], None] = lambda: None

    def accesses(self, snapshot: Snapshot) -> Iterator[Access]:
        """Resolve the grants of one of the snapshots, with a checkpoint at each."""
        for access in resolve(snapshot):
            self.checkpoint()
            yield access
