"""What a person at a terminal sees, and what a program behind a pipe does not."""

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sso_batch.demo import Emulator, Limits, configuration
from tests.end_to_end.command import execute, start
from tests.end_to_end.worlds import denying, small

BAR = "━"
HEADINGS = ("Organization", "Status", "Users", "Groups", "Rows", "Gaps")


@pytest.fixture
def config(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A configuration for two organizations, one of them incomplete, on an AWS that is served meanwhile."""
    assert home.is_dir()
    world = denying(small(), "identitystore:ListUsers")
    file = tmp_path / "orgs.yaml"
    file.write_text(configuration(world, directory=str(tmp_path / "reports")))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "160")
    with Emulator(world, limits=Limits.off()) as emulator:
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        yield file


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """The two ends of a terminal."""
    mine, theirs = pty.openpty()
    try:
        yield mine, theirs
    finally:
        os.close(mine)


def read_all(end: int) -> str:
    """Read a terminal until nobody writes to it any more."""
    text = b""
    while True:
        try:
            chunk = os.read(end, 65536)
        except OSError:  # Linux: the other end is closed
            break
        if not chunk:
            break
        text += chunk
    return text.decode()


def shown_on_a_terminal(*arguments: object, stderr: int | None = None) -> tuple[int, str]:
    """Run on a terminal: the exit code, and all that was shown."""
    with terminal() as (mine, theirs):
        process = start(*arguments, stdin=theirs, stdout=theirs, stderr=theirs if stderr is None else stderr)
        os.close(theirs)
        shown = read_all(mine)
        return process.wait(timeout=20), shown


def plain(shown: str) -> str:
    """The text without colours and movements of the cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


def test_a_terminal_shows_bars_logs_and_a_table(config: Path) -> None:
    """On a terminal there is a bar for each organization, logs for people, and a table at the end."""
    code, shown = shown_on_a_terminal("run", "-c", config)

    text = plain(shown)
    assert code == 4
    assert BAR in text
    assert re.search(r"org-0\s+[━╸╺ ]*\s*\d+/\d+", text)
    assert "org.incomplete" in text
    assert '{"' not in text
    assert [heading for heading in HEADINGS if heading not in text] == []
    table = text[text.rindex("Organization") :]
    assert re.search(r"org-0\s+incomplete", table)
    assert re.search(r"org-1\s+complete", table)
    assert "identitystore:ListUsers" in table
    assert "Answered not by AWS, but by" in table
    assert "\x1b[" in shown


def test_the_cursor_is_there_again(config: Path) -> None:
    """The bars hide the cursor, and give it back."""
    _, shown = shown_on_a_terminal("run", "-c", config)

    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") > 0


def test_quiet_shows_no_bars_and_no_table(config: Path) -> None:
    """With --quiet a terminal shows only the events of errors."""
    _, shown = shown_on_a_terminal("--quiet", "run", "-c", config)

    text = plain(shown)
    assert BAR not in text
    assert "Status" not in text
    assert "org.incomplete" in text
    assert "org.started" not in text


def test_no_color_is_obeyed(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR the table and the bars have no colours."""
    monkeypatch.setenv("NO_COLOR", "1")

    _, shown = shown_on_a_terminal("run", "-c", config)

    assert BAR in plain(shown)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]([;m])", shown)


def test_a_pipe_gets_neither_bars_nor_a_table(config: Path) -> None:
    """Behind a pipe stdout is empty, and stderr holds events in JSON alone."""
    ended = execute("run", "-c", config)

    assert (ended.code, ended.stdout) == (4, "")
    assert BAR not in ended.stderr
    assert "\x1b" not in ended.stderr
    assert ended.events[-1]["event"] == "run.completed"


def test_results_on_a_terminal_and_logs_in_a_file(config: Path, tmp_path: Path) -> None:
    """With stderr in a file, the terminal shows the table alone, and the file holds JSON."""
    with (tmp_path / "log").open("w+") as log:
        _, shown = shown_on_a_terminal("run", "-c", config, stderr=log.fileno())
        log.seek(0)
        events = [json.loads(line) for line in log]

    text = plain(shown)
    assert BAR not in text
    assert "org.started" not in text
    assert [heading for heading in HEADINGS if heading not in text] == []
    assert events[-1]["event"] == "run.completed"


def test_bars_on_a_terminal_and_results_in_a_pipe(config: Path) -> None:
    """With stdout in a pipe, the terminal shows bars and logs, and the pipe gets nothing."""
    with terminal() as (mine, theirs):
        process = start("run", "-c", config, stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        shown = plain(read_all(mine))
        out, _ = process.communicate(timeout=20)

    assert out == ""
    assert BAR in shown
    assert "org.incomplete" in shown
    assert "Status" not in shown


def test_json_on_a_terminal_where_it_is_asked_for(config: Path) -> None:
    """--log-format json gives JSON on a terminal, too."""
    _, shown = shown_on_a_terminal("--log-format", "json", "--quiet", "run", "-c", config)

    events = [json.loads(line) for line in shown.splitlines() if line.startswith("{")]
    assert {"org.incomplete", "run.completed"} == {event["event"] for event in events}


def test_the_demo_on_a_terminal(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo, at AWS's own pace, shows bars, its table once, and where the files are."""
    assert home.is_dir()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "160")

    code, shown = shown_on_a_terminal("demo", "-o", tmp_path / "demo")

    text = plain(shown)
    assert code == 0
    assert BAR in text
    assert text.count("Status") == 1
    assert f"Written to {tmp_path / 'demo'}" in text
    assert "collect.throttled" not in text
