"""What a cell holds: text that stays text, dates as Excel counts them, and minimum numbers. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

from sso_batch.access import MEMBERS_NOT_READ, NOT_READ
from sso_batch.dates import parse_date
from sso_batch.sanitize import show_hidden

MAX_CELL = 32_767
"""The maximum number of UTF-16 units in a cell."""

UNREAD = "not read"
UNCHECKED = "not checked"
UNEXAMINED = "not examined"

MISSING = frozenset({NOT_READ, MEMBERS_NOT_READ, UNREAD, UNCHECKED, UNEXAMINED})
"""The cells that stand for what is not known; they are highlighted."""

_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)  # Excel's day 0, right from March 1900 on
_FIRST_YEAR = 1901
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A count that can be higher, because not everything was read; shown as `≥ 7`."""

    number: int


Cell = str | int | AtLeast


def count(number: int, *, certain: bool) -> int | AtLeast:
    """Return a count as a cell that shows whether it can be higher."""
    return number if certain else AtLeast(number)


def cell_text(value: str, *, full_values: str = "") -> str:
    """Return the value with hidden characters written out, truncated with a note if too long for a cell.

    `full_values` names the file with the full value.
    """
    shown = show_hidden(value)
    if shown.startswith("<r>") and shown.endswith("</r>"):
        shown += " "  # xlsxwriter would treat it as rich text
    if len(shown) * 2 <= MAX_CELL or len(shown.encode("utf-16-le")) // 2 <= MAX_CELL:
        return shown
    note = f" ... (truncated; the full value is in {full_values or 'the snapshot'})"
    units = (MAX_CELL - len(note)) * 2
    return shown.encode("utf-16-le")[:units].decode("utf-16-le", "ignore") + note


@lru_cache(maxsize=10_000)
def serial_date(text: str) -> float | None:
    """Return a date of the reports as Excel counts it, in days; None for any other text."""
    try:
        moment = parse_date(text)
    except ValueError:
        return None
    if moment.tzinfo is None or moment.year < _FIRST_YEAR:
        return None
    return (moment - _EPOCH).total_seconds() / _DAY


def serial_day(text: str) -> float | None:
    """Return a day, such as `2026-12-31`, as Excel counts it; None for any other text."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return float((day - _EPOCH.date()).days) if day.year >= _FIRST_YEAR else None
