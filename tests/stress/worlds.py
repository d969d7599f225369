"""Many trials: each audited and judged, and counted."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from tests.stress.audit import audit_trial
from tests.stress.judge import judge
from tests.stress.trial import draw

FIXED = 20261125
"""Where the seeds of `.ci/run` begin."""


@dataclass(slots=True)
class Tally:
    """What became of trials: of `runs`, how many ended how; how often each fault struck; what was wrong."""

    runs: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    injected: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def share(self, status: str) -> float:
        """The share of the runs that ended so."""
        return self.statuses[status] / self.runs

    def told(self) -> str:
        """The figures in a sentence."""
        ended = ", ".join(
            f"{self.statuses[status]} {status}" for status in ("complete", "incomplete", "failed")
        )
        return (
            f"{self.runs} worlds with {self.injected.total()} faults of {len(self.injected)} kinds: {ended}"
        )


def try_worlds(seeds: Iterable[int]) -> Tally:
    """Audit the world of every seed, and hold what is said of it against the truth."""
    tally = Tally()
    for seed in seeds:
        trial = draw(seed)
        with tempfile.TemporaryDirectory() as folder:
            reports = audit_trial(trial, Path(folder) / "trial")
            tally.wrong += [f"seed {seed}: {problem}" for problem in judge(trial, reports)]
            tally.runs += 1
            tally.statuses[reports.manifest["status"]] += 1
        for fault in trial.faults:
            tally.injected[fault.kind] += fault.injected
    return tally


def torture(seed: int, trials: int = 2000) -> Iterator[str]:
    """Try many worlds that nobody has seen before."""
    tally = try_worlds(range(seed, seed + trials))
    yield from tally.wrong
    click.echo(tally.told())
