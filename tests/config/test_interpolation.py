"""Variables in a scalar."""

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
        ("${GONE}", ("the variable GONE is not set: set it, or give a default with ${GONE:-default}",)),
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
            ("`${` inside ${A…}: a default cannot hold a variable; write `$$` for a dollar sign",),
        ),
        (
            "${GONE}/${LOST}",
            (
                "the variable GONE is not set: set it, or give a default with ${GONE:-default}",
                "the variable LOST is not set: set it, or give a default with ${LOST:-default}",
            ),
        ),
    ],
)
def test_what_cannot_be_expanded(text: str, reasons: tuple[str, ...]) -> None:
    """Everything that is wrong with a scalar is told, with what to write."""
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
    """Variables, defaults and dollar signs are put in once, as the shell would."""
    environ = {"FULL": "value", "EMPTY": "", "NESTED": "${FULL} $$ ${"}

    assert expand(text, environ) == expanded


def test_openings_without_end_are_told_once() -> None:
    """A megabyte of `${` is refused at once, and not after a search for each."""
    with pytest.raises(ExpansionError) as caught:
        expand("${" * 400_000, {})

    assert caught.value.reasons == ("`${` without `}`: close it, or write `$$` for a dollar sign",)


@settings(derandomize=True)
@given(st.text())
def test_doubled_dollars_give_any_text(text: str) -> None:
    """Every text can be written by doubling its dollar signs."""
    assert expand(text.replace("$", "$$"), {}) == text


@settings(derandomize=True)
@given(
    NAMES,
    st.text(),
    st.text(st.characters(exclude_characters="$")),
    st.text(st.characters(exclude_characters="$")),
)
def test_a_value_is_put_in_as_it_is(name: str, value: str, before: str, after: str) -> None:
    """Whatever a variable holds stands in its place unchanged, and all around it too."""
    assert expand(f"{before}${{{name}}}{after}", {name: value}) == before + value + after


@settings(derandomize=True)
@given(st.text(st.sampled_from("${}:-?A_ 1")), st.dictionaries(NAMES, st.text(), max_size=3))
def test_any_text_is_expanded_or_refused(text: str, environ: dict[str, str]) -> None:
    """Nothing but ExpansionError comes out of a malformed text, and no reason repeats a value."""
    told: tuple[str, ...] = ()
    try:
        expand(text, environ | {"A": "marker-8471"})
    except ExpansionError as error:
        told = error.reasons

    assert "marker-8471" not in "".join(told)
