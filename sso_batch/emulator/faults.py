"""Faults that tests inject into the emulator."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

FaultKind = Literal[
    "throttle",
    "internal_error",
    "unavailable",
    "reset",
    "hang",
    "truncated",
    "broken_json",
    "other_shape",
    "foreign_json",
    "no_object",
    "error_document",
    "no_list",
    "null_list",
    "list_twice",
    "byte_order_mark",
    "utf_16",
    "utf_32",
    "misspelt_token",
    "number_as_token",
    "other_question",
    "empty_ids",
    "unknown_member",
    "instance_not_found",
    "repeated_token",
    "endless_pages",
    "endless_empty_pages",
    "access_denied",
    "expired_token",
    "kms_denied",
    "kms_key_gone",
    "no_permission_sets",
    "filter_required",
    "not_found",
    "unlisted",
    "deleted",
]


_HIDING = ("unlisted", "deleted")
"""Faults whose `resource` is hidden; they also affect calls that do not name it."""


@dataclass(slots=True)
class Fault:
    """A fault, the calls that it affects, and `injected`: how often it occurred.

    A criterion of None matches every call. `resource` is a substring of the request: an id or ARN. The first
    `after` matching calls succeed; then the fault occurs at most `times` times, and only within `seconds` of
    its first occurrence.

    `not_found` answers as if `resource`, or everything that the request names, did not exist. `unlisted`
    hides the resource from calls that do not name it. `deleted` deletes it permanently before the call is
    answered. For these three, `resource` must be a complete id.
    """

    kind: FaultKind
    operation: str | None = None
    organization: str | None = None
    resource: str | None = None
    service: str | None = None
    times: int | None = None
    probability: float = 1.0
    after: int = 0
    seconds: float | None = None
    injected: int = field(default=0, init=False)
    _spared: int = field(default=0, init=False, repr=False)
    _since: float | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in get_args(FaultKind):
            raise ValueError(f"unknown fault {self.kind!r}: use one of {', '.join(get_args(FaultKind))}")

    def matches(self, organization: str, service: str, operation: str, text: str) -> bool:
        """Return whether the fault's criteria match a call."""
        return (
            self.organization in (None, organization)
            and self.service in (None, service)
            and self.operation in (None, operation)
            and (self.resource is None or self.kind in _HIDING or self.resource in text)
        )

    def fires(self, now: float, dice: random.Random) -> bool:
        """Return whether the fault occurs in a matching call, and count it if so."""
        if self.times is not None and self.injected >= self.times:
            return False
        if self._since is not None and self.seconds is not None and now - self._since >= self.seconds:
            return False
        if self._spared < self.after:
            self._spared += 1
            return False
        if self.probability < 1 and dice.random() >= self.probability:
            return False
        if self._since is None:
            self._since = now
        self.injected += 1
        return True


class FaultInjector:
    """The faults of one emulator; a call gets the first fault that occurs."""

    def __init__(self, faults: list[Fault], seed: int, clock: Callable[[], float]) -> None:
        self.faults = faults
        self._dice = random.Random(seed)  # noqa: S311 - reproducible faults, not secrets
        self._clock = clock

    def find_fault(self, organization: str, service: str, operation: str, text: str) -> Fault | None:
        """Return the fault that occurs in a call, or None."""
        for fault in self.faults:
            if fault.matches(organization, service, operation, text) and fault.fires(
                self._clock(), self._dice
            ):
                return fault
        return None
