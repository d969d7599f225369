"""Tests of durations as users write them."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from sso_batch.config.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2 h",
        "h",
        "1h1h",
        "30m1h",
        "2H",
        "-1h",
        "1.5h",
        "PT2H",
        "2 hours",
        "1w",
        "100000s",
        None,
        True,
        "२h",
    ],
)
def test_invalid_durations(text: object) -> None:
    """An invalid duration is refused with examples of valid ones."""
    with pytest.raises(
        PydanticCustomError, match=r"^not a duration: write a duration such as 45s, 90m, 2h, 1h30m or 1d$"
    ):
        parse_duration(text)


@pytest.mark.parametrize("value", ["2", "120", "1.5", 7200, 1.5])
def test_number_without_unit(value: object) -> None:
    """A number without a unit is refused, and the error says that the unit is missing."""
    with pytest.raises(PydanticCustomError, match=r"^the unit is missing: write a duration such as 45s"):
        parse_duration(value)


@pytest.mark.parametrize("text", ["0s", "0d0h0m0s"])
def test_zero(text: str) -> None:
    """A duration of zero is refused."""
    with pytest.raises(PydanticCustomError, match=r"^a duration must be longer than zero: write one such as"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("45s", timedelta(seconds=45)),
        ("90m", timedelta(minutes=90)),
        ("2h", timedelta(hours=2)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1d", timedelta(days=1)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_valid_durations(text: str, duration: timedelta) -> None:
    """Days, hours, minutes and seconds are parsed, alone and combined."""
    assert parse_duration(text) == duration


@settings(derandomize=True)
@given(st.integers(min_value=1, max_value=10**9))
def test_round_trip(seconds: int) -> None:
    """Every formatted duration is parsed back to the same duration."""
    assert parse_duration(format_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)
