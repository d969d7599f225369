"""The emulated AWS in a process of its own, which tells what it saw."""

import multiprocessing
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from sso_batch.emulator import Emulator, Limits, World
from sso_batch.emulator.limits import Throttle


@dataclass(frozen=True, slots=True)
class Seen:
    """What an emulator saw: calls and throttled ones by organization and operation, and what they cost it.

    `sso_admin` has the times at which each account's calls to sso-admin were let through, in order.
    """

    calls: Counter[tuple[str, str]]
    throttled: Counter[tuple[str, str]]
    processor: float
    sso_admin: dict[str, list[float]] = field(default_factory=dict)

    def throttled_of(self, organization: str) -> Counter[str]:
        """The throttled calls of one organization by operation."""
        return Counter(
            {operation: count for (name, operation), count in self.throttled.items() if name == organization}
        )

    def of(self, organization: str) -> Counter[str]:
        """The calls of one organization by operation."""
        return Counter(
            {operation: count for (name, operation), count in self.calls.items() if name == organization}
        )


@dataclass(frozen=True, slots=True)
class Emulated:
    """A served world: the environment with which a client comes there."""

    world: World
    environ: dict[str, str]
    connection: "Connection[str, Seen]"

    def seen(self) -> Seen:
        """What was seen so far."""
        self.connection.send("seen")
        return self.connection.recv()


@contextmanager
def emulated(world: World, *, limits: bool = True, latency: float = 0.0) -> Iterator[Emulated]:
    """Serve a world for as long as the block lasts; `latency` in seconds a call."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve,
        args=(theirs, world, Limits() if limits else Limits.off(), latency),
        name="emulator",
        daemon=True,
    )
    process.start()
    try:
        yield Emulated(world, ours.recv(), ours)
    finally:
        ours.send("end")
        process.join()


class _Watched(Throttle):
    """The limits, noting when calls to sso-admin are let through."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        super().__init__(limits, clock)
        self.sso_admin: defaultdict[str, list[float]] = defaultdict(list)

    def admits(self, account_id: str, region: str, service: str, operation: str) -> bool:
        """Take a token for one call; False where AWS would throttle it."""
        admitted = super().admits(account_id, region, service, operation)
        if admitted and service == "sso-admin":
            self.sso_admin[account_id].append(time.time())
        return admitted


def _serve(connection: "Connection[object, str]", world: World, limits: Limits, latency: float) -> None:
    watched = _Watched(limits, time.time)
    with Emulator(world, latency=latency, throttle=lambda *_: watched) as emulator:
        connection.send(emulator.environment())
        before = time.process_time()
        while connection.recv() == "seen":
            spent = time.process_time() - before
            connection.send(Seen(emulator.calls, emulator.throttled, spent, dict(watched.sso_admin)))
