"""The exit codes of every command."""

import signal

import pytest

from sso_batch.exit_codes import ExitCode, signal_exit_code, signal_of


@pytest.mark.parametrize("code", ExitCode)
def test_a_command_that_ended_by_itself(code: ExitCode) -> None:
    """No exit code of ours stands for a signal."""
    assert signal_of(code) is None


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_signals(number: signal.Signals, code: int) -> None:
    """A signal has the exit code that a shell reports, and is read back from it."""
    assert signal_exit_code(number) == code
    assert signal_of(code) == number


def test_published_codes() -> None:
    """The codes are those that the documentation names; schedulers rely on them."""
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 4, 5, 6, 7]
