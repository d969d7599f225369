"""AWS's words on a terminal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.sanitize.log import clean


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plain, Zoë: ok", "plain, Zoë: ok"),
        ("\x1b[31mred\x1b[0m", " [31mred [0m"),
        ("\x1b]0;title\x07", " ]0;title "),
        ("a\r\n\tb", "a b"),
        ("a\x9b1mb\x7f\x00", "a 1mb "),
        ("a\u202eb\u2066c\u2069\u200f\u061cd", "a b c d"),
        ("a\u2028b\u2029c", "a b c"),
        ("half \ud83d", "half ?"),
        ("x" * 1000, "x" * 1000),
        ("x" * 1001, "x" * 1000 + "…"),
    ],
)
def test_clean(text: str, told: str) -> None:
    """Escapes, line breaks and what turns the direction of text are spaces, and no message is endless."""
    assert clean(text) == told


@settings(derandomize=True)
@given(st.text(st.characters(exclude_categories=[]), max_size=50))
def test_any_message(text: str) -> None:
    """Whatever AWS says fits on a line of any terminal."""
    told = clean(text)

    told.encode()
    assert not any(
        ord(one) < 32 or 127 <= ord(one) < 160 or one in "\u202a\u202e\u2028\u2067" for one in told
    )
