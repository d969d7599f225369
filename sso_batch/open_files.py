"""The limit of open files (RLIMIT_NOFILE): raise it at the start, wait when it is reached.

An organization uses one connection for each call in flight, and a few idle ones. macOS starts processes with
a limit of 256, Linux usually with 1024; both allow a process to raise it.
"""

import errno
import gc
import time
from collections.abc import Callable
from typing import TypeVar

try:
    import resource
except ImportError:  # pragma: no cover - a platform without limits
    resource = None  # type: ignore[assignment] # checked below

T = TypeVar("T")

EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE})
"""The errno values that mean that no further file can be opened."""

_TARGETS = (65_536, 10_240, 4_096)
"""Limits to request, in this order; macOS refuses more than 10,240 to some processes."""

_PER_ORGANIZATION = 32
"""Descriptors of one organization at its busiest; 22 were measured."""

_RESERVED = 40
"""Descriptors for everything else: streams, the event loop, files being read or written."""

_PATIENCE = 30.0
"""Seconds to wait for a descriptor."""

_PAUSE = 0.05
"""Seconds between two attempts to open a file."""

_MIN_CALLS = 2

_collected_at = [-1.0]
"""When garbage was last collected; a list, so that it can be changed in place."""


def limit() -> int | None:
    """Return how many files this process may open; None without a limit."""
    if resource is None:  # pragma: no cover - likewise
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def raise_limit() -> None:
    """Raise the limit of this process as far as allowed, up to 65,536; do nothing where it is not allowed."""
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
    return wanted if current is None else min(wanted, max(_MIN_CALLS, (current - _RESERVED) // 2))


def release_garbage() -> None:
    """Close files that only garbage still holds, such as connections of organizations that are done.

    The HTTP client leaves them in reference cycles. Collection is slow, so it runs at most once a second.
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
        release_garbage()
        time.sleep(_PAUSE)


def hint() -> str:
    """Return what to do when the limit is reached."""
    current = limit()
    allowed = "" if current is None else f" of {current:,}"
    return (
        f"raise the limit{allowed} open files for this process (`ulimit -n`; LimitNOFILE in systemd, "
        "`--ulimit nofile` in Docker), or lower run.max_parallel_organizations"
    )
