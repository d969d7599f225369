"""How long a session lasts, from AWS's way to write it: `PT12H`, `P1D`. Pure."""

import re
from datetime import timedelta

_NUMBER = r"([0-9]{1,6}(?:[.,][0-9]{1,6})?)"
_WRITTEN = re.compile(
    rf"P(?=.)(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?=.)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?", re.ASCII
)
_UNITS = ("weeks", "days", "hours", "minutes", "seconds")


def parse(written: str) -> timedelta | None:
    """An ISO 8601 duration without years and months, whose length depends; None for anything else."""
    match = _WRITTEN.fullmatch(written)
    if match is None:
        return None
    amounts = zip(_UNITS, match.groups(), strict=True)
    return timedelta(**{unit: float(text.replace(",", ".")) for unit, text in amounts if text})
