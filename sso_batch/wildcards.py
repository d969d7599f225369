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

_CACHE_SIZE = 10_000


class Wildcard:
    """A compiled, case-sensitive pattern."""

    def __init__(self, pattern: str) -> None:
        self.is_literal = not {"*", "?"} & set(pattern)
        self.is_everything = pattern == "*"
        head, *parts = pattern.split("*")
        self._head = _compiled(head)
        self._parts = [_compiled(part) for part in parts[:-1]]
        self._tail = _compiled(parts[-1]) if parts else None
        self._tail_length = len(parts[-1]) if parts else 0

    def matches(self, text: str) -> bool:
        """Return whether the pattern matches the whole text."""
        if self._tail is None:
            return self._head.fullmatch(text) is not None
        found = self._head.match(text)
        for part in self._parts:
            if found is None:
                return False
            found = part.search(text, found.end())
        end = len(text) - self._tail_length
        return found is not None and found.end() <= end and self._tail.match(text, end) is not None


def _compiled(part: str) -> re.Pattern[str]:
    expression = "".join("." if letter == "?" else re.escape(letter) for letter in part)
    return re.compile(expression, re.DOTALL)


def matcher_of(patterns: Iterable[str]) -> Callable[[Values], frozenset[int]]:
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
