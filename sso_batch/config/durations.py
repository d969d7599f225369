"""How a user writes a span of time: `2h`, `90m`, `1h30m`, `45s`, `1d`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

PATTERN = r"(?=.)([0-9]{1,5}d)?([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?"

_WRITTEN = re.compile(PATTERN)
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def parse(written: object) -> timedelta:
    """Read a span of time longer than nothing; a timedelta is taken as it is."""
    if isinstance(written, timedelta):
        return written
    match = _WRITTEN.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise PydanticCustomError("duration", "write a span of time such as 2h, 90m, 1h30m, 45s or 1d")
    amounts = (int(group[:-1]) if group else 0 for group in match.groups())
    span = timedelta(seconds=sum(amount * size for amount, (_, size) in zip(amounts, _UNITS, strict=True)))
    if not span:
        raise PydanticCustomError("duration", "write a span of time longer than nothing, such as 1h")
    return span


def written(span: timedelta) -> str:
    """Write `span` as `parse` reads it, in the largest units that fit; fractions of a second are dropped."""
    rest, parts = int(span.total_seconds()), []
    for unit, size in _UNITS:
        amount, rest = divmod(rest, size)
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts)


Duration = Annotated[
    timedelta,
    BeforeValidator(parse),
    PlainSerializer(written, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{PATTERN}$"}),
]
