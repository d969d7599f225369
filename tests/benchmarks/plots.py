"""Draw the plots of docs/explanation/growth.md from its measurements: `python -m tests.benchmarks.plots`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import get_args

from tests.benchmarks.chart import Color, Guide, Line, Panel, Scheme, draw
from tests.benchmarks.growth import AT_ONCE, DEFAULT, DIFF, OPEN, PAGE, REVIEW, STATUS, WORKBOOK
from tests.benchmarks.measurements import Measurement, load, medians

FOLDER = Path(__file__).parents[2] / "docs" / "images"
_COLORS: dict[str, Color] = {
    WORKBOOK: "teal",
    PAGE: "teal",
    OPEN: "amber",
    STATUS: "amber",
    REVIEW: "grey",
    DIFF: "grey",
}
_COLORS_OF_RUNS: dict[str, Color] = {DEFAULT: "teal", AT_ONCE: "amber"}
_MEGABYTE = 1e6
_LIMIT = 512 * 1024 * 1024 / _MEGABYTE  # of the shipped CronJob

Number = Callable[[Measurement], float]


def plots(measured: Iterable[Measurement]) -> Iterator[tuple[str, str]]:
    """Yield the name and the content of each plot."""
    found = sorted(medians(measured), key=lambda each: (each.organizations, each.rows))
    for scheme in get_args(Scheme):
        if rows := [each for each in found if each.what in _COLORS]:
            yield f"growth-time-{scheme}.svg", _time(rows, scheme)
            yield f"growth-memory-{scheme}.svg", _memory(rows, scheme)
        if runs := [each for each in found if each.what in (DEFAULT, AT_ONCE)]:
            yield f"growth-organizations-{scheme}.svg", _organizations(runs, scheme)


def _time(rows: Sequence[Measurement], scheme: Scheme) -> str:
    lines = _lines_of_rows(rows, lambda each: each.processor)
    guide = Guide("proportional", (2e5, 0.55), (1e6, 2.75))
    panel = Panel("Processor time", lines, (guide,), y_unit=" s", x_label="rows, in one organization")
    note = "Processor time of all processes, which is what a clock shows on one idle core."
    return draw("Time: from 100,000 rows on, it is proportional to the rows", note, [panel], scheme)


def _memory(rows: Sequence[Measurement], scheme: Scheme) -> str:
    lines = _lines_of_rows(rows, lambda each: each.peak / _MEGABYTE, several=True)
    xs = sorted({x for line in lines for x, _ in line.points})
    guide = Guide("512 MiB, the limit of the shipped CronJob", (xs[0], _LIMIT), (xs[-1], _LIMIT))
    panel = Panel("Peak memory", lines, (guide,), y_unit=" MB", x_label="rows, in one organization")
    note = "Resident memory of all processes together. Hollow: the same rows in 20 organizations."
    return draw("Memory: the largest organization matters most", note, [panel], scheme)


def _organizations(runs: Sequence[Measurement], scheme: Scheme) -> str:
    def lines(number: Number, names: dict[str, str]) -> tuple[Line, ...]:
        return tuple(
            Line(
                label,
                tuple((each.organizations, number(each)) for each in runs if each.what == what),
                _COLORS_OF_RUNS[what],
            )
            for what, label in names.items()
        )

    both = {DEFAULT: "default settings", AT_ONCE: "all at once"}
    time = lines(lambda each: each.seconds, both)
    memory = lines(lambda each: each.peak / _MEGABYTE, both)
    calls = lines(lambda each: each.calls, {DEFAULT: "both"})
    label = "organizations of 60 users, 30 accounts and 230 provisioned pairs"
    panels = [
        Panel("Time of the run", time, y_unit=" s", height=230),
        Panel("Peak memory", memory, y_unit=" MB", height=230),
        Panel("Calls", calls, x_label=label, height=230),
    ]
    note = "On two cores, which the emulator shares. Memory of all processes of the run together."
    return draw("One run of 1 to 200 organizations", note, panels, scheme)


def _lines_of_rows(rows: Sequence[Measurement], number: Number, *, several: bool = False) -> tuple[Line, ...]:
    """Return a line of one organization for each step; `several` adds the points of several organizations."""

    def line(what: str, color: Color) -> Line:
        own = [each for each in rows if each.what == what]
        alone = tuple((each.rows, number(each)) for each in own if each.organizations == 1)
        divided = tuple((each.rows, number(each)) for each in own if each.organizations > 1)
        return Line(what, alone, color, divided if several else ())

    return tuple(line(what, color) for what, color in _COLORS.items())


if __name__ == "__main__":
    for name, content in plots(load()):
        (FOLDER / name).write_text(content)
