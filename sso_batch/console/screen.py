"""The live view of a run on a terminal: what has ended, and below it what is running and the total."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sso_batch.console.estimate import Estimate
from sso_batch.console.styles import STYLES
from sso_batch.run_files.results import OrganizationOutcome, Status

_FREE_LINES = 6
"""The lines of the terminal that are kept free for what has ended and for the log."""
_BAR_WIDTH = 24
_CAUSES = 3
"""The causes of gaps that a line names; the summary has them all."""
_MINUTE = 60
_HOURS_FROM = 120  # minutes


class Bars:
    """A line for each organization that has ended, a bar for each that is running, and the total.

    Everything is written to `console`. `total` is the number of organizations; `after` follows the total once
    all have ended.
    """

    def __init__(
        self,
        console: Console,
        total: int,
        clock: Callable[[], float] = time.monotonic,
        *,
        after: str = ", writing the reports",
    ) -> None:
        self._after = after
        self._console = console
        self._clock = clock
        self._estimate = Estimate(total, clock())
        self._running: dict[str, tuple[int, int]] = {}
        self._live = Live(console=console, get_renderable=self._view, transient=True)
        self.lock: AbstractContextManager[object] = self._live._lock  # noqa: SLF001 - rich has no public one
        """Held while anything is written: a line that waits must not write an older view over a newer one."""

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def started(self, organization: str) -> None:
        """Add the bar of an organization."""
        self._running[organization] = (0, 0)

    def moved(self, organization: str, *, done: int, known: int) -> None:
        """Advance a bar; `known` grows, because answers lead to further calls."""
        if organization in self._running:
            self._running[organization] = (done, known)

    def ended(self, organization: str, outcome: OrganizationOutcome) -> None:
        """Replace the bar of an organization by a line above the bars."""
        self.checked(organization)
        with self.lock:
            if self._live.is_started:
                self._live.refresh()  # because rich repeats the view of its last refresh below the line
            self._console.print(_result(organization, outcome), highlight=False)

    def checked(self, organization: str) -> None:
        """Count an organization that has ended, without a line of its own."""
        _, known = self._running.pop(organization, (0, 0))
        self._estimate.ended(known)

    def _view(self) -> RenderableType:
        running = list(self._running.items())
        room = max(self._console.height - _FREE_LINES, 1)
        shown = running if len(running) <= room else running[: room - 1]
        rows = Table.grid(padding=(0, 2, 0, 0))
        rows.add_column(overflow="fold")
        rows.add_column()
        rows.add_column(justify="right", no_wrap=True)
        for name, (done, known) in shown:
            bar = ProgressBar(total=max(known, 1), completed=done, width=_BAR_WIDTH)
            rows.add_row(Text(name), bar, f"{done:,} of {known:,} calls" if known else "starting")
        parts: list[RenderableType] = [rows] if shown else []
        if len(shown) < len(running):
            parts.append(Text(f"and {len(running) - len(shown)} more are running"))
        return Group(*parts, self._total([calls for _, calls in running]))

    def _total(self, running: list[tuple[int, int]]) -> RenderableType:
        estimate = self._estimate
        share, left = estimate.look(running, self._clock())
        row = Table.grid(padding=(0, 2, 0, 0))
        bar = ProgressBar(total=1.0, completed=share, width=_BAR_WIDTH)
        text = f"{int(share * 100)} %, {estimate.count} of {estimate.total}"
        if estimate.count == estimate.total:
            text += self._after
        elif left is not None:
            text += f", {_duration(left)} left"
        row.add_row("Total", bar, text)
        return row


def _result(name: str, outcome: OrganizationOutcome) -> Text:
    """Return the line of an organization that has ended."""
    text = Text(f"{name}  ")
    text.append(outcome.status.value, style=STYLES[outcome.status])
    if outcome.resumed:
        text.append("  kept from an earlier attempt")
    if outcome.status.was_read:
        text.append(f"  {outcome.counts.rows:,} rows")
    if outcome.gaps and outcome.status is not Status.COMPLETE:
        causes = list(dict.fromkeys(f"{gap.operation} {gap.code}".strip() for gap in outcome.gaps))
        more = f" and {len(causes) - _CAUSES} more" if len(causes) > _CAUSES else ""
        text.append(f"  {', '.join(causes[:_CAUSES])}{more}")
    return text


def _duration(seconds: float) -> str:
    """Return a time that is no more exact than the estimate."""
    if seconds < _MINUTE:
        return "less than a minute"
    minutes = round(seconds / _MINUTE)
    return f"about {minutes} min" if minutes < _HOURS_FROM else f"about {round(minutes / 60)} h"


class ConsoleStream:
    """A stream for the logger that writes above the bars, while it holds their lock."""

    def __init__(self, console: Console, lock: AbstractContextManager[object] | None = None) -> None:
        self._console = console
        self._lock = lock or nullcontext()

    def write(self, text: str) -> int:
        """Write the line of an event."""
        with self._lock:
            self._console.print(Text.from_ansi(text.removesuffix("\n")), soft_wrap=True)
        return len(text)

    def flush(self) -> None:
        """Do nothing: the console does not buffer."""

    def isatty(self) -> bool:
        """Return whether the console is a terminal."""
        return self._console.is_terminal
