"""ErrorExplanation with a place for files, in words."""

import errno
import os

import pytest

from sso_batch.store import ErrorExplanation, StorageError, explain_error

MAKE_ROOM = "make room in the output place, or name another one with --output, and run again"
LOOK = (
    "look at the file system of the output place and at who may write there, or name another one with "
    "--output, and run again"
)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/secret/path"),
            ErrorExplanation("ENOSPC", "No space left on device", MAKE_ROOM),
        ),
        (
            FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)),
            ErrorExplanation(
                "EEXIST",
                "File exists",
                "another run writes files of the same names: give another --run-id, or another --output",
            ),
        ),
        (
            OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
            ErrorExplanation("EDQUOT", "Disk quota exceeded", MAKE_ROOM),
        ),
        (OSError(errno.EIO, os.strerror(errno.EIO)), ErrorExplanation("EIO", "Input/output error", LOOK)),
        (OSError("of another kind"), ErrorExplanation("OSError", "of another kind", LOOK)),
        (
            StorageError("AccessDenied", "no", hint="do that"),
            ErrorExplanation("AccessDenied", "no", "do that"),
        ),
    ],
    ids=["a number", "taken", "a quota", "another number", "no number", "of a place"],
)
def test_trouble(error: OSError, told: ErrorExplanation) -> None:
    """An error of the system has its code and words, one of a place its own and its hint."""
    assert explain_error(error) == told
