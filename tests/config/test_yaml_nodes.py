"""Tests of plain scalars: YAML 1.2's core schema."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.config.yaml_nodes import Scalar, ScalarError, typed


@pytest.mark.parametrize("text", ["111122223333", "012345678901", "000000000000"])
def test_unquoted_account_id(text: str) -> None:
    """An unquoted number of 12 digits is refused, because an account ID would lose its leading zeros."""
    with pytest.raises(
        ScalarError, match=r"^an account ID without quotes would lose its leading zeros: put it in quotes$"
    ):
        typed(text)


@pytest.mark.parametrize("text", ["1" * 65, "0x" + "f" * 63, "0." + "1" * 63])
def test_long_numbers(text: str) -> None:
    """A very long number is neither parsed for minutes nor rounded."""
    with pytest.raises(ScalarError, match=r"^the number is too long: put it in quotes if it is text$"):
        typed(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, None) for text in ("", "~", "null", "Null", "NULL")),
        *((text, True) for text in ("true", "True", "TRUE")),
        *((text, False) for text in ("false", "False", "FALSE")),
        ("0", 0),
        ("-19", -19),
        ("+12", 12),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("1111222233334", 1111222233334),
        ("0.", 0.0),
        (".5", 0.5),
        ("-1.5e3", -1500.0),
        ("12e03", 12000.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("+.Inf", math.inf),
    ],
)
def test_core_schema(text: str, value: Scalar) -> None:
    """Nulls, booleans, whole numbers and floats are parsed in all their forms."""
    assert (typed(text), type(typed(text))) == (value, type(value))


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_not_a_number(text: str) -> None:
    """Each form of NaN is a float."""
    value = typed(text)

    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    "text",
    [
        *("off", "on", "yes", "no", "y", "n", "Off", "YES", "tRUE", "nULL", "none"),
        *(
            "1:30",
            "190:20:30",
            "2026-12-31",
            "2026-12-31T10:00:00Z",
            "1_000",
            "0b101",
            "0o8",
            "0xg",
            "-0x1F",
            "-0o7",
        ),
        *("1111 2222 3333", "+-1", ".", "-", "e5", "1e", ".e1", "++.inf", "inf", "nan", "<<", "=", "१२"),
    ],
)
def test_text(text: str) -> None:
    """Values with a special meaning in YAML 1.1 only are text."""
    assert typed(text) == text


@settings(derandomize=True)
@given(st.integers(min_value=-(10**60), max_value=10**60).filter(lambda number: len(str(number)) != 12))
def test_whole_numbers(number: int) -> None:
    """A whole number in Python's notation is parsed."""
    assert typed(str(number)) == number


@settings(derandomize=True)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats(number: float) -> None:
    """A float in Python's notation is parsed."""
    assert typed(repr(number)) == number


@settings(derandomize=True)
@given(st.text())
def test_any_text(text: str) -> None:
    """Random text raises only ScalarError, and text is never changed."""
    try:
        value = typed(text)
    except ScalarError:
        return

    assert not isinstance(value, str) or value == text
