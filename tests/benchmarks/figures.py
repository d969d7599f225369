"""The results of benchmarks: ratios to a minimum, as a line of text and a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Options:
    """The number of repetitions of timed benchmarks, and whether to use smaller worlds."""

    repeat: int = 5
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A result: what was measured on which shape, the ratio of each repetition, and absolute numbers."""

    what: str
    shape: str
    ratios: tuple[float, ...]
    detail: str
    promise: str = ""

    def line(self) -> str:
        """Return the figure as one line of text."""
        return f"{self.what} | {self.shape} | {spread(self.ratios)} | {self.detail}"


def spread(values: Iterable[float], digits: int = 3) -> str:
    """Return the median, with minimum and maximum if there are several values."""
    ordered = sorted(values)
    middle = f"{median(ordered):.{digits}f}" if ordered else "-"
    return middle if len(ordered) < 2 else f"{middle} ({ordered[0]:.{digits}f} to {ordered[-1]:.{digits}f})"


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as a Markdown table."""
    rows = [
        (figure.what, figure.shape, spread(figure.ratios), figure.promise, figure.detail)
        for figure in figures
    ]
    header = ("what", "on", "ratio", "promised", "measured")
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ("---",) * len(header), *rows))
