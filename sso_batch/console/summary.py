"""The closing summary of a run on a terminal: readable at any width, with no value truncated."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from signal import Signals
from typing import NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sso_batch.console.not_examined import few, indented, not_examined
from sso_batch.console.styles import STYLES
from sso_batch.model import Gap, GapKind
from sso_batch.review.finding import OFF, SEVERITIES, FindingCounts
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.sanitize import escape_terminal
from sso_batch.store import FileKind

_RUN = "the run itself"
_LONG = 40
"""The length from which the name of a resource has a line of its own."""
_READABLE = (
    FileKind.PAGE,
    FileKind.WORKBOOK,
    FileKind.MERGED_ACCESS_CSV,
    FileKind.FINDINGS_CSV,
    FileKind.CHANGES_CSV,
    FileKind.APPLICATIONS_CSV,
)
"""The files for people, the best one to open first."""
_GUTTER = 2  # characters between two columns
_COUNTS = {
    "Rows": "rows",
    "Accounts": "accounts",
    "Users": "users",
    "Assignments": "assignments",
    "Orphaned": "orphaned",
    "Permission\nsets": "permission_sets",
    "Groups": "groups",
    "Entitlements": "entitlements",
}
"""The headings of the counts, by priority: on a narrow terminal the last ones are left out."""


@dataclass(frozen=True, slots=True)
class RunPlace:
    """The location of a run's files, the name of its manifest, and the command that resumes it."""

    location: str
    manifest: str | None = None
    resume: str | None = None


class _Column(NamedTuple):
    """A column: its heading, and a value for each organization."""

    heading: str
    values: Sequence[str]

    @property
    def width(self) -> int:
        """The width of the column, with the space before the next one."""
        return max(map(cell_len, (*self.heading.split("\n"), *self.values))) + _GUTTER


def summary(
    outcome: RunOutcome, *, width: int, place: RunPlace | None = None, findings: Iterable[str] = ()
) -> Iterator[RenderableType]:
    """Yield the table, the causes of the gaps, what was not examined, the exit code, and where the files are.

    `findings` has the lines about findings that follow the exit code if they caused it.
    """
    yield from _organizations(outcome.organizations, width)
    yield from _causes(outcome)
    yield from not_examined(outcome.organizations)
    urls = sorted({override.url for override in outcome.endpoint_overrides})
    if urls:
        places = escape_terminal(", ".join(urls))
        yield Text(f"endpoint override: {places} (these answers did not come from AWS)", style="yellow")
    yield from map(_line, _exit_code(outcome))
    yield from map(indented, findings)
    if place is not None:
        yield from map(_unbroken, _files(outcome, place))


def reasons(
    outcome: RunOutcome, *, place: RunPlace | None = None, findings: Iterable[str] = ()
) -> Iterator[RenderableType]:
    """Yield why the exit code is not 0 and what to do about it, in the words of the summary."""
    if outcome.exit_code:
        yield from _causes(outcome)
        yield from map(_line, _exit_code(outcome))
        yield from map(indented, findings)
        if place is not None:
            yield from map(_unbroken, _resume(outcome, place))


def _line(text: str) -> Text:
    return Text(escape_terminal(text))


def _unbroken(text: str) -> Group:
    """Return a text without line breaks, so that a path or a command can be copied as a whole."""
    return Group(Text(escape_terminal(text), no_wrap=True, overflow="ignore"))  # rich wraps a bare Text again


# The organizations


def _organizations(organizations: Sequence[OrganizationOutcome], width: int) -> Iterator[RenderableType]:
    """Yield a table of the columns that fit, or a paragraph for each organization if too few fit."""
    fixed = [
        _Column("Organization", [organization.name for organization in organizations]),
        _Column("Status", [organization.status.value for organization in organizations]),
        _Column("Findings\nh/m/l", [_findings(organization.findings) for organization in organizations]),
        _Column("Gaps", [f"{len(organization.gaps):,}" for organization in organizations]),
    ]
    counts = [
        _Column(heading, [_count(organization, name) for organization in organizations])
        for heading, name in _COUNTS.items()
    ]
    room = width + _GUTTER - sum(column.width for column in fixed)
    shown: list[_Column] = []
    for column in counts:
        room -= column.width
        if room < 0:
            break
        shown.append(column)
    if not shown:
        yield from map(_paragraph, organizations)
        return
    yield _table([*fixed[:2], *shown, *fixed[2:]], organizations)
    yield Text()
    if omitted := [column.heading.replace("\n", " ") for column in counts[len(shown) :]]:
        yield _line(f"Not shown at this width: {', '.join(omitted)}. The manifest has all counts.")


def _table(columns: Sequence[_Column], organizations: Sequence[OrganizationOutcome]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, _GUTTER - 1, 0, 0), pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column.heading, justify="right" if number > 1 else "left", no_wrap=True)
    for row, organization in enumerate(organizations):
        name, status, *others = (column.values[row] for column in columns)
        table.add_row(name, Text(status, style=STYLES[organization.status]), *others)
    return table


def _paragraph(organization: OrganizationOutcome) -> Text:
    text = Text(f"{organization.name}: ", style="bold")
    text.append(organization.status.value, style=f"not bold {STYLES[organization.status]}")
    counts = (f", {name.replace('_', ' ')} {_count(organization, name)}" for name in _COUNTS.values())
    text.append("".join(counts), style="not bold")
    findings, gaps = _findings(organization.findings), len(organization.gaps)
    text.append(f", findings {findings} (high/medium/low), gaps {gaps:,}", "not bold")
    return text


def _count(organization: OrganizationOutcome, name: str) -> str:
    was_read = organization.status.was_read
    return f"{getattr(organization.counts, name):,}" if was_read else "?"


def _findings(counts: FindingCounts | None) -> str:
    return "?" if counts is None else f"{counts.high:,}/{counts.medium:,}/{counts.low:,}"


# The gaps


def _causes(outcome: RunOutcome) -> Iterator[RenderableType]:
    """Yield each cause of gaps once, the most frequent first, with what to do about it."""
    by_cause: defaultdict[tuple[str, str], list[tuple[str, Gap]]] = defaultdict(list)
    sources = [(_RUN, outcome.gaps)]
    sources += [(organization.name, organization.gaps) for organization in outcome.organizations]
    for name, gaps in sources:
        for gap in gaps:
            by_cause[gap.operation, gap.code].append((name, gap))
    failed = {_RUN} | {each.name for each in outcome.organizations if each.status is Status.FAILED}
    causes = sorted(by_cause.values(), key=lambda found: (-len({name for name, _ in found}), -len(found)))
    for found in causes:
        names = list(dict.fromkeys(name for name, _ in found))
        text = Text(f"{few(names)}: ", style="bold")
        style = STYLES[Status.INCOMPLETE if failed.isdisjoint(names) else Status.FAILED]
        text.append(escape_terminal(_cause(names, [gap for _, gap in found])), style=f"not bold {style}")
        yield text
        if len(found) == 1 and len(found[0][1].resource) > _LONG:
            yield _unbroken(f"  {found[0][1].resource}")
        for hint in dict.fromkeys(gap.hint for _, gap in found if gap.hint):
            yield indented(hint)


def _cause(names: Sequence[str], gaps: Sequence[Gap]) -> str:
    """Return what failed: for a single gap with its resource, otherwise with their number.

    AWS's message is left out where the hint names the action that is missing.
    """
    first = gaps[0]
    messages = {gap.message for gap in gaps}
    explained = all(f":{gap.operation}" in gap.hint and gap.kind is not GapKind.ORGANIZATION for gap in gaps)
    if len(gaps) == 1:
        shown = first.resource not in names and len(first.resource) <= _LONG
        resource = f" {first.resource}" if shown else ""
        message = "" if explained else f": {first.message}"
        failed = f"{first.operation}{resource}".strip()
        return f"{f'{failed}: ' if failed else ''}{first.code}{message}"
    places = f" in {len(names):,} organizations" if len(names) > 1 else ""
    call = f"{f'{first.operation}: ' if first.operation else ''}{first.code} ({len(gaps):,} gaps{places})"
    if explained or (first.hint and len(messages) > 1):
        return call
    return f"{call}{':' if len(messages) == 1 else ', such as:'} {first.message}"


# Exit code and files


def _exit_code(outcome: RunOutcome) -> Iterator[str]:
    """Yield why the exit code is not 0."""
    if outcome.exit_code:
        yield f"Exit code {outcome.exit_code}: {_reason(outcome)}."


def _reason(outcome: RunOutcome) -> str:
    counts = Counter(organization.status for organization in outcome.organizations)
    statuses = ", ".join(f"{counts[status]} {status.value}" for status in Status if counts[status])
    if outcome.signal is not None:
        return f"stopped by {Signals(outcome.signal).name} (organizations: {statuses or 'none'})"
    if any(organization.bug for organization in outcome.organizations):
        return "internal error; please report it with the log"
    if outcome.status is not Status.COMPLETE:
        unwritten = "; some files of the run could not be written" if outcome.gaps else ""
        return f"the audit is not complete (organizations: {statuses or 'none'}){unwritten}"
    return f"findings of severity {outcome.fail_on} or higher: {_at_least(outcome)}"


def _at_least(outcome: RunOutcome) -> str:
    """Return the number of findings that caused exit code 3, by severity and by organization."""
    counted = SEVERITIES[: SEVERITIES.index(outcome.fail_on) + 1] if outcome.fail_on != OFF else ()
    severities = ", ".join(f"{getattr(outcome.findings, severity):,} {severity}" for severity in counted)
    where = [
        f"{organization.name} {organization.findings.at_least(outcome.fail_on):,}"
        for organization in outcome.organizations
        if organization.findings is not None and organization.findings.at_least(outcome.fail_on)
    ]
    file = outcome.file(FileKind.FINDINGS_CSV)
    return f"{severities} (in {few(where)})" + (f", listed in {file.name}" if file else "")


def _files(outcome: RunOutcome, place: RunPlace) -> Iterator[str]:
    """Yield where the files are, which one to open first, and how to resume the run."""
    location = place.location.rstrip("/")
    readable = (outcome.file(kind) for kind in _READABLE)
    first = next(
        (file.name for file in readable if file is not None),
        place.manifest if outcome.manifest_written else None,
    )
    yield f"Files: {place.location}"
    if first is not None:
        yield f"Open first: {location}/{first}"
    yield from _resume(outcome, place)


def _resume(outcome: RunOutcome, place: RunPlace) -> Iterator[str]:
    """Yield the command that resumes a run that is not complete."""
    if place.resume is not None and (outcome.signal is not None or outcome.status is not Status.COMPLETE):
        yield f"Resume: {place.resume}"
