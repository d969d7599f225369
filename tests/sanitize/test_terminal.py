"""Text that a terminal, a workflow's log or a reader of CSV could take for something else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.sanitize.terminal import in_one_line, printable, printable_lines

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
def test_printable(text: str, shown: str) -> None:
    """What a terminal or a workflow obeys is an escape; all else stays."""
    assert printable(text) == shown


def test_printable_lines() -> None:
    """In a text of several lines every line is safe, and stays a line."""
    assert printable_lines("a\x1b\n::error::b\n") == "a\\x1b\n\\x3a:error::b\n"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("plain, with = and ;", "plain, with = and ;"),
        ("a\nb", "a[U+000A]b"),
        ("a\r\n::error::b", "a[U+000D][U+000A]::error::b"),
        ("nul\x00 tab\t \x7f \x85", "nul[U+0000] tab[U+0009] [U+007F] [U+0085]"),
        ("\u2028\u2029", "[U+2028][U+2029]"),
        ("\u202a\u202e\u2066\u2069", "[U+202A][U+202E][U+2066][U+2069]"),
        ("\u200d\u00a0\ufeff", "\u200d\u00a0\ufeff"),  # joiners and blanks break nothing
    ],
)
def test_in_one_line(text: str, cell: str) -> None:
    """Line breaks, controls and what turns the direction of text are written visibly, and nothing else."""
    assert in_one_line(text) == cell


@settings(derandomize=True, max_examples=500)
@given(ANYTHING)
def test_any_text(text: str) -> None:
    """Any text is one line, and safe text is not changed."""
    assert printable(text).isprintable()
    assert len(in_one_line(text).splitlines()) <= 1
    assert printable(printable(text)) == printable(text)
    assert in_one_line(in_one_line(text)) == in_one_line(text)
