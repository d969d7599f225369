"""Spans of time as users write them."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from sso_batch.config.durations import parse, written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2",
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
        7200,
        None,
        "२h",
    ],
)
def test_other_forms_are_refused(text: object) -> None:
    """What is no span of time is told with examples of one."""
    with pytest.raises(
        PydanticCustomError, match=r"^write a span of time such as 2h, 90m, 1h30m, 45s or 1d$"
    ):
        parse(text)


@pytest.mark.parametrize("text", ["0s", "0d0h0m0s"])
def test_nothing_is_no_span(text: str) -> None:
    """A span of no time is refused."""
    with pytest.raises(PydanticCustomError, match=r"^write a span of time longer than nothing, such as 1h$"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("45s", timedelta(seconds=45)),
        ("90m", timedelta(minutes=90)),
        ("2h", timedelta(hours=2)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1d", timedelta(days=1)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_spans(text: str, span: timedelta) -> None:
    """Days, hours, minutes and seconds are read, alone and together."""
    assert parse(text) == span


@settings(derandomize=True)
@given(st.integers(min_value=1, max_value=10**9))
def test_what_is_written_is_read_back(seconds: int) -> None:
    """Every span up to decades is read back from its own writing."""
    assert parse(written(timedelta(seconds=seconds))) == timedelta(seconds=seconds)
