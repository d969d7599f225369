"""A strict YAML reader: text to a tree of nodes, each with its line and its path.

The tree is built from the parser's events and never through a YAML constructor, so that nothing in a file
can name a Python object, and depth and size are limited while the file is read. `yaml.compose` has no such
limits: it overflows the stack on 100,000 `[`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

import yaml

from sso_batch.config.interpolation import ExpansionError
from sso_batch.config.problems import KeyPath, Problem, format_path, syntax_problem
from sso_batch.config.yaml_nodes import Expanded, Node, Scalar, ScalarError, Unreadable, Value, typed

MAX_DEPTH = 20
MAX_NODES = 200_000
MAX_CHARACTERS = 2_000_000  # of all values, with variables expanded; a file has at most a million

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the parser in C, if PyYAML was built with it
_FORBIDDEN = re.compile(  # characters that YAML does not allow; PyYAML reports them without the line
    r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # undecodable bytes in environment variables


class DocumentError(Exception):
    """A text that is not one YAML document; `problems` has everything found up to there."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


def read(text: str, expand: Callable[[str], str]) -> tuple[Node, list[Problem]]:
    """Return the tree of one YAML document, its scalars expanded by `expand`, and the problems in it.

    Raises DocumentError if no tree can be built.
    """
    if forbidden := _FORBIDDEN.search(text):
        line = text.count("\n", 0, forbidden.start()) + 1
        raise DocumentError([Problem(line, "", "a control character is not allowed: remove it")])
    reader = _Reader(expand)
    try:
        root = reader.document(yaml.parse(text, Loader=_PARSER))
    except yaml.MarkedYAMLError as error:
        raise DocumentError(
            [*reader.problems, syntax_problem(error, text.rstrip().count("\n") + 1)]
        ) from error
    except _RefusedError as error:
        raise DocumentError([*reader.problems, Problem(error.line, "", error.text)]) from error
    return root, reader.problems


class _RefusedError(Exception):
    """A problem after which the file cannot be read further."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


@dataclass(slots=True)
class _Reader:
    """The state of reading one document: problems, anchors, and what counts towards the limits."""

    expand: Callable[[str], str]
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    nodes: int = 0
    characters: int = 0

    def document(self, events: Iterator[yaml.Event]) -> Node:
        next(events)  # StreamStartEvent
        if isinstance(next(events), yaml.StreamEndEvent):
            raise _RefusedError(
                1, "the configuration is empty: write at least `organizations: [{name: acme}]`"
            )
        root = self.node(next(events), events, ())
        next(events)  # DocumentEndEvent
        if not isinstance(after := next(events), yaml.StreamEndEvent):
            raise _RefusedError(_line(after), "a second YAML document begins here: use one file for each")
        return root

    def node(self, event: yaml.Event, events: Iterator[yaml.Event], path: KeyPath, line: int = 0) -> Node:
        line = line or _line(event)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, path, line)
        self.count(path, line)
        if getattr(event, "tag", None) is not None:
            self.problem(line, path, "YAML tags (`!…`) are not supported: remove the tag")
        node = Node(self.value(event, events, path, line), line, path)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def value(self, event: yaml.Event, events: Iterator[yaml.Event], path: KeyPath, line: int) -> Value:
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(events, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(events, path)
        return self.scalar(cast("yaml.ScalarEvent", event), path, line)

    def mapping(self, events: Iterator[yaml.Event], path: KeyPath) -> dict[str, Node]:
        nodes: dict[str, Node] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self.key(event, events, path)
            node = self.node(next(events), events, (*path, "?" if key is None else key), _line(event))
            first = node if key is None else nodes.setdefault(key, node)
            if first is not node:
                self.problem(
                    node.line,
                    node.path,
                    f"duplicate key, first defined on line {first.line}: remove one of them",
                )
        return nodes

    def key(self, event: yaml.Event, events: Iterator[yaml.Event], path: KeyPath) -> str | None:
        """Return a key; report one that is not text, and return None for it."""
        if isinstance(event, yaml.ScalarEvent):
            problem = _key_problem(event)
            if not problem:
                return str(event.value)
            self.problem(_line(event), (*path, event.value), problem)
        else:
            count = len(self.problems)
            self.node(event, events, (*path, "?"))
            del self.problems[count:]  # inside of a value that is not allowed as a key
            self.problem(
                _line(event), path, "a key must be text: put text such as {{ … }} or *name in quotes"
            )
        return None

    def sequence(self, events: Iterator[yaml.Event], path: KeyPath) -> tuple[Node, ...]:
        nodes: list[Node] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            nodes.append(self.node(event, events, (*path, len(nodes))))
        return tuple(nodes)

    def scalar(self, event: yaml.ScalarEvent, path: KeyPath, line: int) -> Scalar | Unreadable:
        try:
            text = _unicode(self.expand(event.value))
            self.characters += len(text)
            if self.characters > MAX_CHARACTERS:
                raise _RefusedError(
                    line,
                    f"the values up to here have more than {MAX_CHARACTERS:,} characters: split the file",
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

    def alias(self, event: yaml.AliasEvent, path: KeyPath, line: int) -> Node:
        """Return a copy of the anchored value, with this line and path."""
        if event.anchor not in self.anchors:
            raise _RefusedError(
                line, "unknown anchor after `*`: define it above, with `&` and its name before a value"
            )
        return self.copy(self.anchors[event.anchor], path, line)

    def copy(self, node: Node, path: KeyPath, line: int) -> Node:
        self.count(path, line)
        value = node.value
        if isinstance(value, dict):
            value = {key: self.copy(child, (*path, key), line) for key, child in value.items()}
        elif isinstance(value, tuple):
            value = tuple(self.copy(child, (*path, index), line) for index, child in enumerate(value))
        return Node(value, line, path)

    def count(self, path: KeyPath, line: int) -> None:
        """Check the limits of depth and size; an alias counts as often as it is used."""
        self.nodes += 1
        if len(path) > MAX_DEPTH:
            raise _RefusedError(line, f"nested more than {MAX_DEPTH} levels deep: check the brackets")
        if self.nodes > MAX_NODES:
            raise _RefusedError(line, f"more than {MAX_NODES:,} values, including aliases: split the file")

    def problem(self, line: int, path: KeyPath, text: str) -> None:
        self.problems.append(Problem(line, format_path(path), text))


def _line(event: yaml.Event) -> int:
    """Return the line, counted from 1; 0 if it is unknown."""
    return event.start_mark.line + 1 if event.start_mark else 0


def _unicode(text: str) -> str:
    """Return the text; raise ScalarError if it cannot be encoded."""
    if _SURROGATE.search(text):
        raise ScalarError("the text is not valid Unicode: check the encoding of the variable")
    return text


def _key_problem(event: yaml.ScalarEvent) -> str:
    """Return what is wrong with a key, or nothing."""
    if not event.implicit[0]:
        return ""
    try:
        key = typed(event.value)
    except ScalarError as error:
        return str(error)
    if not isinstance(key, str):
        return "a key must be text: put it in quotes"
    return "YAML merge keys are not supported: move shared values to `defaults`" if key == "<<" else ""
