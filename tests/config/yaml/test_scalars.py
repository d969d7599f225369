"""Plain scalars mean what YAML 1.2's core schema says."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.config.yaml.scalars import Scalar, ScalarError, typed


@pytest.mark.parametrize("text", ["111122223333", "012345678901", "000000000000"])
def test_twelve_digits_are_refused(text: str) -> None:
    """An unquoted account id would lose its leading zeros, so it is no number."""
    with pytest.raises(
        ScalarError, match=r"^an unquoted number of 12 digits is an account id: put it in quotes"
    ):
        typed(text)


@pytest.mark.parametrize("text", ["1" * 65, "0x" + "f" * 63, "0." + "1" * 63])
def test_endless_numbers_are_refused(text: str) -> None:
    """Digits without end are neither read for minutes nor rounded."""
    with pytest.raises(
        ScalarError, match=r"^a number this long is no setting: put it in quotes if it is text$"
    ):
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
    """Nulls, booleans, whole numbers and floats are read in all their forms."""
    assert (typed(text), type(typed(text))) == (value, type(value))


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_not_a_number(text: str) -> None:
    """Each form of not-a-number is a float."""
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
def test_words(text: str) -> None:
    """What only YAML 1.1 gave a meaning to is a word."""
    assert typed(text) == text


@settings(derandomize=True)
@given(st.integers(min_value=-(10**60), max_value=10**60).filter(lambda number: len(str(number)) != 12))
def test_every_whole_number_is_read_back(number: int) -> None:
    """A whole number, as Python writes it, is read back."""
    assert typed(str(number)) == number


@settings(derandomize=True)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_read_back(number: float) -> None:
    """A float, as Python writes it, is read back."""
    assert typed(repr(number)) == number


@settings(derandomize=True)
@given(st.text())
def test_any_text_is_a_value_or_refused(text: str) -> None:
    """No text breaks the reading, and a word is never altered."""
    try:
        value = typed(text)
    except ScalarError:
        return

    assert not isinstance(value, str) or value == text
