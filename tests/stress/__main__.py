"""Run random worlds, kills, leaks and damaged files: `python -m tests.stress`."""

import secrets
import sys
import time
from collections.abc import Callable, Iterator

import click

from tests.stress import damaged_files, faults, kills, leaks, worlds

StressTest = Callable[[int], Iterator[str]]
"""Takes a seed and yields one line per problem; prints measurements to the terminal."""

STRESS_TESTS: dict[str, StressTest] = {
    "worlds": worlds.stress,
    "kills": kills.stress,
    "leaks": leaks.stress,
    "damaged-files": damaged_files.stress,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([*STRESS_TESTS, "faults"]))
@click.option("--seed", type=int, help="Repeat a run with its seed.")
def main(names: tuple[str, ...], seed: int | None) -> None:
    """Run random worlds, kills, leaks and damaged files; `faults` prints the table of docs."""
    if names == ("faults",):
        click.echo(faults.table(), nl=False)
        return
    seed = secrets.randbelow(10**9) if seed is None else seed
    problems = 0
    for name in names or STRESS_TESTS:
        click.echo(f"{name}: seed {seed}")
        started = time.monotonic()
        for problem in STRESS_TESTS[name](seed):
            click.echo(f"  PROBLEM: {problem}")
            problems += 1
        click.echo(f"{name}: {time.monotonic() - started:.0f} s")
    sys.exit(f"problems: {problems}" if problems else 0)


if __name__ == "__main__":
    main()
