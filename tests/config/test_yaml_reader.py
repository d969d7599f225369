"""Tests of the YAML reader: lines, limits, and YAML 1.2 only."""

import json
import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.config.problems import Problem
from sso_batch.config.yaml_nodes import Expanded, Node
from sso_batch.config.yaml_reader import MAX_DEPTH, MAX_NODES, DocumentError, read

TWICE = "duplicate key, first defined on line 1: remove one of them"
ACCOUNT_ID = "an account ID without quotes would lose its leading zeros: put it in quotes"
MERGE_KEY = "YAML merge keys are not supported: move shared values to `defaults`"
NO_TEXT = "a key must be text: put text such as {{ … }} or *name in quotes"

PRINTED = st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co"), exclude_characters="\u2028\u2029\ufeff")
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**11), 10**11 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(PRINTED),
    lambda inner: st.lists(inner).map(tuple) | st.dictionaries(st.text(PRINTED, max_size=30), inner),
    max_leaves=20,
)


class _QuotingDumper(yaml.SafeDumper):
    """A dumper that quotes every text, so that it is text in YAML 1.1 and 1.2."""


_QuotingDumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)
_QuotingDumper.add_representer(
    tuple, lambda dumper, items: dumper.represent_sequence("tag:yaml.org,2002:seq", items)
)
_QuotingDumper.ignore_aliases = lambda _self, _data: True  # type: ignore[method-assign,assignment]


def as_written(text: str) -> str:
    return text


def value_of(text: str) -> object:
    root, problems = read(text, as_written)
    assert problems == []
    return root.plain()


def refused(text: str) -> list[Problem]:
    with pytest.raises(DocumentError) as caught:
        read(text, as_written)
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "line", "start"),
    [
        ("", 1, "the configuration is empty"),
        ("# nothing\n\n", 1, "the configuration is empty"),
        ("a: 1\n---\nb: 2\n", 2, "a second YAML document begins here"),
        ("a:\n\t- b", 2, "invalid YAML: a tab, or a character such as @"),
        ("a: 1\nb: @x", 2, "invalid YAML: a tab, or a character such as @"),
        ("a: b: c", 1, "invalid YAML: wrong indentation, or a second `: `"),
        ("a: 1\nb: 'x\nc: 2", 2, "invalid YAML: a quote is opened and never closed"),
        ("a: [1\nb: 2", 2, "invalid YAML: "),
        ("a: 1\nb: *x", 2, "unknown anchor after `*`"),
        ("a: &x [*x]", 1, "unknown anchor after `*`"),
        ("a: &x {b: 1, c: *x}", 1, "unknown anchor after `*`"),
        ("a: \x07", 1, "a control character is not allowed"),
        ("a: 1\nb: \ufffe", 2, "a control character is not allowed"),
    ],
)
def test_errors(text: str, line: int, start: str) -> None:
    """A text that is not one YAML document is refused with one problem, at the line to fix."""
    problems = refused(text)

    assert [(problem.line, problem.path) for problem in problems] == [(line, "")]
    assert problems[0].text.startswith(start)


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_depth_is_limited(text: str) -> None:
    """Deep nesting is refused before the stack overflows."""
    started = time.monotonic()

    assert refused(text)[-1] == Problem(
        1, "", f"nested more than {MAX_DEPTH} levels deep: check the brackets"
    )
    assert time.monotonic() - started < 2


def test_depth_of_aliases_is_limited() -> None:
    """The depth of an alias is the depth of its value."""
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 50))

    assert refused(text) == [Problem(20, "", f"nested more than {MAX_DEPTH} levels deep: check the brackets")]


def test_alias_bombs() -> None:
    """An alias counts as often as it is used, so a billion-laughs file is refused early."""
    text = "a0: &a0 lol\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
    )
    started = time.monotonic()

    assert refused(text) == [
        Problem(7, "", f"more than {MAX_NODES:,} values, including aliases: split the file")
    ]
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("text", "value", "line", "path", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", {"a": 1, "b": 2}, 3, "a", TWICE),
        ('a: 1\n"a": 3\n', {"a": 1}, 2, "a", TWICE),
        ("t: {111122223333: x}", {"t": {}}, 1, "t.111122223333", ACCOUNT_ID),
        ("1: x", {}, 1, "1", "a key must be text: put it in quotes"),
        ("true: x", {}, 1, "true", "a key must be text: put it in quotes"),
        ("~: x", {}, 1, '["~"]', "a key must be text: put it in quotes"),
        ("a: {<<: {b: 1}}", {"a": {}}, 1, 'a["<<"]', MERGE_KEY),
        ("[a]: 1\nb: 2", {"b": 2}, 1, "", NO_TEXT),
        ("{{ a }}: 1\nb: 2", {"b": 2}, 1, "", NO_TEXT),
        ("a: &x b\n*x : 1", {"a": "b"}, 2, "", NO_TEXT),
    ],
)
def test_bad_keys(text: str, value: object, line: int, path: str, message: str) -> None:
    """A key that is not text, or a duplicate, is reported; the rest of the file is still read."""
    root, problems = read(text, as_written)

    assert (root.plain(), problems) == (value, [Problem(line, path, message)])


@pytest.mark.parametrize(
    "text", ["a: !!python/object/apply:os.system [ls]", "a: !foo x", "a: !!str 1", "a: ! x", "a: !!map {}"]
)
def test_tags_are_refused(text: str) -> None:
    """Every YAML tag is refused."""
    _, problems = read(text, as_written)

    assert problems == [Problem(1, "a", "YAML tags (`!…`) are not supported: remove the tag")]


def test_unquoted_account_ids() -> None:
    """An unquoted account ID is reported once as a value, in a list and after an anchor."""
    _, problems = read("a: 111122223333\nb:\n  - x\n  - 012345678901\nc: &x 444455556666\nd: *x", as_written)

    assert [(problem.line, problem.path) for problem in problems] == [(1, "a"), (4, "b[1]"), (5, "c")]


def test_lines_and_paths() -> None:
    """A node has the line of its key, a list item its own line, and an alias the line where it is used."""
    root, _ = read("# comment\na: &a\n  b:\n    c\nd:\n  - e\n  - f: g\nh: *a\n", as_written)

    def places(node: Node) -> list[tuple[int, Any]]:
        value = node.value
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else ()
        return [(node.line, node.path), *(place for child in inner for place in places(child))]

    assert places(root) == [
        (2, ()),
        (2, ("a",)),
        (3, ("a", "b")),
        (5, ("d",)),
        (6, ("d", 0)),
        (7, ("d", 1)),
        (7, ("d", 1, "f")),
        (8, ("h",)),
        (8, ("h", "b")),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("# yaml-language-server: $schema=schema.json\na: 1", {"a": 1}),
        ("%YAML 1.2\n---\na: 1\n...\n", {"a": 1}),
        ("a: off\nb: 2026-12-31\nc: 017\non: yes", {"a": "off", "b": "2026-12-31", "c": 17, "on": "yes"}),
        ("a: '1'\nb: \"true\"\nc: |\n  1\nd: >-\n  1", {"a": "1", "b": "true", "c": "1\n", "d": "1"}),
        ("a: &x [1]\nb: *x", {"a": (1,), "b": (1,)}),
        ("a: &x 1\nb: &x 2\nc: *x", {"a": 1, "b": 2, "c": 2}),
        ("a:", {"a": None}),
        ('"111122223333": x\n"1": y\n"?": z\n"": ""', {"111122223333": "x", "1": "y", "?": "z", "": ""}),
    ],
)
def test_values(text: str, value: object) -> None:
    """Comments, directives, quotes, blocks, anchors and empty values follow YAML 1.2."""
    assert value_of(text) == value


def test_types_of_expanded_scalars() -> None:
    """An expanded plain scalar can be typed, a quoted one is text, and neither creates structure."""
    variables = {"N": "5", "T": "a: b\n- c", "A": "111122223333"}

    root, problems = read("a: N\nb: 'N'\nc: T\nd: A\ne: 'A'\nN: x", lambda text: variables.get(text, text))

    plain = root.plain()
    assert isinstance(plain, dict)
    assert plain == {"a": "5", "b": "5", "c": "a: b\n- c", "d": "111122223333", "e": "111122223333", "N": "x"}
    expanded = {key: value.typed() for key, value in plain.items() if isinstance(value, Expanded)}
    assert expanded == {"a": 5, "c": "a: b\n- c", "d": "111122223333"}
    assert problems == []


@settings(derandomize=True)
@given(VALUES)
def test_json(value: object) -> None:
    """JSON is YAML 1.2: its data is read back unchanged."""
    assert value_of(json.dumps(value, ensure_ascii=False)) == value


@settings(derandomize=True)
@given(VALUES)
def test_block_style(value: object) -> None:
    """The same data in YAML's block style is read back unchanged."""
    assert value_of(yaml.dump(value, Dumper=_QuotingDumper, allow_unicode=True)) == value


@settings(derandomize=True, max_examples=300)
@given(st.text(st.sampled_from("ab1:-,[]{}&*!|>'\"#%@`?<\t\n \\~\x00é")) | st.text())
def test_any_text(text: str) -> None:
    """Random text raises only DocumentError."""
    try:
        outcome: object = read(text, as_written)[0]
    except DocumentError as error:
        outcome = error.problems

    assert outcome
