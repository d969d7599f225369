"""Tests of variables in scalars."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.config.interpolation import ExpansionError, expand

NOT_A_VARIABLE = (
    "not a variable: write ${NAME}, ${NAME:-default} or ${NAME:?message}, and `$$` for a dollar sign"
)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("${GONE}", ("the variable GONE is not set: set it, or provide a default: ${GONE:-default}",)),
        ("${GONE:?ask Ann}", ("the variable GONE is not set or empty: ask Ann",)),
        ("${EMPTY:?ask Ann}", ("the variable EMPTY is not set or empty: ask Ann",)),
        ("${GONE:?}", ("the variable GONE is not set or empty: set it",)),
        ("a ${ b", ("`${` without `}`: close it, or write `$$` for a dollar sign",)),
        ("${ ${A} ${", (NOT_A_VARIABLE, "`${` without `}`: close it, or write `$$` for a dollar sign")),
        *(
            (text, (NOT_A_VARIABLE,))
            for text in ("${}", "${1A}", "${A-b}", "${A:+b}", "${A:=b}", "${ A }", "${A:b}", "${Ä}")
        ),
        (
            "${A:-${B}}",
            ("`${` inside ${A…}: a default cannot contain a variable; write `$$` for a dollar sign",),
        ),
        (
            "${GONE}/${LOST}",
            (
                "the variable GONE is not set: set it, or provide a default: ${GONE:-default}",
                "the variable LOST is not set: set it, or provide a default: ${LOST:-default}",
            ),
        ),
    ],
)
def test_errors(text: str, reasons: tuple[str, ...]) -> None:
    """Every problem of a scalar is reported, with what to write."""
    with pytest.raises(ExpansionError) as caught:
        expand(text, {"EMPTY": "", "A": "set"})

    assert caught.value.reasons == reasons


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("plain", "plain"),
        ("${FULL}", "value"),
        ("<${FULL}|${FULL}>", "<value|value>"),
        ("${EMPTY}", ""),
        ("${GONE:-else}", "else"),
        ("${EMPTY:-else}", "else"),
        ("${FULL:-else}", "value"),
        ("${FULL:?ask}", "value"),
        ("${GONE:-}", ""),
        ("${GONE:-a:-b:?c}", "a:-b:?c"),
        ("${GONE:-two\nlines}", "two\nlines"),
        ("${GONE:-$$5 or $5}", "$5 or $5"),
        ("${GONE:-$${x}", "${x"),
        ("$${FULL}", "${FULL}"),
        ("$$$${FULL}", "$${FULL}"),
        ("$$${FULL}", "$value"),
        ("$", "$"),
        ("$FULL and 5$", "$FULL and 5$"),
        ("${NESTED}", "${FULL} $$ ${"),
    ],
)
def test_expansion(text: str, expanded: str) -> None:
    """Variables, defaults and dollar signs are expanded once, as in the shell."""
    environ = {"FULL": "value", "EMPTY": "", "NESTED": "${FULL} $$ ${"}

    assert expand(text, environ) == expanded


def test_unclosed_references_are_reported_once() -> None:
    """A megabyte of `${` is refused in linear time, with one error."""
    with pytest.raises(ExpansionError) as caught:
        expand("${" * 400_000, {})

    assert caught.value.reasons == ("`${` without `}`: close it, or write `$$` for a dollar sign",)


@settings(derandomize=True)
@given(st.text())
def test_doubled_dollars(text: str) -> None:
    """Every text can be written by doubling its dollar signs."""
    assert expand(text.replace("$", "$$"), {}) == text


@settings(derandomize=True)
@given(
    NAMES,
    st.text(),
    st.text(st.characters(exclude_characters="$")),
    st.text(st.characters(exclude_characters="$")),
)
def test_values_are_inserted_unchanged(name: str, value: str, before: str, after: str) -> None:
    """The value of a variable and the text around it stay unchanged."""
    assert expand(f"{before}${{{name}}}{after}", {name: value}) == before + value + after


@settings(derandomize=True)
@given(st.text(st.sampled_from("${}:-?A_ 1")), st.dictionaries(NAMES, st.text(), max_size=3))
def test_any_text(text: str, environ: dict[str, str]) -> None:
    """A malformed text raises only ExpansionError, and no reason repeats a value."""
    reasons: tuple[str, ...] = ()
    try:
        expand(text, environ | {"A": "marker-8471"})
    except ExpansionError as error:
        reasons = error.reasons

    assert "marker-8471" not in "".join(reasons)
