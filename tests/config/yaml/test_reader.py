"""YAML as a tree with lines, held to limits, with nothing of YAML 1.1 in it."""

import json
import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.config.problems import Problem
from sso_batch.config.yaml.nodes import Node
from sso_batch.config.yaml.reader import DEEPEST, MOST_NODES, DocumentError, read
from sso_batch.config.yaml.scalars import Expanded

TWICE = "this key stands already in line 1: keep one of the two"
ACCOUNT_ID = "an unquoted number of 12 digits is an account id: put it in quotes, to keep leading zeros"
MERGE_KEY = "merge keys are not YAML 1.2: write what all share under `defaults`"
NO_WORD = "a key must be a word: put text such as {{ … }} or *name in quotes"

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
    """Writes every text in double quotes, so that it is a text in YAML 1.1 and 1.2 alike."""


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
        ("", 1, "the file is empty"),
        ("# nothing\n\n", 1, "the file is empty"),
        ("a: 1\n---\nb: 2\n", 2, "a second document begins here"),
        ("a:\n\t- b", 2, "this is not YAML: a tab, or a sign such as @"),
        ("a: 1\nb: @x", 2, "this is not YAML: a tab, or a sign such as @"),
        ("a: b: c", 1, "this is not YAML: wrong indentation, or a second `: `"),
        ("a: 1\nb: 'x\nc: 2", 2, "this is not YAML: a quote that is opened and never closed"),
        ("a: [1\nb: 2", 2, "this is not YAML: "),
        ("a: 1\nb: *x", 2, "`*` names no anchor that ends above"),
        ("a: &x [*x]", 1, "`*` names no anchor that ends above"),
        ("a: &x {b: 1, c: *x}", 1, "`*` names no anchor that ends above"),
        ("a: \x07", 1, "a control character stands here"),
        ("a: 1\nb: \ufffe", 2, "a control character stands here"),
    ],
)
def test_what_is_no_document(text: str, line: int, start: str) -> None:
    """A text that gives no tree is refused once, at the line to mend, with what to do."""
    problems = refused(text)

    assert [(problem.line, problem.path) for problem in problems] == [(line, "")]
    assert problems[0].text.startswith(start)


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_depth_is_limited(text: str) -> None:
    """Nesting without end is refused at once, before a stack overflows."""
    begun = time.monotonic()

    assert refused(text)[-1] == Problem(
        1, "", f"more than {DEEPEST} levels deep: no configuration needs that"
    )
    assert time.monotonic() - begun < 2


def test_depth_is_limited_through_aliases() -> None:
    """An alias within an alias within an alias counts as deep as it reaches."""
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 50))

    assert refused(text) == [Problem(20, "", f"more than {DEEPEST} levels deep: no configuration needs that")]


def test_alias_bombs_are_refused() -> None:
    """Aliases count as often as they are used, so a billion laughs end early."""
    text = "a0: &a0 lol\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
    )
    begun = time.monotonic()

    assert refused(text) == [
        Problem(7, "", f"more than {MOST_NODES} values, aliases counted: split the file")
    ]
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("text", "value", "line", "path", "sentence"),
    [
        ("a: 1\nb: 2\na: 3\n", {"a": 1, "b": 2}, 3, "a", TWICE),
        ('a: 1\n"a": 3\n', {"a": 1}, 2, "a", TWICE),
        ("t: {111122223333: x}", {"t": {}}, 1, "t.111122223333", ACCOUNT_ID),
        ("1: x", {}, 1, "1", "a key must be a word: put it in quotes"),
        ("true: x", {}, 1, "true", "a key must be a word: put it in quotes"),
        ("~: x", {}, 1, '["~"]', "a key must be a word: put it in quotes"),
        ("a: {<<: {b: 1}}", {"a": {}}, 1, 'a["<<"]', MERGE_KEY),
        ("[a]: 1\nb: 2", {"b": 2}, 1, "", NO_WORD),
        ("{{ a }}: 1\nb: 2", {"b": 2}, 1, "", NO_WORD),
        ("a: &x b\n*x : 1", {"a": "b"}, 2, "", NO_WORD),
    ],
)
def test_bad_keys(text: str, value: object, line: int, path: str, sentence: str) -> None:
    """A key that is no word, or is there twice, is told; the rest of the file is still read."""
    root, problems = read(text, as_written)

    assert (root.plain(), problems) == (value, [Problem(line, path, sentence)])


@pytest.mark.parametrize(
    "text", ["a: !!python/object/apply:os.system [ls]", "a: !foo x", "a: !!str 1", "a: ! x", "a: !!map {}"]
)
def test_tags_are_refused(text: str) -> None:
    """No tag is obeyed, whatever it names."""
    _, problems = read(text, as_written)

    assert problems == [Problem(1, "a", "a tag (`!…`) is not understood here: take it away")]


def test_account_ids_are_found_everywhere() -> None:
    """An unquoted account id is told as a value, in a list and behind an anchor, once each."""
    _, problems = read("a: 111122223333\nb:\n  - x\n  - 012345678901\nc: &x 444455556666\nd: *x", as_written)

    assert [(problem.line, problem.path) for problem in problems] == [(1, "a"), (4, "b[1]"), (5, "c")]


def test_lines_and_paths() -> None:
    """A node has the line of its key, a list's item its own, and an alias the line where it is used."""
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
    """Comments, directives, quotes, blocks, anchors and empty values are read as YAML 1.2 has them."""
    assert value_of(text) == value


def test_an_expanded_plain_scalar_can_be_typed_and_a_quoted_one_is_text() -> None:
    """What a variable holds can count as if it were written there, and never makes structure."""
    held = {"N": "5", "T": "a: b\n- c", "A": "111122223333"}

    root, problems = read("a: N\nb: 'N'\nc: T\nd: A\ne: 'A'\nN: x", lambda text: held.get(text, text))

    plain = root.plain()
    assert isinstance(plain, dict)
    assert plain == {"a": "5", "b": "5", "c": "a: b\n- c", "d": "111122223333", "e": "111122223333", "N": "x"}
    expanded = {key: value.typed() for key, value in plain.items() if isinstance(value, Expanded)}
    assert expanded == {"a": 5, "c": "a: b\n- c", "d": "111122223333"}
    assert problems == []


@settings(derandomize=True)
@given(VALUES)
def test_json_is_read_as_it_is(value: object) -> None:
    """JSON is YAML 1.2: whatever data it holds is read back equal."""
    assert value_of(json.dumps(value, ensure_ascii=False)) == value


@settings(derandomize=True)
@given(VALUES)
def test_block_yaml_is_read_as_it_is(value: object) -> None:
    """The same data in YAML's own block style is read back equal."""
    assert value_of(yaml.dump(value, Dumper=_QuotingDumper, allow_unicode=True)) == value


@settings(derandomize=True, max_examples=300)
@given(st.text(st.sampled_from("ab1:-,[]{}&*!|>'\"#%@`?<\t\n \\~\x00é")) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but DocumentError comes out of a text that is no YAML."""
    try:
        outcome: object = read(text, as_written)[0]
    except DocumentError as error:
        outcome = error.problems

    assert outcome
