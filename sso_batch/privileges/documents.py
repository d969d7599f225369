"""Policy documents as statements. Pure.

A statement that cannot be understood is never harmless: its document is then only partly read.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from sso_batch.privileges.resources import wildcard

_MEMBERS = {"sid", "effect", "action", "notaction", "resource", "notresource", "condition"}
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NEVER = "\ue003"
"""A character that no resource contains: a pattern with it matches nothing and is left out."""

_CACHED_ACTIONS = 512
"""More than the paths have; a document that denies much is asked about all of AWS's 20,000."""

_NOT_OF_ROLES = ("aws:username",)
"""Policy variables that the session of a role does not have, so that the element matches nothing.

Source: IAM User Guide, "IAM policy elements: Variables and tags".
"""

_ESCAPED = {"*": "?", "?": "?", "$": "$"}
"""Characters that are no wildcards in the form of variables; `?` is close enough."""


@dataclass(frozen=True, slots=True)
class Written:
    """A statement as it is written in its document: its number from 1, its Sid, and its patterns.

    `actions` are in the order of `Statement.actions`. `condition_keys` are the keys that its conditions test.
    """

    number: int = 0
    sid: str = ""
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    condition_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; actions are patterns in lower case, and `excludes_…` marks NotAction and NotResource."""

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    excludes_actions: bool = False
    excludes_resources: bool = False
    conditional: bool = False
    written: Written = field(default=Written(), compare=False)

    @property
    def takes_away(self) -> bool:
        """Whether it is a Deny without conditions."""
        return not self.allows and not self.conditional

    def covers_action(self, action: str) -> bool:
        """Return whether the statement is about an action, which is in lower case."""
        return any(wildcard(pattern).matches(action) for pattern in self.actions) != self.excludes_actions

    def patterns_about(self, action: str) -> tuple[str, ...]:
        """Return the patterns that match an action in lower case, as written; of NotAction, all patterns."""
        if self.excludes_actions:
            return self.written.actions
        pairs = zip(self.actions, self.written.actions, strict=True)
        return tuple(written for pattern, written in pairs if wildcard(pattern).matches(action))

    def covers_resource(self, name: str) -> bool:
        """Return whether the statement is about a resource."""
        return any(wildcard(pattern).matches(name) for pattern in self.resources) != self.excludes_resources


@dataclass(frozen=True, eq=False)
class Document:
    """The statements of a policy; `understood` is not set if some could not be read."""

    statements: tuple[Statement, ...]
    understood: bool = True

    @cached_property
    def denies(self) -> bool:
        """Whether a statement denies anything unconditionally."""
        return any(statement.takes_away for statement in self.statements)

    def about(self, action: str) -> tuple[Statement, ...]:
        """Return the statements about an action, which is in lower case."""
        found = self._about.get(action)
        if found is None:
            found = tuple(self._find(action))
            if len(self._about) < _CACHED_ACTIONS:
                self._about[action] = found
        return found

    @cached_property
    def _about(self) -> dict[str, tuple[Statement, ...]]:
        return {}

    @cached_property
    def _by_service(self) -> Mapping[str, list[tuple[int, str]]]:
        """The patterns of statements that list actions, by service; those of any service are below `*`."""
        patterns: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for number, statement in enumerate(self.statements):
            if not statement.excludes_actions:
                for pattern in statement.actions:
                    patterns[service_of(pattern) or "*"].append((number, pattern))
        return patterns

    def _find(self, action: str) -> Iterator[Statement]:
        candidates = [*self._by_service.get(service_of(action), ()), *self._by_service.get("*", ())]
        listed = {number for number, pattern in candidates if wildcard(pattern).matches(action)}
        for number, statement in enumerate(self.statements):
            if number in listed or (statement.excludes_actions and statement.covers_action(action)):
                yield statement


def service_of(pattern: str) -> str:
    """Return the service prefix of an action's pattern; empty if the prefix has wildcards."""
    service, colon, _ = pattern.partition(":")
    return service if colon and not {"*", "?"} & set(service) else ""


@lru_cache(maxsize=256)
def parse_document(text: str) -> Document:
    """Return the statements of a document in JSON; an empty text has no statements."""
    if not text:
        return Document(())
    try:
        members = json.loads(text, object_pairs_hook=_unique).items()
        content = _unique([(key.lower(), value) for key, value in members])
        listed = _as_list(content["statement"])
    except (ValueError, AttributeError, KeyError, RecursionError):
        return Document((), understood=False)
    parsed = [_parse_statement(number, item) for number, item in enumerate(listed, start=1)]
    statements = tuple(statement for statement in parsed if statement is not None)
    return Document(statements, understood=len(statements) == len(parsed))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; raise ValueError if it has a key twice, because one of the values would be lost."""
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key is repeated")
    return content


def _parse_statement(number: int, item: object) -> Statement | None:
    """Return a statement, or None if it cannot be understood."""
    if not isinstance(item, dict):
        return None
    members = {str(key).lower(): value for key, value in item.items()}
    if len(members) != len(item) or not members.keys() <= _MEMBERS:
        return None
    allows = {"Allow": True, "Deny": False}.get(str(members.get("effect")))
    actions = _patterns(members, "action", "notaction")
    resources = _patterns(members, "resource", "notresource")
    condition = members.get("condition", {})
    if allows is None or actions is None or resources is None or not isinstance(condition, dict):
        return None
    excludes_resources = "notresource" in members
    resolved = [_resolve(pattern, widen=allows != excludes_resources) for pattern in resources]
    return Statement(
        allows=allows,
        actions=tuple(pattern.lower() for pattern in actions),
        resources=tuple(pattern for pattern in resolved if _NEVER not in pattern),
        excludes_actions="notaction" in members,
        excludes_resources=excludes_resources,
        conditional=bool(condition),
        written=Written(
            number, str(members.get("sid", "")), tuple(actions), tuple(resources), _condition_keys(condition)
        ),
    )


def _condition_keys(condition: Mapping[str, Any]) -> tuple[str, ...]:
    tests = (test for test in condition.values() if isinstance(test, dict))
    return tuple(dict.fromkeys(key for test in tests for key in test))


def _patterns(members: Mapping[str, Any], name: str, opposite: str) -> list[str] | None:
    """Return the patterns of one of two elements that exclude each other; None if they are malformed."""
    if (name in members) == (opposite in members):
        return None
    patterns = _as_list(members.get(name, members.get(opposite)))
    return patterns if all(isinstance(pattern, str) and pattern for pattern in patterns) else None


def _resolve(pattern: str, *, widen: bool) -> str:
    """Return a resource pattern without policy variables.

    The value of a variable is unknown: with `widen` it can be anything, otherwise nothing matches it. What
    allows access is widened, and what removes access is not.
    """

    def value(variable: re.Match[str]) -> str:
        name = variable[1]
        if name in _ESCAPED:
            return _ESCAPED[name]
        if name.strip().lower() in _NOT_OF_ROLES:
            return _NEVER
        return "*" if widen else _NEVER

    return _VARIABLE.sub(value, pattern)


def _as_list(element: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    return element if isinstance(element, list) else [element]
