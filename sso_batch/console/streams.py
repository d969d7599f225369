"""Standard output and standard error that may be full, closed, or limited to few characters.

Results go to standard output: a failed write raises UnwritableError. Logs and messages go to standard error:
a failed write is ignored.
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
    """A result that cannot be written to standard output; `reader_gone` if its reader has closed the pipe."""

    def __init__(self, error: OSError | ValueError) -> None:
        reason = error.strerror if isinstance(error, OSError) else None
        super().__init__(f"cannot write to standard output: {reason or error}")
        self.reader_gone = isinstance(error, BrokenPipeError)


class _Stream(io.TextIOBase):
    """A standard stream for the rest of the program; None is a closed stream.

    It has no `buffer`, because click would wrap that again, in another encoding.
    """

    def __init__(self, stream: TextIO | None, *, errors: str) -> None:
        super().__init__()
        self._stream = stream
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)

    @property
    def encoding(self) -> str:  # type: ignore[override] # io only reads it
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        with contextlib.suppress(OSError, ValueError):
            return self._stream is not None and self._stream.isatty()
        return False

    def fileno(self) -> int:
        """Return the file descriptor; raise io.UnsupportedOperation if there is none."""
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    def write(self, text: str, /) -> int:
        """Write text; call `failed` if that is not possible."""
        if not isinstance(text, str):
            raise TypeError("a standard stream takes text")
        if self._stream is None:
            self.failed(OSError(errno.EBADF, os.strerror(errno.EBADF)))
            return len(text)
        try:
            if text:  # click probes with an empty text, which /dev/full refuses as well
                self._stream.write(text)
        except (OSError, ValueError) as error:
            self.failed(error)
        return len(text)

    def flush(self) -> None:
        """Flush the stream; call `failed` if that is not possible."""
        try:
            if self._stream is not None:
                self._stream.flush()
        except (OSError, ValueError) as error:
            self.failed(error)

    def use_utf_8(self) -> None:
        """Switch to UTF-8, unless the stream is a terminal."""
        if isinstance(self._stream, io.TextIOWrapper) and not self.isatty():
            self._stream.reconfigure(encoding="utf-8")

    def failed(self, error: OSError | ValueError) -> None:
        """Handle a failed write: ignore it."""

    def discard(self) -> None:
        """Redirect the stream to /dev/null, so that Python's flush at exit cannot fail."""
        with contextlib.suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            try:
                os.dup2(null, self.fileno())
            finally:
                os.close(null)


class _Results(_Stream):
    """Standard output: a truncated result must not look like a result."""

    _error: OSError | ValueError | None = None

    def write(self, text: str, /) -> int:
        """Write text; after a failure nothing more is written, so that no part is missing in the middle."""
        if self._error is not None and text:
            raise UnwritableError(self._error)
        return super().write(text)

    def failed(self, error: OSError | ValueError) -> None:
        """Raise UnwritableError, now and at each later write."""
        self._error = error
        self.discard()
        raise UnwritableError(error) from None


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Replace `sys.stdout` and `sys.stderr` with safe streams; in the end, both are flushed."""
    _open_closed_descriptors()
    before = sys.stdout, sys.stderr
    sys.stdout = results = _Results(sys.stdout, errors="replace")
    sys.stderr = errors = _Stream(sys.stderr, errors="backslashreplace")
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        for stream, guard in zip(before, (results, errors), strict=True):
            try:
                if stream is not None:
                    stream.flush()
            except (OSError, ValueError):
                guard.discard()


def for_programs() -> None:
    """Write standard output in UTF-8 from here on, like the files of a run, unless it is a terminal."""
    if isinstance(sys.stdout, _Stream):
        sys.stdout.use_utf_8()


def _open_closed_descriptors() -> None:
    """Open /dev/null for each closed standard stream, so that no other file gets its descriptor."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 - the argument is positional
