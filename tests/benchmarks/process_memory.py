"""The memory of the processes that a benchmark starts, with those that they start, on Linux."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

_INTERVAL = 0.02  # seconds
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PROC = Path("/proc")


class PeakMemory:
    """The highest sum of the resident memory of the processes that this one starts meanwhile, in bytes.

    Those that they start are included. Pages that processes share are counted for each of them. `processes`
    is their highest number.
    """

    def __init__(self) -> None:
        self.peak = 0
        self.processes = 0
        self._others = frozenset(_descendants(os.getpid()))
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_INTERVAL):
            resident = [_resident(pid) for pid in _descendants(os.getpid()) if pid not in self._others]
            self.peak = max(self.peak, sum(resident))
            self.processes = max(self.processes, len(resident))


def _descendants(pid: int) -> Iterator[int]:
    """Yield the processes that a process or its threads started, and those that these started."""
    for children in _PROC.glob(f"{pid}/task/*/children"):
        for child in map(int, _text(children).split()):
            yield child
            yield from _descendants(child)


def _resident(pid: int) -> int:
    fields = _text(_PROC / str(pid) / "statm").split()
    return int(fields[1]) * _PAGE if fields else 0


def _text(path: Path) -> str:
    """Return the content of a file; nothing if its process has ended."""
    try:
        return path.read_text()
    except OSError:
        return ""
