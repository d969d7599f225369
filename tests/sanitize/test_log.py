"""Tests of messages for logs and manifests."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.sanitize.log import clean_message


@pytest.mark.parametrize(
    ("text", "cleaned"),
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
def test_clean_message(text: str, cleaned: str) -> None:
    """Escapes, line breaks and direction overrides become spaces, and long messages are cut."""
    assert clean_message(text) == cleaned


@settings(derandomize=True)
@given(st.text(st.characters(exclude_categories=[]), max_size=50))
def test_any_message(text: str) -> None:
    """Any message fits on one line of any terminal."""
    cleaned = clean_message(text)

    cleaned.encode()
    assert not any(
        ord(character) < 32 or 127 <= ord(character) < 160 or character in "\u202a\u202e\u2028\u2067"
        for character in cleaned
    )
