"""Worker processes that exchange messages with this one; cheap to import, so that they start early."""

import contextlib
import errno
import math
import multiprocessing
import os
import pkgutil
import re
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Protocol, Self

from sso_batch.exit_codes import ExitCode
from sso_batch.machine import collect_less_garbage, end_process, usable_cpus, usable_memory
from sso_batch.worker_processes import signals_blocked

CARRIED = 10
"""Organizations that one process audits in hardly more time than one; more of them need its CPU."""

MEMORY_OF_RUN, MEMORY_OF_WORKER = 128 * 2**20, 192 * 2**20
"""Bytes of memory that `auto` allows for the run itself, and for each worker with 20 organizations at a time.

`make bench` measures them: 80 MiB for a worker, and 6 MiB for each organization of typical size, of which a
part is in the run."""

_ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
"""Signals that a terminal or a service manager sends to all processes; this one ends the others."""

_END_SECONDS = 5.0
"""How long a worker may take to end after its last message."""

_NOTHING_MORE = object()

_MOST_BYTES = 1_000_000
"""No more of a configuration file is read."""

_NAME = re.compile(rb"\bname[\"']?\s*:")
_PROCESSES = re.compile(rb"\bprocesses[\"']?\s*:\s*([0-9]{1,3})\b")


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """How a process has ended: with an exit code, negative for a signal; None if it does not answer."""

    exit_code: int | None

    @property
    def was_killed(self) -> bool:
        """Whether a signal has ended it, such as when memory is short."""
        return self.exit_code is not None and self.exit_code < 0

    @property
    def is_bug(self) -> bool:
        """Whether an error that nobody expected has ended it."""
        return self.exit_code == ExitCode.INTERNAL_ERROR

    @property
    def text(self) -> str:
        """The end, in words."""
        if self.exit_code is None:
            return "stopped answering"
        if self.exit_code < 0:
            return f"was ended by the signal {_signal(-self.exit_code)}"
        return f"ended with exit code {self.exit_code}"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


class Listener(Protocol):
    """Who receives what a worker sends, in a thread of its own."""

    def received(self, process: "WorkerProcess", message: Any) -> None:  # noqa: ANN401 - the listener knows
        """Note a message."""

    def lost(self, process: "WorkerProcess", end: ProcessEnd) -> None:
        """Note that the process has ended."""


class WorkerProcess:
    """One worker process, which is started at once; raises OSError if the system has none to spare.

    `target` is the function that it calls with its end of the connection, as "module:function": only the
    new process imports the module.
    """

    def __init__(self, target: str) -> None:
        self._may_end = False
        self._outbox: SimpleQueue[object] = SimpleQueue()
        self._listener: SimpleQueue[Listener | None] = SimpleQueue()
        # Not forked: a copy of a process with threads can deadlock.
        context = multiprocessing.get_context("spawn")
        resource_tracker.ensure_running()  # otherwise the first start would unblock the signals
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(target, theirs), daemon=True)
        try:
            with signals_blocked(_ENDING):
                self._process.start()
                # At its exit, Python ends such processes with SIGTERM, which they ignore, and waits for them.
                self._kill_at_exit = Finalize(None, self._process.kill, exitpriority=1)
        except OSError:
            self._connection.close()
            raise
        finally:
            theirs.close()  # otherwise the end of the process could not be seen
        self._threads = [
            threading.Thread(target=work, name="worker-messages", daemon=True)
            for work in (self._send_all, self._receive_all)
        ]
        try:
            for thread in self._threads:
                thread.start()
        except RuntimeError:  # no thread to spare (`--pids-limit`)
            self.close()
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None

    def send(self, message: object) -> None:
        """Send a message, without waiting until the process reads it."""
        self._outbox.put(message)

    def listen(self, listener: Listener) -> None:
        """Let a listener receive everything that the process sends, until it ends."""
        self._listener.put(listener)

    def end(self, message: object) -> None:
        """Send the last message, after which the process ends."""
        self._may_end = True
        self.send(message)

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def close(self) -> None:
        """Wait for the end of a process that has the last message, and end any other one."""
        if self._may_end:
            self._process.join(_END_SECONDS)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        self._kill_at_exit.cancel()
        self._outbox.put(_NOTHING_MORE)
        self._listener.put(None)
        for thread in self._threads:  # they use the connection
            if thread.ident is not None:
                thread.join()
        self._connection.close()

    def _send_all(self) -> None:
        """Send messages until there are no more, or the process has ended, which its listener notes."""
        try:
            while (message := self._outbox.get()) is not _NOTHING_MORE:
                self._connection.send(message)
        except OSError:
            return
        except BaseException:
            self._process.kill()  # it would wait for the message forever
            raise

    def _receive_all(self) -> None:
        """Pass on messages until the process has ended."""
        listener = self._listener.get()
        if listener is None:  # closed before anybody has listened
            return
        try:
            while True:
                listener.received(self, self._connection.recv())
        except (EOFError, OSError):
            self._process.join(_END_SECONDS)
        except Exception:  # noqa: BLE001 - a message that was cut off can raise anything
            self._process.kill()
            self._process.join()
        listener.lost(self, ProcessEnd(self._process.exitcode))


class Workers:
    """Worker processes that run `target`; leaving the `with` block ends them.

    Where the system has not so many processes to spare, there are fewer, or none.
    """

    def __init__(self, target: str, number: int = 0) -> None:
        self.processes: list[WorkerProcess] = []
        self._target = target
        self.resize(number)

    def __bool__(self) -> bool:
        return bool(self.processes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.resize(0)

    def resize(self, number: int) -> None:
        """Start or end processes, so that there are this many."""
        while len(self.processes) > number:
            self.processes.pop().close()
        with contextlib.suppress(OSError):
            while len(self.processes) < number:
                self.processes.append(WorkerProcess(self._target))

    def replace(self, ended: WorkerProcess) -> WorkerProcess:
        """Return a new process in place of one that has ended; raise OSError if it cannot be started."""
        ended.close()
        new = WorkerProcess(self._target)
        self.processes[self.processes.index(ended)] = new
        return new


def _run(target: str, connection: Connection) -> None:
    """Call the function that the name in `target` stands for, in the new process, and end the process."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    collect_less_garbage()  # already while modules are imported
    function: Callable[[Connection], None] = pkgutil.resolve_name(target)
    function(connection)
    end_process(ExitCode.OK)


def number_of_workers(processes: int | str, organizations: int) -> int:
    """Return how many workers a run of so many organizations has; 0 if it audits them itself.

    `processes` is the setting `run.processes`: a number or "auto".
    """
    if processes == "auto":
        number = min(_most_by_default(), math.ceil(organizations / CARRIED))
    else:
        number = min(int(processes), organizations)
    return number if number > 1 else 0


def _most_by_default() -> int:
    """Return how many workers the CPUs and the memory of the container allow."""
    memory = usable_memory()
    if memory is None:
        return usable_cpus()
    return min(usable_cpus(), max(memory - MEMORY_OF_RUN, 0) // MEMORY_OF_WORKER)


def probable_number_of_workers(processes: int | str | None, config: str, environ: Mapping[str, str]) -> int:
    """Return how many workers a run of the configuration at a location probably has, without parsing it.

    They can be started before that; a wrong number costs time, and nothing else. There are no more than
    "auto" allows. `processes` overrides the setting of the configuration.
    """
    text = _text(config, environ)
    written = _PROCESSES.search(text)
    setting = int(written[1]) if written else "auto"
    organizations = len(_NAME.findall(text))
    return min(
        number_of_workers(setting if processes is None else processes, organizations), _most_by_default()
    )


def _text(config: str, environ: Mapping[str, str]) -> bytes:
    """Return the text of a configuration; nothing for one that is read only once: a pipe, or in S3."""
    kind, _, name = config.partition(":")
    if kind == "env":  # as in sso_batch.config.source, which would import pydantic
        return os.fsencode(environ.get(name, ""))
    try:
        if not Path(config).is_file():
            return b""
        with Path(config).open("rb") as file:
            return file.read(_MOST_BYTES)
    except (OSError, ValueError):  # ValueError: a null character in the path
        return b""
