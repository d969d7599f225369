"""Tests of the live view of a run on a terminal."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from sso_batch.console.screen import Bars, ConsoleStream
from sso_batch.run_files.results import Status
from tests.support.records import gap, outcome


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


def view(
    watch: Callable[[Bars], None], *, width: int = 80, total: int = 60, seconds: float = 60
) -> tuple[list[str], list[str]]:
    """Return the lines about what has ended, and those about what is running, after so many seconds."""
    shown_on = console(width=width)
    times = [0.0]
    bars = Bars(shown_on, total, lambda: times[0])
    watch(bars)
    times[0] = seconds
    end = console(width=width)
    end.print(bars._view())
    lines = [" ".join(line.replace("━", "").split()) for line in output_of(end).splitlines()]
    return output_of(shown_on).splitlines(), lines


def test_running_organizations() -> None:
    """An organization that is running has a bar; one that has ended has a line with what was not read."""

    def watch(bars: Bars) -> None:
        for name in ("acme", "globex", "initech"):
            bars.started(name)
        bars.moved("acme", done=1, known=1024)
        bars.moved("globex", done=10, known=10)
        bars.ended("globex", outcome("globex", Status.INCOMPLETE, gaps=(gap("r-1"), gap("r-2"))))

    ended, running = view(watch, total=4, seconds=100)

    assert ended == ["globex  incomplete  0 rows  ListAccountAssignments AccessDeniedException"]
    assert running == [
        "acme 1 of 1,024 calls",
        "initech starting",
        "Total 25 %, 1 of 4, about 5 min left",
    ]


def test_organization_that_never_started() -> None:
    """An organization that was kept or interrupted before it started is counted."""

    def watch(bars: Bars) -> None:
        bars.ended("acme", replace(outcome("acme"), resumed=True))
        bars.ended("globex", outcome("globex", Status.INTERRUPTED))
        bars.moved("globex", done=1, known=1)

    ended, running = view(watch, total=2)

    assert ended == ["acme  complete  kept from an earlier attempt  0 rows", "globex  interrupted"]
    assert running == ["Total 100 %, 2 of 2, writing the reports"]


def test_the_bar_of_an_ended_organization_is_gone() -> None:
    """Below the line of an organization that has ended, its bar is not shown once more."""
    shown_on = console(terminal=True)

    with Bars(shown_on, 2) as bars:
        bars.started("acme")
        bars._live.refresh()
        bars.ended("acme", outcome("acme"))
        _, after = output_of(shown_on).split("acme  complete")

    assert "Total" in after
    assert "starting" not in after


def test_preflight() -> None:
    """A preflight has only the total, and no reports that follow it."""
    shown_on = console(width=80)
    bars = Bars(shown_on, 3, lambda: 0.0, after="")
    for name in ("acme", "globex", "initech"):
        bars.checked(name)

    shown_on.print(bars._view())

    assert " ".join(output_of(shown_on).replace("━", "").split()) == "Total 100 %, 3 of 3"


def test_sixty_organizations() -> None:
    """The bars leave room on the terminal, and say how many others are running."""

    def watch(bars: Bars) -> None:
        for number in range(60):
            bars.started(f"org-{number}")

    _, running = view(watch)

    assert len(running) == 20
    assert running[0] == "org-0 starting"
    assert running[-2:] == ["and 42 more are running", "Total 0 %, 0 of 60"]


@pytest.mark.parametrize("width", [40, 60, 80])
def test_long_name(width: int) -> None:
    """A name that is wider than the terminal is wrapped, not truncated."""
    name = "a" * 60 + "end"

    _, lines = view(lambda bars: bars.started(name), width=width)

    text = "".join(lines)
    assert "…" not in text
    assert text.count("a") >= 60
    assert "Total" in text


def test_bars_stop_after_an_error() -> None:
    """The bars are removed from the terminal if the run raises an exception."""
    shown_on = console(terminal=True)

    with pytest.raises(RuntimeError), Bars(shown_on, 1) as shown_bars:
        raise RuntimeError

    assert not shown_bars._live.is_started


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
