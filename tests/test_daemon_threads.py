"""Tests of the pool of daemon threads."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial

import pytest

from sso_batch.daemon_threads import DaemonThreads

TIMEOUT = 10  # seconds; reached only if a test fails


def names(prefix: str) -> list[str]:
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith(f"{prefix}-"))


async def until(condition: Callable[[], bool]) -> None:
    """Run the event loop until a condition that a thread fulfils is true."""
    while not condition():  # noqa: ASYNC110 - a thread cannot set an asyncio.Event
        await asyncio.sleep(0)


async def concurrent_thread_names(workers: DaemonThreads, jobs: int) -> list[str]:
    """Return the threads of `jobs` jobs, none of which ends before all have started."""
    barrier = threading.Barrier(jobs)

    def work() -> str:
        barrier.wait(TIMEOUT)
        return threading.current_thread().name

    return sorted(await asyncio.gather(*(workers.run(work) for _ in range(jobs))))


def ended(prefix: str) -> bool:
    for thread in threading.enumerate():
        if thread.name.startswith(f"{prefix}-"):
            thread.join(TIMEOUT)
    return not names(prefix)


@pytest.mark.parametrize("error", [OSError("full"), KeyError("a bug"), SystemExit(3)])
def test_exception(error: BaseException) -> None:
    """An exception of a job is raised in the coroutine that waits, and the thread takes the next job."""
    workers = DaemonThreads(1, "raising")

    def fail() -> None:
        raise error

    async def both() -> tuple[BaseException | None, str]:
        caught: BaseException | None = None
        try:
            await workers.run(fail)
        except BaseException as raised:  # noqa: BLE001 - also SystemExit
            caught = raised
        return caught, await workers.run(lambda: threading.current_thread().name)

    assert asyncio.run(both()) == (error, "raising-1")
    workers.close()
    assert ended("raising")


def test_cancelled_wait() -> None:
    """A cancelled coroutine stops waiting; the thread completes its job and takes the next."""
    workers = DaemonThreads(1, "cancelled")
    started, release, jobs = threading.Event(), threading.Event(), []
    unhandled: list[dict[str, object]] = []

    def slow() -> str:
        started.set()
        release.wait(TIMEOUT)
        jobs.append("slow")
        return "ignored"

    async def scene() -> str:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
        waiting = asyncio.create_task(workers.run(slow))
        await until(started.is_set)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        release.set()
        return await workers.run(lambda: "next")

    assert asyncio.run(scene()) == "next"
    assert jobs == ["slow"]
    assert unhandled == []
    workers.close()
    assert ended("cancelled")


def test_closed_loop(recwarn: pytest.WarningsRecorder) -> None:
    """A result that arrives after the end of the event loop is dropped, and the thread continues."""
    workers = DaemonThreads(1, "late")
    started, release = threading.Event(), threading.Event()

    def slow() -> None:
        started.set()
        release.wait(TIMEOUT)

    async def leave() -> None:
        waiting = asyncio.create_task(workers.run(slow))
        await until(started.is_set)
        waiting.cancel()

    asyncio.run(leave())
    release.set()

    assert asyncio.run(workers.run(lambda: threading.current_thread().name)) == "late-1"
    assert list(recwarn) == []
    workers.close()
    assert ended("late")


def test_no_thread_without_a_job() -> None:
    """Threads are started on demand: none at first, and one for sequential jobs."""
    workers = DaemonThreads(8, "lazy")
    before = names("lazy")

    async def sequential_jobs() -> set[str]:
        used = set()
        for _ in range(20):
            used.add(await workers.run(lambda: threading.current_thread().name))
            await until(lambda: bool(workers._idle))  # the thread is not idle yet
        return used

    assert before == []
    assert asyncio.run(sequential_jobs()) == {"lazy-1"}
    assert names("lazy") == ["lazy-1"]
    workers.close()
    assert ended("lazy")


def test_no_free_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system cannot start a thread, a job waits until it can, and runs once."""
    start, failures, jobs = threading.Thread.start, [1, 1, 1], []

    def start_later(thread: threading.Thread) -> None:
        if failures:
            failures.pop()
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr("sso_batch.daemon_threads._RETRY_INTERVAL", 0)
    monkeypatch.setattr(threading.Thread, "start", start_later)
    workers = DaemonThreads(2, "refused")

    asyncio.run(workers.run(lambda: jobs.append("done")))

    assert (jobs, failures) == (["done"], [])
    assert names("refused") == ["refused-1"]
    workers.close()
    assert ended("refused")


def test_as_many_threads_as_jobs_up_to_the_limit() -> None:
    """Jobs that wait for one another run in separate threads, which are reused."""
    workers = DaemonThreads(4, "full")

    async def twice() -> list[list[str]]:
        return [await concurrent_thread_names(workers, 4), await concurrent_thread_names(workers, 4)]

    assert asyncio.run(twice()) == [["full-1", "full-2", "full-3", "full-4"]] * 2
    workers.close()
    assert ended("full")


def test_never_more_than_the_limit() -> None:
    """Excess jobs are queued in order, and each gets its own result."""
    workers = DaemonThreads(2, "limited")
    lock = threading.Lock()
    running = peak = 0

    def work(number: int) -> int:
        nonlocal running, peak
        with lock:
            running += 1
            peak = max(peak, running)
        with lock:
            running -= 1
        return number

    async def many() -> list[int]:
        jobs: list[Callable[[], int]] = [partial(work, number) for number in range(200)]
        return await asyncio.gather(*(workers.run(job) for job in jobs))

    assert asyncio.run(many()) == list(range(200))
    assert peak <= 2
    assert names("limited") == ["limited-1", "limited-2"]
    workers.close()
    assert ended("limited")


def test_stop_iteration() -> None:
    """StopIteration, which a future cannot store, is raised as RuntimeError."""
    workers = DaemonThreads(1, "iterating")

    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(workers.run(lambda: next(iter(()))))

    workers.close()


def test_cancelled_while_queued() -> None:
    """A job that is cancelled while it is queued does not run."""
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


def test_threads_are_daemons() -> None:
    """A call that hangs does not delay the end of the process."""
    workers = DaemonThreads(1, "daemon")

    daemon = asyncio.run(workers.run(lambda: threading.current_thread().daemon))

    assert daemon
    workers.close()
    assert ended("daemon")
