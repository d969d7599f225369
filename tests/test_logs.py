"""Tests of the logs: one event per line, JSON unless the stream is a terminal."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sso_batch.logs import LogSettings, make_logger

SECRET = "marker-of-a-secret-5f3e"


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    """Restore the root logger after the test."""
    root = logging.getLogger()
    before = root.handlers, root.level
    yield
    root.handlers, root.level = before


def events(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(secret: str) -> None:
    local = {"external_id": secret}
    raise RuntimeError("broken: " + str(len(local)))


def log_failure(stream: io.StringIO, log_format: str) -> None:
    log = make_logger(stream, LogSettings("info", log_format))
    try:
        fail(SECRET)
    except RuntimeError:
        log.exception("org.bug", org="acme")


# Secrets


def test_traceback_in_json() -> None:
    """A traceback contains no local variables, because they can be secrets."""
    stream = io.StringIO()

    log_failure(stream, "json")

    (event,) = events(stream)
    (trace,) = event["exception"]
    assert SECRET not in stream.getvalue()
    assert (event["event"], event["level"], event["org"]) == ("org.bug", "error", "acme")
    assert (trace["exc_type"], trace["exc_value"]) == ("RuntimeError", "broken: 1")
    assert [frame["name"] for frame in trace["frames"]] == ["log_failure", "fail"]
    assert [frame.get("locals") for frame in trace["frames"]] == [None, None]


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["piped", "terminal"])
def test_traceback_on_a_terminal(stream: io.StringIO) -> None:
    """The same holds for a traceback on a terminal."""
    log_failure(stream, "console")

    assert SECRET not in stream.getvalue()
    assert "org.bug" in stream.getvalue()
    assert "RuntimeError: broken: 1" in stream.getvalue()


@pytest.mark.parametrize("has_handler", [False, True])
@pytest.mark.parametrize("name", ["botocore.auth", "urllib3.connectionpool", ""])
def test_logs_of_libraries_are_dropped(
    capfd: pytest.CaptureFixture[str], name: str, *, has_handler: bool
) -> None:
    """The logs of libraries are dropped, even at DEBUG, at which botocore logs credentials."""
    stream = io.StringIO()
    root = logging.getLogger()
    root.handlers = [logging.StreamHandler(stream)] if has_handler else []
    root.setLevel(logging.DEBUG)

    make_logger(stream, LogSettings("debug", "json"))
    logging.getLogger(name).debug("secret_key=%s", SECRET)
    logging.getLogger(name).error("secret_key=%s", SECRET)

    assert stream.getvalue() == ""
    assert capfd.readouterr() == ("", "")


# Events


def test_event() -> None:
    """An event is a line of JSON: its name, level and time, the bound values, and its own values."""
    stream = io.StringIO()
    log = make_logger(stream, LogSettings("info", "json")).bind(run_id="r-1")
    before = datetime.now(UTC)

    log.bind(org="acme").warning("collect.gap", resources=("a", "b"), count=2, message='Ünïcode "\n')
    log.info("run.completed")

    first, second = events(stream)
    assert before <= datetime.fromisoformat(first.pop("timestamp")) <= datetime.now(UTC)
    assert second.pop("timestamp").endswith("Z")
    assert first == {
        "event": "collect.gap",
        "level": "warning",
        "run_id": "r-1",
        "org": "acme",
        "resources": ["a", "b"],
        "count": 2,
        "message": 'Ünïcode "\n',
    }
    assert second == {"event": "run.completed", "level": "info", "run_id": "r-1"}


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_level(level: str, expected: list[str]) -> None:
    """Events below the level are not printed."""
    stream = io.StringIO()
    log = make_logger(stream, LogSettings(level, "json"))

    for write in (log.debug, log.info, log.warning, log.error):
        write("event")

    assert [event["level"] for event in events(stream)] == expected


@pytest.mark.parametrize(
    ("stream", "log_format", "json_is_printed"),
    [
        (io.StringIO(), "auto", True),
        (Terminal(), "auto", False),
        (io.StringIO(), "json", True),
        (Terminal(), "json", True),
        (io.StringIO(), "console", False),
        (Terminal(), "console", False),
    ],
)
def test_format(stream: io.StringIO, log_format: str, *, json_is_printed: bool) -> None:
    """`auto` writes text for people on a terminal, and JSON elsewhere."""
    make_logger(stream, LogSettings("info", log_format)).info("run.started", run_id="r-1")

    assert stream.getvalue().startswith('{"') == json_is_printed
    assert stream.getvalue().count("\n") == 1
    assert "run.started" in stream.getvalue()
    assert "r-1" in stream.getvalue()


@pytest.mark.parametrize(("stream", "coloured"), [(io.StringIO(), False), (Terminal(), True)])
def test_colours(stream: io.StringIO, *, coloured: bool) -> None:
    """Only a terminal gets colours."""
    make_logger(stream, LogSettings("info", "console")).info("run.started", run_id="r-1")

    assert ("\x1b[" in stream.getvalue()) == coloured
