"""What a plain (unquoted) YAML scalar means: the core schema of YAML 1.2, and nothing of YAML 1.1.

`off`, `yes` and `2026-12-31` are words, `017` is seventeen and `1:30` is text. `0o17` and `0x1F` are
whole numbers, as the core schema has them (https://yaml.org/spec/1.2.2/#103-core-schema).
"""

import re

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
_LONGEST_NUMBER = 64  # Python refuses to read endless digits, and no setting needs them


class ScalarError(ValueError):
    """A plain scalar that must not be read as what it looks like; the message says what to write."""


class Expanded(str):
    """A plain scalar that came out of a variable: text for a key that takes text, typed for any other."""

    __slots__ = ()

    def typed(self) -> Scalar:
        """Give the value as if it were written in the file; text where it could not be."""
        try:
            return typed(self)
        except ScalarError:
            return str(self)


def typed(text: str) -> Scalar:
    """Give the value that plain `text` stands for; raise ScalarError where it would be misread."""
    if _ACCOUNT_ID.fullmatch(text):
        raise ScalarError(
            "an unquoted number of 12 digits is an account id: put it in quotes, to keep leading zeros"
        )
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    return _number(text)


def _number(text: str) -> Scalar:
    """Read `text` as a number if it is one, and leave it a word otherwise."""
    if _OCTAL.fullmatch(text) or _HEXADECIMAL.fullmatch(text):
        return int(_short(text), 0)
    if _DECIMAL.fullmatch(text):
        return int(_short(text))
    if _FLOAT.fullmatch(text):
        return float(_short(text))
    if infinity := _INFINITY.fullmatch(text):
        return float(f"{infinity[1]}inf")
    if text in _NOT_A_NUMBER:
        return float("nan")
    return text


def _short(text: str) -> str:
    """Refuse a number of more digits than any setting has."""
    if len(text) > _LONGEST_NUMBER:
        raise ScalarError("a number this long is no setting: put it in quotes if it is text")
    return text
