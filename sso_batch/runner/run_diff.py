"""The difference between two runs, organization by organization."""

import threading
from collections.abc import Iterator

from sso_batch.model import Snapshot
from sso_batch.review import comparison
from sso_batch.review.comparison import Change
from sso_batch.run_files.results import OrganizationOutcome
from sso_batch.run_files.snapshot import SnapshotError
from sso_batch.run_files.stored_runs import StoredRun
from sso_batch.run_files.verification import read_snapshot


class RunDiff:
    """The changes from an old run to a new one: iterate once, then read the other attributes.

    `changed` counts the changes. `not_compared` lists the organizations that could not be compared, each
    with the reason; `in_one_run` those that only one of the runs was configured to read; `not_examined` what
    was left out of a comparison because one of the runs did not read it. `people` names the attributes of
    users that the new run has; it is known once there is a change.
    """

    def __init__(self, old: StoredRun, new: StoredRun) -> None:
        self.old = old
        self.new = new
        self.changed = 0
        self.compared: list[str] = []
        self.not_compared: list[tuple[str, str]] = []
        self.in_one_run: list[tuple[str, str]] = []
        self.not_examined: list[tuple[str, str]] = []
        self.people: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether an organization could not be compared, or none was."""
        return bool(self.not_compared) or not self.compared

    def __iter__(self) -> Iterator[Change]:
        """Yield every change, one organization after the other, in the new run's order."""
        before, after = map(_organizations, (self.old, self.new))
        for name in dict.fromkeys((*after, *before)):
            if name not in before:
                self.in_one_run.append((name, _absent(name, self.old, "old")))
            elif name not in after:
                self.in_one_run.append((name, _absent(name, self.new, "new")))
            else:
                for change in self._changes(before[name], after[name]):
                    self.changed += 1
                    yield change

    def _changes(self, before: OrganizationOutcome, after: OrganizationOutcome) -> Iterator[Change]:
        old = self._snapshot(self.old, "old", before)
        new = self._snapshot(self.new, "new", after) if old is not None else None
        if old is None or new is None:
            return
        if reason := comparison.incomparable_reason(old, new):
            self.not_compared.append((after.name, reason))
            return
        self.compared.append(after.name)
        self.people = self.people or new.people
        self.not_examined += [(after.name, part) for part in comparison.not_examined(old, new)]
        yield from comparison.changes(old, new)

    def _snapshot(self, run: StoredRun, which: str, organization: OrganizationOutcome) -> Snapshot | None:
        file, name = organization.snapshot_file, organization.name
        if file is None:
            self.not_compared.append((name, f"{organization.status.value} in the {which} run"))
            return None
        try:
            return read_snapshot(run.store, file, threading.Event())
        except (OSError, SnapshotError) as error:
            reason = f"its snapshot in the {which} run cannot be read: {error}"
            self.not_compared.append((name, reason))
            return None


def _organizations(run: StoredRun) -> dict[str, OrganizationOutcome]:
    return {outcome.name: outcome for outcome in run.manifest.outcome.organizations}


def _absent(name: str, run: StoredRun, which: str) -> str:
    selected = name not in run.manifest.not_selected
    return f"not {'configured' if selected else 'selected'} in the {which} run"
