"""What a person at a terminal sees: a bar for each organization while it runs, and a table at the end."""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from sso_batch.characters import printable
from sso_batch.model import Gap
from sso_batch.outcome import OrganizationOutcome, RunOutcome, Status
from sso_batch.review.finding import FindingCounts

_STYLES = {
    Status.COMPLETE: "green",
    Status.INCOMPLETE: "yellow",
    Status.FAILED: "red",
    Status.INTERRUPTED: "magenta",
}
_GAPS_SHOWN = 5
_FIGURES = {
    "Users": "users",
    "Groups": "groups",
    "Ac-\ncounts": "accounts",
    "Perm.\nsets": "permission_sets",
    "Assign-\nments": "assignments",
    "Entitle-\nments": "entitlements",
    "Or-\nphaned": "orphaned",
    "Rows": "rows",
}
_FINDINGS = "Findings\nh/m/l"
"""Headings, with the counts below them."""


class Bars:
    """A live bar for each organization, below the logs; both go through `console`."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[status]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def started(self, organization: str) -> None:
        """Show a new bar."""
        self._tasks[organization] = self._progress.add_task(organization, total=None, status="")

    def moved(self, organization: str, *, done: int, known: int) -> None:
        """Move a bar; its end moves, too, while answers tell what else to ask."""
        self._progress.update(self._tasks[organization], completed=done, total=known)

    def ended(self, organization: str, status: Status) -> None:
        """Stop a bar."""
        if organization in self._tasks:
            style = _STYLES[status]
            self._progress.update(self._tasks[organization], status=f"[{style}]{status.value}[/{style}]")
            self._progress.stop_task(self._tasks[organization])


class ConsoleStream:
    """A stream for the logger that writes above the bars instead of through them."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> int:
        """Write one event's line."""
        self._console.print(Text.from_ansi(text.removesuffix("\n")), soft_wrap=True)
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def isatty(self) -> bool:
        """Whether a person is looking."""
        return self._console.is_terminal


def summary(outcome: RunOutcome) -> Iterable[Table | Text]:
    """The closing table, what is missing, and where answers did not come from AWS."""
    yield _table(outcome.organizations)
    yield from _holes("the run itself", outcome.gaps)
    for one in outcome.organizations:
        yield from _holes(one.name, one.gaps)
    urls = sorted({override.partition("=")[2] for override in outcome.endpoint_overrides})
    if urls:
        yield Text(f"Answered not by AWS, but by {printable(', '.join(urls))}", style="yellow")


def _table(organizations: Iterable[OrganizationOutcome]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Organization", no_wrap=True)
    table.add_column("Status", no_wrap=True)
    for heading in _FIGURES:
        table.add_column(heading, justify="right")
    table.add_column(_FINDINGS, justify="right")
    table.add_column("Gaps", justify="right")
    for one in organizations:
        read = one.status in {Status.COMPLETE, Status.INCOMPLETE}
        figures = [f"{getattr(one.counts, name):,}" if read else "?" for name in _FIGURES.values()]
        table.add_row(
            one.name,
            Text(one.status.value, style=_STYLES[one.status]),
            *figures,
            _findings(one.findings),
            f"{len(one.gaps):,}",
        )
    return table


def _findings(counts: FindingCounts | None) -> str:
    return "?" if counts is None else f"{counts.high:,}/{counts.medium:,}/{counts.low:,}"


def _holes(name: str, gaps: Sequence[Gap]) -> Iterable[Text]:
    for gap in gaps[:_GAPS_SHOWN]:
        text = Text(f"{name}: ", style="bold")
        told = f"{gap.operation} {gap.resource}: {gap.code}: {gap.message}".strip()
        text.append(printable(told), style="not bold red")
        if gap.hint:
            text.append(f"\n  {printable(gap.hint)}", style="not bold")
        yield text
    if len(gaps) > _GAPS_SHOWN:
        yield Text(f"{name}: {len(gaps) - _GAPS_SHOWN} more gaps, all of them in the manifest", style="bold")
