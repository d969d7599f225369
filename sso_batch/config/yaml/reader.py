"""A YAML text as a tree of nodes, each of which knows its line and its path.

The tree is made from the parser's events and never through a YAML constructor: nothing in a file can
name a Python object, and depth and size are held to their limits while the file is read.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

import yaml

from sso_batch.config.interpolation import ExpansionError
from sso_batch.config.problems import Path, Problem, shown
from sso_batch.config.yaml.errors import broken
from sso_batch.config.yaml.nodes import Node, Unreadable, Value
from sso_batch.config.yaml.scalars import Expanded, Scalar, ScalarError, typed

DEEPEST = 20
MOST_NODES = 200_000
MOST_CHARACTERS = 2_000_000  # of all values, their variables expanded; a file has a million at most

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C where PyYAML was built with it
_FORBIDDEN = re.compile(  # YAML takes no other character; PyYAML would tell it without its line
    r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # undecodable bytes of the environment


class DocumentError(Exception):
    """A text that gives no tree at all; `problems` has everything found until then."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


def read(text: str, expand: Callable[[str], str]) -> tuple[Node, list[Problem]]:
    """Read one YAML document, each scalar through `expand`; give its tree and what is wrong in places.

    Raises DocumentError where no tree can be made.
    """
    if forbidden := _FORBIDDEN.search(text):
        line = text.count("\n", 0, forbidden.start()) + 1
        raise DocumentError([Problem(line, "", "a control character stands here: take it away")])
    reader = _Reader(expand)
    try:
        root = reader.document(yaml.parse(text, Loader=_PARSER))
    except yaml.MarkedYAMLError as error:
        raise DocumentError([*reader.problems, broken(error, text.rstrip().count("\n") + 1)]) from error
    except _RefusedError as error:
        raise DocumentError([*reader.problems, Problem(error.line, "", error.text)]) from error
    return root, reader.problems


class _RefusedError(Exception):
    """Something in the file that ends the reading."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


@dataclass(slots=True)
class _Reader:
    """Makes the tree from the events of one document."""

    expand: Callable[[str], str]
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    nodes: int = 0
    characters: int = 0

    def document(self, events: Iterator[yaml.Event]) -> Node:
        next(events)  # the stream starts
        if isinstance(next(events), yaml.StreamEndEvent):
            raise _RefusedError(1, "the file is empty: write at least `organizations:` with one organization")
        root = self.node(next(events), events, ())
        next(events)  # the document ends
        if not isinstance(after := next(events), yaml.StreamEndEvent):
            raise _RefusedError(_line(after), "a second document begins here: write one file for each")
        return root

    def node(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path, line: int = 0) -> Node:
        line = line or _line(event)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, path, line)
        self.count(path, line)
        if getattr(event, "tag", None) is not None:
            self.problem(line, path, "a tag (`!…`) is not understood here: take it away")
        node = Node(self.value(event, events, path, line), line, path)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def value(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path, line: int) -> Value:
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(events, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(events, path)
        return self.scalar(cast("yaml.ScalarEvent", event), path, line)

    def mapping(self, events: Iterator[yaml.Event], path: Path) -> dict[str, Node]:
        nodes: dict[str, Node] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self.key(event, events, path)
            node = self.node(next(events), events, (*path, "?" if key is None else key), _line(event))
            first = node if key is None else nodes.setdefault(key, node)
            if first is not node:
                self.problem(
                    node.line, node.path, f"this key stands already in line {first.line}: keep one of the two"
                )
        return nodes

    def key(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> str | None:
        """Read a key; tell what is wrong with one that is no word, and give None for it."""
        if isinstance(event, yaml.ScalarEvent):
            mistake = _mistake_in_key(event)
            if not mistake:
                return str(event.value)
            self.problem(_line(event), (*path, event.value), mistake)
        else:
            told = len(self.problems)
            self.node(event, events, (*path, "?"))
            del self.problems[told:]  # of a value that must not stand there at all
            self.problem(
                _line(event), path, "a key must be a word: put text such as {{ … }} or *name in quotes"
            )
        return None

    def sequence(self, events: Iterator[yaml.Event], path: Path) -> tuple[Node, ...]:
        nodes: list[Node] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            nodes.append(self.node(event, events, (*path, len(nodes))))
        return tuple(nodes)

    def scalar(self, event: yaml.ScalarEvent, path: Path, line: int) -> Scalar | Unreadable:
        try:
            text = _unicode(self.expand(event.value))
            self.characters += len(text)
            if self.characters > MOST_CHARACTERS:
                raise _RefusedError(
                    line, "the variables up to here hold more than a file may: split the file"
                )
            if event.implicit[0]:
                return Expanded(text) if text and text != event.value else typed(text)
        except ExpansionError as error:
            for reason in error.reasons:
                self.problem(line, path, reason)
        except ScalarError as error:
            self.problem(line, path, str(error))
        else:
            return text
        return Unreadable()

    def alias(self, event: yaml.AliasEvent, path: Path, line: int) -> Node:
        """Put the anchored value here, as if it were written here."""
        if event.anchor not in self.anchors:
            raise _RefusedError(
                line, "`*` names no anchor that ends above: write `&` and its name before the value"
            )
        return self.copied(self.anchors[event.anchor], path, line)

    def copied(self, node: Node, path: Path, line: int) -> Node:
        self.count(path, line)
        value = node.value
        if isinstance(value, dict):
            value = {key: self.copied(child, (*path, key), line) for key, child in value.items()}
        elif isinstance(value, tuple):
            value = tuple(self.copied(child, (*path, index), line) for index, child in enumerate(value))
        return Node(value, line, path)

    def count(self, path: Path, line: int) -> None:
        """Hold the tree to its limits, aliases counted as often as they are used."""
        self.nodes += 1
        if len(path) > DEEPEST:
            raise _RefusedError(line, f"more than {DEEPEST} levels deep: no configuration needs that")
        if self.nodes > MOST_NODES:
            raise _RefusedError(line, f"more than {MOST_NODES} values, aliases counted: split the file")

    def problem(self, line: int, path: Path, text: str) -> None:
        self.problems.append(Problem(line, shown(path), text))


def _line(event: yaml.Event) -> int:
    """Give the line as people count it, from 1; 0 where it is not known."""
    return event.start_mark.line + 1 if event.start_mark else 0


def _unicode(text: str) -> str:
    """Refuse what no file can hold."""
    if _SURROGATE.search(text):
        raise ScalarError("this text is not valid Unicode: write other characters")
    return text


def _mistake_in_key(event: yaml.ScalarEvent) -> str:
    """Say what is wrong with a key, if anything is."""
    if not event.implicit[0]:
        return ""
    try:
        word = typed(event.value)
    except ScalarError as error:
        return str(error)
    if not isinstance(word, str):
        return "a key must be a word: put it in quotes"
    return "merge keys are not YAML 1.2: write what all share under `defaults`" if word == "<<" else ""
