"""A lane: questions to one service, so many at once, first come first served."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.model import Gap, Subject

Question = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Meter:
    """How far an organization is: questions known, and questions answered or given up.

    `known` grows while the answers tell what else to ask.
    """

    known: int = 0
    done: int = 0
    moved: Callable[[], None] = field(default=lambda: None)


class Lane:
    """Runs questions of which each may ask further ones; a question that fails becomes a gap.

    Waiting questions are kept as calls to be made and not as tasks: there can be a hundred thousand.
    """

    def __init__(self, group: asyncio.TaskGroup, width: int, gaps: list[Gap], meter: Meter) -> None:
        self._group = group
        self._width = width
        self.gaps = gaps
        self._meter = meter
        self._waiting: deque[tuple[Subject, Question, Callable[[], None] | None]] = deque()
        self._running = 0

    def continue_in(self, group: asyncio.TaskGroup) -> None:
        """Run what is asked from now on in the tasks of another group; the earlier one has ended."""
        self._group = group

    def ask(self, subject: Subject, question: Question, *, then: Callable[[], None] | None = None) -> None:
        """Put a question about `subject` into the queue; `then` follows it, answered or not."""
        self._meter.known += 1
        self._waiting.append((subject, question, then))
        if self._running < self._width:
            self._running += 1
            self._group.create_task(self._work())

    async def _work(self) -> None:
        while self._waiting:
            subject, question, then = self._waiting.popleft()
            try:
                await question()
            except AwsFailure as failure:
                self.gaps.append(failure.gap(subject))
            if then is not None:
                then()
            self._meter.done += 1
            self._meter.moved()
        self._running -= 1
