"""Logs: one event a line, JSON unless a person is looking. Made once for each run and handed on."""

import io
import logging
from typing import Protocol, TextIO, cast

import structlog
from structlog.typing import EventDict, ExcInfo, FilteringBoundLogger, Processor

from sso_batch.sanitize.terminal import escape_terminal, escape_terminal_lines


class Stream(Protocol):
    """As much of a stream as a logger needs."""

    def write(self, text: str, /) -> int:
        """Write text."""

    def flush(self) -> None:
        """Let it through."""

    def isatty(self) -> bool:
        """Whether a person is looking."""


def make_logger(stream: Stream, *, level: str, log_format: str) -> FilteringBoundLogger:
    """A logger that writes to `stream`; `auto` is for people on a terminal and JSON elsewhere.

    Tracebacks come without local variables, which can be secrets. What libraries log is dropped: botocore
    at DEBUG prints credentials, and what it warns of comes back to us as an exception.
    """
    logging.getLogger().handlers = [logging.NullHandler()]
    console = log_format == "console" or (log_format == "auto" and stream.isatty())
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(cast("TextIO", stream)),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(_for_people(stream) if console else _for_programs()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        context_class=dict,
    )
    return logger


def _for_people(stream: Stream) -> list[Processor]:
    return [
        _inert,
        structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=_inert_traceback),
    ]


def _inert(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Let no escape sequence through to a terminal; structlog quotes but some of the texts that hold one."""
    return {key: escape_terminal(value) if isinstance(value, str) else value for key, value in event.items()}


def _inert_traceback(stream: TextIO, error: ExcInfo) -> None:
    text = io.StringIO()
    structlog.dev.plain_traceback(text, error)
    stream.write(escape_terminal_lines(text.getvalue()))


def _for_programs() -> list[Processor]:
    traceback = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(traceback), structlog.processors.JSONRenderer()]
