"""What worker processes do in tests: functions for `WorkerProcess`, by their names."""

import os
import signal
import time
from multiprocessing.connection import Connection

_LONG = 300.0  # seconds


def echo(connection: Connection) -> None:
    """Send each message back with the id of this process, until the message "end"."""
    while (message := connection.recv()) != "end":
        connection.send((os.getpid(), message))


def end_with_code(connection: Connection) -> None:
    """End with the exit code that the first message names."""
    os._exit(connection.recv())


def end_by_signal(connection: Connection) -> None:
    """End by the signal that the first message names."""
    os.kill(os.getpid(), connection.recv())
    time.sleep(_LONG)


def never_end(connection: Connection) -> None:
    """Send the id of this process and the signals that it ignores, and wait for a long time."""
    ignored = [number for number in signal.valid_signals() if signal.getsignal(number) is signal.SIG_IGN]
    connection.send((os.getpid(), sorted(ignored)))
    time.sleep(_LONG)
