"""Cells: long text, dates and minimum numbers."""

from datetime import UTC, datetime, timedelta

import pytest

from sso_batch.report.workbook.cells import (
    MAX_CELL,
    AtLeast,
    cell_text,
    count,
    serial_date,
    serial_day,
)


def test_cell_text() -> None:
    """A value too long for a cell is truncated with a note about the full value; others are unchanged."""
    fits, too_long = "x" * MAX_CELL, "x" * (MAX_CELL + 1)
    pairs = "\U0001f600" * MAX_CELL

    assert cell_text(fits) == fits
    assert cell_text("00012") == "00012"
    truncated = cell_text(too_long, full_values="a.jsonl")
    assert truncated.endswith("x ... (truncated; the full value is in a.jsonl)")
    assert len(cell_text(too_long)) == MAX_CELL
    assert len(cell_text(pairs).encode("utf-16-le")) // 2 in {MAX_CELL, MAX_CELL - 1}
    assert "the full value is in the snapshot" in cell_text(pairs)


def test_serial_date() -> None:
    """A date of the reports is days since Excel's day 0, as other programs count them, too."""
    serial = serial_date("2026-11-27T06:00:00Z")

    assert serial == 46353.25
    assert datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=serial) == datetime(
        2026, 11, 27, 6, tzinfo=UTC
    )
    assert serial_day("2026-11-27") == 46353.0


@pytest.mark.parametrize("text", ["NOT_READ", "", "2026-11-27T06:00:00", "0001-01-01T00:00:00Z", "=1"])
def test_no_date(text: str) -> None:
    """Any other text is none: without a time zone, and before Excel's calendar."""
    assert serial_date(text) is None


def test_no_day() -> None:
    """A text that is not a day stays text."""
    assert serial_day("soon") is None
    assert serial_day("0999-01-01") is None


def test_count() -> None:
    """A count that can be higher is a minimum."""
    assert count(7, certain=True) == 7
    assert count(7, certain=False) == AtLeast(7)
