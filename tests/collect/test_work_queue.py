"""A lane: questions in order, so many at once."""

import asyncio
from typing import Any

import pytest

from sso_batch.collect.work_queue import Lane
from sso_batch.model import Gap, GapKind, Subject
from tests.collect.conftest import collect, refused


def nothing() -> None:
    pass


def about(resource: str) -> Subject:
    return Subject(GapKind.USERS, resource)


def test_a_bug_is_no_gap(gaps: list[Gap]) -> None:
    """What is not AWS's is raised, and never recorded as a hole."""

    async def bug() -> None:
        raise ValueError("a bug")

    def start(lane: Lane) -> Any:  # noqa: ANN401 - a function
        lane.ask(about("x"), bug)
        return [nothing]

    with pytest.raises(ExceptionGroup) as caught:
        collect(start, gaps)

    assert isinstance(caught.value.exceptions[0], ValueError)
    assert gaps == []


def test_a_failure_is_one_gap_and_the_rest_goes_on(gaps: list[Gap]) -> None:
    """A question that fails is a gap on its own resource; what follows it follows, and the others go on."""
    order: list[str] = []

    async def fails() -> None:
        raise refused("ListUsers")

    async def works() -> None:
        order.append("works")

    def start(lane: Lane) -> Any:  # noqa: ANN401 - a function
        lane.ask(about("bad"), fails, then=lambda: order.append("then"))
        lane.ask(about("good"), works)
        return [nothing]

    meter = collect(start, gaps, width=1)

    assert gaps == [Gap(GapKind.USERS, "ListUsers", "bad", "AccessDeniedException", "no", "ask")]
    assert order == ["then", "works"]
    assert (meter.known, meter.done) == (2, 2)


@pytest.mark.parametrize("width", [1, 3, 8])
def test_width(gaps: list[Gap], width: int) -> None:
    """Never more questions at once than the lane is wide, and never fewer while there are enough."""
    running = most = 0

    async def question() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    def start(lane: Lane) -> Any:  # noqa: ANN401 - a function
        for number in range(20):
            lane.ask(about(str(number)), question)
        return [nothing]

    meter = collect(start, gaps, width=width)

    assert most == width
    assert meter.done == 20


def test_questions_that_ask_further(gaps: list[Gap]) -> None:
    """An answer may ask what nobody knew to ask; the lane goes on until there is nothing left."""
    asked: list[int] = []

    def start(lane: Lane) -> Any:  # noqa: ANN401 - a function
        async def question(depth: int) -> None:
            asked.append(depth)
            if depth < 3:
                for _ in range(2):
                    lane.ask(about(str(depth)), lambda: question(depth + 1))

        lane.ask(about("0"), lambda: question(0))
        return [nothing]

    collect(start, gaps, width=2)

    assert sorted(asked) == [0] + [1] * 2 + [2] * 4 + [3] * 8
