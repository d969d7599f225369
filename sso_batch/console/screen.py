"""What a person at a terminal sees while a run goes on: a bar for each organization, and the log above."""

from collections import deque
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from sso_batch.console.summary import STYLES
from sso_batch.run_files.results import Status

_LINES_LEFT = 4  # lines of the terminal that the bars leave to the log


class Bars:
    """A live bar for each organization, below the logs; both go through `console`."""

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
        """Show a new bar."""
        self._tasks[organization] = self._progress.add_task(organization, total=None, status="")
        self._hide()

    def moved(self, organization: str, *, done: int, known: int) -> None:
        """Move a bar; its end moves, too, while answers tell what else to ask."""
        self._progress.update(self._tasks[organization], completed=done, total=known)

    def ended(self, organization: str, status: Status) -> None:
        """Stop a bar."""
        if organization in self._tasks:
            style = STYLES[status]
            self._progress.update(self._tasks[organization], status=f"[{style}]{status.value}[/{style}]")
            self._progress.stop_task(self._tasks[organization])
            self._ended.append(self._tasks[organization])
            self._hide()

    def _hide(self) -> None:
        """Take the bars that ended first away, so that the others fit on the terminal."""
        shown = sum(task.visible for task in self._progress.tasks)
        while self._ended and shown > self._console.height - _LINES_LEFT:
            self._progress.update(self._ended.popleft(), visible=False)
            shown -= 1


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
