"""Threads for work that blocks: started as they are needed, and never waited for at the end.

A call that hangs must not keep the process from ending when it is told to; a ThreadPoolExecutor joins its
threads at exit, these are daemons.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_PATIENCE = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[Any]"


class DaemonThreads:
    """At most `limit` threads; one is started only when a job comes and none is idle.

    Of the idle ones the last to have worked works next: its memory is still warm.
    """

    def __init__(self, limit: int, name: str) -> None:
        self._limit = limit
        self._name = name
        self._lock = threading.Lock()
        self._idle: list[SimpleQueue[_Job | None]] = []
        self._waiting: deque[_Job] = deque()
        self._started = 0
        self._closed = False

    async def run(self, work: Callable[[], T]) -> T:
        """Do `work` in a thread; its answer or its exception is ours. Cancelling leaves the thread alone."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        job = _Job(work, loop, answer)
        with self._lock:
            idle = self._idle.pop() if self._idle else None
            if idle is None:
                self._waiting.append(job)
        if idle is not None:
            idle.put(job)
        else:
            self._start_one()
            while not self._started:  # the system has no thread to spare: others will end
                await asyncio.sleep(_PATIENCE)
                self._start_one()
        return await answer

    def _start_one(self) -> None:
        """Start one more thread, if the limit and the system (`--pids-limit`) let us."""
        if self._started < self._limit:
            name = f"{self._name}-{self._started + 1}"
            with contextlib.suppress(RuntimeError):
                threading.Thread(target=self._work, name=name, daemon=True).start()
                self._started += 1

    def close(self) -> None:
        """Let the threads end once they have nothing to do."""
        with self._lock:
            self._closed = True
            while self._idle:
                self._idle.pop().put(None)

    def _work(self) -> None:
        jobs: SimpleQueue[_Job | None] = SimpleQueue()
        while (job := self._next(jobs)) is not None:
            result: Any = None
            error: BaseException | None = None
            try:
                if not job.answer.cancelled():  # while it waited
                    result = job.work()
            except StopIteration as caught:  # which no future can hold
                error = RuntimeError(f"{caught!r} in a thread")
            except BaseException as caught:  # noqa: BLE001 - it is the waiting coroutine's to handle
                error = caught
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
                job.loop.call_soon_threadsafe(_settle, job.answer, result, error)
            del job, result, error

    def _next(self, jobs: "SimpleQueue[_Job | None]") -> _Job | None:
        """The next job of a thread that is free; `jobs` is its own queue. None where there will be none."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if self._closed:
                return None
            self._idle.append(jobs)
        return jobs.get()


def _settle(answer: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:  # noqa: ANN401
    if answer.done():  # cancelled meanwhile
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)
