"""What a benchmark finds: ratios to a floor, as a line to read and a table for the README."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Options:
    """How often to repeat what takes time, and whether smaller worlds will do."""

    repeat: int = 5
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, on which shape, a ratio to its floor for each repetition; and in plain numbers."""

    what: str
    shape: str
    ratios: tuple[float, ...]
    detail: str
    promise: str = ""

    def line(self) -> str:
        """The figure as one line of text."""
        return f"{self.what} | {self.shape} | {spread(self.ratios)} | {self.detail}"


def spread(values: Iterable[float], digits: int = 3) -> str:
    """The median, and the least and the most where there are several."""
    ordered = sorted(values)
    middle = f"{median(ordered):.{digits}f}" if ordered else "-"
    return middle if len(ordered) < 2 else f"{middle} ({ordered[0]:.{digits}f} to {ordered[-1]:.{digits}f})"


def table(figures: Iterable[Figure]) -> str:
    """The figures as a table in markdown."""
    rows = [
        (figure.what, figure.shape, spread(figure.ratios), figure.promise, figure.detail)
        for figure in figures
    ]
    header = ("what", "on", "ratio", "promised", "measured")
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ("---",) * len(header), *rows))
