"""Queues of AWS calls: a limited number at a time, in the order in which they were added."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.model import Gap, Subject

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


class WorkQueue:
    """Runs jobs, which may add further ones; a job whose call fails becomes a gap.

    Waiting jobs are kept as callables and not as tasks: there can be a hundred thousand.
    """

    def __init__(self, group: asyncio.TaskGroup, width: int, gaps: list[Gap], count: JobCount) -> None:
        self._group = group
        self._width = width
        self.gaps = gaps
        self._count = count
        self._waiting: deque[tuple[Subject, Job, Callable[[], None] | None]] = deque()
        self._running = 0

    def use_group(self, group: asyncio.TaskGroup) -> None:
        """Run the jobs added from now on in the tasks of another group; the previous one has ended."""
        self._group = group

    def add(self, subject: Subject, job: Job, *, then: Callable[[], None] | None = None) -> None:
        """Add a job about `subject`; `then` is called after it, whether it failed or not."""
        self._count.known += 1
        self._waiting.append((subject, job, then))
        if self._running < self._width:
            self._running += 1
            self._group.create_task(self._work())

    async def _work(self) -> None:
        while self._waiting:
            subject, job, then = self._waiting.popleft()
            try:
                await job()
            except AwsFailure as failure:
                self.gaps.append(failure.gap(subject))
            if then is not None:
                then()
            self._count.done += 1
            self._count.on_change()
        self._running -= 1
