"""What this process may use of the machine, how it treats its memory, and how it ends.

`os.cpu_count` counts the CPUs of the machine, of which a container often has only a share.
"""

import atexit
import gc
import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NoReturn

MOST_PROCESSES = 256
"""The most worker processes that can be set."""

_GARBAGE_THRESHOLD = 50_000
"""Objects between two collections of the garbage collector."""

_ROOT = Path("/")
_CGROUPS = "sys/fs/cgroup"


def collect_less_garbage() -> None:
    """Let the garbage collector run rarely.

    Thousands of records are created and freed, and hardly ever in reference cycles. Python's default
    threshold cost a seventh of an audit's CPU time.
    """
    gc.set_threshold(_GARBAGE_THRESHOLD)


def end_process(exit_code: int) -> NoReturn:
    """End the process at once, after the functions of `atexit`; standard streams must have been flushed.

    An exit through the interpreter would free the memory of OpenSSL while a daemon thread still uses it: a
    run that a signal ended while its threads prepared connections crashed. It would also collect garbage,
    which takes a tenth of a second.
    """
    atexit._run_exitfuncs()  # noqa: SLF001 - the only way to call them
    os._exit(exit_code)


def usable_cpus(root: Path = _ROOT) -> int:
    """Return how many CPUs this process may use, at least 1; a part of a CPU counts as one.

    `root` is the root of the file system with `/proc` and `/sys`.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([allowed, *(math.ceil(quota) for quota in _quotas(root))]))


def usable_memory(root: Path = _ROOT) -> int | None:
    """Return how many bytes of memory the container of this process may use; None without a limit.

    `root` as in `usable_cpus`.
    """
    limits = (_text(file).strip() for file in _files(root, "memory", "memory.max", "memory.limit_in_bytes"))
    return min((int(limit) for limit in limits if limit.isdecimal()), default=None)


def _quotas(root: Path) -> Iterator[float]:
    """Yield the CPU quotas of this process's control groups and of the groups above them.

    See https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files for `cpu.max`, and
    https://docs.kernel.org/scheduler/sched-bwc.html for version 1.
    """
    for file in _files(root, "cpu", "cpu.max", "cpu.cfs_quota_us"):
        period = file.with_name("cpu.cfs_period_us")
        yield from _quota(f"{_text(file)} {_text(period)}".split())


def _files(root: Path, controller: str, version_2: str, version_1: str) -> Iterator[Path]:
    """Yield the files of a controller in this process's control groups and in the groups above them."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if number == "0":
            for folder in _folders(root / _CGROUPS, group):
                yield folder / version_2
        elif controller in controllers.split(","):
            for folder in _folders(root / _CGROUPS / controller, group):
                yield folder / version_1


def _folders(mounted: Path, group: str) -> Iterator[Path]:
    """Yield the folder of a group and those above it; a container often sees only the last of them."""
    path = PurePosixPath(group.lstrip("/"))
    if ".." not in path.parts:  # a group outside of the container's part of the tree
        yield mounted / path
        yield from (mounted / parent for parent in path.parents)
    else:
        yield mounted


def _quota(fields: list[str]) -> Iterator[float]:
    """Yield the CPUs of a quota and its period, in microseconds; nothing for `max`, -1 or other text."""
    if len(fields) == 2 and all(map(str.isdecimal, fields)) and int(fields[1]):  # noqa: PLR2004 - a pair
        yield int(fields[0]) / int(fields[1])


def _text(path: Path) -> str:
    """Return the content of a file; nothing where it cannot be read."""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
