"""The summary in markdown: what it tells, and what no name can make of it."""

import re
import signal
from dataclasses import replace

import pytest

from sso_batch.report.step_summary import escaped, step_summary
from sso_batch.review.finding import FindingCounts
from sso_batch.run_files.results import NOTHING, OrganizationOutcome, Status
from tests.support.overviews import HOSTILE
from tests.support.records import gap, outcome, run_outcome, unexamined

HEAD = (
    "| Organization | Status | Users | Accounts | Permission sets | Rows | Gaps | High | Medium | Low |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n"
)


def test_incomplete() -> None:
    """Holes come first and loud, with the call, the reason and the remedy of each gap."""
    hole = gap(operation="ListUsers", code="AccessDenied", message="", hint="allow it")
    run = run_outcome(
        outcome("acme", Status.INCOMPLETE, gaps=(hole, replace(hole, hint=""))),
        outcome("globex", Status.FAILED, endpoint_overrides=("sts=http://127.0.0.1:1",)),
    )

    text = step_summary(run, "nightly-7")

    assert text == (
        "## Access audit nightly-7\n\n"
        "**INCOMPLETE**: not all was read. Somebody may have access that is not reported.\n\n"
        "**Endpoint override**: http&#58;//127.0.0.1&#58;1 (these answers did not come from AWS).\n\n"
        + HEAD
        + "| acme | **incomplete** | 0 | 0 | 0 | 0 | 2 | ? | ? | ? |\n"
        "| globex | **failed** | ? | ? | ? | ? | 0 | ? | ? | ? |\n"
        "\n### What was not read\n\n"
        "- acme: ListUsers, AccessDenied; allow it\n"
        "- acme: ListUsers, AccessDenied\n"
    )


def test_complete() -> None:
    """A complete run is a sentence and a table."""
    counts = replace(NOTHING, users=1200, accounts=3, permission_sets=4, rows=5000)
    run = run_outcome(outcome("acme", counts=counts, findings=FindingCounts(1, 0, 2)))

    assert step_summary(run, "n") == (
        "## Access audit n\n\n**Complete**: every organization was read whole.\n\n"
        + HEAD
        + "| acme | complete | 1,200 | 3 | 4 | 5,000 | 0 | 1 | 0 | 2 |\n"
    )


@pytest.mark.parametrize(
    ("one", "figures"),
    [
        (outcome("acme", findings=FindingCounts(1, 0, 2)), "1 | 0 | 2"),
        (
            outcome("acme", findings=FindingCounts(1, 0, 2), not_examined=unexamined("account paths")),
            "1 | 0 | 2",
        ),
        (
            outcome("acme", findings=FindingCounts(), not_examined=unexamined("check long-session: x")),
            "≥ 0 | ≥ 0 | ≥ 0",
        ),
        (outcome("acme", Status.INCOMPLETE, findings=FindingCounts(), gaps=(gap(),)), "≥ 0 | ≥ 0 | ≥ 0"),
    ],
)
def test_at_least(one: OrganizationOutcome, figures: str) -> None:
    """Where checks could not look at everything, their figures are lower bounds."""
    assert f"| {figures} |\n" in step_summary(run_outcome(one), "n")
    assert run_outcome(one).findings_certain is ("≥" not in figures)


def test_failed_early() -> None:
    """A run that was ended by a signal says so, and not that it was complete."""
    for status in Status:
        text = step_summary(run_outcome(outcome("acme", status), signal=int(signal.SIGTERM)), "n")

        assert "**INTERRUPTED**: the run ended early." in text
        assert "\nIt was ended early, by signal 15.\n" in text
        assert "**Complete**" not in text


def test_gaps_of_the_run() -> None:
    """What the run itself lacks comes before what its organizations lack."""
    own = gap("n", operation="merge", code="ENOSPC", hint="make room")

    text = step_summary(run_outcome(outcome(status=Status.INCOMPLETE, gaps=(gap(),)), gaps=(own,)), "n")

    assert "### What was not read\n\n- the run itself: merge, ENOSPC; make room\n- acme: List" in text


def test_many_gaps() -> None:
    """Of many gaps the first are told, and how many more there are."""
    text = step_summary(run_outcome(outcome("acme", Status.INCOMPLETE, gaps=(gap(),) * 31)), "n")

    assert text.count("- acme") == 20
    assert text.endswith("- and 11 more, all of them in the manifest\n")


def test_hostile_names() -> None:
    """Nothing that AWS says becomes markup, a link, a mention, an image or a row of the table."""
    words = (*HOSTILE, "![x](https://e.example/p.png)", "| a |", "`code`", "@somebody", "#1", "a\n\n# b")

    for word in words:
        text = escaped(word)

        assert not re.search(r"[<>|`*_\[\]()!@:\\\n]|&(?!#\d+;)|#(?!\d)", text)
