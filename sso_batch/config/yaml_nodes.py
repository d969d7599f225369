"""The values of a YAML file: typed scalars, and nodes with the line and the path where they were written.

Plain (unquoted) scalars have the types of the core schema of YAML 1.2, without the extras of YAML 1.1: `off`,
`yes`, `1:30` and `2026-12-31` are text; `017` is the number 17; `0o17` and `0x1F` are whole numbers.
Source: https://yaml.org/spec/1.2.2/#103-core-schema
"""

import re
from dataclasses import dataclass

from sso_batch.config.problems import KeyPath

Scalar = str | int | float | bool | None

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_NOT_A_NUMBER = frozenset({".nan", ".NaN", ".NAN"})
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_MAX_NUMBER_LENGTH = 64  # characters; Python refuses to parse thousands of digits


class ScalarError(ValueError):
    """A plain scalar that is ambiguous; the message says what to write."""


class Expanded(str):
    """The value of a variable in a plain scalar: text for a key that takes text, typed for any other key."""

    __slots__ = ()

    def typed(self) -> Scalar:
        """Return the value as if it were written in the file, or the text if it is ambiguous there."""
        try:
            return typed(self)
        except ScalarError:
            return str(self)


def typed(text: str) -> Scalar:
    """Return the value of a plain scalar; raise ScalarError if it is ambiguous."""
    if _ACCOUNT_ID.fullmatch(text):
        raise ScalarError("an account ID without quotes would lose its leading zeros: put it in quotes")
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    return _number(text)


def _number(text: str) -> Scalar:
    """Return the number that `text` is, or else `text`."""
    if _OCTAL.fullmatch(text) or _HEXADECIMAL.fullmatch(text):
        return int(_limited(text), 0)
    if _DECIMAL.fullmatch(text):
        return int(_limited(text))
    if _FLOAT.fullmatch(text):
        return float(_limited(text))
    if infinity := _INFINITY.fullmatch(text):
        return float(f"{infinity[1]}inf")
    if text in _NOT_A_NUMBER:
        return float("nan")
    return text


def _limited(text: str) -> str:
    """Return `text`; raise ScalarError if it is too long for a number."""
    if len(text) > _MAX_NUMBER_LENGTH:
        raise ScalarError("the number is too long: put it in quotes if it is text")
    return text


class Unreadable:
    """The placeholder of a value that could not be read; its problem has been reported."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file, with its path and the line of its key, or of the item in a list."""

    value: "Value"
    line: int
    path: KeyPath

    def plain(self) -> object:
        """Return the value without lines and paths."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return tuple(node.plain() for node in self.value)
        return self.value


Value = Scalar | Unreadable | dict[str, Node] | tuple[Node, ...]
