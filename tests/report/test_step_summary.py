"""The summary in Markdown: what it contains, and that names cannot inject markup."""

import re
import signal
from dataclasses import replace

import pytest

from sso_batch.model import EndpointOverride
from sso_batch.report.step_summary import escaped, render_step_summary
from sso_batch.review.finding import FindingCounts
from sso_batch.run_files.results import NOTHING, OrganizationOutcome, Status
from tests.support.overviews import HOSTILE
from tests.support.records import gap, outcome, run_outcome, unexamined

HEAD = (
    "| Organization | Status | Users | Accounts | Permission sets | Rows | Gaps | High | Medium | Low |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n"
)


def test_incomplete() -> None:
    """An incomplete run says so first, and lists the operation, code and hint of each gap."""
    denied = gap(operation="ListUsers", code="AccessDenied", message="", hint="allow it")
    run = run_outcome(
        outcome("acme", Status.INCOMPLETE, gaps=(denied, replace(denied, hint=""))),
        outcome("globex", Status.FAILED, endpoint_overrides=(EndpointOverride("sts", "http://127.0.0.1:1"),)),
    )

    text = render_step_summary(run, "nightly-7")

    assert text == (
        "## Access audit nightly-7\n\n"
        "**INCOMPLETE**: some data was not read. Users may have access that is not reported.\n\n"
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

    assert render_step_summary(run, "n") == (
        "## Access audit n\n\n**Complete**: every organization was read completely.\n\n"
        + HEAD
        + "| acme | complete | 1,200 | 3 | 4 | 5,000 | 0 | 1 | 0 | 2 |\n"
    )


@pytest.mark.parametrize(
    ("organization", "figures"),
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
def test_at_least(organization: OrganizationOutcome, figures: str) -> None:
    """Findings of checks with blind spots are shown as lower bounds."""
    assert f"| {figures} |\n" in render_step_summary(run_outcome(organization), "n")
    assert run_outcome(organization).findings_certain is ("≥" not in figures)


def test_signal() -> None:
    """A run that was stopped by a signal says so, and never that it was complete."""
    for status in Status:
        text = render_step_summary(run_outcome(outcome("acme", status), signal=int(signal.SIGTERM)), "n")

        assert "**INTERRUPTED**: the run ended early." in text
        assert "\nThe run was stopped by signal 15.\n" in text
        assert "**Complete**" not in text


def test_gaps_of_the_run() -> None:
    """Gaps of the run itself come before those of its organizations."""
    own = gap("n", operation="merge", code="ENOSPC", hint="make room")

    text = render_step_summary(
        run_outcome(outcome(status=Status.INCOMPLETE, gaps=(gap(),)), gaps=(own,)), "n"
    )

    assert "### What was not read\n\n- the run itself: merge, ENOSPC; make room\n- acme: List" in text


def test_many_gaps() -> None:
    """Only the first gaps are listed, followed by the number of others."""
    text = render_step_summary(run_outcome(outcome("acme", Status.INCOMPLETE, gaps=(gap(),) * 31)), "n")

    assert text.count("- acme") == 20
    assert text.endswith("- and 11 more; the manifest lists all gaps\n")


def test_hostile_names() -> None:
    """Nothing that comes from AWS becomes markup, a link, a mention, an image or a table row."""
    words = (*HOSTILE, "![x](https://e.example/p.png)", "| a |", "`code`", "@somebody", "#1", "a\n\n# b")

    for text in map(escaped, words):
        assert not re.search(r"[<>|`*_\[\]()!@:\\\n]|&(?!#\d+;)|#(?!\d)", text)
