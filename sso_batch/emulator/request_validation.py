"""What the members of a request may hold, and the check of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Violation:
    """A member that AWS would refuse; `reason` is in the words of Organizations."""

    member: str
    constraint: str
    reason: str
    value: object = None


class Rule(Protocol):
    """The rule of one member."""

    def find_violation(self, value: Any) -> tuple[str, str] | None:  # noqa: ANN401 - whatever the request holds
        """Return the constraint that `value` breaks and its reason, or None."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Pattern that fits a pattern as a whole."""

    pattern: str
    _compiled: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", re.compile(self.pattern))

    def find_violation(self, value: Any) -> tuple[str, str] | None:  # noqa: ANN401
        """Require a string of the pattern."""
        if isinstance(value, str) and self._compiled.fullmatch(value):
            return None
        return f"Member must satisfy regular expression pattern: {self.pattern}", "INVALID_PATTERN"


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A whole number within bounds."""

    minimum: int
    maximum: int

    def find_violation(self, value: Any) -> tuple[str, str] | None:  # noqa: ANN401
        """Require an integer between the bounds."""
        if not isinstance(value, int) or isinstance(value, bool) or value < self.minimum:
            return f"Member must have value greater than or equal to {self.minimum}", "MIN_VALUE_EXCEEDED"
        if value > self.maximum:
            return f"Member must have value less than or equal to {self.maximum}", "MAX_VALUE_EXCEEDED"
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def find_violation(self, value: Any) -> tuple[str, str] | None:  # noqa: ANN401
        """Require one of the words."""
        if value in self.words:
            return None
        return f"Member must satisfy enum value set: [{', '.join(self.words)}]", "INVALID_ENUM"


@dataclass(frozen=True, slots=True)
class Structure:
    """Named members, each with its own rule, none of them required."""

    members: Mapping[str, Rule]

    def find_violation(self, value: Any) -> tuple[str, str] | None:  # noqa: ANN401
        """Require an object whose members keep their rules."""
        if not isinstance(value, dict):
            return "Member must be a structure", "INVALID_PATTERN"
        for name, held in value.items():
            if name not in self.members:
                return f"Member has no {name}", "INVALID_PATTERN"
            broken = self.members[name].find_violation(held)
            if broken:
                return f"{name}: {broken[0]}", broken[1]
        return None


def find_violation(
    request: Mapping[str, Any], rules: Mapping[str, Rule], required: tuple[str, ...], accepted: frozenset[str]
) -> Violation | None:
    """Return the first trouble of a request: a required member is missing, or one breaks its rule."""
    for name in required:
        if request.get(name) is None:
            return Violation(name, "Member must not be null", "INPUT_REQUIRED")
    for name, value in request.items():
        if name not in accepted:
            return Violation(name, "Member is not served by the emulator", "INVALID_PATTERN", value)
        broken = rules[name].find_violation(value)
        if broken:
            return Violation(name, *broken, value)
    return None
