"""`sso-batch explain`: what permission sets allow and why, from the snapshots of a run alone."""

import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import click

from sso_batch.commands.explanation_json import document
from sso_batch.commands.explanation_text import text
from sso_batch.console.streams import for_programs
from sso_batch.errors import UsageError
from sso_batch.exit_codes import ExitCode
from sso_batch.model import PermissionSet
from sso_batch.report.explanation import Explanation, explain
from sso_batch.review.snapshot_index import SnapshotIndex
from sso_batch.run_files.results import OrganizationOutcome
from sso_batch.run_files.snapshot import SnapshotError
from sso_batch.run_files.stored_runs import StoredRun
from sso_batch.run_files.verification import read_snapshot
from sso_batch.sanitize import escape_terminal
from sso_batch.wildcards import Wildcard

_MOST_COLUMNS = 100
"""Text in longer lines is hard to read."""

_MOST_NAMES = 10
"""The number of names that an error lists."""


def explain_command(
    permission_set: str, run: StoredRun, *, organizations: Sequence[str], format_: str
) -> int:
    """Print what the permission sets of a name, a pattern or an ARN allow, and return the exit code.

    Raises UsageError if the run has no such organization or permission set.
    """
    search = _Search(permission_set, run)
    explanations = list(search.explanations(_selected(search.run, organizations)))
    if not explanations:
        raise search.nothing_found()
    if format_ == "json":
        for_programs()
        click.echo(document(search.run.manifest, explanations, search.not_explained), nl=False)
        return ExitCode.OK
    columns = min(shutil.get_terminal_size().columns, _MOST_COLUMNS)
    for line in text(explanations, width=columns):
        click.echo(line)
    for name, reason in search.not_explained:
        click.echo(escape_terminal(f"{name}: not explained: {reason}"))
    return ExitCode.OK


def _selected(run: StoredRun, names: Sequence[str]) -> list[OrganizationOutcome]:
    """Return the organizations of these names, or all; raise UsageError for an unknown name."""
    outcomes = {outcome.name: outcome for outcome in run.manifest.outcome.organizations}
    if unknown := [name for name in names if name not in outcomes]:
        raise UsageError(
            f"unknown organization {', '.join(unknown)}",
            hint=f"organizations of the run: {_listed(outcomes)}",
        )
    return [outcome for name, outcome in outcomes.items() if not names or name in names]


@dataclass(slots=True)
class _Search:
    """Permission sets of a run by name, pattern or ARN; `names` has those that were seen."""

    wanted: str
    run: StoredRun
    names: set[str] = field(default_factory=set)
    not_explained: list[tuple[str, str]] = field(default_factory=list)

    def explanations(self, organizations: Iterable[OrganizationOutcome]) -> Iterator[Explanation]:
        """Yield the explanations, one organization after the other."""
        pattern = Wildcard(self.wanted)
        for organization in organizations:
            index = self._read(organization)
            for each in () if index is None else _permission_sets(index):
                self.names.add(each.name or each.arn)
                if index is not None and (pattern.matches(each.arn) or pattern.matches(each.name or "")):
                    yield explain(index, each)

    def _read(self, organization: OrganizationOutcome) -> SnapshotIndex | None:
        file = organization.snapshot_file
        if file is None:
            self.not_explained.append((organization.name, f"{organization.status.value} in this run"))
            return None
        try:
            return SnapshotIndex(read_snapshot(self.run.store, file, threading.Event()))
        except (OSError, SnapshotError) as error:
            self.not_explained.append((organization.name, f"its snapshot cannot be read: {error}"))
            return None

    def nothing_found(self) -> UsageError:
        """Return the error that no permission set was found, with names that are near."""
        unread = ", ".join(f"{name} ({reason})" for name, reason in self.not_explained)
        near = _near(self.wanted, self.names)
        if near:
            hint = f"did you mean {_listed(near)}?"
        elif self.names:
            hint = f"permission sets of the run: {_listed(sorted(self.names))}"
        else:
            hint = "no permission set was read in this run"
        return UsageError(
            f"unknown permission set {self.wanted}" + (f"; not read: {unread}" if unread else ""), hint=hint
        )


def _permission_sets(index: SnapshotIndex) -> list[PermissionSet]:
    """Return the permission sets in the order of their names, also assigned ones that were not listed."""
    arns = {each.arn for each in index.snapshot.permission_sets}
    arns |= {grant.permission_set_arn for grant in index.grants if grant.permission_set_arn}
    return sorted(map(index.permission_set, arns), key=lambda each: (each.name or "", each.arn))


def _near(wanted: str, names: Iterable[str]) -> list[str]:
    """Return the names that differ in case alone, contain the wanted one, or are spelled like it."""
    folded = {name.casefold(): name for name in names}
    word = wanted.casefold().strip("*?")
    containing = [name for name in folded if word and word in name]
    close = get_close_matches(word, list(folded), n=_MOST_NAMES)
    return [folded[name] for name in dict.fromkeys((*containing, *close))]


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _MOST_NAMES} more" if len(listed) > _MOST_NAMES else ""
    return ", ".join(listed[:_MOST_NAMES]) + more
