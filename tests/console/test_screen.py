"""What a person at a terminal sees while a run goes on."""

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


def printed(on: Console) -> str:
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()


# Bars


def bars(watch: Callable[[Bars], None], *, width: int = 60) -> list[str]:
    """Give the last picture of the bars, without the time that has passed."""
    on = console(width=width, terminal=True)
    with Bars(on) as shown_bars:
        watch(shown_bars)
        shown_bars._progress.refresh()
        end = console(width=width)
        end.print(shown_bars._progress.get_renderable())
    return [" ".join(line.replace("━", "").split()[:-1]) for line in printed(end).splitlines()]


def test_bars() -> None:
    """Each organization has a bar, whose end moves while answers tell what else to ask."""

    def watch(shown_bars: Bars) -> None:
        shown_bars.started("acme")
        shown_bars.started("globex")
        shown_bars.moved("acme", done=1, known=4)
        shown_bars.moved("globex", done=5, known=9)
        shown_bars.moved("acme", done=2, known=1024)
        shown_bars.ended("globex", Status.INCOMPLETE)

    assert bars(watch) == ["acme 2/1024", "globex 5/9 incomplete"]


def test_bar_that_never_began() -> None:
    """An organization whose turn never came has no bar to end."""

    def watch(shown_bars: Bars) -> None:
        shown_bars.started("acme")
        shown_bars.ended("acme", Status.COMPLETE)
        shown_bars.ended("globex", Status.INTERRUPTED)

    assert bars(watch) == ["acme 0/? complete"]


def test_no_more_bars_than_fit() -> None:
    """Of many organizations those that ended first lose their bars, and those that are audited keep them."""

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
def test_a_long_name_is_never_cut(width: int) -> None:
    """A name that is too wide for the terminal goes on in the next line."""
    name = "a" * 60 + "end"

    picture = bars(lambda shown_bars: shown_bars.started(name), width=width)

    assert "…" not in "".join(picture)


def test_bars_stop_whatever_happens() -> None:
    """The bars are taken off the terminal when the run ends with an error."""
    on = console(terminal=True)

    with pytest.raises(RuntimeError), Bars(on) as shown_bars:
        raise RuntimeError

    assert not shown_bars._progress.live.is_started


# The logger's stream


def test_stream() -> None:
    """An event is one line, however wide: its colours are kept and its brackets are no markup."""
    on = console(width=20)
    stream = ConsoleStream(on)
    line = "\x1b[32mcollect.gap\x1b[0m message='[red]x[/red] and much more than twenty characters'\n"

    written = stream.write(line)
    stream.flush()

    assert written == len(line)
    assert printed(on) == "collect.gap message='[red]x[/red] and much more than twenty characters'\n"


@pytest.mark.parametrize("terminal", [True, False])
def test_stream_knows_whether_a_person_looks(*, terminal: bool) -> None:
    """The stream is a terminal where its console is."""
    assert ConsoleStream(console(terminal=terminal)).isatty() == terminal
