"""The exit codes of every command. Pure."""

from enum import IntEnum

_SIGNALLED = 128
"""What a shell adds to the number of the signal that ended a process."""


class ExitCode(IntEnum):
    """Why a command ended, for the program that started it."""

    OK = 0
    INTERNAL_ERROR = 1
    USAGE = 2
    FINDINGS = 3
    """Complete, with findings at or above `--fail-on`; for `diff --exit-code`, changes."""
    INCOMPLETE = 4
    FAILED = 5
    NOT_VERIFIED = 6
    """A file of the run is missing, changed or extra."""
    UNDECIDED = 7
    """A campaign has items that nobody decided yet."""


def signal_exit_code(number: int) -> int:
    """Return the exit code of a process that the signal `number` ended."""
    return _SIGNALLED + number


def signal_of(exit_code: int) -> int | None:
    """Return the number of the signal that an exit code stands for; None where a command ended by itself."""
    return max(0, exit_code - _SIGNALLED) or None
