"""Many trials, audited and judged."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from tests.stress.audit import audit_trial
from tests.stress.judge import judge
from tests.stress.trial import draw

FIRST_SEED = 20261125
"""The first seed of `.ci/run`."""


@dataclass(slots=True)
class Tally:
    """The results of trials: number of runs, statuses, injected faults and problems."""

    runs: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    injected: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def share(self, status: str) -> float:
        """Return the share of runs with this status."""
        return self.statuses[status] / self.runs

    def describe(self) -> str:
        """Return the figures as a sentence."""
        statuses = ", ".join(
            f"{self.statuses[status]} {status}" for status in ("complete", "incomplete", "failed")
        )
        faults = f"{self.injected.total()} faults of {len(self.injected)} kinds"
        return f"{self.runs} worlds with {faults}: {statuses}"


def try_worlds(seeds: Iterable[int]) -> Tally:
    """Audit the world of each seed, and compare the reports with the world."""
    tally = Tally()
    for seed in seeds:
        trial = draw(seed)
        with tempfile.TemporaryDirectory() as folder:
            reports = audit_trial(trial, Path(folder) / "trial")
            tally.problems += [f"seed {seed}: {problem}" for problem in judge(trial, reports)]
            tally.runs += 1
            tally.statuses[reports.manifest["status"]] += 1
        for fault in trial.faults:
            tally.injected[fault.kind] += fault.injected
    return tally


def stress(seed: int, trials: int = 2000) -> Iterator[str]:
    """Audit many random worlds."""
    tally = try_worlds(range(seed, seed + trials))
    yield from tally.problems
    click.echo(tally.describe())
