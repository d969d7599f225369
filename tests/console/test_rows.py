"""Tests of tables that become paragraphs."""

import io

from rich.console import Console

from sso_batch.console.rows import Rows

HEADINGS = ("Change", "What", "Who", "Account", "With")


def shown(*rows: tuple[str, ...], width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    console.print(Rows(HEADINGS, rows))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines() if line.strip(" ─")]


def test_table() -> None:
    """Where the rows fit there is a table, without the columns that are empty."""
    assert shown(("added", "", "Ann", "prod", "Admin"), width=40) == [
        "Change  Who  Account  With",
        "added   Ann  prod     Admin",
    ]


def test_paragraphs() -> None:
    """Where they do not fit, every value is whole, on a line below the title of its row."""
    name = "a" * 30

    assert shown(("added", "", "Ann", name, "Admin"), ("changed", "state", "Bob", "", "Read"), width=42) == [
        "added  Ann",
        f"  Account  {name}",
        "  With     Admin",
        "changed  state  Bob",
        "  With     Read",
    ]
