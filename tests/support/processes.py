"""The processes of this machine, as `/proc` shows them."""

from pathlib import Path

_PROC = Path("/proc")


def worker_processes_of(pid: int) -> list[int]:
    """Return the worker processes that a run has started."""
    children = [int(child) for file in _PROC.glob(f"{pid}/task/*/children") for child in _text(file).split()]
    return [child for child in children if "spawn_main" in command_line(child)]


def command_line(pid: int) -> str:
    """Return the command line of a process; nothing if it has ended."""
    return _text(_PROC / str(pid) / "cmdline").replace("\0", " ")


def is_running(pid: int) -> bool:
    """Return whether a process has not ended."""
    state = _text(_PROC / str(pid) / "stat").rpartition(")")[2].split()
    return bool(state) and state[0] not in {"Z", "X"}


def _text(path: Path) -> str:
    """Return the content of a file; nothing if its process has ended."""
    try:
        return path.read_text()
    except OSError:
        return ""
