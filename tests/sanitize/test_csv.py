"""One cell of a CSV: formulas made inert, then quoted."""

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.sanitize.csv import escape_formulas, quote

STARTS = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001 - full-width on purpose
BREAKS = ";\t\r\n"
HOSTILE = st.text(st.sampled_from(STARTS + BREAKS + "'\",aé \\"), max_size=12)
ANYTHING = HOSTILE | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@pytest.mark.parametrize("start", STARTS)
def test_formula(start: str) -> None:
    """Whatever a spreadsheet would take for a formula is made inert, at the start and after a separator."""
    assert escape_formulas(start + "x") == "'" + start + "x"
    assert escape_formulas("x;" + start) == "x;'" + start
    assert escape_formulas(start * 2) == ("'" + start) * 2 if start in BREAKS else "'" + start * 2


@pytest.mark.parametrize(
    ("value", "inert"),
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
def test_letter_of_the_contract(value: str, inert: str) -> None:
    """Only starts are changed: an address or a name with a hyphen in it stays as it is."""
    assert escape_formulas(value) == inert


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
def test_quote(value: str, field: str) -> None:
    """A field is quoted where RFC 4180 asks, or where a workflow would obey it, and only there."""
    assert quote(value) == field


def escaped_by_hand(value: str) -> str:
    """Give the contract's sentence, read character by character."""
    told = ["'"] if value.startswith("'") else []
    before = ";"
    for character in value:
        if character in STARTS and before in BREAKS:
            told.append("'")
        told.append(character)
        before = character
    return "".join(told)


@settings(derandomize=True, max_examples=500)
@given(ANYTHING)
def test_any_value(value: str) -> None:
    """Any value is escaped to the letter of the contract, and nothing but `'` is ever put in."""
    escaped = escape_formulas(value)

    assert escaped == escaped_by_hand(value)
    assert re.split("[;\t\r\n]", escaped)[0][:1] not in list(STARTS)
    assert escaped.replace("'", "") == value.replace("'", "")


@settings(derandomize=True, max_examples=500)
@given(st.lists(ANYTHING, min_size=2, max_size=5))
def test_any_line(values: list[str]) -> None:
    """A reader of CSV finds exactly the values that were written."""
    line = ",".join(quote(value) for value in values) + "\r\n"

    assert list(csv.reader(io.StringIO(line + line, newline=""), strict=True)) == [values, values]
