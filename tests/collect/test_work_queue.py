"""The queue of calls: in order, and a limited number at a time."""

import asyncio
from typing import Any

import pytest

from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import Gap, GapKind, Subject
from tests.collect.conftest import collect, refused


def nothing() -> None:
    pass


def about(resource: str) -> Subject:
    return Subject(GapKind.USERS, resource)


def test_a_bug_is_no_gap(gaps: list[Gap]) -> None:
    """An unexpected error is raised, and never recorded as a gap."""

    async def bug() -> None:
        raise ValueError("a bug")

    def start(queue: WorkQueue) -> Any:  # noqa: ANN401 - a function
        queue.add(about("x"), bug)
        return [nothing]

    with pytest.raises(ExceptionGroup) as caught:
        collect(start, gaps)

    assert isinstance(caught.value.exceptions[0], ValueError)
    assert gaps == []


def test_a_failure_is_one_gap_and_the_others_run(gaps: list[Gap]) -> None:
    """A failed job is a gap for its own resource; its `then` is called, and the other jobs run."""
    order: list[str] = []

    async def fails() -> None:
        raise refused("ListUsers")

    async def works() -> None:
        order.append("works")

    def start(queue: WorkQueue) -> Any:  # noqa: ANN401 - a function
        queue.add(about("bad"), fails, then=lambda: order.append("then"))
        queue.add(about("good"), works)
        return [nothing]

    count = collect(start, gaps, width=1)

    assert gaps == [Gap(GapKind.USERS, "ListUsers", "bad", "AccessDeniedException", "no", "ask")]
    assert order == ["then", "works"]
    assert (count.known, count.done) == (2, 2)


@pytest.mark.parametrize("width", [1, 3, 8])
def test_width(gaps: list[Gap], width: int) -> None:
    """As many jobs run at a time as the queue is wide, as long as there are enough."""
    running = most = 0

    async def job() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    def start(queue: WorkQueue) -> Any:  # noqa: ANN401 - a function
        for number in range(20):
            queue.add(about(str(number)), job)
        return [nothing]

    count = collect(start, gaps, width=width)

    assert most == width
    assert count.done == 20


def test_jobs_that_add_jobs(gaps: list[Gap]) -> None:
    """A job may add further jobs; the queue runs until none is left."""
    asked: list[int] = []

    def start(queue: WorkQueue) -> Any:  # noqa: ANN401 - a function
        async def job(depth: int) -> None:
            asked.append(depth)
            if depth < 3:
                for _ in range(2):
                    queue.add(about(str(depth)), lambda: job(depth + 1))

        queue.add(about("0"), lambda: job(0))
        return [nothing]

    collect(start, gaps, width=2)

    assert sorted(asked) == [0] + [1] * 2 + [2] * 4 + [3] * 8
