"""Logs: one event per line, as JSON unless the stream is a terminal."""

import io
import logging
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TextIO, cast

import structlog
from structlog.typing import EventDict, ExcInfo, FilteringBoundLogger, Processor

from sso_batch.sanitize import escape_terminal, escape_terminal_lines


class Stream(Protocol):
    """The methods of a stream that a logger needs."""

    def write(self, text: str, /) -> int:
        """Write text."""

    def flush(self) -> None:
        """Flush the stream."""

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged, and in which form: `auto` is for people on a terminal and JSON elsewhere.

    Events named in `without` are dropped, because the caller shows them in another form.
    """

    level: str = "info"
    format: str = "json"
    without: frozenset[str] = frozenset()


def make_logger(stream: Stream, settings: LogSettings) -> FilteringBoundLogger:
    """Return a logger that writes to `stream`.

    Tracebacks do not contain local variables, which can be secrets. The logs of libraries are dropped:
    botocore logs credentials at DEBUG, and its warnings reach the caller as exceptions.
    """
    logging.getLogger().handlers = [logging.NullHandler()]
    console = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(cast("TextIO", stream)),
        processors=[
            partial(_drop, settings.without),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(_for_people(stream) if console else _for_programs()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(settings.level),
        context_class=dict,
    )
    return logger


def _drop(names: frozenset[str], _logger: object, _method: str, event: EventDict) -> EventDict:
    if event["event"] in names:
        raise structlog.DropEvent
    return event


def _for_people(stream: Stream) -> list[Processor]:
    return [
        _escape,
        structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=_escaped_traceback),
    ]


def _escape(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Escape control sequences for a terminal; structlog quotes only some of the texts with one."""
    return {key: escape_terminal(value) if isinstance(value, str) else value for key, value in event.items()}


def _escaped_traceback(stream: TextIO, error: ExcInfo) -> None:
    text = io.StringIO()
    structlog.dev.plain_traceback(text, error)
    stream.write(escape_terminal_lines(text.getvalue()))


def _for_programs() -> list[Processor]:
    traceback = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(traceback), structlog.processors.JSONRenderer()]
