"""The measurements of the benchmarks of growth, kept in a CSV file from which the plots are drawn."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from typing import Self

FILE = Path(__file__).parents[2] / "docs" / "explanation" / "growth.csv"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured run of a program, of a size in organizations and rows.

    `seconds` is wall time, `processor` the seconds of all processes on all cores, `peak` the highest resident
    memory of all processes together in bytes. `calls` are to AWS. `day` is a date as YYYY-MM-DD.
    """

    what: str
    organizations: int
    rows: int
    seconds: float
    processor: float
    peak: int
    calls: int
    day: str

    @property
    def key(self) -> tuple[str, int, int]:
        """What was measured, on which size: the same in repetitions."""
        return self.what, self.organizations, self.rows

    @classmethod
    def from_row(cls, row: dict[str, str]) -> Self:
        """Return the measurement in a row of the file."""
        return cls(
            row["what"],
            int(row["organizations"]),
            int(row["rows"]),
            float(row["seconds"]),
            float(row["processor"]),
            int(row["peak"]),
            int(row["calls"]),
            row["day"],
        )


_COLUMNS = [field.name for field in fields(Measurement)]


def load(file: Path = FILE) -> list[Measurement]:
    """Return the measurements in the file; an empty list without the file."""
    if not file.exists():
        return []
    with file.open(newline="", encoding="utf-8") as stream:
        return [Measurement.from_row(row) for row in csv.DictReader(stream)]


def save(measured: Iterable[Measurement], file: Path = FILE) -> None:
    """Add repetitions of one measurement to the file; they replace older ones of the same size."""
    new = list(measured)
    replaced = {each.key for each in new}
    kept = [each for each in load(file) if each.key not in replaced]
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        for each in sorted((*kept, *new), key=lambda each: each.key):
            writer.writerow(
                asdict(each) | {"seconds": f"{each.seconds:.2f}", "processor": f"{each.processor:.2f}"}
            )


def medians(measured: Iterable[Measurement]) -> list[Measurement]:
    """Return one measurement for the repetitions of each size: the median of each number."""
    repeated: defaultdict[tuple[str, int, int], list[Measurement]] = defaultdict(list)
    for each in measured:
        repeated[each.key].append(each)
    return [
        Measurement(
            *key,
            seconds=median(each.seconds for each in same),
            processor=median(each.processor for each in same),
            peak=round(median(each.peak for each in same)),
            calls=round(median(each.calls for each in same)),
            day=max(each.day for each in same),
        )
        for key, same in repeated.items()
    ]
