"""How long to wait between the attempts of a call, and the time limit of all attempts. Pure.

One schedule for every retry loop: exponential growth with full jitter. Source: AWS Architecture Blog,
"Exponential Backoff And Jitter".
"""

import math
import random
from dataclasses import dataclass

FIRST_PAUSE = 0.5
"""Seconds: the longest pause after the first failed attempt; it doubles with each further one."""

LONGEST_PAUSE = 20.0
"""Seconds: the cap of every pause."""

MAX_DOUBLINGS = 16
"""Keeps the power of two small, however many attempts fail."""


@dataclass(slots=True)
class Backoff:
    """The pauses of one call: a retry loop asks for one after each failed attempt.

    No attempt starts after `end`, a time of the caller's own clock in seconds. A loop that makes progress
    may move it.
    """

    end: float = math.inf
    failed_attempts: int = 0

    def next_pause(self) -> float:
        """Count a failed attempt and return the seconds to wait before the next one."""
        longest = min(FIRST_PAUSE * 2 ** min(self.failed_attempts, MAX_DOUBLINGS), LONGEST_PAUSE)
        self.failed_attempts += 1
        return random.uniform(0, longest)  # noqa: S311 - no secret

    def allows(self, start: float) -> bool:
        """Return whether an attempt may start at this time."""
        return start <= self.end


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A limit for calls: no call is waited for after `end`, a time of the event loop's clock.

    `name` says whose limit it is and how long, `hint` which setting changes it. `attempts` is how often an
    endpoint that cannot be reached is tried; None for as often as the time allows.
    """

    end: float
    name: str
    hint: str
    attempts: int | None = None
