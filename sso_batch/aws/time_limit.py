"""A time limit for calls and whose it is: the run's, or that of `check`."""

from dataclasses import dataclass


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
