"""Processes that work at the same time as this one, and that end with it."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class WorkerProcesses:
    """Up to `number` processes that call functions; with less than two, this process calls them itself.

    The results are the same. Where the system allows no processes, or ends one of them, this process calls
    the functions as well. Leaving the `with` block ends all processes, at once if an exception leaves it.
    """

    def __init__(self, number: int) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._others = frozenset(multiprocessing.active_children())
        if number > 1:
            # Not forked, because pages that a copy of this process changes would need memory again.
            context = multiprocessing.get_context("spawn")
            with contextlib.suppress(
                OSError, ImportError, NotImplementedError
            ):  # no semaphores, as in Lambda
                self._pool = ProcessPoolExecutor(number, context, initializer=_end_with_parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is None:
            return
        if error is not None:
            for process in frozenset(multiprocessing.active_children()) - self._others:
                process.terminate()
        self._pool.shutdown(cancel_futures=True)

    def submit(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Callable[[], T]:
        """Let a process call a function of a module; return a function that waits for the result.

        The returned function raises what the called one raises.
        """
        here = partial(function, *args, **kwargs)
        if self._pool is None:
            return here
        try:
            # A terminal sends Ctrl-C to all processes, and this one ends the others.
            with signals_blocked({signal.SIGINT}):
                future = self._pool.submit(function, *args, **kwargs)
        except (OSError, BrokenProcessPool):
            return here

        def result() -> T:
            try:
                return future.result()
            except BrokenProcessPool:  # such as when memory is short
                return here()

        return result


@contextlib.contextmanager
def signals_blocked(numbers: Iterable[int]) -> Iterator[None]:
    """Block signals, also in processes that are started meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    """End this process when its parent has ended, even if the parent was killed."""
    threading.Thread(target=_wait_for_end_of_parent, daemon=True).start()


def _wait_for_end_of_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
