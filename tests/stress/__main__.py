"""`python -m tests.stress`: looks for trouble, as long as it takes, and prints the seed of what it did."""

import secrets
import sys
import time
from collections.abc import Callable, Iterator

import click

from tests.stress import faults, kills, nonsense, soak, worlds

Torture = Callable[[int], Iterator[str]]
"""Takes a seed; gives what is wrong, line by line. What it measured goes to the terminal."""

TORTURES: dict[str, Torture] = {
    "worlds": worlds.torture,
    "kills": kills.torture,
    "soak": soak.torture,
    "nonsense": nonsense.torture,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([*TORTURES, "faults"]))
@click.option("--seed", type=int, help="Do again what was done with this seed.")
def torture(names: tuple[str, ...], seed: int | None) -> None:
    """Try random worlds, kills, leaks and nonsense; `faults` prints the README's table of them."""
    if names == ("faults",):
        click.echo(faults.table(), nl=False)
        return
    seed = secrets.randbelow(10**9) if seed is None else seed
    wrong = 0
    for name in names or TORTURES:
        click.echo(f"{name}: seed {seed}")
        started = time.monotonic()
        for line in TORTURES[name](seed):
            click.echo(f"  WRONG: {line}")
            wrong += 1
        click.echo(f"{name}: {time.monotonic() - started:.0f} s")
    sys.exit(f"{wrong} wrong" if wrong else 0)


if __name__ == "__main__":
    torture()
