"""What went wrong with a place for files, in words."""

import errno
import os
from dataclasses import dataclass

from sso_batch import open_files
from sso_batch.errors import OutputError, OutputUnavailableError

_MAKE_ROOM = "make room in the output place, or name another one with --output, and run again"

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_LOOK = (
    "look at the file system of the output place and at who may write there, or name another one with "
    "--output, and run again"
)

_ANOTHER_RUN = "another run writes files of the same names: give another --run-id, or another --output"


@dataclass(frozen=True, slots=True)
class ErrorExplanation:
    """A code for programs, what happened, and what to do about it."""

    code: str
    message: str
    hint: str


class StorageError(OSError):
    """Trouble that no number of the operating system's tells: the place gives its own `code`.

    `transient` says that the place was in trouble that can pass, and was asked until patience ended.
    """

    def __init__(self, code: str, message: str, *, hint: str = "", transient: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.transient = transient


def explain_error(error: OSError) -> ErrorExplanation:
    """An error of a place for files as people and programs are told of it, without its path."""
    if isinstance(error, StorageError):
        return ErrorExplanation(error.code, error.message, error.hint)
    if isinstance(error, FileExistsError):
        hint = _ANOTHER_RUN
    elif error.errno in open_files.EXHAUSTED:
        hint = open_files.hint()
    else:
        hint = _MAKE_ROOM if error.errno in _FULL else _LOOK
    code = errno.errorcode.get(error.errno or 0, type(error).__name__)
    return ErrorExplanation(code, os.strerror(error.errno) if error.errno else str(error), hint)


def to_output_error(place: str, error: OSError) -> OutputError:
    """The error of a place that cannot be written to, found before the first call."""
    found = explain_error(error)
    kind = OutputUnavailableError if isinstance(error, StorageError) and error.transient else OutputError
    return kind(f"cannot write to the output place {place}: {found.message}", hint=found.hint)
