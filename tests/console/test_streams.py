"""Tests of safe standard streams, within one process."""

import io
import sys
from collections.abc import Callable

import pytest

from sso_batch.console.streams import UnwritableError, for_programs, guarded

ERRORS: dict[str, Exception] = {
    "full": OSError(28, "No space left on device"),
    "closed": ValueError("I/O operation on closed file."),
    "terminal gone": OSError(5, "Input/output error"),
    "reader gone": BrokenPipeError(32, "Broken pipe"),
}


class Broken(io.StringIO):
    """A stream that raises an error at a certain call."""

    def __init__(self, error: Exception, call: str) -> None:
        super().__init__()
        self._error = error
        self._call = call

    def _raise(self, call: str) -> None:
        if call == self._call:
            raise self._error

    def write(self, text: str) -> int:
        """Raise the error, or write."""
        self._raise("write")
        return super().write(text)

    def flush(self) -> None:
        """Raise the error, or flush."""
        self._raise("flush")

    def isatty(self) -> bool:
        """Raise the error, or return True."""
        self._raise("isatty")
        return True


@pytest.mark.parametrize("call", ["write", "flush"])
@pytest.mark.parametrize("problem", ERRORS)
def test_results_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, problem: str, call: str) -> None:
    """After a failed write to standard output, every further write fails as well."""
    error = ERRORS[problem]
    monkeypatch.setattr(sys, "stdout", Broken(error, call))

    with guarded():
        with pytest.raises(UnwritableError) as caught:
            print("a", flush=True)  # noqa: T201 - what is tested
        with pytest.raises(UnwritableError):
            sys.stdout.write("b")

    reason = error.strerror if isinstance(error, OSError) else str(error)
    assert caught.value.message == f"cannot write to standard output: {reason}"
    assert caught.value.reader_gone == (problem == "reader gone")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("call", ["write", "flush"])
@pytest.mark.parametrize("problem", ERRORS)
def test_logs_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, problem: str, call: str) -> None:
    """A failed write to standard error is ignored."""
    monkeypatch.setattr(sys, "stderr", Broken(ERRORS[problem], call))

    with guarded():
        print("a", file=sys.stderr, flush=True)  # noqa: T201 - what is tested


def test_closed_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that was closed before Python started, which is None, can be used safely."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)

    with guarded():
        sys.stderr.write("lost")
        sys.stderr.flush()
        assert (sys.stdout.isatty(), sys.stdout.encoding) == (False, "utf-8")
        with pytest.raises(io.UnsupportedOperation):
            sys.stdout.fileno()
        with pytest.raises(UnwritableError, match="Bad file descriptor"):
            sys.stdout.write("a")

    assert sys.stdout is sys.stderr is None


@pytest.mark.parametrize(("call", "is_terminal"), [("isatty", False), ("write", True)])
def test_isatty_that_fails(monkeypatch: pytest.MonkeyPatch, call: str, *, is_terminal: bool) -> None:
    """A stream whose isatty() fails is not a terminal."""
    monkeypatch.setattr(sys, "stdout", Broken(ERRORS["closed"], call))

    with guarded():
        assert sys.stdout.isatty() == is_terminal


@pytest.mark.parametrize(
    ("prepare", "written"), [(lambda: None, b"M?ller ?"), (for_programs, "M\u00fcller \u2500".encode())]
)
def test_unencodable_characters(
    monkeypatch: pytest.MonkeyPatch, prepare: Callable[[], None], written: bytes
) -> None:
    """Unencodable characters are replaced, except in files for programs, which are UTF-8."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))

    with guarded():
        prepare()
        sys.stdout.write("M\u00fcller \u2500")
        sys.stdout.flush()

        assert raw.getvalue() == written


def test_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing bytes raises TypeError, with which libraries detect a text stream."""
    monkeypatch.setattr(sys, "stderr", None)

    with guarded(), pytest.raises(TypeError):
        sys.stderr.write(b"")  # type: ignore[arg-type] # what is tested
