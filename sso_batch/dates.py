"""Dates in the form of snapshots and reports: text in UTC, as `2026-11-27T03:15:00Z`, that sorts by time."""

from datetime import UTC, datetime


def format_date(at: datetime) -> str:
    """Return a time as text, without fractions of a second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def parse_date(text: str) -> datetime:
    """Return the time of a text; raise ValueError for any other form."""
    return datetime.fromisoformat(text)
