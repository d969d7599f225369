"""SIGINT, SIGTERM and SIGHUP, as an event loop hears them."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def told_to_end(stop: Callable[[int], None]) -> Iterator[None]:
    """While in here the first of these signals calls `stop` with its number; what follows changes nothing."""
    loop = asyncio.get_running_loop()
    told: list[int] = []

    def hear(number: int) -> None:
        if not told:
            told.append(number)
            stop(number)

    before = {number: signal.getsignal(number) for number in NUMBERS}
    if before[signal.SIGHUP] is signal.SIG_IGN:  # as nohup sets it
        del before[signal.SIGHUP]
    for number in before:
        loop.add_signal_handler(number, hear, int(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


class Interruption:
    """The first signal that a run receives; `stop` is set for the threads that work for the run."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.signal: int | None = None
        self._event = asyncio.Event()

    def interrupt(self, number: int) -> None:
        """Note the signal; call this in the event loop."""
        self.signal = number
        self.stop.set()
        self._event.set()

    async def wait_for(self, work: asyncio.Future[Any], *, within: float | None = None) -> None:
        """Wait until `work` is done, a signal comes, or so many seconds have passed."""
        interrupted = asyncio.ensure_future(self._event.wait())
        await asyncio.wait({work, interrupted}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        interrupted.cancel()
