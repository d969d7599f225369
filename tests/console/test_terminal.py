"""What a person at a terminal sees, and what a program behind a pipe does not."""

import json
import os
import pty
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sso_batch.emulator import Emulator, Limits, configuration
from tests.support.command import execute, start
from tests.support.sample_worlds import denying, small

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
    """With --quiet a terminal shows only the events of errors, and among them the reason of each."""
    _, shown = shown_on_a_terminal("--quiet", "run", "-c", config)

    text = plain(shown)
    assert BAR not in text
    assert "Status" not in text
    assert "org.incomplete" in text
    assert "org.started" not in text
    assert "allow the role the IAM action identitystore:ListUsers" in " ".join(text.split())


@pytest.mark.parametrize(
    "action", ["sso:ListAccountAssignments", "sso:ListInstances", "identitystore:ListGroups"]
)
def test_quiet_still_says_why_something_failed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    """Behind a pipe, too, an organization that is not complete has its reason in the log."""
    assert home.is_dir()
    world = denying(small(), action)
    file = tmp_path / "orgs.yaml"
    file.write_text(configuration(world, directory=str(tmp_path / "reports")))
    with Emulator(world, limits=Limits.off()) as emulator:
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        ended = execute("--quiet", "run", "-c", file)

    reasons = [(one["org"], one["operation"], bool(one["hint"])) for one in ended.named("collect.gap")]
    assert ("org-0", action.partition(":")[2], True) in reasons
    assert {one["level"] for one in ended.events} == {"error"}


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
    assert {"collect.gap", "org.incomplete", "run.completed"} == {event["event"] for event in events}


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


# Widths


def whole(arguments: tuple[object, ...], monkeypatch: pytest.MonkeyPatch, *, width: int) -> tuple[int, str]:
    """Run on a terminal of a width: the exit code, and the summary, which nothing is cut out of."""
    monkeypatch.setenv("COLUMNS", str(width))
    code, shown = shown_on_a_terminal(*arguments)
    text = plain(shown).replace("\r", "")
    summary = text[text.rindex("Organization") :] if "Organization" in text else text
    assert "…" not in summary
    to_copy = ("Files: ", "Open first: ", "Resume: ")
    assert all(len(line) <= width for line in summary.splitlines() if not line.startswith(to_copy))
    return code, summary


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_run_at_any_width(config: Path, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """The summary of a run fits the terminal, and says why, where, and what next."""
    arguments = ("run", "-c", config, "--run-id", "first", "--format", "csv,html", "--only", "org-0,org-1")

    code, summary = whole(arguments, monkeypatch, width=width)

    text = " ".join(summary.split())
    assert code == 4
    assert [word for word in ("Status", "Rows", "Gaps") if word not in text] == []
    assert "allow the role the IAM action identitystore:ListUsers" in text
    assert "Exit code 4: the audit is not complete (organizations: 1 complete, 1 incomplete)." in text
    unbroken = "".join(summary.split())
    reports = config.parent / "reports"
    (page,) = reports.glob("*.html")
    assert f"Files:{reports}Openfirst:{page}Resume:" in unbroken
    resume = f"sso-batch run --config {config} --run-id first --resume --only org-0,org-1 --format csv,html"
    assert unbroken.endswith(resume.replace(" ", ""))


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("options", [(), ("--with-failure",)], ids=["complete", "with failure"])
def test_a_demo_at_any_width(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int, options: tuple[str, ...]
) -> None:
    """The demo's table fits, and its text is broken between words."""
    assert home.is_dir()
    monkeypatch.setenv("TERM", "xterm-256color")

    code, summary = whole(("demo", "-o", tmp_path / "demo", *options), monkeypatch, width=width)

    assert code == (4 if options else 0)
    assert "ostsee-logistik" in summary
    assert "complete" in summary
    words = ("PrincipalState", "EMPTY_GROUP", "PermissionSet", "PrincipalType", "severity")
    assert [word for word in words if word not in summary] == []


def test_the_command_that_resumes_a_run(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C the summary ends with a command, which completes the run."""
    script = (
        "import os, signal\n"
        "from sso_batch.collect import Audit\n"
        "run = Audit.run\n"
        "async def interrupt(audit):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return await run(audit)\n"
        "Audit.run = interrupt\n"
        "from sso_batch.cli import main\n"
        "main()\n"
    )
    monkeypatch.setenv("COLUMNS", "300")
    with terminal() as (mine, theirs):
        process = start(
            "run", "-c", config, python=("-c", script), stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        text = plain(read_all(mine)).replace("\r", "")
        assert process.wait(timeout=20) == 130

    (line,) = re.findall(r"^Resume: sso-batch (.*)$", text, re.MULTILINE)
    assert "Exit code 130: ended early by SIGINT (organizations: 2 interrupted)." in text
    resumed = execute(*shlex.split(line))
    assert resumed.code == 4
    assert {one["org"] for one in resumed.named("org.completed")} == {"org-1"}


@pytest.mark.parametrize("fail_on", ["low", "medium"])
def test_why_findings_end_a_run(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail_on: str
) -> None:
    """Exit code 3 comes with the number of the findings that count, and the file that lists them."""
    assert home.is_dir()
    world = small(1)
    file = tmp_path / "orgs.yaml"
    file.write_text(configuration(world, directory=str(tmp_path / "reports")))
    with Emulator(world, limits=Limits.off()) as emulator:
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        code, summary = whole(("run", "-c", file, "--fail-on", fail_on), monkeypatch, width=100)

    text = " ".join(summary.split())
    assert code == 3
    assert re.search(rf"Exit code 3: findings of severity {fail_on} or higher: \d+ high, \d+ medium", text)
    assert "_findings.csv." in text
    assert "Resume" not in text
