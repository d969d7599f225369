"""A pool of daemon threads for blocking calls.

A call that hangs must not delay the end of the process. A ThreadPoolExecutor joins its threads at exit, so it
cannot be used.
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

_RETRY_INTERVAL = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    result: "asyncio.Future[Any]"


class DaemonThreads:
    """A pool of at most `limit` threads; a thread is started only if no other is idle.

    The most recently used thread takes the next job, because its memory is still in the cache.
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
        """Run `work` in a thread and return its result or raise its exception.

        On cancellation the thread keeps running.
        """
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        job = _Job(work, loop, result)
        with self._lock:
            idle = self._idle.pop() if self._idle else None
            if idle is None:
                self._waiting.append(job)
        if idle is not None:
            idle.put(job)
        else:
            self._start_thread()
            while not self._started:  # the system has no free thread; other threads will end
                await asyncio.sleep(_RETRY_INTERVAL)
                self._start_thread()
        return await result

    def _start_thread(self) -> None:
        """Start another thread if the limit and the system (`--pids-limit`) allow it."""
        if self._started < self._limit:
            name = f"{self._name}-{self._started + 1}"
            with contextlib.suppress(RuntimeError):
                threading.Thread(target=self._work, name=name, daemon=True).start()
                self._started += 1

    def close(self) -> None:
        """End each thread as soon as it is idle."""
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
                if not job.result.cancelled():  # while it was queued
                    result = job.work()
            except StopIteration as caught:  # a future cannot store it
                error = RuntimeError(f"{caught!r} in a thread")
            except BaseException as caught:  # noqa: BLE001 - the waiting coroutine handles it
                error = caught
            with contextlib.suppress(RuntimeError):  # the event loop is closed
                job.loop.call_soon_threadsafe(_settle, job.result, result, error)
            del job, result, error

    def _next(self, jobs: "SimpleQueue[_Job | None]") -> _Job | None:
        """Wait for the next job of the thread with the queue `jobs`; return None when the pool is closed."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if self._closed:
                return None
            self._idle.append(jobs)
        return jobs.get()


def _settle(future: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:  # noqa: ANN401
    if future.done():  # cancelled in the meantime
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
