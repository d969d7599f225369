"""Standard streams that cannot be written, seen from inside of a process."""

import io
import sys
from collections.abc import Callable

import pytest

from sso_batch.console.streams import UnwritableError, for_programs, guarded

TROUBLES: dict[str, Exception] = {
    "full": OSError(28, "No space left on device"),
    "closed": ValueError("I/O operation on closed file."),
    "terminal gone": OSError(5, "Input/output error"),
    "reader gone": BrokenPipeError(32, "Broken pipe"),
}


class Broken(io.StringIO):
    """A stream that raises at a call."""

    def __init__(self, error: Exception, call: str) -> None:
        super().__init__()
        self._error = error
        self._call = call

    def _raise(self, call: str) -> None:
        if call == self._call:
            raise self._error

    def write(self, text: str) -> int:
        """Raise, or write."""
        self._raise("write")
        return super().write(text)

    def flush(self) -> None:
        """Raise, or flush."""
        self._raise("flush")

    def isatty(self) -> bool:
        """Raise, or be a terminal."""
        self._raise("isatty")
        return True


@pytest.mark.parametrize("call", ["write", "flush"])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_result_is_never_cut_off_in_silence(
    monkeypatch: pytest.MonkeyPatch, trouble: str, call: str
) -> None:
    """Once standard output has failed, nothing more can be written to it, and each attempt says so."""
    error = TROUBLES[trouble]
    monkeypatch.setattr(sys, "stdout", Broken(error, call))

    with guarded():
        with pytest.raises(UnwritableError) as caught:
            print("a", flush=True)  # noqa: T201 - what is tested
        with pytest.raises(UnwritableError):
            sys.stdout.write("b")

    reason = error.strerror if isinstance(error, OSError) else str(error)
    assert caught.value.message == f"cannot write to standard output: {reason}"
    assert caught.value.reader_gone == (trouble == "reader gone")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("call", ["write", "flush"])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_log_is_lost_in_silence(monkeypatch: pytest.MonkeyPatch, trouble: str, call: str) -> None:
    """What standard error does not take changes nothing else."""
    monkeypatch.setattr(sys, "stderr", Broken(TROUBLES[trouble], call))

    with guarded():
        print("a", file=sys.stderr, flush=True)  # noqa: T201 - what is tested


def test_closed_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has None in the place of a stream that was closed before it started."""
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


@pytest.mark.parametrize(("call", "looks"), [("isatty", False), ("write", True)])
def test_a_stream_that_cannot_be_asked(monkeypatch: pytest.MonkeyPatch, call: str, *, looks: bool) -> None:
    """A stream that fails when it is asked is no terminal."""
    monkeypatch.setattr(sys, "stdout", Broken(TROUBLES["closed"], call))

    with guarded():
        assert sys.stdout.isatty() == looks


@pytest.mark.parametrize(
    ("prepare", "written"), [(lambda: None, b"M?ller ?"), (for_programs, "M\u00fcller \u2500".encode())]
)
def test_characters_that_the_encoding_lacks(
    monkeypatch: pytest.MonkeyPatch, prepare: Callable[[], None], written: bytes
) -> None:
    """People see replacements; programs get UTF-8."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))

    with guarded():
        prepare()
        sys.stdout.write("M\u00fcller \u2500")
        sys.stdout.flush()

        assert raw.getvalue() == written


def test_only_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that probes with bytes learns that the stream takes text."""
    monkeypatch.setattr(sys, "stderr", None)

    with guarded(), pytest.raises(TypeError):
        sys.stderr.write(b"")  # type: ignore[arg-type] # what is tested
