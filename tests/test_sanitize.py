"""Tests of text that is made safe for its target."""

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.sanitize import (
    clean_message,
    escape_formulas,
    escape_line_breaks,
    escape_terminal,
    escape_terminal_lines,
    quote_field,
    show_hidden,
)

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


STARTS = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001 - full-width on purpose
BREAKS = ";\t\r\n"
HOSTILE = st.text(st.sampled_from(STARTS + BREAKS + "'\",aé \\"), max_size=12)
VALUES = HOSTILE | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@pytest.mark.parametrize("start", STARTS)
def test_formula(start: str) -> None:
    """A formula is escaped at the start of a cell and after a separator."""
    assert escape_formulas(start + "x") == "'" + start + "x"
    assert escape_formulas("x;" + start) == "x;'" + start
    assert escape_formulas(start * 2) == ("'" + start) * 2 if start in BREAKS else "'" + start * 2


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("a=b", "a=b"),
        ("a-b+c@d", "a-b+c@d"),
        (" =x", " =x"),
        ("'=x", "''=x"),
        ("'", "''"),
        ("a';'b", "a';'b"),
        ("a;=x;-y;z", "a;'=x;'-y;z"),
        ("a\t=x", "a\t'=x"),
        ("a\r\n=x", "a\r'\n'=x"),
        (";", ";"),
        (";;", ";;"),
        ("", ""),
        ("Ärzte", "Ärzte"),
    ],
)
def test_only_formula_starts_are_escaped(value: str, escaped: str) -> None:
    """Only starts change: an address, or a name with a hyphen in it, stays the same."""
    assert escape_formulas(value) == escaped


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("", ""),
        ("a b", "a b"),
        ("a,b", '"a,b"'),
        ('a"b', '"a""b"'),
        ("a\nb", '"a\nb"'),
        ("a\rb", '"a\rb"'),
        ("'", "'"),
        ("::error::a", '"::error::a"'),
        (" ::error::a", '" ::error::a"'),
        ("fe80::1", "fe80::1"),
    ],
)
def test_quote_field(value: str, field: str) -> None:
    """A field is quoted where RFC 4180 asks for it or a workflow would obey it, and nowhere else."""
    assert quote_field(value) == field


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
def test_escape_line_breaks(text: str, cell: str) -> None:
    """Line breaks, controls and direction overrides become visible; nothing else changes."""
    assert escape_line_breaks(text) == cell


def escaped_by_hand(value: str) -> str:
    """Return the value escaped by the documented rule, applied character by character."""
    escaped = ["'"] if value.startswith("'") else []
    before = ";"
    for character in value:
        if character in STARTS and before in BREAKS:
            escaped.append("'")
        escaped.append(character)
        before = character
    return "".join(escaped)


@settings(derandomize=True, max_examples=500)
@given(VALUES)
def test_any_value(value: str) -> None:
    """Any value is escaped by the documented rule, and nothing but `'` is ever inserted."""
    escaped = escape_formulas(value)

    assert escaped == escaped_by_hand(value)
    assert re.split("[;\t\r\n]", escaped)[0][:1] not in list(STARTS)
    assert escaped.replace("'", "") == value.replace("'", "")


@settings(derandomize=True, max_examples=500)
@given(st.lists(VALUES, min_size=2, max_size=5))
def test_any_line(values: list[str]) -> None:
    """A CSV reader returns exactly the values that were written."""
    line = ",".join(quote_field(value) for value in values) + "\r\n"

    assert list(csv.reader(io.StringIO(line + line, newline=""), strict=True)) == [values, values]


@settings(derandomize=True, max_examples=500)
@given(st.text(st.characters() | st.sampled_from("\n\r\t\x1b[\u202e\u2066"), max_size=20))
def test_any_text_is_one_line(text: str) -> None:
    """Any text becomes one line, and escaping twice changes nothing."""
    cell = escape_line_breaks(text)

    assert len(cell.splitlines()) <= 1
    assert escape_line_breaks(cell) == cell


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Siobhán Ní Bhriain 株式会社 👩‍💻 نمی‌خواهم", "Siobhán Ní Bhriain 株式会社 👩‍💻 نمی‌خواهم"),
        ("a\r\nb\tc\x00", "a[U+000D][U+000A]b[U+0009]c[U+0000]"),
        ("\u202etxt.exe", "[U+202E]txt.exe"),
        ("\u2066x\u2069\u200b\ufeff", "[U+2066]x[U+2069][U+200B][U+FEFF]"),
        ("\u2028\u2029\u061c", "[U+2028][U+2029][U+061C]"),
        ("\x85\x1b[31m", "[U+0085][U+001B][31m"),
        ("\ud800 \uffff \U000e0041", "[U+D800] [U+FFFF] [U+E0041]"),
    ],
)  # fmt: skip
def test_show_hidden(text: str, shown: str) -> None:
    """Hidden characters become visible, every script stays readable, and the result can be encoded."""
    assert show_hidden(text) == shown
    assert show_hidden(text).encode().decode() == shown
