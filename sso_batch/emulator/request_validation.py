"""The validation of a request's members, with the constraints of the service models."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Violation:
    """A member that AWS would reject; `reason` is the code that Organizations uses."""

    member: str
    constraint: str
    reason: str
    value: object = None


class Rule(Protocol):
    """A constraint on one member."""

    def check(self, value: Any) -> tuple[str, str] | None:  # noqa: ANN401 - any JSON
        """Return the violated constraint and its reason code, or None."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A string that matches a regular expression in full."""

    pattern: str
    _compiled: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", re.compile(self.pattern))

    def check(self, value: Any) -> tuple[str, str] | None:  # noqa: ANN401
        """Require a string that matches the pattern."""
        if isinstance(value, str) and self._compiled.fullmatch(value):
            return None
        return f"Member must satisfy regular expression pattern: {self.pattern}", "INVALID_PATTERN"


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """An integer within bounds."""

    minimum: int
    maximum: int

    def check(self, value: Any) -> tuple[str, str] | None:  # noqa: ANN401
        """Require an integer between the bounds."""
        if not isinstance(value, int) or isinstance(value, bool) or value < self.minimum:
            return f"Member must have value greater than or equal to {self.minimum}", "MIN_VALUE_EXCEEDED"
        if value > self.maximum:
            return f"Member must have value less than or equal to {self.maximum}", "MAX_VALUE_EXCEEDED"
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    """A member of an enumeration."""

    values: tuple[str, ...]

    def check(self, value: Any) -> tuple[str, str] | None:  # noqa: ANN401
        """Require one of the values."""
        if value in self.values:
            return None
        return f"Member must satisfy enum value set: [{', '.join(self.values)}]", "INVALID_ENUM"


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A point in time, in seconds since 1970."""

    def check(self, value: Any) -> tuple[str, str] | None:  # noqa: ANN401
        """Require a number."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return None
        return "Member must be a timestamp", "INVALID_PATTERN"


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list within bounds whose items satisfy a rule."""

    item: Rule
    shortest: int
    longest: int

    def check(self, value: Any) -> tuple[str, str] | None:  # noqa: ANN401
        """Require a list whose items satisfy the rule."""
        if not isinstance(value, list) or len(value) < self.shortest:
            return f"Member must have length greater than or equal to {self.shortest}", "MIN_LENGTH_EXCEEDED"
        if len(value) > self.longest:
            return f"Member must have length less than or equal to {self.longest}", "MAX_LENGTH_EXCEEDED"
        return next(filter(None, map(self.item.check, value)), None)


@dataclass(frozen=True, slots=True)
class Structure:
    """An object with optional members, each with its own rule."""

    rules: Mapping[str, Rule]

    def check(self, value: Any) -> tuple[str, str] | None:  # noqa: ANN401
        """Require an object whose members satisfy their rules."""
        if not isinstance(value, dict):
            return "Member must be a structure", "INVALID_PATTERN"
        for name, member in value.items():
            if name not in self.rules:
                return f"Member has no {name}", "INVALID_PATTERN"
            broken = self.rules[name].check(member)
            if broken:
                return f"{name}: {broken[0]}", broken[1]
        return None


def find_violation(
    request: Mapping[str, Any], rules: Mapping[str, Rule], required: tuple[str, ...], accepted: frozenset[str]
) -> Violation | None:
    """Return the first violation: a missing required member, then a member that breaks its rule."""
    for name in required:
        if request.get(name) is None:
            return Violation(name, "Member must not be null", "INPUT_REQUIRED")
    for name, value in request.items():
        if name not in accepted:
            return Violation(name, "Member is not served by the emulator", "INVALID_PATTERN", value)
        broken = rules[name].check(value)
        if broken:
            return Violation(name, *broken, value)
    return None
