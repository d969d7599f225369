"""Run the benchmarks: `python -m tests.benchmarks` prints a line per figure and a table of all."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from tests.benchmarks import audits, campaigns, growth, memory, peers, processor, rows
from tests.benchmarks.figures import Figure, Options, table

Benchmark = Callable[[Options, Path], Iterator[Figure]]

BENCHMARKS: dict[str, Benchmark] = {
    "start": processor.start,
    "rows": rows.rows,
    "memory": memory.memory,
    "campaign": campaigns.campaign,
    "calls": audits.calls,
    "time": audits.time,
    "shared": audits.shared,
    "processor": processor.processor,
    "organizations": audits.organizations,
}
"""The benchmarks of `make bench`."""

BY_NAME: dict[str, Benchmark] = {
    "peers": peers.peers,
    "growth-organizations": growth.organizations,
    "growth-rows": growth.rows,
}
"""The benchmarks that run only by name: one installs other tools, and the others take an hour."""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([*BENCHMARKS, *BY_NAME]))
@click.option("--repeat", default=5, show_default=True, help="Number of repetitions of timed benchmarks.")
@click.option("--quick", is_flag=True, help="Use smaller worlds, to try the benchmarks.")
def bench(names: tuple[str, ...], *, repeat: int, quick: bool) -> None:
    """Measure sso-batch on the emulator with rate limits, compared with the computed minimum."""
    options = Options(repeat, quick)
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names or BENCHMARKS:
            for figure in (BENCHMARKS | BY_NAME)[name](options, Path(folder)):
                click.echo(figure.line())
                figures.append(figure)
    click.echo(f"\n{table(figures)}")


if __name__ == "__main__":
    bench()
