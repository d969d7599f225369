"""Campaigns of the tests: their folders, and sheets that are filled in."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Row = dict[str, str]

SETTINGS = """
campaign:
  fallback: security@example.com
  reviewers:
    - {privilege: ADMINISTRATOR, reviewer: ciso@example.com}
    - {account: "*prod*", reviewer: cloud-owner@example.com}
"""
"""Three reviewers."""

Decide = Callable[[Row], tuple[str, str, str]]
"""Returns decision, comment and until for a row of a sheet."""


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a CSV file of a campaign."""
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def write_rows(path: Path, rows: list[Row]) -> None:
    """Write rows as a CSV file, as a spreadsheet saves it."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode("utf-8-sig"))


def fill_in(folder: Path, decide: Decide) -> None:
    """Fill in the CSV files of all reviewers."""
    for path in folder.glob("review_*.csv"):
        rows = read_rows(path)
        for row in rows:
            row["Decision"], row["Comment"], row["Until"] = decide(row)
        write_rows(path, rows)


def deciding(decisions: Mapping[str, str], *, otherwise: str = "keep") -> Decide:
    """Return a function that decides by the item's id."""
    return lambda row: (decisions.get(row["Item"], otherwise), "", "")


def document(folder: Path, name: str) -> Any:  # noqa: ANN401 - JSON
    """Return the content of a JSON file."""
    return json.loads((folder / name).read_bytes())
