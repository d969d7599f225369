"""`python -m tests.benchmarks`: a line for each figure, and a table of all at the end."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from tests.benchmarks import audits, memory, peers, processor, rows
from tests.benchmarks.figures import Figure, Options, table

Benchmark = Callable[[Options, Path], Iterator[Figure]]

BENCHMARKS: dict[str, Benchmark] = {
    "start": processor.start,
    "rows": rows.rows,
    "memory": memory.memory,
    "calls": audits.calls,
    "time": audits.time,
    "shared": audits.shared,
    "processor": processor.processor,
    "organizations": audits.organizations,
}
"""What `make bench` measures; `peers` needs an installation and is asked for by name."""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([*BENCHMARKS, "peers"]))
@click.option("--repeat", default=5, show_default=True, help="How often to measure what takes time.")
@click.option("--quick", is_flag=True, help="Smaller worlds: to try the benchmarks, not to quote them.")
def bench(names: tuple[str, ...], *, repeat: int, quick: bool) -> None:
    """Measure sso-batch on the emulator, its limits on, beside floors worked out from its worlds."""
    options = Options(repeat, quick)
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names or BENCHMARKS:
            for figure in (BENCHMARKS | {"peers": peers.peers})[name](options, Path(folder)):
                click.echo(figure.line())
                figures.append(figure)
    click.echo(f"\n{table(figures)}")


if __name__ == "__main__":
    bench()
