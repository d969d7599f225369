"""The plots of growth: what they are drawn from, and that their labels can be read."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree as ET

import pytest

from tests.benchmarks.chart import Guide, Line, Panel, Scheme, draw
from tests.benchmarks.measurements import Measurement, load, medians, save
from tests.benchmarks.plots import FOLDER, plots

PAGE = Measurement("page", 1, 1_000, 1.25, 1.5, 70_000_000, 0, "2026-11-27")
DIFF = replace(PAGE, what="diff")


def test_published_plots() -> None:
    """The documentation shows exactly the plots that the published measurements give."""
    drawn = dict(plots(load()))

    assert drawn == {path.name: path.read_text() for path in FOLDER.glob("growth-*.svg")}
    assert len(drawn) >= len(get_args(Scheme))


def test_repetitions_replace(tmp_path: Path) -> None:
    """Measuring again replaces what was measured of the same size, and nothing else."""
    file = tmp_path / "growth.csv"
    larger = replace(PAGE, rows=10_000)
    save([PAGE, PAGE], file)
    save([larger], file)
    save([DIFF], file)

    again = [replace(PAGE, seconds=2.0), replace(PAGE, seconds=3.0)]
    save(again, file)

    assert load(file) == [DIFF, *again, larger]


def test_medians() -> None:
    """A point of a plot is the median of the repetitions."""
    repeated = [replace(PAGE, seconds=seconds, peak=round(seconds)) for seconds in (9.0, 1.0, 2.0)]

    assert medians([*repeated, DIFF]) == [replace(PAGE, seconds=2.0, peak=2), DIFF]


@pytest.mark.parametrize("scheme", get_args(Scheme))
def test_labels_apart(scheme: Scheme) -> None:
    """Labels of lines that end at the same height are below each other, and names are escaped."""
    lines = tuple(Line(f"<{number}>", ((1, 1), (10, 5)), "teal") for number in range(5))

    panel = Panel("c", lines, (Guide("d", (1, 1), (10, 10)),))
    svg = ET.fromstring(draw("a", "b", [panel], scheme))  # noqa: S314 - our own

    texts = svg.iter("{http://www.w3.org/2000/svg}text")
    labels = [text for text in texts if re.fullmatch("<[0-9]>", text.text or "")]
    heights = sorted(float(text.get("y", "")) for text in labels)
    assert len(heights) == len(lines)
    assert min(lower - upper for upper, lower in pairwise(heights)) >= 17
    assert {text.findtext("*") for text in labels} == {"5"}


def test_ticks() -> None:
    """An axis of a few decades has a tick for each; a shorter one has more."""

    def shown(low: float, high: float) -> set[str]:
        svg = draw("a", "", [Panel("c", (Line("d", ((1, low), (10, high)), "teal"),), y_unit=" s")], "light")
        return set(re.findall(">([0-9.,]+ s)</text>", svg))

    assert shown(1, 1_000) == {"1 s", "10 s", "100 s", "1,000 s"}
    assert shown(1, 10) == {"1 s", "2 s", "5 s", "10 s"}
