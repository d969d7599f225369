"""`sso-batch` itself: called in this process, or started in a process of its own."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import sso_batch
from sso_batch.cli import command_line
from sso_batch.runner.signals import handlers_restored

SOURCES = Path(sso_batch.__file__).parents[1]

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The exit code of a command, and what it wrote to its streams."""

    code: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[Event]:
        """The log; raises where a line of stderr is not one event in JSON."""
        return [json.loads(line) for line in self.stderr.splitlines()]

    def named(self, name: str) -> list[Event]:
        """Return the events with this name."""
        return [event for event in self.events if event["event"] == name]


class Command:
    """`sso-batch`, called in this process as its console script calls it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: object) -> CommandResult:
        """Run with these arguments until it exits, then restore environment, signals and root logger."""
        self._monkeypatch.setattr(sys, "argv", ["sso-batch", *map(str, arguments)])
        self._capsys.readouterr()
        with _process_state_restored():
            code = command_line()
        out, err = self._capsys.readouterr()
        return CommandResult(code, out, err)


def isolate(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Hide this machine's settings of AWS, of terminals and of sso-batch itself."""
    for name in os.environ:
        if name.startswith(("AWS_", "SSO_BATCH_")) or name in {"NO_COLOR", "FORCE_COLOR"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def set_environment(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str | None]) -> None:
    """Set these variables for the test; remove those that are None."""
    for name, value in variables.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)


def start(
    *arguments: object,
    python: tuple[str, ...] = ("-m", "sso_batch"),
    **settings: Any,  # noqa: ANN401 - of Popen
) -> "subprocess.Popen[str]":
    """Start `sso-batch` in a process of its own, with this process's environment."""
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, *python, *map(str, arguments)],
        env=dict(os.environ) | {"PYTHONPATH": str(SOURCES)},
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | settings,
    )


def finish(process: "subprocess.Popen[str]", *, within: float) -> CommandResult:
    """Wait for a started process, at most `within` seconds, and kill it if it is still running then."""
    try:
        out, err = process.communicate(timeout=within)
    finally:
        process.kill()
        process.wait()
    return CommandResult(process.returncode, out, err)


def execute(*arguments: object, python: tuple[str, ...] = ("-m", "sso_batch")) -> CommandResult:
    """Run `sso-batch` in a process of its own until it exits."""
    return finish(start(*arguments, python=python), within=60)


@contextmanager
def _process_state_restored() -> Iterator[None]:
    environment: Mapping[str, str] = dict(os.environ)
    handlers = logging.getLogger().handlers
    try:
        with handlers_restored():
            yield
    finally:
        logging.getLogger().handlers = handlers
        os.environ.clear()
        os.environ.update(environment)
