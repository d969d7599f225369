"""The cells of a sheet that a spreadsheet saved: its text, its days, and whether a fact is unchanged. Pure.

A spreadsheet shows and saves what it takes for a number or a date in its own form, which depends on the
country: account 012345670006 returns as `12345670006` or `1.23457E+10`, a day as `31.01.27`.
"""

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from functools import lru_cache

from sso_batch.dates import parse_date
from sso_batch.sanitize import show_hidden, unescape_formulas

Cell = str | float | bool | date | datetime | time | timedelta
"""The value of a cell: text of a CSV file, or what a workbook has."""

_CACHED = 10_000
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - Excel's day 0; workbooks have no time zones
_SERIAL_DAYS = range(36_526, 73_051)  # 2000-01-01 to 2099-12-31
_SERIAL = re.compile(r"\d{5}(?:[.,]0*)?")
_YEAR_FIRST = re.compile(r"(\d{4})[-/.] ?(\d{1,2})[-/.] ?(\d{1,2})\.?")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.]) ?(\d{1,2})[-/.] ?(\d{4}|\d{2})")
_CENTURY = 2000
_SHORT_YEAR = 2  # digits
_MOMENT = re.compile(
    r"(.+?)(?:,? |T)(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,]\d+)?(?: ?([AaPp])\.?[Mm]\.?)?Z?"
)
_NOON = 12
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[.,]\d{3})+", re.ASCII)
_SCIENTIFIC = re.compile(r"[+-]?\d(?:\.(\d+))?[eE][+-]?\d+", re.ASCII)
_LONGEST_NUMBER = 40
_DIGITS = 15  # what a spreadsheet keeps of a number
_SPACES_IN_NUMBERS = re.compile(r"[\s'\u2019]")

_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def text_of(value: Cell) -> str:
    """Return a cell as text, without surrounding spaces."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
    return str(value)


def comment_of(value: Cell) -> str:
    """Return the text of a comment: line breaks as LF, and no other control characters."""
    text = text_of(value).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", text).strip()


def same_text(one: str, other: str) -> bool:
    """Return whether two texts differ at most in their Unicode normal form and in spaces."""
    return one == other or _words(one) == _words(other)


def days_of(value: Cell) -> list[date]:
    """Return the days that a cell can mean, in order: none for other values, two where it is ambiguous."""
    if isinstance(value, datetime):
        return [value.date()]
    if isinstance(value, date):
        return [value]
    if isinstance(value, time | timedelta | bool):
        return []
    text = text_of(value).removeprefix("'").strip()
    if _SERIAL.fullmatch(text):
        number = int(text[:5])
        return [(_EPOCH + timedelta(days=number)).date()] if number in _SERIAL_DAYS else []
    if moment := _MOMENT.fullmatch(text):
        text = moment[1]
    return _readings(text)


def is_same_fact(value: Cell, fact: str) -> bool:
    """Return whether a cell still has a fact, in whatever form a spreadsheet has saved it."""
    if isinstance(value, date):  # also a datetime
        return _is_same_moment(value, fact)
    if isinstance(value, bool):
        return fact.casefold() == str(value).casefold()
    if isinstance(value, int | float):
        return text_of(value) == fact or _is_same_number(repr(value), fact) or _is_same_serial(value, fact)
    text = text_of(value)
    return (
        _plain(text) == _plain(fact)
        or _is_same_number(text, fact)
        or _is_same_time(text, fact)
        or text.casefold() == fact.casefold() in {"true", "false"}
    )


def _words(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


@lru_cache(_CACHED)
def _plain(text: str) -> str:
    """Return a text without what spreadsheets and our own files add or take."""
    return show_hidden(_words(unescape_formulas(_words(text)).lstrip("'")))


def _is_same_number(text: str, fact: str) -> bool:
    """Return whether a number is a fact that looks like one: without its zeros, grouped, or rounded."""
    if len(fact) > _LONGEST_NUMBER or not _NUMBER.fullmatch(fact):
        return False
    shown = _SPACES_IN_NUMBERS.sub("", text[:_LONGEST_NUMBER])
    if _GROUPED.fullmatch(shown) and re.sub(r"[.,]", "", shown) == fact:
        return True
    shown = shown.replace(",", ".")
    if not _NUMBER.fullmatch(shown):
        return False
    number, expected = Decimal(shown), Decimal(fact)
    if scientific := _SCIENTIFIC.fullmatch(shown):
        digits = len(scientific[1] or "")
    elif shown.isdecimal() and shown.rstrip("0") == shown[:_DIGITS]:
        digits = _DIGITS - 1  # after the first one; the others were lost
    else:
        return number == expected
    return number in {Decimal(f"{expected:.{digits}E}"), _truncated(expected, digits), expected}


def _truncated(number: Decimal, digits: int) -> Decimal:
    return Context(digits + 1, ROUND_DOWN).plus(number)


@lru_cache(_CACHED)
def _moment_of(fact: str) -> datetime | None:
    """Return the time of a fact, in UTC without a time zone; None for other facts."""
    if not (fact[:4].isdigit() and fact.endswith("Z")):
        return None
    try:
        return parse_date(fact).replace(tzinfo=None)
    except ValueError:
        return None


def _is_same_moment(value: date, fact: str) -> bool:
    if f"{value.isoformat()}Z" == fact:  # nearly always
        return True
    moment = _moment_of(fact)
    if moment is None:
        return False
    if isinstance(value, datetime):
        return abs(value - moment) < _MINUTE
    return value == moment.date()


def _is_same_serial(value: float, fact: str) -> bool:
    if not _SERIAL_DAYS.start <= value < _SERIAL_DAYS.stop:
        return False
    return _is_same_moment(_EPOCH + timedelta(days=value), fact)


def _is_same_time(text: str, fact: str) -> bool:
    moment = _moment_of(fact)
    if moment is None:
        return False
    if _NUMBER.fullmatch(number := text.replace(",", ".")) and len(number) <= _LONGEST_NUMBER:
        return _is_same_serial(float(number), fact)
    found = _MOMENT.fullmatch(text)
    if found is None:
        return moment.date() in _readings(text)
    hour, minute, second = int(found[2]), int(found[3]), int(found[4] or 0)
    if half := found[5]:
        hour = hour % _NOON + (_NOON if half in "pP" else 0)
    if moment.date() not in _readings(found[1]):
        return False
    return (hour, minute) == (moment.hour, moment.minute) and (
        not found[4] or abs(second - moment.second) <= 1
    )


def _readings(text: str) -> list[date]:
    """Return the days that a text can mean: year first, or day or month first; with dots, the day.

    Without dots, a year of two digits can be at either end.
    """
    if found := _YEAR_FIRST.fullmatch(text):
        orders = [(found[1], found[2], found[3])]
    elif found := _YEAR_LAST.fullmatch(text):
        first, separator, second, year = found.groups()
        orders = [(year, second, first)]
        if separator != ".":
            orders.append((year, first, second))
            if len(year) == _SHORT_YEAR == len(first):
                orders.append((first, second, year))
    else:
        return []
    days = {day for day in (_day(*map(int, order)) for order in orders) if day is not None}
    return sorted(days)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year if year >= 100 else _CENTURY + year, month, day)  # noqa: PLR2004 - two digits
    except ValueError:
        return None
