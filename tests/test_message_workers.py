"""Tests of worker processes that exchange messages, and of how many a run has."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from sso_batch import message_workers
from sso_batch.message_workers import (
    ProcessEnd,
    WorkerProcess,
    Workers,
    number_of_workers,
    probable_number_of_workers,
)
from tests.support.command import SOURCES
from tests.support.processes import is_running

_PATIENCE = 30.0  # seconds
_GIB = 2**30
_NEVER_END = "tests.support.message_workers:never_end"


class Inbox:
    """A listener that keeps everything."""

    def __init__(self) -> None:
        self.messages: SimpleQueue[Any] = SimpleQueue()
        self.reasons: SimpleQueue[str] = SimpleQueue()

    def received(self, process: WorkerProcess, message: object) -> None:
        """Keep a message."""
        del process
        self.messages.put(message)

    def lost(self, process: WorkerProcess, end: ProcessEnd) -> None:
        """Keep how a process has ended."""
        del process
        self.reasons.put(end.text)

    def message(self) -> Any:  # noqa: ANN401 - whatever a process sends
        """Return the next message."""
        return self.messages.get(timeout=_PATIENCE)

    def reason(self) -> str:
        """Return why a process has ended."""
        return self.reasons.get(timeout=_PATIENCE)


@contextmanager
def worker(function: str) -> Iterator[tuple[Workers, WorkerProcess, Inbox]]:
    """Start a worker process that calls a function of the tests."""
    with Workers(f"tests.support.message_workers:{function}", 1) as workers:
        (process,) = workers.processes
        inbox = Inbox()
        process.listen(inbox)
        yield workers, process, inbox


def test_messages_in_order() -> None:
    """Messages arrive in order, large ones too, and a process ends after the last one."""
    large = "x" * 1_000_000
    with worker("echo") as (_, process, inbox):
        process.send(large)
        process.send("b")
        (pid, first), (_, second) = inbox.message(), inbox.message()
        process.end("end")

        assert inbox.reason() == "ended with exit code 0"

    assert (first, second) == (large, "b")
    assert pid != os.getpid()
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("function", "message", "reason"),
    [
        ("end_with_code", 3, "ended with exit code 3"),
        ("end_by_signal", int(signal.SIGKILL), "was ended by the signal SIGKILL"),
        ("end_by_signal", int(signal.SIGRTMIN) + 1, f"was ended by the signal {signal.SIGRTMIN + 1}"),
        ("missing", 0, "ended with exit code 1"),
    ],
)
def test_end_before_its_time(
    function: str, message: int, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A listener learns in words how a process has ended, and later messages are lost without an error."""
    with worker(function) as (_, process, inbox):
        process.send(message)

        assert inbox.reason() == reason
        process.send("too late")
    capfd.readouterr()  # the traceback of a function that does not exist


def test_signals_and_end_of_the_block() -> None:
    """A process ignores the signals that a terminal sends to all, and ends with the block."""
    with worker("never_end") as (_, _, inbox):
        pid, ignored = inbox.message()
        assert {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} <= set(ignored)
        os.kill(pid, signal.SIGTERM)
        with pytest.raises(Empty):
            inbox.reasons.get(timeout=0.1)

    assert not is_running(pid)


def test_replacement() -> None:
    """A process that has ended is replaced by a new one in its place."""
    with worker("echo") as (workers, process, inbox):
        process.kill()
        assert inbox.reason() == "was ended by the signal SIGKILL"

        new = workers.replace(process)
        new.listen(inbox)
        new.send("a")

        assert inbox.message()[1] == "a"
        assert workers.processes == [new]


def test_resize() -> None:
    """Processes are started and ended, so that there are as many as needed."""
    with Workers("tests.support.message_workers:echo", 1) as workers:
        first = workers.processes[0]
        workers.resize(2)
        assert workers.processes[0] is first
        assert len(multiprocessing.active_children()) == 2
        workers.resize(0)
        assert not workers
        assert multiprocessing.active_children() == []


def test_exit_without_closing() -> None:
    """A program that exits before it has closed its workers, as after a signal, does not wait for them."""
    program = f"from {Workers.__module__} import Workers; Workers({_NEVER_END!r}, 2); raise SystemExit(143)"
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        env=dict(os.environ) | {"PYTHONPATH": str(SOURCES)},
        timeout=_PATIENCE,
        check=False,
        capture_output=True,
    )

    assert (ended.returncode, ended.stderr) == (143, b"")


def test_system_without_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be started, there are no workers."""

    def refuse(target: str) -> WorkerProcess:
        raise OSError(11, f"no process for {target}")

    monkeypatch.setattr(message_workers, "WorkerProcess", refuse)

    assert not Workers("tests.support.message_workers:echo", 2)


def test_system_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can be started for its messages, a process is ended again, and there are no workers."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError(f"can't start new thread {thread.name}")

    monkeypatch.setattr(threading.Thread, "start", refuse)

    assert not Workers("tests.support.message_workers:echo", 2)
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("processes", "organizations", "cpus", "memory", "number"),
    [
        pytest.param("auto", 10, 8, None, 0, id="one process carries them"),
        pytest.param("auto", 11, 8, None, 2, id="one more than it carries"),
        pytest.param("auto", 300, 8, None, 8, id="one for each CPU"),
        pytest.param("auto", 300, 1, None, 0, id="one CPU"),
        pytest.param("auto", 300, 64, _GIB // 2, 2, id="as the memory allows"),
        pytest.param("auto", 300, 8, _GIB // 8, 0, id="too little memory"),
        pytest.param(1, 300, 8, None, 0, id="set to one"),
        pytest.param(4, 300, 2, _GIB // 8, 4, id="set by the user"),
        pytest.param(4, 3, 8, None, 3, id="not more than organizations"),
        pytest.param(4, 1, 8, None, 0, id="one organization"),
    ],
)
def test_number_of_workers(
    monkeypatch: pytest.MonkeyPatch,
    processes: int | str,
    organizations: int,
    cpus: int,
    memory: int | None,
    number: int,
) -> None:
    """A run has workers only if one process is not enough, and no more than the container has room for."""
    monkeypatch.setattr(message_workers, "usable_cpus", lambda: cpus)
    monkeypatch.setattr(message_workers, "usable_memory", lambda: memory)

    assert number_of_workers(processes, organizations) == number


@pytest.mark.parametrize(
    ("processes", "run", "number"),
    [
        pytest.param(None, "", 2, id="as many as names need"),
        pytest.param(None, "run: {processes: 3}\n", 3, id="the setting"),
        pytest.param(None, "run: {processes: 1}\n", 0, id="the setting is one"),
        pytest.param("auto", "run: {processes: 1}\n", 2, id="the option"),
        pytest.param(5, "", 5, id="a number as option"),
    ],
)
def test_probable_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int | str | None, run: str, number: int
) -> None:
    """Organizations are counted by their names, without parsing the file."""
    monkeypatch.setattr(message_workers, "usable_cpus", lambda: 8)
    monkeypatch.setattr(message_workers, "usable_memory", lambda: None)
    file = tmp_path / "orgs.yaml"
    names = '- name: a\n  session_name: x\n- {"name": "b", role_arn: r}\n' * 10
    file.write_text(f"{run}organizations:\n{names}")

    assert probable_number_of_workers(processes, str(file), {}) == number
    assert probable_number_of_workers(processes, "env:ORGS", {"ORGS": file.read_text()}) == number
    for nothing in (str(tmp_path / "missing.yaml"), "env:ORGS", "s3://bucket/orgs.yaml"):
        assert probable_number_of_workers(processes, nothing, {}) == 0


def test_configuration_that_is_no_file(tmp_path: Path) -> None:
    """A pipe can be read only once, and may have no writer: it is left to the reader of configurations."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    assert probable_number_of_workers(4, str(pipe), {}) == 0
    assert probable_number_of_workers(4, "no\0file", {}) == 0
