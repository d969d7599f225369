"""The queue of calls: in order, and a limited number at a time."""

import asyncio
from functools import partial

import pytest

from sso_batch.collect.work_queue import Batch, JobCount, Jobs, WorkQueue
from sso_batch.model import Gap, GapKind, Subject
from tests.collect.conftest import refused, run_jobs


def about(resource: str) -> Subject:
    return Subject(GapKind.USERS, resource)


def test_a_bug_is_no_gap(gaps: list[Gap]) -> None:
    """An unexpected error is raised, and never recorded as a gap."""

    async def bug() -> None:
        raise ValueError("a bug")

    def start(queue: WorkQueue) -> None:
        queue.add(about("x"), bug)

    with pytest.raises(ExceptionGroup) as caught:
        run_jobs(gaps, start)

    assert isinstance(caught.value.exceptions[0], ValueError)
    assert gaps == []


def test_a_failure_is_one_gap_and_the_others_run(gaps: list[Gap]) -> None:
    """A failed job is a gap for its own resource, and the other jobs run; their batch ends after both."""
    order: list[str] = []
    tasks: list[asyncio.Task[None]] = []

    async def fails() -> None:
        raise refused("ListUsers")

    async def works() -> None:
        order.append("works")

    async def waits(batch: Batch) -> None:
        await batch.done()
        order.append("done")

    def start(queue: WorkQueue) -> None:
        batch = Batch(queue)
        batch.add(about("bad"), fails)
        batch.add(about("good"), works)
        tasks.append(queue.jobs.group.create_task(waits(batch)))

    count = run_jobs(gaps, start, width=1)

    assert gaps == [Gap(GapKind.USERS, "ListUsers", "bad", "AccessDeniedException", "no", "ask")]
    assert order == ["works", "done"]
    assert (count.known, count.done) == (2, 2)


def test_an_answer_is_used_before_the_next_call(gaps: list[Gap]) -> None:
    """Who waits for an answer acts on it before the queue starts its next job."""
    order: list[str] = []

    async def job(number: int) -> None:
        order.append(f"job {number}")

    def start(queue: WorkQueue) -> None:
        async def answer() -> None:
            await job(1)
            queue.jobs.notify()

        async def act() -> None:
            await queue.jobs.until(lambda: "job 1" in order)
            order.append("acted")

        queue.jobs.group.create_task(act())
        queue.add(about("1"), answer)
        queue.add(about("2"), partial(job, 2))

    run_jobs(gaps, start, width=1)

    assert order == ["job 1", "acted", "job 2"]


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

    def start(queue: WorkQueue) -> None:
        for number in range(20):
            queue.add(about(str(number)), job)

    count = run_jobs(gaps, start, width=width)

    assert most == width
    assert count.done == 20


def test_jobs_that_add_jobs(gaps: list[Gap]) -> None:
    """A job may add further jobs; the queue runs until none is left."""
    asked: list[int] = []

    def start(queue: WorkQueue) -> None:
        async def job(depth: int) -> None:
            asked.append(depth)
            if depth < 3:
                for _ in range(2):
                    queue.add(about(str(depth)), lambda: job(depth + 1))

        queue.add(about("0"), lambda: job(0))

    run_jobs(gaps, start, width=2)

    assert sorted(asked) == [0] + [1] * 2 + [2] * 4 + [3] * 8


async def _news(jobs: Jobs, *reports: bool) -> tuple[bool, int]:
    """Report news to a step, each with whether it is what the step waits for; all before the step goes on.

    Return whether the step has ended, and how often it had asked.
    """
    known, asked = False, 0

    def settled() -> bool:
        nonlocal asked
        asked += 1
        return known

    step = asyncio.create_task(jobs.until(settled))
    await asyncio.sleep(0)
    for report in reports:
        known = report
        jobs.notify()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    ended = step.done()
    step.cancel()
    return ended, asked


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ((False,), (False, 2)),  # when it started, and at the report: the step itself did not wake up
        ((False, False), (False, 3)),
        ((True,), (True, 3)),
        ((True, False), (False, 4)),  # what was settled is not any more: it waits again
    ],
)
def test_only_those_wake_up_who_waited_for_it(
    gaps: list[Gap], reports: tuple[bool, ...], expected: tuple[bool, int]
) -> None:
    """A step that waits goes on when what it waits for has become known, and sleeps through other news."""
    assert asyncio.run(_news(Jobs(JobCount(), gaps), *reports)) == expected


def test_a_cancelled_step_waits_for_nothing(gaps: list[Gap]) -> None:
    """Nothing asks for a step that was cancelled while it waited."""
    asked: list[str] = []

    async def scene() -> None:
        jobs = Jobs(JobCount(), gaps)
        step: asyncio.Task[None] = asyncio.create_task(jobs.until(lambda: asked.append("asked")))
        await asyncio.sleep(0)
        step.cancel()
        with pytest.raises(asyncio.CancelledError):
            await step
        jobs.notify()

    asyncio.run(scene())

    assert asked == ["asked"]
