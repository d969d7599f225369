"""The limit of open files (RLIMIT_NOFILE): raised at the start, and waited for where it is reached.

An organization takes a connection for each call under way and a few idle ones; macOS starts a process with a
limit of 256, Linux mostly with 1024, and both let it raise that.
"""

import errno
import gc
import time
from collections.abc import Callable
from typing import TypeVar

try:
    import resource
except ImportError:  # pragma: no cover - a platform without limits
    resource = None  # type: ignore[assignment] # looked at below

T = TypeVar("T")

EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE})
"""The numbers of an OSError that says that no further file can be opened."""

_TARGETS = (65_536, 10_240, 4_096)
"""What to raise the limit to; macOS refuses more than 10,240 to some processes, whatever it promises."""

_PER_ORGANIZATION = 32
"""Descriptors of one organization at its busiest; 22 were measured."""

_RESERVED = 40
"""Descriptors for everything else: streams, the event loop, files that are written or read."""

_PATIENCE = 30.0
"""Seconds to wait for a descriptor."""

_PAUSE = 0.05

_LEAST_CALLS = 2

_collected_at = [-1.0]
"""When garbage was last collected: a list, to be changed in place."""


def limit() -> int | None:
    """Return how many files this process may have open; None where there is no limit."""
    if resource is None:  # pragma: no cover - likewise
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def raise_limit() -> None:
    """Raise the limit of this process as far as it may, within reason; do nothing where it may not."""
    current = limit()
    if current is None:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for target in _TARGETS:
        allowed = target if hard == resource.RLIM_INFINITY else min(target, hard)
        if allowed <= current:
            return
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        except (ValueError, OSError):
            continue
        return


def organizations_at_once(wanted: int) -> int:
    """Return how many organizations can be audited at once within the limit: `wanted`, or fewer."""
    current = limit()
    return wanted if current is None else min(wanted, max(1, (current - _RESERVED) // _PER_ORGANIZATION))


def calls_at_once(wanted: int) -> int:
    """Return how many calls an organization may make at once within the limit: `wanted`, or fewer."""
    current = limit()
    return wanted if current is None else min(wanted, max(_LEAST_CALLS, (current - _RESERVED) // 2))


def free() -> None:
    """Close files that only garbage still holds, such as the connections of organizations that have ended.

    They are in reference cycles of the HTTP client's. It is done once a second at most, since it takes long.
    """
    now = time.monotonic()
    if _collected_at[0] < 0 or now - _collected_at[0] >= 1:
        _collected_at[0] = now
        gc.collect()


def retry_when_exhausted(open_file: Callable[[], T]) -> T:
    """Return the result of `open_file`; wait while no file descriptor is free. Raise OSError."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return open_file()
        except OSError as error:
            if error.errno not in EXHAUSTED or time.monotonic() >= end:
                raise
        free()
        time.sleep(_PAUSE)


def hint() -> str:
    """Return what to do where the limit was reached."""
    current = limit()
    allowed = "" if current is None else f" of {current:,}"
    return (
        f"raise the limit{allowed} open files for this process (`ulimit -n`; LimitNOFILE in systemd, "
        "`--ulimit nofile` in Docker), or lower run.max_parallel_organizations"
    )
