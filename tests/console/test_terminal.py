"""Tests of the output on a real terminal and in a pipe."""

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
from tests.support.drivers import UNHURRIED_DEMO
from tests.support.sample_worlds import denying, small

BAR = "━"
HEADINGS = ("Organization", "Status", "Users", "Groups", "Rows", "Gaps")


@pytest.fixture
def config(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a configuration with an incomplete and a complete organization, while their emulator runs."""
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
    """Yield the two ends of a pseudo-terminal."""
    mine, theirs = pty.openpty()
    try:
        yield mine, theirs
    finally:
        os.close(mine)


def read_all(end: int) -> str:
    """Return everything that is written to a terminal until its other end is closed."""
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


def shown_on_a_terminal(
    *arguments: object, stderr: int | None = None, python: tuple[str, ...] = ("-m", "sso_batch")
) -> tuple[int, str]:
    """Run sso-batch on a terminal; return the exit code and everything that was shown."""
    with terminal() as (mine, theirs):
        streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs if stderr is None else stderr}
        process = start(*arguments, python=python, **streams)
        os.close(theirs)
        shown = read_all(mine)
        return process.wait(timeout=20), shown


def plain(shown: str) -> str:
    """Return the text without escape sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


def test_terminal(config: Path) -> None:
    """A terminal shows a line for each organization that has ended, the total, and a table at the end."""
    code, shown = shown_on_a_terminal("run", "-c", config)

    text = plain(shown)
    assert code == 4
    assert BAR in text
    assert re.search(r"org-0  incomplete  \d+ rows  ListUsers AccessDeniedException", text)
    assert "100 %, 2 of 2" in text
    assert "org.incomplete" not in text
    assert '{"' not in text
    assert [heading for heading in HEADINGS if heading not in text] == []
    table = text[text.rindex("Organization") :]
    assert re.search(r"org-0\s+incomplete", table)
    assert re.search(r"org-1\s+complete", table)
    assert "identitystore:ListUsers" in table
    assert "endpoint override: http://127.0.0.1" in table
    assert "\x1b[" in shown


def test_cursor_is_restored(config: Path) -> None:
    """The cursor, hidden by the bars, is visible again at the end."""
    _, shown = shown_on_a_terminal("run", "-c", config)

    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") > 0


def test_quiet_terminal(config: Path) -> None:
    """With --quiet, a terminal shows only what failed, why, and what to do, in the summary's words."""
    _, shown = shown_on_a_terminal("--quiet", "run", "-c", config)

    text = plain(shown)
    assert BAR not in text
    assert "Status" not in text
    first, hint, exit_code, resume = re.sub(r"\s*\r\n", "\n", text).splitlines()
    assert re.fullmatch(r"org-0: ListUsers d-[0-9a-f]+: AccessDeniedException", first)
    assert hint.strip() == "allow the role the IAM action identitystore:ListUsers"
    assert exit_code.startswith("Exit code 4: the audit is not complete (organizations: 1 complete, 1 inc")
    assert resume.startswith(f"Resume: sso-batch run --config {config}")


def test_quiet_terminal_with_piped_stdout(config: Path) -> None:
    """With --quiet, the reasons are on stderr, so that a redirected stdout does not hide them."""
    with terminal() as (mine, theirs):
        process = start("--quiet", "run", "-c", config, stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        shown = plain(read_all(mine))
        out, _ = process.communicate(timeout=20)

    assert out == ""
    assert "org-0: ListUsers" in shown
    assert "org.incomplete" not in shown
    assert "Status" not in shown


def test_quiet_terminal_of_a_complete_run(config: Path) -> None:
    """With --quiet, a complete run prints nothing."""
    code, shown = shown_on_a_terminal("--quiet", "run", "-c", config, "--only", "org-1")

    assert (code, shown) == (0, "")


@pytest.mark.parametrize(
    "action", ["sso:ListAccountAssignments", "sso:ListInstances", "identitystore:ListGroups"]
)
def test_quiet_pipe(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    """With --quiet, the log in a pipe still has the reason why an organization is incomplete."""
    assert home.is_dir()
    world = denying(small(), action)
    file = tmp_path / "orgs.yaml"
    file.write_text(configuration(world, directory=str(tmp_path / "reports")))
    with Emulator(world, limits=Limits.off()) as emulator:
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        ended = execute("--quiet", "run", "-c", file)

    reasons = [
        (event["org"], event["operation"], bool(event["hint"])) for event in ended.named("collect.gap")
    ]
    assert ("org-0", action.partition(":")[2], True) in reasons
    assert {event["level"] for event in ended.events} == {"error"}


def test_no_color(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR, the table and the bars have no colours."""
    monkeypatch.setenv("NO_COLOR", "1")

    _, shown = shown_on_a_terminal("run", "-c", config)

    assert BAR in plain(shown)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]([;m])", shown)


def test_pipe(config: Path) -> None:
    """In a pipe, stdout is empty, and stderr has only events in JSON."""
    ended = execute("run", "-c", config)

    assert (ended.code, ended.stdout) == (4, "")
    assert BAR not in ended.stderr
    assert "\x1b" not in ended.stderr
    assert ended.events[-1]["event"] == "run.completed"


def test_stdout_on_a_terminal_and_stderr_in_a_file(config: Path, tmp_path: Path) -> None:
    """With stderr in a file, the terminal shows only the table, and the file has JSON."""
    with (tmp_path / "log").open("w+") as log:
        _, shown = shown_on_a_terminal("run", "-c", config, stderr=log.fileno())
        log.seek(0)
        events = [json.loads(line) for line in log]

    text = plain(shown)
    assert BAR not in text
    assert "org.started" not in text
    assert [heading for heading in HEADINGS if heading not in text] == []
    assert events[-1]["event"] == "run.completed"


def test_stderr_on_a_terminal_and_stdout_in_a_pipe(config: Path) -> None:
    """With stdout in a pipe, the terminal shows bars and the log, and the pipe is empty."""
    with terminal() as (mine, theirs):
        process = start("run", "-c", config, stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        shown = plain(read_all(mine))
        out, _ = process.communicate(timeout=20)

    assert out == ""
    assert BAR in shown
    assert "org.incomplete" in shown
    assert "Status" not in shown


def test_json_on_a_terminal(config: Path) -> None:
    """--log-format json writes JSON to a terminal."""
    _, shown = shown_on_a_terminal("--log-format", "json", "--quiet", "run", "-c", config)

    events = [json.loads(line) for line in shown.splitlines() if line.startswith("{")]
    assert {"collect.gap", "org.incomplete", "run.completed"} == {event["event"] for event in events}


def test_demo_on_a_terminal(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo, with AWS's rate limits, shows bars, one table, and where the files are."""
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


def run_at_width(
    arguments: tuple[object, ...],
    monkeypatch: pytest.MonkeyPatch,
    *,
    width: int,
    python: tuple[str, ...] = ("-m", "sso_batch"),
) -> tuple[int, str]:
    """Run on a terminal of this width; return the exit code and the summary, which is not truncated."""
    monkeypatch.setenv("COLUMNS", str(width))
    code, shown = shown_on_a_terminal(*arguments, python=python)
    text = plain(shown).replace("\r", "")
    summary = text[text.rindex("Organization") :] if "Organization" in text else text
    assert "…" not in summary
    unbroken_lines = ("Files: ", "Open first: ", "Resume: ", "  arn:")
    assert all(len(line) <= width for line in summary.splitlines() if not line.startswith(unbroken_lines))
    return code, summary


@pytest.mark.parametrize("width", [60, 80, 100])
def test_run_at_any_width(config: Path, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """The summary fits the terminal and shows the causes, the location of the files, and how to resume."""
    arguments = ("run", "-c", config, "--run-id", "first", "--format", "csv,html", "--only", "org-0,org-1")

    code, summary = run_at_width(arguments, monkeypatch, width=width)

    text = " ".join(summary.split())
    assert code == 4
    assert [word for word in ("Status", "Rows", "Gaps") if word not in text] == []
    assert "allow the role the IAM action identitystore:ListUsers" in text
    assert "Exit code 4: the audit is not complete (organizations: 1 complete, 1 incomplete)." in text
    unbroken = "".join(summary.split())
    reports = config.parent / "reports" / "first"
    (page,) = reports.glob("*.html")
    assert f"Files:{reports}Openfirst:{page}Resume:" in unbroken
    resume = f"sso-batch run --config {config} --run-id first --resume --only org-0,org-1 --format csv,html"
    assert unbroken.endswith(resume.replace(" ", ""))


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("options", [(), ("--with-failure",)], ids=["complete", "with failure"])
def test_demo_at_any_width(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int, options: tuple[str, ...]
) -> None:
    """The table of the demo fits the terminal, and its text is wrapped between words."""
    assert home.is_dir()
    monkeypatch.setenv("TERM", "xterm-256color")

    arguments = ("demo", "-o", tmp_path / "demo", *options)
    code, summary = run_at_width(arguments, monkeypatch, width=width, python=("-c", UNHURRIED_DEMO))

    assert code == (4 if options else 0)
    assert "ostsee-logistik" in summary
    assert "complete" in summary
    words = ("PrincipalState", "EMPTY_GROUP", "PermissionSet", "PrincipalType", "severity")
    assert [word for word in words if word not in summary] == []


def test_resume_command(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C the summary ends with a command that completes the run."""
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
    assert "Exit code 130: stopped by SIGINT (organizations: 2 interrupted)." in text
    resumed = execute(*shlex.split(line))
    assert resumed.code == 4
    assert {event["org"] for event in resumed.named("org.completed")} == {"org-1"}


@pytest.mark.parametrize(("fail_on", "format_"), [("low", "csv"), ("medium", "html")])
def test_findings(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail_on: str, format_: str
) -> None:
    """The summary explains exit code 3 with the number of findings, the first ones, and their file."""
    assert home.is_dir()
    world = small(1)
    file = tmp_path / "orgs.yaml"
    file.write_text(configuration(world, directory=str(tmp_path / "reports")))
    with Emulator(world, limits=Limits.off()) as emulator:
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        arguments = ("run", "-c", file, "--fail-on", fail_on, "--format", format_)
        code, summary = run_at_width(arguments, monkeypatch, width=100)

    text = " ".join(summary.split())
    assert code == 3
    assert re.search(rf"Exit code 3: findings of severity {fail_on} or higher: \d+ high, \d+ medium", text)
    assert ("_findings.csv." in text) == (format_ == "csv")
    assert re.search(r"^  (high|medium|low) [a-z-]+: .+ \(.+\)$", summary, re.MULTILINE)
    assert "Resume" not in text
