"""Durations as users write them: `45s`, `90m`, `2h`, `1h30m`, `1d`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from sso_batch.config.base import form_error

PATTERN = r"(?=.)([0-9]{1,5}d)?([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?"

_DURATION = re.compile(PATTERN)
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_REMEDY = "write a duration such as 45s, 90m, 2h, 1h30m or 1d"
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def parse_duration(value: object) -> timedelta:
    """Return the duration, which must be longer than zero; a timedelta is returned unchanged.

    Raises PydanticCustomError with what is wrong and what to write.
    """
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise form_error(f"{_problem(value)}: {_REMEDY}")
    amounts = (int(group[:-1]) if group else 0 for group in match.groups())
    seconds = sum(amount * size for amount, (_, size) in zip(amounts, _UNITS, strict=True))
    if not seconds:
        raise form_error("a duration must be longer than zero: write one such as 1h")
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """Return `duration` in the form that `parse_duration` reads, without fractions of a second."""
    rest, parts = int(duration.total_seconds()), []
    for unit, size in _UNITS:
        amount, rest = divmod(rest, size)
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts)


def _problem(value: object) -> str:
    is_number = not isinstance(value, bool) and isinstance(value, int | float)
    if is_number or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        return "the unit is missing"
    return "not a duration"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{PATTERN}$"}),
]
