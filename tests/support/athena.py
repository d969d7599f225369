"""The tables and views of `config/athena` in DuckDB, over a folder instead of a bucket."""

import csv
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd  # type: ignore[import-untyped] # untyped
import sqlglot
from sqlglot import exp

ROOT = Path(__file__).parents[2]
STATEMENTS = tuple(path.read_text() for path in sorted((ROOT / "config/athena").glob("*.sql")))

BUCKET = "s3://BUCKET/PREFIX/"

Row = tuple[Any, ...]


def parsed(statement: str) -> exp.Create:
    """Return the parsed statement; raise sqlglot's error if Athena could not read it."""
    (create,) = sqlglot.parse(statement, dialect="athena")
    assert isinstance(create, exp.Create)
    return create


def columns(create: exp.Create) -> tuple[str, ...]:
    """Return the names of a table's columns, without those of partitions."""
    return tuple(column.name for column in create.this.expressions)


def properties(create: exp.Create) -> dict[str, str]:
    """Return the properties of a table."""
    return {
        item.name: item.args["value"].name for item in create.find_all(exp.Property) if "value" in item.args
    }


class Athena:
    """A database with the tables and views, and the runs below a folder as the objects of the bucket."""

    def __init__(self, place: Path) -> None:
        self._database = duckdb.connect()
        for create in map(parsed, STATEMENTS):
            if create.kind == "TABLE":
                self._load(create, place)
            else:
                self._database.execute(create.sql("duckdb"))

    def query(self, sql: str) -> list[Row]:
        """Return the rows of a query in Athena's SQL."""
        (statement,) = sqlglot.transpile(sql, read="athena", write="duckdb")
        return self._database.execute(statement).fetchall()

    def _load(self, create: exp.Create, place: Path) -> None:
        names = columns(create)
        template = properties(create)["storage.location.template"]
        escape = properties(create)["escapeChar"].encode().decode("unicode_escape")
        lines = [
            (*cells, run.name, str(path))
            for run in sorted(place.iterdir())
            if _is_projected(create, run.name)
            for path in sorted((place / template.replace("${run}", run.name).removeprefix(BUCKET)).rglob("*"))
            if path.is_file() and not path.name.startswith((".", "_"))
            for cells in _lines(path, len(names), escape)
        ]
        frame = pd.DataFrame(lines, columns=[*names, "run", "$path"], dtype=object)
        table = exp.Create(this=create.this.this, kind="TABLE", expression=exp.select("*").from_("frame"))
        self._database.register("frame", frame)
        self._database.execute(table.sql("duckdb"))


def _is_projected(create: exp.Create, run: str) -> bool:
    """Return whether partition projection finds a run: its id is a date."""
    assert properties(create)["projection.run.format"] == "yyyyMMdd"
    return (
        re.fullmatch(r"\d{8}", run) is not None and datetime.strptime(f"{run}+0000", "%Y%m%d%z").year >= 2026
    )


def _lines(path: Path, width: int, escape: str) -> list[list[str | None]]:
    """Return every line of a file as OpenCSVSerde splits it.

    A line of fewer cells is filled with NULL, and further cells are ignored.
    """
    text = path.read_text(encoding="utf-8-sig")
    found: list[list[str | None]] = []
    for line in re.split(r"\r\n|\r|\n", text.removesuffix("\n").removesuffix("\r")):
        cells: list[str | None] = [*next(csv.reader([line], escapechar=escape), [])]
        found.append((cells + [None] * width)[:width])
    return found
