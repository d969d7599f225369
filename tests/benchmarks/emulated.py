"""The emulator in a separate process that reports its measurements."""

import multiprocessing
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from sso_batch.emulator import Behaviour, Emulator, Limits, World
from sso_batch.emulator.limits import Throttle


@dataclass(frozen=True, slots=True)
class Measurements:
    """An emulator's calls and throttled calls by organization and operation, and its processor time.

    `sso_admin` contains the times at which calls to sso-admin were admitted, by account and in order.
    """

    calls: Counter[tuple[str, str]]
    throttled: Counter[tuple[str, str]]
    processor: float
    sso_admin: dict[str, list[float]] = field(default_factory=dict)

    def throttled_of(self, organization: str) -> Counter[str]:
        """Return the throttled calls of an organization by operation."""
        return Counter(
            {operation: count for (name, operation), count in self.throttled.items() if name == organization}
        )

    def of(self, organization: str) -> Counter[str]:
        """Return the calls of an organization by operation."""
        return Counter(
            {operation: count for (name, operation), count in self.calls.items() if name == organization}
        )


@dataclass(frozen=True, slots=True)
class EmulatorProcess:
    """A served world, and the environment variables for its clients."""

    world: World
    environ: dict[str, str]
    connection: "Connection[str, Measurements]"

    def measurements(self) -> Measurements:
        """Return the measurements until now."""
        self.connection.send("measure")
        return self.connection.recv()


@contextmanager
def emulator_process(
    world: World, *, limits: bool = True, latency: float = 0.0, group_rows: bool = True
) -> Iterator[EmulatorProcess]:
    """Serve a world in a separate process; `latency` is in seconds per call.

    With `group_rows`, the assignments of a user include those of the user's groups.
    """
    parent, child = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve,
        args=(child, world, Limits() if limits else Limits.off(), latency, Behaviour(group_rows=group_rows)),
        name="emulator",
        daemon=True,
    )
    process.start()
    try:
        yield EmulatorProcess(world, parent.recv(), parent)
    finally:
        parent.send("end")
        process.join()


class _RecordingThrottle(Throttle):
    """A throttle that records the times of admitted calls to sso-admin."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        super().__init__(limits, clock)
        self.sso_admin: defaultdict[str, list[float]] = defaultdict(list)

    def admits(self, account_id: str, region: str, service: str, operation: str) -> bool:
        """Take a token for one call; return False if AWS would throttle it."""
        admitted = super().admits(account_id, region, service, operation)
        if admitted and service == "sso-admin":
            self.sso_admin[account_id].append(time.time())
        return admitted


def _serve(
    connection: "Connection[object, str]",
    world: World,
    limits: Limits,
    latency: float,
    behaviour: Behaviour,
) -> None:
    throttle = _RecordingThrottle(limits, time.time)
    with Emulator(world, latency=latency, behaviour=behaviour, throttle=lambda *_: throttle) as emulator:
        connection.send(emulator.environment())
        before = time.process_time()
        while connection.recv() == "measure":
            spent = time.process_time() - before
            connection.send(Measurements(emulator.calls, emulator.throttled, spent, dict(throttle.sso_admin)))
