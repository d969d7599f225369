"""Tests of text for a terminal and its log."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.sanitize.terminal import escape_terminal, escape_terminal_lines

ANYTHING = st.text(st.characters() | st.sampled_from("\n\r\t\x1b:#[\u202e\u2066"), max_size=20)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Zoë 日本", "Zoë 日本"),
        ("a\nb", r"a\nb"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("\u202egnp", r"\u202egnp"),
        ("::error::boo", r"\x3a:error::boo"),
        ("x ::Warning file=y::boo", r"x \x3a:Warning file=y::boo"),
        ("::stop-commands::t", r"\x3a:stop-commands::t"),
        ("##[error]boo", r"\x23#[error]boo"),
        ("arn:aws:iam::aws:policy/X", "arn:aws:iam::aws:policy/X"),
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket"),
        ("fe80::1 ## [x]", "fe80::1 ## [x]"),
        ("::errors::", "::errors::"),
    ],
)
def test_escape_terminal(text: str, shown: str) -> None:
    """Escape sequences and workflow commands are escaped; everything else stays."""
    assert escape_terminal(text) == shown


def test_escape_terminal_lines() -> None:
    """Each line of a longer text is escaped, and the lines stay separate."""
    assert escape_terminal_lines("a\x1b\n::error::b\n") == "a\\x1b\n\\x3a:error::b\n"


@settings(derandomize=True, max_examples=500)
@given(ANYTHING)
def test_any_text(text: str) -> None:
    """Any text becomes one printable line, and escaping twice changes nothing."""
    assert escape_terminal(text).isprintable()
    assert escape_terminal(escape_terminal(text)) == escape_terminal(text)
