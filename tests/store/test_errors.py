"""Tests of the explanations of store errors."""

import errno
import os

import pytest

from sso_batch.store import ErrorExplanation, StorageError, explain_error

FREE_SPACE = "free space in the output place, or choose another one with --output, then run again"
CHECK_FILE_SYSTEM = (
    "check the file system and the permissions of the output place, or choose another one with --output, "
    "then run again"
)


@pytest.mark.parametrize(
    ("error", "explanation"),
    [
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/secret/path"),
            ErrorExplanation("ENOSPC", "No space left on device", FREE_SPACE),
        ),
        (
            FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)),
            ErrorExplanation(
                "EEXIST",
                "File exists",
                "another run uses the same file names: choose another --run-id or another --output",
            ),
        ),
        (
            OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
            ErrorExplanation("EDQUOT", "Disk quota exceeded", FREE_SPACE),
        ),
        (
            OSError(errno.EIO, os.strerror(errno.EIO)),
            ErrorExplanation("EIO", "Input/output error", CHECK_FILE_SYSTEM),
        ),
        (OSError("unknown"), ErrorExplanation("OSError", "unknown", CHECK_FILE_SYSTEM)),
        (
            StorageError("AccessDenied", "no", hint="do that"),
            ErrorExplanation("AccessDenied", "no", "do that"),
        ),
    ],
    ids=["full disk", "name taken", "quota", "other error number", "no error number", "storage error"],
)
def test_explanation(error: OSError, explanation: ErrorExplanation) -> None:
    """A system error has its code and text, a storage error its own code, message and hint."""
    assert explain_error(error) == explanation
