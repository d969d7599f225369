"""Patterns with `*` and `?`: what they match, and that hostile texts take no longer than others."""

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.wildcards import Wildcard
from tests.support.effort import ends_at_once

_LETTERS = st.text("ab*?[]\n.", max_size=8)


@given(_LETTERS, _LETTERS)
def test_like_file_names(pattern: str, text: str) -> None:
    """A pattern matches what fnmatch matches, except that brackets are literal."""
    expected = re.fullmatch(fnmatch.translate(pattern.replace("[", "[[]")), text) is not None

    assert Wildcard(pattern).matches(text) is expected


@given(st.text("ab?", max_size=6), st.text("ab", max_size=6), st.text("ab?", max_size=6))
def test_head_and_tail_do_not_overlap(head: str, between: str, tail: str) -> None:
    """`ab*ba` does not match `aba`."""
    text = (head + between + tail).replace("?", "a")

    assert Wildcard(f"{head}*{tail}").matches(text)
    assert not (head or tail) or not Wildcard(f"{head}*{tail}").matches(text[: len(head + tail) - 1])


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("team-*-*-*-*-*-*-*-*-prod", "team" + "-" * 400),
        ("*a" * 60 + "*b", "a" * 5_000),
        ("*a?" * 60 + "*b", "a" * 5_000),
        ("a*" * 100 + "?", "a" * 100),
        ("*" * 200 + "b", "a" * 5_000),
    ],
)
def test_hostile(pattern: str, text: str) -> None:
    """A text that nearly matches in many places is refused at once."""
    with ends_at_once():
        matches = Wildcard(pattern).matches(text + "x")

    assert matches is (pattern[-1] == "?")


@pytest.mark.parametrize(
    ("pattern", "is_literal", "is_everything"),
    [("abc", True, False), ("a?c", False, False), ("*", False, True), ("**", False, False)],
)
def test_kinds(pattern: str, *, is_literal: bool, is_everything: bool) -> None:
    """Literal patterns and the pattern that matches everything are recognized."""
    compiled = Wildcard(pattern)

    assert (compiled.is_literal, compiled.is_everything) == (is_literal, is_everything)
