"""Standard output and standard error that may be full, closed or poor in characters.

Results go to standard output: what cannot be written there raises UnwritableError. Logs and messages go to
standard error: what cannot be written there is lost, and nothing else changes.
"""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from sso_batch.errors import UsageError


class UnwritableError(UsageError):
    """Standard output that does not take a result; `reader_gone` where its reader has seen enough."""

    def __init__(self, error: OSError | ValueError) -> None:
        reason = error.strerror if isinstance(error, OSError) else None
        super().__init__(f"cannot write to standard output: {reason or error}")
        self.reader_gone = isinstance(error, BrokenPipeError)


class _Stream(io.TextIOBase):
    """A standard stream as the rest of the program uses it; None stands for one that is closed.

    It has no `buffer`: click would wrap that once more, in another encoding.
    """

    def __init__(self, stream: TextIO | None, *, errors: str) -> None:
        super().__init__()
        self._stream = stream
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)

    @property
    def encoding(self) -> str:  # type: ignore[override] # a property is all that io needs
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether a person is looking; nobody looks at a closed stream."""
        with contextlib.suppress(OSError, ValueError):
            return self._stream is not None and self._stream.isatty()
        return False

    def fileno(self) -> int:
        """The descriptor; raises io.UnsupportedOperation where there is none."""
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    def write(self, text: str, /) -> int:
        """Write text, or lose it as `lost` decides."""
        if not isinstance(text, str):
            raise TypeError("a standard stream takes text")
        if self._stream is None:
            self.lost(OSError(errno.EBADF, os.strerror(errno.EBADF)))
            return len(text)
        try:
            if text:  # click probes with an empty text, which /dev/full refuses, too
                self._stream.write(text)
        except (OSError, ValueError) as error:
            self.lost(error)
        return len(text)

    def flush(self) -> None:
        """Let it through."""
        try:
            if self._stream is not None:
                self._stream.flush()
        except (OSError, ValueError) as error:
            self.lost(error)

    def in_utf_8(self) -> None:
        """Write in UTF-8 from here on, unless a person is looking: programs read what follows."""
        if isinstance(self._stream, io.TextIOWrapper) and not self.isatty():
            self._stream.reconfigure(encoding="utf-8")

    def lost(self, error: OSError | ValueError) -> None:
        """Decide what a text that cannot be written means: nothing."""

    def discard(self) -> None:
        """Lead what is still kept back to nowhere, so that Python's own last flush cannot fail."""
        with contextlib.suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            try:
                os.dup2(null, self.fileno())
            finally:
                os.close(null)


class _Results(_Stream):
    """Standard output: a result that is cut off must not look like one."""

    _error: OSError | ValueError | None = None

    def write(self, text: str, /) -> int:
        """Write text; after a failure nothing more is written, so that no piece is missing in the middle."""
        if self._error is not None and text:
            raise UnwritableError(self._error)
        return super().write(text)

    def lost(self, error: OSError | ValueError) -> None:
        """Give up."""
        self._error = error
        self.discard()
        raise UnwritableError(error) from None


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Put safe streams in the place of `sys.stdout` and `sys.stderr`."""
    _fill()
    before = sys.stdout, sys.stderr
    sys.stdout = _Results(sys.stdout, errors="replace")
    sys.stderr = errors = _Stream(sys.stderr, errors="backslashreplace")
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        try:
            if sys.stderr is not None:
                sys.stderr.flush()
        except (OSError, ValueError):
            errors.discard()


def for_programs() -> None:
    """Write what follows on standard output in UTF-8, as the files of a run are, if it is not a terminal."""
    if isinstance(sys.stdout, _Stream):
        sys.stdout.in_utf_8()


def _fill() -> None:
    """Open /dev/null in the place of a closed stream, so that no other file gets its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 - it has no other form
