"""The closing summary of a run for a person at a terminal: readable at any width, and never cut."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from signal import Signals
from typing import NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sso_batch.model import Gap
from sso_batch.review.finding import OFF, SEVERITIES, FindingCounts
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.sanitize.terminal import printable
from sso_batch.store import FileKind

STYLES = {
    Status.COMPLETE: "green",
    Status.INCOMPLETE: "yellow",
    Status.FAILED: "red",
    Status.INTERRUPTED: "magenta",
}
_CAUSES = 10
_NAMES = 5
_RUN = "the run itself"
_READABLE = (
    FileKind.PAGE,
    FileKind.WORKBOOK,
    FileKind.MERGED_ACCESS_CSV,
    FileKind.FINDINGS_CSV,
    FileKind.CHANGES_CSV,
)
"""The files for people, the best one to open first."""
_BETWEEN = 2  # cells of the terminal between two columns
_FIGURES = {
    "Rows": "rows",
    "Accounts": "accounts",
    "Users": "users",
    "Assign-\nments": "assignments",
    "Or-\nphaned": "orphaned",
    "Permission\nsets": "permission_sets",
    "Groups": "groups",
    "Entitle-\nments": "entitlements",
}
"""Headings with the counts below them; the first are the last to be dropped where the terminal is narrow."""


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where a run's files are: a folder or S3 prefix, the manifest in it, and how to resume the run."""

    location: str
    manifest: str | None = None
    resume: str | None = None


class _Column(NamedTuple):
    """A heading, and a value for each organization."""

    heading: str
    values: Sequence[str]

    @property
    def width(self) -> int:
        """The cells of the terminal that it takes."""
        return max(map(cell_len, (*self.heading.split("\n"), *self.values))) + _BETWEEN


def summary(outcome: RunOutcome, *, width: int, place: RunPlace | None = None) -> Iterator[RenderableType]:
    """Give the table, what was not read and why, what the exit code means, and where the files are."""
    yield from _organizations(outcome.organizations, width)
    yield from _causes(outcome)
    urls = sorted({override.partition("=")[2] for override in outcome.endpoint_overrides})
    if urls:
        yield Text(f"Answered not by AWS, but by {printable(', '.join(urls))}", style="yellow")
    yield from map(_line, _exit_code(outcome))
    if place is not None:
        yield from map(_to_copy, _files(outcome, place))


def _line(text: str) -> Text:
    return Text(printable(text))


def _to_copy(text: str) -> Group:
    """Leave a path or a command on one line: the terminal wraps it, and it can be copied whole."""
    return Group(Text(printable(text), no_wrap=True, overflow="ignore"))  # rich wraps a bare Text again


# The organizations


def _organizations(organizations: Sequence[OrganizationOutcome], width: int) -> Iterator[RenderableType]:
    """Give a table of as many columns as fit, or a paragraph for each organization where too few do."""
    fixed = [
        _Column("Organization", [one.name for one in organizations]),
        _Column("Status", [one.status.value for one in organizations]),
        _Column("Findings\nh/m/l", [_findings(one.findings) for one in organizations]),
        _Column("Gaps", [f"{len(one.gaps):,}" for one in organizations]),
    ]
    figures = [
        _Column(heading, [_figure(one, count) for one in organizations])
        for heading, count in _FIGURES.items()
    ]
    room = width + _BETWEEN - sum(column.width for column in fixed)
    shown: list[_Column] = []
    for column in figures:
        room -= column.width
        if room < 0:
            break
        shown.append(column)
    if not shown:
        yield from map(_paragraph, organizations)
        return
    yield _table([*fixed[:2], *shown, *fixed[2:]], organizations)
    yield Text()
    if dropped := [column.heading.replace("-\n", "").replace("\n", " ") for column in figures[len(shown) :]]:
        yield _line(f"Not shown at this width: {', '.join(dropped)}. The manifest has all figures.")


def _table(columns: Sequence[_Column], organizations: Sequence[OrganizationOutcome]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, _BETWEEN - 1, 0, 0), pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column.heading, justify="right" if number > 1 else "left", no_wrap=True)
    for row, one in enumerate(organizations):
        name, status, *others = (column.values[row] for column in columns)
        table.add_row(name, Text(status, style=STYLES[one.status]), *others)
    return table


def _paragraph(one: OrganizationOutcome) -> Text:
    text = Text(f"{one.name}: ", style="bold")
    text.append(one.status.value, style=f"not bold {STYLES[one.status]}")
    figures = (f", {count.replace('_', ' ')} {_figure(one, count)}" for count in _FIGURES.values())
    text.append("".join(figures), style="not bold")
    text.append(f", findings {_findings(one.findings)} (high/medium/low), gaps {len(one.gaps):,}", "not bold")
    return text


def _figure(one: OrganizationOutcome, count: str) -> str:
    read = one.status.was_read
    return f"{getattr(one.counts, count):,}" if read else "?"


def _findings(counts: FindingCounts | None) -> str:
    return "?" if counts is None else f"{counts.high:,}/{counts.medium:,}/{counts.low:,}"


# What was not read


def _causes(outcome: RunOutcome) -> Iterator[Text]:
    """Give each cause of gaps once, the most frequent first, with what to do about it."""
    alike: defaultdict[tuple[str, str, str], list[tuple[str, Gap]]] = defaultdict(list)
    found_in = [(_RUN, outcome.gaps), *((one.name, one.gaps) for one in outcome.organizations)]
    for name, gaps in found_in:
        for gap in gaps:
            alike[gap.operation, gap.code, gap.hint].append((name, gap))
    causes = sorted(alike.values(), key=lambda found: (-len({name for name, _ in found}), -len(found)))
    for found in causes[:_CAUSES]:
        names = list(dict.fromkeys(name for name, _ in found))
        gap = found[0][1]
        text = Text(f"{_few(names)}: ", style="bold")
        text.append(printable(_what(names, [gap for _, gap in found])), style="not bold red")
        if gap.hint:
            text.append(f"\n  {printable(gap.hint)}", style="not bold")
        yield text
    if rest := [each for found in causes[_CAUSES:] for each in found]:
        names = list(dict.fromkeys(name for name, _ in rest))
        yield Text(f"{_few(names)}: {len(rest):,} more gaps, all of them in the manifest", style="bold")


def _what(names: Sequence[str], gaps: Sequence[Gap]) -> str:
    """Say what failed: a single gap with its resource and message, several with their number."""
    first = gaps[0]
    what = f"{first.operation}: {first.code}"
    if len(gaps) == 1:
        resource = "" if first.resource in names else f" {first.resource}"
        return f"{first.operation}{resource}: {first.code}: {first.message}".strip()
    same = len({gap.message for gap in gaps}) == 1
    if same:
        return f"{what} ({len(gaps):,} gaps): {first.message}"
    return f"{what} ({len(gaps):,} gaps)" + ("" if first.hint else f", such as: {first.message}")


def _few(names: Sequence[str]) -> str:
    """Name the first few."""
    shown = ", ".join(names[:_NAMES])
    return f"{shown} and {len(names) - _NAMES} more" if len(names) > _NAMES else shown


# How it ended


def _exit_code(outcome: RunOutcome) -> Iterator[str]:
    """Say why the exit code is not 0."""
    if outcome.exit_code:
        yield f"Exit code {outcome.exit_code}: {_reason(outcome)}."


def _reason(outcome: RunOutcome) -> str:
    counts = Counter(one.status for one in outcome.organizations)
    statuses = ", ".join(f"{counts[status]} {status.value}" for status in Status if counts[status])
    if outcome.signal is not None:
        return f"ended early by {Signals(outcome.signal).name} (organizations: {statuses or 'none'})"
    if any(one.bug for one in outcome.organizations):
        return "an internal error; please report it with the log"
    if outcome.status is not Status.COMPLETE:
        unwritten = "; not all files of the run could be written" if outcome.gaps else ""
        return f"the audit is not complete (organizations: {statuses or 'none'}){unwritten}"
    return f"findings of severity {outcome.fail_on} or higher: {_at_least(outcome)}"


def _at_least(outcome: RunOutcome) -> str:
    """Count the findings that made the exit code 3: by severity, and where."""
    counted = SEVERITIES[: SEVERITIES.index(outcome.fail_on) + 1] if outcome.fail_on != OFF else ()
    severities = ", ".join(f"{getattr(outcome.findings, one):,} {one}" for one in counted)
    where = [
        f"{one.name} {one.findings.at_least(outcome.fail_on):,}"
        for one in outcome.organizations
        if one.findings is not None and one.findings.at_least(outcome.fail_on)
    ]
    file = outcome.file(FileKind.FINDINGS_CSV)
    return f"{severities} (in {_few(where)})" + (f", listed in {file.name}" if file else "")


def _files(outcome: RunOutcome, place: RunPlace) -> Iterator[str]:
    """Say where the files are, which one to open first, and how to resume the run."""
    location = place.location.rstrip("/")
    readable = (outcome.file(kind) for kind in _READABLE)
    first = next(
        (file.name for file in readable if file is not None),
        place.manifest if outcome.manifest_written else None,
    )
    yield f"Files: {place.location}"
    if first is not None:
        yield f"Open first: {location}/{first}"
    if place.resume is not None and (outcome.signal is not None or outcome.status is not Status.COMPLETE):
        yield f"Resume: {place.resume}"
