"""A worker process of a run, as the run sees it: how it is started, told what to do, and ended."""

import contextlib
import math
import multiprocessing
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Protocol, Self

from sso_batch.machine import usable_cpus, usable_memory
from sso_batch.runner.signals import NUMBERS
from sso_batch.runner.worker_messages import End, FromWorker, ToWorker

Target = Callable[[Connection], None]
"""The function that a worker process runs: in a module that it can import."""

CARRIED = 10
"""Organizations that one process audits in hardly more time than one; more of them need its CPU."""

MEMORY_OF_WORKER = 160 * 2**20
"""Bytes of memory that `auto` allows for each worker, with the organizations that it audits."""

_END_SECONDS = 5.0
"""How long a worker may take to end after it was told to."""


class Listener(Protocol):
    """Who receives what a worker sends, in a thread of its own."""

    def received(self, worker: "WorkerProcess", message: FromWorker) -> None:
        """Note a message."""

    def lost(self, worker: "WorkerProcess", reason: str) -> None:
        """Note that the worker has ended without being told to, and why, in words."""


class WorkerProcess:
    """One worker process. It is started at once, so that it imports modules while its run is prepared.

    Starting it raises OSError if the system has no process to spare.
    """

    def __init__(self, target: Target) -> None:
        # Not forked: a copy of a process with threads can deadlock, and would have its secrets twice.
        self._was_ended = False
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=target, args=(theirs,), name="sso-batch-worker", daemon=True)
        try:
            with _signals_blocked():
                self._process.start()
        except OSError:
            self._connection.close()
            raise
        finally:
            theirs.close()  # otherwise its end could not be seen

    @property
    def pid(self) -> int | None:
        """The id of the process."""
        return self._process.pid

    def send(self, message: ToWorker) -> None:
        """Send a message; a process that has ended gets none, which its listener notes."""
        self._was_ended = isinstance(message, End)
        with contextlib.suppress(OSError):
            self._connection.send(message)

    def listen(self, listener: Listener) -> None:
        """Let a listener receive everything that the process sends from now on, until it ends."""
        threading.Thread(target=self._receive, args=(listener,), name="worker-messages", daemon=True).start()

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def close(self) -> None:
        """Wait for the end of the process that was told to end, and end another one."""
        if self._was_ended:
            self._process.join(_END_SECONDS)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        self._connection.close()

    def _receive(self, listener: Listener) -> None:
        try:
            while True:
                listener.received(self, self._connection.recv())
        except (EOFError, OSError, pickle.UnpicklingError):  # the last one where it was killed while it sent
            self._process.join(_END_SECONDS)
            listener.lost(self, _reason(self._process.exitcode))


def number_of_workers(processes: int | str, organizations: int) -> int:
    """Return how many worker processes a run of so many organizations has; 0 if it audits them itself.

    `processes` is the setting `run.processes`.
    """
    if processes == "auto":
        memory = usable_memory()
        allowed = usable_cpus() if memory is None else min(usable_cpus(), memory // MEMORY_OF_WORKER)
        number = min(allowed, math.ceil(organizations / CARRIED))
    else:
        number = min(int(processes), organizations)
    return number if number > 1 else 0


class Workers:
    """The worker processes of a run; leaving the `with` block ends them.

    Where the system has not so many processes to spare, there are fewer, or none.
    """

    def __init__(self, number: int, target: Target) -> None:
        self.processes: list[WorkerProcess] = []
        self._target = target
        with contextlib.suppress(OSError):
            for _ in range(number):
                self.processes.append(WorkerProcess(target))

    def __bool__(self) -> bool:
        return bool(self.processes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            process.close()

    def replace(self, ended: WorkerProcess) -> WorkerProcess:
        """Return a new process in place of one that has ended; raise OSError if it cannot be started."""
        ended.close()
        new = WorkerProcess(self._target)
        self.processes[self.processes.index(ended)] = new
        return new


def _reason(exit_code: int | None) -> str:
    """Return how a process has ended, in words."""
    if exit_code is None:
        return "stopped answering"
    if exit_code < 0:
        try:
            return f"was ended by {signal.Signals(-exit_code).name}"
        except ValueError:
            return f"was ended by signal {-exit_code}"
    return f"ended with exit code {exit_code}"


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block the signals that end a run, also in a process that is started meanwhile.

    A terminal, or a service manager, sends them to all processes of a run, and the run ends its workers
    itself.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, NUMBERS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
