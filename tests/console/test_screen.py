"""Tests of the live view of a run on a terminal."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from sso_batch.console.screen import Bars, ConsoleStream
from sso_batch.run_files.results import Status


def console(*, width: int = 130, terminal: bool = False) -> Console:
    return Console(
        file=io.StringIO(),
        width=width,
        height=25,
        force_terminal=terminal,
        color_system=None,
        legacy_windows=False,
    )


def output_of(shown_on: Console) -> str:
    assert isinstance(shown_on.file, io.StringIO)
    return shown_on.file.getvalue()


# Bars


def bars(watch: Callable[[Bars], None], *, width: int = 60) -> list[str]:
    """Return the final bars as lines, without the elapsed time."""
    shown_on = console(width=width, terminal=True)
    with Bars(shown_on) as shown_bars:
        watch(shown_bars)
        shown_bars._progress.refresh()
        end = console(width=width)
        end.print(shown_bars._progress.get_renderable())
    return [" ".join(line.replace("━", "").split()[:-1]) for line in output_of(end).splitlines()]


def test_bars() -> None:
    """Each organization has a bar, whose total grows as further calls become known."""

    def watch(shown_bars: Bars) -> None:
        shown_bars.started("acme")
        shown_bars.started("globex")
        shown_bars.moved("acme", done=1, known=4)
        shown_bars.moved("globex", done=5, known=9)
        shown_bars.moved("acme", done=2, known=1024)
        shown_bars.ended("globex", Status.INCOMPLETE)

    assert bars(watch) == ["acme 2/1024", "globex 5/9 incomplete"]


def test_bar_that_never_started() -> None:
    """An organization whose audit never started has no bar."""

    def watch(shown_bars: Bars) -> None:
        shown_bars.started("acme")
        shown_bars.ended("acme", Status.COMPLETE)
        shown_bars.ended("globex", Status.INTERRUPTED)

    assert bars(watch) == ["acme 0/? complete"]


def test_number_of_bars_is_limited() -> None:
    """If there are too many bars, those that ended first are hidden; running ones stay visible."""

    def watch(shown_bars: Bars) -> None:
        for number in range(60):
            shown_bars.started(f"org-{number}")
            if number % 6:
                shown_bars.ended(f"org-{number}", Status.COMPLETE)

    names = [line.split()[0] for line in bars(watch)]
    assert len(names) == 21
    assert {f"org-{number}" for number in range(0, 60, 6)} <= set(names)
    assert "org-59" in names
    assert "org-1" not in names


@pytest.mark.parametrize("width", [40, 60, 80])
def test_long_name(width: int) -> None:
    """A name that is wider than the terminal is wrapped, not truncated."""
    name = "a" * 60 + "end"

    lines = bars(lambda shown_bars: shown_bars.started(name), width=width)

    assert "…" not in "".join(lines)


def test_bars_stop_after_an_error() -> None:
    """The bars are removed from the terminal if the run raises an exception."""
    shown_on = console(terminal=True)

    with pytest.raises(RuntimeError), Bars(shown_on) as shown_bars:
        raise RuntimeError

    assert not shown_bars._progress.live.is_started


# The logger's stream


def test_stream() -> None:
    """An event is one line of any width; its brackets are not markup."""
    shown_on = console(width=20)
    stream = ConsoleStream(shown_on)
    line = "\x1b[32mcollect.gap\x1b[0m message='[red]x[/red] and much more than twenty characters'\n"

    written = stream.write(line)
    stream.flush()

    assert written == len(line)
    assert output_of(shown_on) == "collect.gap message='[red]x[/red] and much more than twenty characters'\n"


@pytest.mark.parametrize("terminal", [True, False])
def test_isatty(*, terminal: bool) -> None:
    """The stream is a terminal if its console is one."""
    assert ConsoleStream(console(terminal=terminal)).isatty() == terminal
