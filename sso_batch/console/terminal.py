"""Where a command's words go: results to stdout, logs and bars to stderr."""

import contextlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sso_batch.console.streams import UnwritableError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from structlog.typing import FilteringBoundLogger

    from sso_batch.console.summary import RunPlace
    from sso_batch.progress import Progress
    from sso_batch.run_files.results import RunOutcome

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]

_WIDTH_WHEN_PIPED = 120


@dataclass(frozen=True, slots=True)
class Terminal:
    """What was said before the command: how to log, and whether to be quiet."""

    level: Level = "info"
    log_format: Format = "auto"
    quiet: bool = False

    @contextlib.contextmanager
    def watch(self) -> Iterator[tuple["FilteringBoundLogger", "Progress"]]:
        """A logger, and bars beside it where a person is looking at stderr."""
        from sso_batch.logs import make_logger  # noqa: PLC0415 - structlog, for those who log
        from sso_batch.progress import Unwatched  # noqa: PLC0415

        if self.quiet or not sys.stderr.isatty():
            yield make_logger(sys.stderr, level=self.level, log_format=self.log_format), Unwatched()
            return
        from rich.console import Console  # noqa: PLC0415 - for terminals alone

        from sso_batch.console.screen import Bars, ConsoleStream  # noqa: PLC0415 - likewise

        console = Console(file=sys.stderr)
        stream = ConsoleStream(console)
        with Bars(console) as bars:
            yield make_logger(stream, level=self.level, log_format=self.log_format), bars

    def show_summary(
        self, outcome: "RunOutcome", place: "RunPlace | None" = None, *, when_piped: bool = False
    ) -> None:
        """Print the closing summary where a person is looking at stdout."""
        if not when_piped and (self.quiet or not sys.stdout.isatty()):
            return
        from sso_batch.console.summary import summary  # noqa: PLC0415 - rich, for terminals alone

        with unread():
            self.print(summary(outcome, width=_console().width, place=place))

    def say(self, lines: "Iterable[str]") -> None:
        """Print text for people to stdout, broken between words."""
        from rich.text import Text  # noqa: PLC0415 - for terminals alone

        self.print(map(Text, lines))

    def print(self, parts: "Iterable[RenderableType]") -> None:
        """Print results for people to stdout, as wide as the terminal."""
        console = _console()
        for part in parts:
            console.print(part, highlight=False, crop=False)


def _console() -> "Console":
    from rich.console import Console  # noqa: PLC0415 - for terminals alone

    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else _WIDTH_WHEN_PIPED)


@contextlib.contextmanager
def unread() -> Iterator[None]:
    """Print what nobody has to read: where stdout does not take it, the command goes on."""
    with contextlib.suppress(UnwritableError):
        yield
        sys.stdout.flush()
