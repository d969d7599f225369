"""Functions for worker processes, and a program that waits for one: `python -m tests.support.workers`."""

import os
import signal
import sys
import time

from sso_batch.cli import _exit_on_signal
from sso_batch.worker_processes import WorkerProcesses

_LONG = 300.0  # seconds


def process_of(_argument: object) -> int:
    """Return the id of the process that calls this."""
    return os.getpid()


def fail(message: str) -> None:
    """Raise an error."""
    raise OSError(28, message)


def refuse(*_: object) -> None:
    """Raise an error, whatever the arguments are."""
    fail("No space left on device")


def end_process(parent: int) -> int:
    """End the process abruptly unless it is `parent`; return its id."""
    if os.getpid() != parent:
        os._exit(9)
    return parent


def wait(_argument: object) -> None:
    """Print the id of this process and wait for a long time."""
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    time.sleep(_LONG)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _exit_on_signal)
    with WorkerProcesses(2) as workers:
        for result in [workers.submit(wait, number) for number in range(3)]:
            result()
