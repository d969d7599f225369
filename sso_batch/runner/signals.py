"""SIGINT, SIGTERM and SIGHUP, as an event loop hears them."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator

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
