"""Many runs in one process: threads, file descriptors and memory stay where they are."""

import gc
import os
import resource
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from sso_batch.emulator import Fault, generate
from tests.stress.audit import IMPATIENT, audit
from tests.support.sample_worlds import SMALL

_WARM_UP = 10
_MOST_MORE = {"threads": 2, "descriptors": 2, "kilobytes": 16_000}
"""How much more there may be at the end than after the first runs: caches, and threads about to end."""


@dataclass(frozen=True, slots=True)
class Held:
    """What this process holds."""

    threads: int
    descriptors: int
    kilobytes: int

    @classmethod
    def now(cls) -> "Held":
        """Look, with the garbage gone."""
        gc.collect()
        statm = Path("/proc/self/statm").read_text().split()
        return cls(
            threads=threading.active_count(),
            descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - a glance, not paths
            kilobytes=int(statm[1]) * resource.getpagesize() // 1024,
        )


def soak(runs: int, seed: int) -> Iterator[str]:
    """Audit so many times, each third time with trouble; give what grows."""
    first = Held(0, 0, 0)
    world = generate(seed, organizations=2, **SMALL)
    for number in range(runs):
        faults = [Fault("reset", probability=0.1), Fault("access_denied", operation="ListGroupMemberships")]
        with tempfile.TemporaryDirectory() as folder:
            reports = audit(
                world, Path(folder) / "run", give_up=IMPATIENT, faults=faults if number % 3 == 0 else ()
            )
        if reports.ended.code not in {0, 4}:
            yield f"run {number} ended with {reports.ended.code}: {reports.ended.stderr}"
        if number + 1 == min(_WARM_UP, runs // 2):
            first = Held.now()
    last = Held.now()
    click.echo(f"after {_WARM_UP} runs {first}, after {runs} {last}")
    for name, more in _MOST_MORE.items():
        before, after = getattr(first, name), getattr(last, name)
        if after > before + more:
            yield f"{name} grow: {before} after the first runs, {after} after {runs}"


def torture(seed: int) -> Iterator[str]:
    """Audit two hundred times."""
    yield from soak(200, seed)
