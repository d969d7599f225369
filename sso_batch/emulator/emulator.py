"""The emulator as a context manager: a server in its own thread of this process."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from sso_batch.emulator.configuration import environment
from sso_batch.emulator.credentials import Authenticator
from sso_batch.emulator.dispatcher import Dispatcher
from sso_batch.emulator.faults import Fault, FaultInjector
from sso_batch.emulator.limits import Limits, Throttle
from sso_batch.emulator.server import Server
from sso_batch.emulator.service import Behaviour
from sso_batch.emulator.world import World


class Emulator:
    """A world served over HTTP on loopback; a context manager.

    latency: delay of each call, in seconds.
    clock: used for rate limits, the expiry of sessions and the age of events; `signing_clock` for the dates
        of signatures.
    faults: faults to inject; the attribute may be changed at any time.
    throttle: factory of the rate limiter.

    The attributes `calls` and `throttled` count calls by organization and operation. Calls from an account
    that belongs to no organization are counted under "". Of the two operations ListApplications, that of
    Identity Center is counted as `sso:ListApplications`.
    """

    def __init__(  # noqa: PLR0913 - tests set each of them by name
        self,
        world: World,
        *,
        limits: Limits | None = None,
        latency: float = 0.0,
        behaviour: Behaviour | None = None,
        faults: Iterable[Fault] = (),
        seed: int = 0,
        clock: Callable[[], float] = time.time,
        signing_clock: Callable[[], float] = time.time,
        throttle: Callable[[Limits, Callable[[], float]], Throttle] = Throttle,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.faults = list(faults)
        self._dispatcher = Dispatcher(
            world,
            authenticator=Authenticator(clock, signing_clock),
            throttle=throttle(Limits() if limits is None else limits, clock),
            fault_injector=FaultInjector(self.faults, seed, clock),
            behaviour=behaviour or Behaviour(),
            clock=clock,
        )
        self._server = Server(self._dispatcher, latency=latency)
        self._address = host, port
        self.url = ""

    @property
    def world(self) -> World:
        """The world that is served; it can be replaced at any time."""
        return self._dispatcher.world

    @world.setter
    def world(self, world: World) -> None:
        self._loop.call_soon_threadsafe(self._dispatcher.load, world)

    @property
    def calls(self) -> Counter[tuple[str, str]]:
        """The number of calls by organization and operation, including throttled ones."""
        return self._dispatcher.calls

    @property
    def throttled(self) -> Counter[tuple[str, str]]:
        """The number of throttled calls by organization and operation."""
        return self._dispatcher.throttled

    def environment(self) -> dict[str, str]:
        """Return environment variables that connect an AWS client to this emulator, with the hub's key."""
        return environment(self.world, self.url)

    async def serve(self, until: asyncio.Event, ready: Callable[[], None]) -> None:
        """Serve in the running loop until the event is set; call `ready` when `url` is known."""
        self.url = await self._server.start(*self._address)
        ready()
        try:
            await until.wait()
        finally:
            await self._server.stop()

    def __enter__(self) -> Self:
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="emulator", daemon=True)
        self._thread.start()
        ready.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join()

    def _run(self, ready: Future[None]) -> None:
        try:
            asyncio.run(self._serve_in_thread(ready))
        except OSError as error:
            # Raised in `__enter__`: the address is in use or not available.
            ready.set_exception(error)

    async def _serve_in_thread(self, ready: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        await self.serve(self._done, lambda: ready.set_result(None))
