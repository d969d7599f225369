"""Threads for work that blocks."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial

import pytest

from sso_batch.daemon_threads import DaemonThreads

SOON = 10  # seconds in which a thread must have come around; never waited for where all is well


def names(prefix: str) -> list[str]:
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith(f"{prefix}-"))


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop go round until a thread has come so far."""
    while not condition():  # noqa: ASYNC110 - a thread cannot set an asyncio.Event
        await asyncio.sleep(0)


async def at_once(workers: DaemonThreads, jobs: int) -> list[str]:
    """Give the names of the threads of so many jobs, none of which ends before all have begun."""
    together = threading.Barrier(jobs)

    def work() -> str:
        together.wait(SOON)
        return threading.current_thread().name

    return sorted(await asyncio.gather(*(workers.run(work) for _ in range(jobs))))


def ended(prefix: str) -> bool:
    for thread in threading.enumerate():
        if thread.name.startswith(f"{prefix}-"):
            thread.join(SOON)
    return not names(prefix)


@pytest.mark.parametrize("error", [OSError("full"), KeyError("a bug"), SystemExit(3)])
def test_exception(error: BaseException) -> None:
    """What a job raises is raised to whoever waits for it, and the thread goes on to the next."""
    workers = DaemonThreads(1, "raising")

    def fail() -> None:
        raise error

    async def both() -> tuple[BaseException | None, str]:
        caught: BaseException | None = None
        try:
            await workers.run(fail)
        except BaseException as raised:  # noqa: BLE001 - whatever it is
            caught = raised
        return caught, await workers.run(lambda: threading.current_thread().name)

    assert asyncio.run(both()) == (error, "raising-1")
    workers.close()
    assert ended("raising")


def test_cancelled_wait() -> None:
    """Whoever is cancelled stops waiting at once; the thread ends its job unheard and takes the next."""
    workers = DaemonThreads(1, "cancelled")
    begun, go_on, jobs = threading.Event(), threading.Event(), []
    unhandled: list[dict[str, object]] = []

    def slow() -> str:
        begun.set()
        go_on.wait(SOON)
        jobs.append("slow")
        return "nobody's"

    async def scene() -> str:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
        waiting = asyncio.create_task(workers.run(slow))
        await until(begun.is_set)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        go_on.set()
        return await workers.run(lambda: "next")

    assert asyncio.run(scene()) == "next"
    assert jobs == ["slow"]
    assert unhandled == []
    workers.close()
    assert ended("cancelled")


def test_loop_that_has_ended(recwarn: pytest.WarningsRecorder) -> None:
    """An answer that comes after the end of the loop is dropped, and the thread lives on."""
    workers = DaemonThreads(1, "late")
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait(SOON)

    async def leave() -> None:
        waiting = asyncio.create_task(workers.run(slow))
        await until(begun.is_set)
        waiting.cancel()

    asyncio.run(leave())
    go_on.set()

    assert asyncio.run(workers.run(lambda: threading.current_thread().name)) == "late-1"
    assert list(recwarn) == []
    workers.close()
    assert ended("late")


def test_no_thread_without_a_job() -> None:
    """Threads are started as they are needed: none at first, one where jobs come one after the other."""
    workers = DaemonThreads(8, "lazy")
    before = names("lazy")

    async def one_by_one() -> set[str]:
        used = set()
        for _ in range(20):
            used.add(await workers.run(lambda: threading.current_thread().name))
            await until(lambda: bool(workers._idle))  # the thread has yet to say that it is free
        return used

    assert before == []
    assert asyncio.run(one_by_one()) == {"lazy-1"}
    assert names("lazy") == ["lazy-1"]
    workers.close()
    assert ended("lazy")


def test_no_thread_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no thread to spare, a job waits until it has one, and is done once."""
    start, refusals, jobs = threading.Thread.start, [1, 1, 1], []

    def start_late(thread: threading.Thread) -> None:
        if refusals:
            refusals.pop()
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr("sso_batch.daemon_threads._PATIENCE", 0)
    monkeypatch.setattr(threading.Thread, "start", start_late)
    workers = DaemonThreads(2, "refused")

    asyncio.run(workers.run(lambda: jobs.append("done")))

    assert (jobs, refusals) == (["done"], [])
    assert names("refused") == ["refused-1"]
    workers.close()
    assert ended("refused")


def test_as_many_threads_as_jobs_up_to_the_limit() -> None:
    """Jobs that wait for one another all run, each in a thread of its own, and so they do again."""
    workers = DaemonThreads(4, "full")

    async def twice() -> list[list[str]]:
        return [await at_once(workers, 4), await at_once(workers, 4)]

    assert asyncio.run(twice()) == [["full-1", "full-2", "full-3", "full-4"]] * 2
    workers.close()
    assert ended("full")


def test_never_more_than_the_limit() -> None:
    """More jobs than threads wait for their turn, first come first served, and each gets its own answer."""
    workers = DaemonThreads(2, "limited")
    lock = threading.Lock()
    running = most = 0

    def work(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        with lock:
            running -= 1
        return number

    async def many() -> list[int]:
        jobs: list[Callable[[], int]] = [partial(work, number) for number in range(200)]
        return await asyncio.gather(*(workers.run(job) for job in jobs))

    assert asyncio.run(many()) == list(range(200))
    assert most <= 2
    assert names("limited") == ["limited-1", "limited-2"]
    workers.close()
    assert ended("limited")


def test_stop_iteration() -> None:
    """An end of iteration, which no future can hold, reaches the waiting coroutine as an error."""
    workers = DaemonThreads(1, "iterating")

    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(workers.run(lambda: next(iter(()))))

    workers.close()


def test_cancelled_while_queued() -> None:
    """A job whose waiter has gone before its turn is not done."""
    workers = DaemonThreads(1, "queued")
    release = threading.Event()
    done: list[str] = []

    async def run() -> None:
        first = asyncio.ensure_future(workers.run(release.wait))
        second = asyncio.ensure_future(workers.run(lambda: done.append("second")))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        release.set()
        await first
        await workers.run(lambda: done.append("third"))

    asyncio.run(run())

    assert done == ["third"]
    workers.close()


def test_threads_never_hold_up_the_end() -> None:
    """A call that hangs must not keep the process: the threads are daemons."""
    workers = DaemonThreads(1, "daemon")

    daemon = asyncio.run(workers.run(lambda: threading.current_thread().daemon))

    assert daemon
    workers.close()
    assert ended("daemon")
