"""The errors of stores, and their explanations for users."""

import errno
import os
from dataclasses import dataclass

from sso_batch import open_files
from sso_batch.errors import OutputError, OutputUnavailableError

_FREE_SPACE = "free space in the output place, or choose another one with --output, then run again"

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_CHECK_FILE_SYSTEM = (
    "check the file system and the permissions of the output place, or choose another one with --output, "
    "then run again"
)

_NAME_TAKEN = "another run uses the same file names: choose another --run-id or another --output"


@dataclass(frozen=True, slots=True)
class ErrorExplanation:
    """An error's code, what happened, and what to do."""

    code: str
    message: str
    hint: str


class StorageError(OSError):
    """An error without an error number of the operating system; `code` is the store's own.

    `transient` means that the store failed temporarily, and that retries did not succeed in time.
    """

    def __init__(self, code: str, message: str, *, hint: str = "", transient: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.transient = transient


def explain_error(error: OSError) -> ErrorExplanation:
    """Return the explanation of a store's error, without its path."""
    if isinstance(error, StorageError):
        return ErrorExplanation(error.code, error.message, error.hint)
    if isinstance(error, FileExistsError):
        hint = _NAME_TAKEN
    elif error.errno in open_files.EXHAUSTED:
        hint = open_files.hint()
    else:
        hint = _FREE_SPACE if error.errno in _FULL else _CHECK_FILE_SYSTEM
    code = errno.errorcode.get(error.errno or 0, type(error).__name__)
    return ErrorExplanation(code, os.strerror(error.errno) if error.errno else str(error), hint)


def to_output_error(store_name: str, error: OSError) -> OutputError:
    """Return the OutputError for a store that cannot be written, before the first call to AWS."""
    explanation = explain_error(error)
    kind = OutputUnavailableError if isinstance(error, StorageError) and error.transient else OutputError
    return kind(
        f"cannot write to the output place {store_name}: {explanation.message}", hint=explanation.hint
    )
