"""An event loop whose time passes at once, and a gateway to clients that answer from a script."""

import asyncio
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from sso_batch.aws.gateway import CallCounts, Gateway
from sso_batch.daemon_threads import DaemonThreads

T = TypeVar("T")

Script = list[Mapping[str, Any] | Exception | None]
"""A client's answers, call by call; None hangs forever."""


async def whole(pages: AsyncIterator[list[T]]) -> list[T]:
    """Return the items of all pages."""
    return [item async for page in pages for item in page]


class _Selector(selectors.DefaultSelector):
    """A selector that moves its clock forward instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return events without waiting."""
        events = super().select(0)
        if not events:
            assert timeout is not None, "everything waits, and no event will come"
            self.now += timeout
        return events


class InstantLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock starts at 0 and jumps to the next event."""

    def __init__(self) -> None:
        self._instant = _Selector()
        super().__init__(self._instant)

    def time(self) -> float:
        """Return the seconds that have passed."""
        return self._instant.now


class Instantly:
    """Runs coroutines in one loop, and knows its time."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner

    def __call__(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of a coroutine."""
        return self._runner.run(work)

    def now(self) -> float:
        """Return the loop's time."""
        return self._runner.get_loop().time()


class _InLine(DaemonThreads):
    """DaemonThreads that do the work in the event loop, and then yield to it once, as a thread would."""

    async def run(self, work: Callable[[], T]) -> T:
        """Return the result in the next iteration of the loop."""
        answer = work()
        await asyncio.sleep(0)
        if answer is None:
            await asyncio.Event().wait()
        return answer


class Clients:
    """A client for every service: it answers from a method's script, and records each call and its time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.scripts: dict[str, Script] = {}
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.times: list[float] = []
        self._now = now

    def __call__(self, service: str) -> Any:  # noqa: ANN401 - as botocore's clients
        """Return the client of a service."""
        return _Client(self, service)

    def answer(self, service: str, method: str, parameters: dict[str, object]) -> Mapping[str, Any] | None:
        """Return the next answer of the script."""
        self.asked.append((f"{service}.{method}", parameters))
        self.times.append(self._now())
        script = self.scripts[method]
        answer = script.pop(0) if len(script) > 1 else script[0]  # the last answer repeats
        if isinstance(answer, Exception):
            raise answer
        return answer


class _Client:
    def __init__(self, clients: Clients, service: str) -> None:
        self._clients = clients
        self._service = service

    def __getattr__(self, method: str) -> Callable[..., Mapping[str, Any] | None]:
        return lambda **parameters: self._clients.answer(self._service, method, parameters)


@pytest.fixture
def instantly(monkeypatch: pytest.MonkeyPatch) -> Iterator[Instantly]:
    with asyncio.Runner(loop_factory=InstantLoop) as runner:
        run = Instantly(runner)
        monkeypatch.setattr("sso_batch.aws.rate_limiter.time", SimpleNamespace(monotonic=run.now))
        yield run


@pytest.fixture
def clients(instantly: Instantly) -> Clients:
    return Clients(instantly.now)


MakeGateway = Callable[..., Gateway]


@pytest.fixture
def gateway(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> MakeGateway:
    """Return a factory of gateways whose pauses have their maximum length."""
    monkeypatch.setattr("sso_batch.aws.backoff.random", SimpleNamespace(uniform=lambda _, longest: longest))

    def make(**settings: Any) -> Gateway:  # noqa: ANN401 - a gateway's
        defaults: dict[str, Any] = {"rates": {}, "counts": CallCounts()}
        return Gateway(clients, _InLine(1, "in line"), **defaults | settings)

    return make
