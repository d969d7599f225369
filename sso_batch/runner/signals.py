"""SIGINT, SIGTERM and SIGHUP in an event loop."""

import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def call_on_first_signal(stop: Callable[[int], None]) -> Iterator[Callable[[int], None]]:
    """Within this context, call `stop` with the number of the first signal; ignore later ones.

    Yields a function that takes the exit code of a run that has ended: its manifest is written, and signals
    after the context end the process with this code.
    """
    loop = asyncio.get_running_loop()
    received: list[int] = []
    settled: list[int] = []

    def receive(number: int) -> None:
        if not received:
            received.append(number)
            stop(number)

    def end(_number: int, _frame: object) -> NoReturn:
        sys.exit(settled[0])

    before = {number: signal.getsignal(number) for number in NUMBERS}
    if before[signal.SIGHUP] is signal.SIG_IGN:  # as nohup sets it
        del before[signal.SIGHUP]
    for number in before:
        loop.add_signal_handler(number, receive, int(number))
    try:
        yield settled.append
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, end if settled else handler)


@contextlib.contextmanager
def handlers_restored() -> Iterator[None]:
    """Restore the handlers of signals after runs that are not the whole of a command."""
    before = {number: signal.getsignal(number) for number in NUMBERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Interruption:
    """The first signal that a run received; `stop` is set for the threads that work for the run."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.signal: int | None = None
        self._event = asyncio.Event()

    def interrupt(self, number: int) -> None:
        """Record the signal; call this in the event loop."""
        self.signal = number
        self.stop.set()
        self._event.set()

    async def wait_for(self, work: asyncio.Future[Any], *, within: float | None = None) -> None:
        """Wait until `work` is done, a signal arrives, or `within` seconds have passed."""
        interrupted = asyncio.ensure_future(self._event.wait())
        await asyncio.wait({work, interrupted}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        interrupted.cancel()
