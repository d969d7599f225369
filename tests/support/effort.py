"""Measures of effort that do not depend on the machine: function calls, and a limit of processor time."""

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Self

_PATIENCE = 10.0  # seconds of processor time; what never ends takes more


class Calls:
    """Counts the function calls of this thread, in Python and in C, while in its `with` block.

    What the template engine does is not counted: to compile a template takes always the same.
    """

    def __init__(self) -> None:
        self.total = 0
        self.longest = 0
        """The most calls between two looks, or before the first or after the last."""
        self._before = 0

    def __enter__(self) -> Self:
        """Start to count."""
        sys.setprofile(self._count)
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        sys.setprofile(None)
        self.look()

    def look(self) -> None:
        """Note that the work could be stopped here."""
        self.longest = max(self.longest, self.total - self._before)
        self._before = self.total

    def _count(self, frame: FrameType, event: str, __: object) -> None:
        if event in {"call", "c_call"} and not str(frame.f_globals.get("__name__")).startswith("jinja2."):
            self.total += 1


def calls(work: Callable[[], object]) -> int:
    """Count the function calls that `work` makes."""
    with Calls() as counted:
        work()
    return counted.total


@contextlib.contextmanager
def ends_at_once() -> Iterator[None]:
    """Fail what takes more processor time than anything that ends; also within one regular expression."""

    def fail(_: int, __: object) -> None:
        raise AssertionError("this does not end")

    before = signal.signal(signal.SIGPROF, fail)
    signal.setitimer(signal.ITIMER_PROF, _PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
