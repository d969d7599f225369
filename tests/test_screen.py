"""What a person at a terminal sees."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from sso_batch.outcome import Counts, OrganizationOutcome, RunOutcome, Status
from sso_batch.review.finding import FindingCounts
from sso_batch.screen import Bars, ConsoleStream, summary
from tests.records import gap, outcome, run_outcome

READ = Counts(
    users=1200,
    groups=34,
    accounts=56,
    permission_sets=7,
    assignments=890,
    entitlements=3,
    rows=1234567,
    orphaned=2,
)


def console(*, width: int = 130, terminal: bool = False) -> Console:
    return Console(
        file=io.StringIO(), width=width, force_terminal=terminal, color_system=None, legacy_windows=False
    )


def printed(on: Console) -> str:
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()


def shown(run: RunOutcome) -> list[str]:
    on = console()
    for part in summary(run):
        on.print(part, highlight=False)
    return [line.rstrip() for line in printed(on).splitlines() if line.strip(" ─")]


def cells(line: str) -> list[str]:
    return [cell for cell in line.strip().split("  ") if cell]


# Trouble


@pytest.mark.parametrize("status", [Status.FAILED, Status.INTERRUPTED])
def test_nothing_read(status: Status) -> None:
    """Where nothing was read no figure is shown, not even a zero."""
    *_, line = shown(run_outcome(outcome("globex", status)))

    assert [cell.strip() for cell in cells(line)] == ["globex", status.value, *["?"] * 9, "0"]


def test_gaps_of_the_run() -> None:
    """What the run itself lacks is shown, with what to do about it."""
    own = gap("nightly", operation="merge", code="ENOSPC", message="No space left", hint="make room")

    *_, told, hint = shown(run_outcome(outcome(), gaps=(own,)))

    assert (told, hint) == ("the run itself: merge nightly: ENOSPC: No space left", "  make room")


@pytest.mark.parametrize(
    "hostile", ["[red]x[/red]", "[/bold]", "[link=http://x]y[/link]", "a [b] c", "\\[x]", ":smile:"]
)
def test_markup_is_not_interpreted(hostile: str) -> None:
    """What AWS says is shown to the letter, whatever it would mean to the terminal library."""
    hole = gap(hostile, operation=hostile, code=hostile, message=hostile, hint=hostile)

    lines = shown(
        run_outcome(
            outcome(status=Status.INCOMPLETE, gaps=(hole,)), outcome(endpoint_overrides=(f"sts={hostile}",))
        )
    )

    assert lines[-3:] == [
        f"acme: {hostile} {hostile}: {hostile}: {hostile}",
        f"  {hostile}",
        f"Answered not by AWS, but by {hostile}",
    ]


@pytest.mark.parametrize(("gaps", "more"), [(5, []), (6, ["acme: 1 more gaps, all of them in the manifest"])])
def test_many_gaps(gaps: int, more: list[str]) -> None:
    """The first five gaps are told, with their hints, and of the rest how many there are."""
    holes = tuple(gap(f"r-{number}", hint="") for number in range(gaps))

    _, _, table, *lines = shown(run_outcome(outcome(status=Status.INCOMPLETE, counts=READ, gaps=holes)))

    assert cells(table)[-1].strip() == str(gaps)
    assert lines == [
        *(
            f"acme: ListAccountAssignments r-{number}: AccessDeniedException: not authorized"
            for number in range(5)
        ),
        *more,
    ]


# All well


def test_table() -> None:
    """The closing table has a line for each organization, with its figures."""
    run = run_outcome(
        outcome("acme", counts=READ, findings=FindingCounts(1_200, 0, 7)),
        outcome("globex", Status.INCOMPLETE, counts=READ, gaps=(gap(),)),
        endpoint_overrides(outcome("initech"), "sts=http://127.0.0.1:2", "sso-admin=http://127.0.0.1:1"),
    )

    lines = shown(run)

    upper, lower, acme, globex, initech, *rest = [" ".join(line.split()) for line in lines]
    assert upper == "Ac- Perm. Assign- Entitle- Or- Findings"
    assert lower == "Organization Status Users Groups counts sets ments ments phaned Rows h/m/l Gaps"
    assert acme == "acme complete 1,200 34 56 7 890 3 2 1,234,567 1,200/0/7 0"
    assert globex == "globex incomplete 1,200 34 56 7 890 3 2 1,234,567 ? 1"
    assert initech == "initech complete 0 0 0 0 0 0 0 0 ? 0"
    assert rest == [
        "globex: ListAccountAssignments 111111111111: AccessDeniedException: not authorized",
        "allow the role the IAM action sso:ListAccountAssignments",
        "Answered not by AWS, but by http://127.0.0.1:1, http://127.0.0.1:2",
    ]


def endpoint_overrides(one: OrganizationOutcome, *overrides: str) -> OrganizationOutcome:
    return outcome(one.name, one.status, endpoint_overrides=overrides)


# Bars


def bars(watch: Callable[[Bars], None]) -> list[str]:
    """Give the last picture of the bars, without the time that has passed."""
    on = console(width=60, terminal=True)
    with Bars(on) as shown_bars:
        watch(shown_bars)
        shown_bars._progress.refresh()
        end = console(width=60)
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
