"""The live view of a run on a terminal: the log, and below it a progress bar for each organization."""

from collections import deque
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from sso_batch.console.summary import STYLES
from sso_batch.run_files.results import Status

_LOG_LINES = 4
"""The lines of the terminal that are kept free for the log."""


class Bars:
    """A live progress bar for each organization, below the log; both are written to `console`."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False, table_column=Column(overflow="fold")),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[status]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._ended: deque[TaskID] = deque()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def started(self, organization: str) -> None:
        """Add the bar of an organization."""
        self._tasks[organization] = self._progress.add_task(organization, total=None, status="")
        self._hide_ended()

    def moved(self, organization: str, *, done: int, known: int) -> None:
        """Advance a bar; `known` grows, because answers lead to further calls."""
        self._progress.update(self._tasks[organization], completed=done, total=known)

    def ended(self, organization: str, status: Status) -> None:
        """Show the status of an organization and stop its bar."""
        if organization in self._tasks:
            style = STYLES[status]
            self._progress.update(self._tasks[organization], status=f"[{style}]{status.value}[/{style}]")
            self._progress.stop_task(self._tasks[organization])
            self._ended.append(self._tasks[organization])
            self._hide_ended()

    def _hide_ended(self) -> None:
        """Hide the bars that ended first, so that the others fit on the terminal."""
        visible = sum(task.visible for task in self._progress.tasks)
        while self._ended and visible > self._console.height - _LOG_LINES:
            self._progress.update(self._ended.popleft(), visible=False)
            visible -= 1


class ConsoleStream:
    """A stream for the logger that writes above the bars."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> int:
        """Write the line of an event."""
        self._console.print(Text.from_ansi(text.removesuffix("\n")), soft_wrap=True)
        return len(text)

    def flush(self) -> None:
        """Do nothing: the console does not buffer."""

    def isatty(self) -> bool:
        """Return whether the console is a terminal."""
        return self._console.is_terminal
