"""Tests of worker processes: results, failures, and that none is left."""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from sso_batch.worker_processes import WorkerProcesses
from tests.support import workers as functions
from tests.support.command import SOURCES

_PATIENCE = 30.0  # seconds


def test_functions_are_called_in_other_processes() -> None:
    """With two processes or more, this process calls nothing itself, and none is left at the end."""
    with WorkerProcesses(2) as workers:
        results = [workers.submit(functions.process_of, number) for number in range(8)]
        processes = {result() for result in results}

    assert os.getpid() not in processes
    assert 1 <= len(processes) <= 2
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("number", [0, 1])
def test_no_processes(number: int) -> None:
    """With fewer than two processes, this process calls the functions when results are needed."""
    with WorkerProcesses(number) as workers:
        result = workers.submit(functions.process_of, 1)
        failed = workers.submit(functions.fail, "No space left on device")

        assert result() == os.getpid()
        with pytest.raises(OSError, match="No space left"):
            failed()


def test_error_of_a_function() -> None:
    """An error is raised where the result is needed, and ends all processes at once."""

    def use() -> None:
        with WorkerProcesses(2) as workers:
            failed = workers.submit(functions.fail, "No space left on device")
            for number in range(3):
                workers.submit(functions.wait, number)
            failed()

    started = time.monotonic()
    with pytest.raises(OSError, match="No space left on device") as caught:
        use()

    assert caught.value.errno == 28
    assert time.monotonic() - started < _PATIENCE
    assert multiprocessing.active_children() == []


def test_process_that_is_killed() -> None:
    """What a killed process should have done is done by this process."""
    with WorkerProcesses(2) as workers:
        results = [workers.submit(functions.end_process, os.getpid()) for _ in range(4)]

        assert [result() for result in results] == [os.getpid()] * 4
        assert workers.submit(functions.process_of, 1)() == os.getpid()


@pytest.mark.parametrize("error", [OSError(38, "Function not implemented"), NotImplementedError()])
def test_system_without_semaphores(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Where the system has no semaphores, as AWS Lambda, this process calls the functions."""

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("sso_batch.worker_processes.ProcessPoolExecutor", refuse)
    with WorkerProcesses(2) as workers:
        assert workers.submit(functions.process_of, 1)() == os.getpid()


@pytest.mark.parametrize(
    ("number", "everywhere"),
    [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGTERM, False), (signal.SIGKILL, False)],
    ids=["Ctrl-C in a terminal", "SIGINT", "SIGTERM", "SIGKILL"],
)
def test_signals_leave_no_process(number: signal.Signals, *, everywhere: bool) -> None:
    """Processes end with the one that started them, and print nothing of their own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.workers"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(SOURCES)},
        start_new_session=True,
    )
    assert process.stdout is not None
    started = [int(process.stdout.readline()) for _ in range(2)]

    if everywhere:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, printed = process.communicate(timeout=_PATIENCE)

    assert process.returncode != 0
    assert printed.count("Traceback") <= (number is signal.SIGINT)
    for pid in started:
        assert _has_ended(pid)


def _has_ended(pid: int) -> bool:
    """Wait until a process has ended."""
    return any(not alive for alive in _until(_PATIENCE, pid))


def _until(seconds: float, pid: int) -> Iterator[bool]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield _is_running(pid)
        time.sleep(0.02)


def _is_running(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
