"""Many runs in one process: threads, file descriptors and memory do not grow."""

import gc
import os
import resource
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click

from sso_batch.emulator import Fault, generate
from sso_batch.emulator.world import ManagedPolicy
from tests.stress.audit import SHORT_RETRIES, audit
from tests.support.sample_worlds import SMALL

_WARM_UP = 10
_SHORT_POLICIES = dict.fromkeys(
    ("ReadOnlyAccess", "job-function/Billing"), ManagedPolicy('{"Statement": []}')
)
"""Documents of 150 KB in new threads would fill the arenas of malloc, which takes some 50 runs."""

_MAX_GROWTH = {"threads": 2, "descriptors": 2, "kilobytes": 16_000}
"""The accepted growth after the first runs, for caches and threads that are about to end."""


@dataclass(frozen=True, slots=True)
class ResourceUsage:
    """The resources of this process."""

    threads: int
    descriptors: int
    kilobytes: int

    @classmethod
    def now(cls) -> "ResourceUsage":
        """Return the current usage after garbage collection."""
        gc.collect()
        statm = Path("/proc/self/statm").read_text().split()
        return cls(
            threads=threading.active_count(),
            descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - only the number is needed
            kilobytes=int(statm[1]) * resource.getpagesize() // 1024,
        )


def find_leaks(runs: int, seed: int) -> Iterator[str]:
    """Audit `runs` times, every third time with faults; yield resources that grow."""
    first = ResourceUsage(0, 0, 0)
    world = replace(generate(seed, organizations=2, **SMALL), managed_policies=_SHORT_POLICIES)
    for number in range(runs):
        faults = [Fault("reset", probability=0.1), Fault("access_denied", operation="ListGroupMemberships")]
        with tempfile.TemporaryDirectory() as folder:
            reports = audit(
                world,
                Path(folder) / "run",
                retry_seconds=SHORT_RETRIES,
                faults=faults if number % 3 == 0 else (),
            )
        if reports.ended.code not in {0, 4}:
            yield f"run {number} ended with {reports.ended.code}: {reports.ended.stderr}"
        if number + 1 == min(_WARM_UP, runs // 2):
            first = ResourceUsage.now()
    last = ResourceUsage.now()
    click.echo(f"after {_WARM_UP} runs {first}, after {runs} {last}")
    for name, growth in _MAX_GROWTH.items():
        before, after = getattr(first, name), getattr(last, name)
        if after > before + growth:
            yield f"{name} grow: {before} after the first runs, {after} after {runs}"


def stress(seed: int) -> Iterator[str]:
    """Audit 200 times."""
    yield from find_leaks(200, seed)
