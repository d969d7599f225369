"""Patterns of resources: whether two can mean the same resource. Pure.

`*` matches any text, `?` one character. A pattern is compared with another one by looking for a pattern that
both contain; a pattern becomes a concrete name by replacing its wildcards with characters that no policy
contains, so that only patterns that are general enough match the name.
"""

from functools import lru_cache

from sso_batch.wildcards import Wildcard

ANY = "*"

SEGMENT = "\ue004"
"""A wildcard of our own patterns, for text without `:` and `/`, such as an account's id."""

_ANY_TEXT, _ANY_CHARACTER = "\ue000" + "\ue001" * 63, "\ue002"  # private-use characters, longer than `??`
_TEXTS = ("*", SEGMENT)
_COLONS = 5  # in an ARN, before the resource
_LONGEST = 2048
"""Characters: longer patterns are not compared character by character."""


@lru_cache(maxsize=4096)
def wildcard(pattern: str) -> Wildcard:
    """Return a compiled pattern."""
    return Wildcard(pattern)


def example(pattern: str) -> str:
    """Return a name that the pattern matches, and other patterns only if they are as general."""
    return pattern.replace("*", _ANY_TEXT).replace(SEGMENT, _ANY_TEXT).replace("?", _ANY_CHARACTER)


@lru_cache(maxsize=65536)
def intersect(first: str, second: str) -> str | None:
    """Return a pattern whose names both patterns match; None if no name matches both.

    Of several such patterns it is the most general one that is found from the left.
    """
    first, second = _collapse(first), _collapse(second)
    if contains(second, first):
        return first
    if contains(first, second):
        return second
    if len(first) * len(second) > _LONGEST**2:
        return None
    return _merge(first, second)


def by_segments(pattern: str) -> str:
    """Return a pattern of ARNs in which a `*` for a whole segment before the last does not cross a colon.

    AWS lets it cross colons. No name of a resource needs that, and a pattern of roles would match users.
    """
    segments = pattern.split(":", _COLONS)
    if len(segments) <= _COLONS or segments[0] != "arn":
        return pattern
    return ":".join([*(SEGMENT if segment == "*" else segment for segment in segments[:-1]), segments[-1]])


def contains(outer: str, inner: str) -> bool:
    """Return whether a pattern matches all names of another one, as far as their forms show that."""
    return wildcard(outer.replace(SEGMENT, ANY)).matches(example(inner))


def _collapse(pattern: str) -> str:
    while "**" in pattern:
        pattern = pattern.replace("**", "*")
    return pattern


def _takes(text: str, character: str) -> bool:
    """Return whether a wildcard for any text matches a character."""
    return text == "*" or character not in ":/"


def _merge(first: str, second: str) -> str | None:
    """Return a common pattern of two that differ, by a search through both, one character after the other."""
    failed: set[tuple[int, int]] = set()
    path: list[tuple[int, int, str]] = []

    def moves(i: int, j: int) -> list[tuple[int, int, str]]:
        """Return the next positions in both patterns, and what each adds to the result; general ones last."""
        a, b = first[i : i + 1], second[j : j + 1]
        if a in _TEXTS and b in _TEXTS:
            text = "*" if a == b == "*" else SEGMENT
            return [(i + 1, j, text), (i, j + 1, text)]
        if a in _TEXTS:
            return [(i + 1, j, ""), *([(i, j + 1, b)] if b and _takes(a, b) else [])]
        if b in _TEXTS:
            return [(i, j + 1, ""), *([(i + 1, j, a)] if a and _takes(b, a) else [])]
        if not a or not b:
            return []
        if a == b or "?" in (a, b):
            return [(i + 1, j + 1, b if a == "?" else a)]
        return []

    stack = [((0, 0, ""), 0)]
    while stack:
        (i, j, text), depth = stack.pop()
        del path[depth:]
        if (i, j) in failed:
            continue
        failed.add((i, j))
        path.append((i, j, text))
        if i == len(first) and j == len(second):
            return _collapse("".join(piece for _, _, piece in path))
        stack.extend((move, depth + 1) for move in moves(i, j))
    return None
