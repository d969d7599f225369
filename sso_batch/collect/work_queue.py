"""Queues of AWS calls: a limited number at a time, in the order in which they were added."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.model import Gap, Subject

T = TypeVar("T")

Job = Callable[[], Awaitable[None]]
"""A listing or a single call, and what to do with the answer."""


@dataclass(slots=True)
class JobCount:
    """The jobs of one organization: how many are known, and how many have finished or failed.

    `known` grows while answers add further jobs. `on_change` is called whenever a job has finished.
    """

    known: int = 0
    done: int = 0
    on_change: Callable[[], None] = field(default=lambda: None)


class Jobs:
    """The jobs of one organization, in all of its queues: their tasks, their gaps, and those who wait."""

    def __init__(self, count: JobCount, gaps: list[Gap]) -> None:
        self.count = count
        self.gaps = gaps
        self.group = asyncio.TaskGroup()
        self._waiting: list[tuple[Callable[[], object], asyncio.Event]] = []

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run jobs until the block has ended and no job is left; a bug in a job cancels all of them."""
        async with asyncio.TaskGroup() as self.group:
            yield

    def notify(self) -> None:
        """Report that something has become known; only those wake up who waited for it."""
        for settled, news in self._waiting:
            if settled():
                news.set()

    async def until(self, settled: Callable[[], T | None]) -> T:
        """Return the first true value of `settled`, which is called whenever something has become known."""
        while not (value := settled()):
            waiting = settled, asyncio.Event()
            self._waiting.append(waiting)
            try:
                await waiting[1].wait()
            finally:
                self._waiting.remove(waiting)
        return value


class WorkQueue:
    """Runs jobs, which may add further ones; a job whose call fails becomes a gap.

    Waiting jobs are kept as callables and not as tasks: there can be a hundred thousand.
    """

    def __init__(self, jobs: Jobs, width: int) -> None:
        self.jobs = jobs
        self.gaps = jobs.gaps
        self._width = width
        self._waiting: deque[tuple[Subject, Job, Batch | None]] = deque()
        self._running = 0

    def add(self, subject: Subject, job: Job, batch: "Batch | None" = None) -> None:
        """Add a job about `subject`, perhaps as one of a batch."""
        self.jobs.count.known += 1
        self._waiting.append((subject, job, batch))
        if self._running < self._width:
            self._running += 1
            self.jobs.group.create_task(self._work())

    async def _work(self) -> None:
        while self._waiting:
            subject, job, batch = self._waiting.popleft()
            try:
                await job()
            except AwsFailure as failure:
                self.gaps.append(failure.gap(subject))
            if batch is not None:
                batch.finish_job()
            self.jobs.count.done += 1
            self.jobs.count.on_change()
            await asyncio.sleep(0)  # a step that waits for the answer acts on it before the next call
        self._running -= 1


class Batch:
    """Jobs of a queue that are awaited together; `pending` counts those that have not ended yet."""

    def __init__(self, queue: WorkQueue) -> None:
        self.pending = 0
        self._queue = queue

    def add(self, subject: Subject, job: Job) -> None:
        """Add a job about `subject` to the queue; a job of the batch may do so, too."""
        self.pending += 1
        self._queue.add(subject, job, self)

    def finish_job(self) -> None:
        """Note that a job has ended, whether it failed or not."""
        self.pending -= 1
        self._queue.jobs.notify()

    async def done(self) -> None:
        """Wait until no job is pending."""
        await self._queue.jobs.until(lambda: not self.pending)


async def run_together(*steps: Coroutine[Any, Any, None]) -> None:
    """Run steps at the same time, until all have ended."""
    async with asyncio.TaskGroup() as group:
        for step in steps:
            group.create_task(step)
