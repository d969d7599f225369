"""Patterns in which only `*` and `?` are special. Pure.

`*` matches any text, `?` one character. Names come from AWS and can be hostile, so matching never
backtracks: a part between two `*` has a fixed length, so its first match is as good as any later one. The
time is at most the length of the pattern times the length of the text.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache

Values = tuple[str, ...] | frozenset[str]
Matcher = Callable[[Values], frozenset[int]]

_CACHE_SIZE = 10_000


class _Part:
    """The text between two `*`. A regular expression is only made where it contains a `?`."""

    __slots__ = ("_expression", "_text", "length")

    def __init__(self, text: str) -> None:
        self._text = text
        self.length = len(text)
        self._expression = (
            re.compile(".".join(map(re.escape, text.split("?"))), re.DOTALL) if "?" in text else None
        )

    def is_at(self, text: str, start: int) -> bool:
        """Return whether the part is found exactly there."""
        if self._expression is None:
            return text.startswith(self._text, start)
        return self._expression.match(text, start) is not None

    def find(self, text: str, start: int, end: int) -> int:
        """Return the first place of the part between `start` and `end`; -1 if there is none."""
        if self._expression is None:
            return text.find(self._text, start, end)
        found = self._expression.search(text, start, end)
        return -1 if found is None else found.start()


class Wildcard:
    """A compiled, case-sensitive pattern."""

    __slots__ = ("_between", "_head", "_tail", "is_everything", "is_literal")

    def __init__(self, pattern: str) -> None:
        self.is_literal = "*" not in pattern and "?" not in pattern
        self.is_everything = pattern == "*"
        head, *parts = pattern.split("*")
        self._head = _Part(head)
        self._between = [_Part(part) for part in parts[:-1]]
        self._tail = _Part(parts[-1]) if parts else None

    def matches(self, text: str) -> bool:
        """Return whether the pattern matches the whole text."""
        start = self._head.length
        if self._tail is None:
            return len(text) == start and self._head.is_at(text, 0)
        end = len(text) - self._tail.length
        if not (start <= end and self._head.is_at(text, 0) and self._tail.is_at(text, end)):
            return False
        for part in self._between:
            found = part.find(text, start, end)
            if found < 0:
                return False
            start = found + part.length
        return True


def matcher_of(patterns: Iterable[str]) -> Matcher:
    """Return a function that returns the numbers of the patterns that match at least one of some values.

    Patterns without wildcards are looked up. Results are cached: the same accounts and principals are
    compared again and again.
    """
    everything: set[int] = set()
    literal: defaultdict[str, set[int]] = defaultdict(set)
    wildcards: list[tuple[int, Wildcard]] = []
    for number, pattern in enumerate(patterns):
        wildcard = Wildcard(pattern)
        if wildcard.is_everything:
            everything.add(number)
        elif wildcard.is_literal:
            literal[pattern].add(number)
        else:
            wildcards.append((number, wildcard))

    @lru_cache(_CACHE_SIZE)
    def matching(values: Values) -> frozenset[int]:
        if not values:
            return frozenset()
        return frozenset().union(
            everything,
            *(literal[value] for value in values if value in literal),
            (number for number, wildcard in wildcards if any(map(wildcard.matches, values))),
        )

    return matching
