"""The output of a command: results on stdout, logs and progress bars on stderr."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sso_batch.console.streams import UnwritableError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from sso_batch.console.summary import RunPlace
    from sso_batch.progress import Watch
    from sso_batch.run_files.results import RunOutcome

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "json", "console"]

_WIDTH_OF_PIPES = 120

_SHOWN = frozenset(
    {
        "collect.gap",
        "collect.throttled",
        "org.failed",
        "org.incomplete",
        "org.interrupted",
        "run.completed",
        "run.endpoint_overridden",
        "run.manifest_failed",
        "run.merge_failed",
    }
)
"""The events whose content the progress, the closing summary or its reasons show."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """The global options: how to log, and whether to be quiet."""

    level: LogLevel = "info"
    log_format: LogFormat = "auto"
    quiet: bool = False

    @contextlib.contextmanager
    def watch(self, organizations: int = 0, *, check: bool = False) -> Iterator["Watch"]:
        """Yield a logger, and the progress of so many organizations if stderr is a terminal.

        With `check`, the progress is that of a preflight, which has no reports and no summary. The progress
        replaces the events of the level info, and those that it or the summary shows as well.
        """
        from sso_batch.logs import LogSettings  # noqa: PLC0415 - structlog, only for commands that log
        from sso_batch.progress import NoProgress, Watch  # noqa: PLC0415 - likewise

        if self.quiet or not organizations or not sys.stderr.isatty():
            without = _SHOWN if self._shows_reasons else frozenset[str]()
            yield Watch(sys.stderr, LogSettings(self.level, self.log_format, without), NoProgress())
            return
        from rich.console import Console  # noqa: PLC0415 - for terminals only

        from sso_batch.console.screen import Bars, ConsoleStream  # noqa: PLC0415 - likewise

        console = Console(file=sys.stderr)
        bars = Bars(console, organizations, after="") if check else Bars(console, organizations)
        stream = ConsoleStream(console, bars.lock)
        level = "warning" if self.level == "info" else self.level
        summary = not check and sys.stdout.isatty() and self.log_format != "json" and self.level != "debug"
        shown = _SHOWN if summary else frozenset[str]()
        with bars:
            yield Watch(stream, LogSettings(level, self.log_format, shown), bars)

    def show_summary(
        self,
        outcome: "RunOutcome",
        place: "RunPlace | None" = None,
        *,
        findings: "Callable[[], Iterable[str]]" = tuple,
        when_piped: bool = False,
    ) -> None:
        """Print the closing summary if stdout is a terminal, or `when_piped`.

        With `quiet`, print only its reasons for an exit code that is not 0, to stderr if it is a terminal.
        `findings` returns the lines about the findings that decided the exit code.
        """
        if not when_piped and self._shows_reasons:
            self._show_reasons(outcome, place, findings())
        if not when_piped and (self.quiet or not sys.stdout.isatty()):
            return
        from sso_batch.console.summary import summary  # noqa: PLC0415 - rich, for terminals only

        with optional_output():
            self.print(summary(outcome, width=_console().width, place=place, findings=findings()))

    @property
    def _shows_reasons(self) -> bool:
        """Whether stderr has sentences in place of the events about what failed."""
        return self.quiet and self.log_format != "json" and sys.stderr.isatty()

    def _show_reasons(
        self, outcome: "RunOutcome", place: "RunPlace | None", findings: "Iterable[str]"
    ) -> None:
        from rich.console import Console  # noqa: PLC0415 - for terminals only

        from sso_batch.console.summary import reasons  # noqa: PLC0415 - likewise

        console = Console(file=sys.stderr)
        for part in reasons(outcome, place=place, findings=findings):
            console.print(part, highlight=False, crop=False)

    def say(self, lines: "Iterable[str]", *, wrapped: bool = True) -> None:
        """Print lines of text to stdout, by default `wrapped` between words.

        Others are whole lines in a pipe, for programs; a terminal cannot show them so.
        """
        from rich.text import Text  # noqa: PLC0415 - for terminals only

        self.print(map(Text, lines), wrapped=wrapped)

    def print(self, parts: "Iterable[RenderableType]", *, wrapped: bool = True) -> None:
        """Print tables and texts to stdout, as wide as the terminal."""
        console = _console()
        whole_lines = not wrapped and not sys.stdout.isatty()
        for part in parts:
            console.print(part, highlight=False, crop=False, soft_wrap=whole_lines)


def _console() -> "Console":
    from rich.console import Console  # noqa: PLC0415 - for terminals only

    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else width_of_pipes(os.environ))


def width_of_pipes(environ: Mapping[str, str]) -> int:
    """Return the width of output that is piped: that of the terminal that shows stderr, if there is one."""
    columns = environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns):
        return int(columns)
    with contextlib.suppress(OSError, ValueError):
        return os.get_terminal_size(sys.stderr.fileno()).columns or _WIDTH_OF_PIPES
    return _WIDTH_OF_PIPES


@contextlib.contextmanager
def optional_output() -> Iterator[None]:
    """Ignore that stdout cannot be written: the output is optional."""
    with contextlib.suppress(UnwritableError):
        yield
        sys.stdout.flush()
