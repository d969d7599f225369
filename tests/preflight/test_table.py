"""Tests of the terminal output of a preflight."""

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from sso_batch.model import Gap, GapKind, Instance
from sso_batch.preflight.record import Estimates, OrganizationCheck, Permission, Verdict
from sso_batch.preflight.table import table

CALLER = "arn:aws:sts::111122223333:assumed-role/Audit/x"
INSTANCE = Instance("arn:aws:sso:::instance/ssoins-1", "d-1", "ap-southeast-4", "o-1", "999999999999", CALLER)
ESTIMATES = Estimates(
    users=50_000,
    groups=20_000,
    accounts=12_000,
    permission_sets=300,
    pairs=90_000,
    applications=0,
    at_least=True,
    complete_calls=1_234_567,
    complete_seconds=61_728.0,
    fastest_calls=1_112_223,
    fastest_seconds=55_611.0,
    fastest_most_calls=1_132_223,
    fastest_most_seconds=56_611.0,
)
ALLOWED = Permission("ListGroups", "identitystore:ListGroups", Verdict.ALLOWED, "d-1")
DENIED = Permission(
    "ListUsers",
    "identitystore:ListUsers",
    Verdict.DENIED,
    "d-1",
    "AccessDeniedException",
    "no",
    "allow the role the IAM action identitystore:ListUsers",
)
READY = OrganizationCheck("acme", (), INSTANCE, (ALLOWED,) * 28, ESTIMATES, 30)
INCOMPLETE = replace(READY, permissions=(ALLOWED, DENIED))
FAILED = replace(
    READY,
    instance=None,
    permissions=(),
    estimates=None,
    failure=Gap(GapKind.ORGANIZATION, "AssumeRole", "x", "AccessDenied", "no", "fix"),
)
POLICY = "sso-batch policy -c 'o rg.yaml'"
LONGEST = "a" * 63


def shown(checks: Sequence[OrganizationCheck], *, width: int = 80, file: str = "orgs.yaml") -> str:
    out = io.StringIO()
    console = Console(file=out, width=width)
    for part in table(checks, file):
        console.print(part, highlight=False)
    return out.getvalue()


def named(check: OrganizationCheck, count: int) -> list[OrganizationCheck]:
    return [replace(check, name=f"org-{number:02}") for number in range(count)]


@pytest.mark.parametrize("width", [20, 40, 60, 79, 80, 100, 120, 200])
@pytest.mark.parametrize("name", ["acme", "acme-production-eu", LONGEST])
def test_no_value_is_cut(name: str, width: int) -> None:
    """On a terminal of any width every value is complete, and every line fits."""
    text = shown([replace(READY, name=name), replace(INCOMPLETE, name=f"{name[:-1]}z"), FAILED], width=width)

    assert "…" not in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    joined = "".join(text.split())
    for value in (name, f"{name[:-1]}z", "ready", "incomplete", "failed"):
        assert value in joined


def test_all_columns() -> None:
    """A wide terminal shows every column."""
    text = shown([READY], width=200)

    for value in (
        "delegated administrator",
        "111122223333",
        "ap-southeast-4",
        "28",
        "1,234,567",
        "1,112,223",
    ):
        assert value in text
    assert "Not shown" not in text


@pytest.mark.parametrize(
    ("changes", "calls", "minutes"),
    [
        ({}, "≥ 1,112,223", "≥ 926.9"),
        ({"at_least": False}, "1,112,223 to 1,132,223", "926.9 to 943.5"),
        ({"at_least": False, "fastest_most_calls": 1_112_223}, "1,112,223", "926.9 to 943.5"),
    ],
)
def test_fastest_is_a_range(changes: dict[str, Any], calls: str, minutes: str) -> None:
    """What `fastest` costs if groups must be asked is shown, too, unless not everything was counted."""
    text = shown([replace(READY, estimates=replace(ESTIMATES, **changes))], width=200)

    row = " ".join(next(line for line in text.splitlines() if line.startswith("acme")).split())
    assert row.endswith(f" {calls} {minutes}")


def test_omitted_columns() -> None:
    """At 80 columns the most important columns are shown, and the others are named."""
    text = shown([READY])

    for value in ("acme", "ready", "≥ 1,234,567", "111122223333", "Denied", "Unknown"):
        assert value in text
    assert "Not shown at this width: Minutes if fastest" in text


@pytest.mark.parametrize("verdict", [Verdict.DENIED, Verdict.UNKNOWN])
def test_one_line_for_an_action(verdict: Verdict) -> None:
    """An action that is denied or unknown in thirty organizations is one line."""
    incomplete = replace(INCOMPLETE, permissions=(replace(DENIED, verdict=verdict),))

    text = " ".join(shown(named(incomplete, 30), width=120).split())

    assert text.count("identitystore:ListUsers") == 1
    assert "org-00, org-01, org-02 and 27 more: identitystore:ListUsers is" in text


@pytest.mark.parametrize(
    "messages", [["no"], [f"role {number}" for number in range(30)]], ids=["same", "different"]
)
def test_one_line_for_a_cause(messages: list[str]) -> None:
    """Organizations that fail for the same reason share a line and a hint."""
    checks = [
        replace(
            check,
            failure=Gap(
                GapKind.ORGANIZATION,
                "AssumeRole",
                "x",
                "AccessDenied",
                messages[number % len(messages)],
                "fix the role",
            ),
        )
        for number, check in enumerate(named(FAILED, 30))
    ]

    text = shown(checks, width=120)

    assert text.count("fix the role") == text.count("AccessDenied") == 1
    assert "and 27 more: AssumeRole AccessDenied" in text


def test_different_causes() -> None:
    """Each cause has a line of its own."""
    other = replace(
        FAILED,
        name="globex",
        failure=Gap(GapKind.ORGANIZATION, "ListInstances", "x", "NoInstance", "none", "set the Region"),
    )

    text = shown([FAILED, other])

    assert "acme: AssumeRole AccessDenied: no\n  fix" in text
    assert "globex: ListInstances NoInstance: none\n  set the Region" in text


def test_hint_of_a_permission() -> None:
    """A hint is shown unless the line already says the same."""
    key = replace(DENIED, action="identitystore:ListGroups", hint="allow the role kms:Decrypt")

    text = shown([replace(INCOMPLETE, permissions=(DENIED, key))])

    assert "allow the role kms:Decrypt" in text
    assert "allow the role the IAM action" not in text


def test_not_needed() -> None:
    """A denied action that a run does not need is a note, not a problem."""
    unneeded = replace(READY, permissions=(replace(DENIED, instead="a run makes another call"),))

    text = " ".join(shown([unneeded], width=120).split())

    assert "identitystore:ListUsers on d-1 is denied, but not needed: a run makes another call" in text
    assert text.endswith("Next: run the audit sso-batch run -c orgs.yaml")


@pytest.mark.parametrize(
    ("checks", "step", "command"),
    [
        ([READY], "run the audit", "run -c 'o rg.yaml'"),
        (
            [READY, INCOMPLETE],
            f"allow the denied actions ({POLICY} prints the policies), then check again",
            "check -c 'o rg.yaml' --only acme",
        ),
        (
            named(FAILED, 2),
            "fix the problems above, then check again",
            "check -c 'o rg.yaml' --only org-00,org-01",
        ),
        (named(FAILED, 4), "fix the problems above, then check again", "check -c 'o rg.yaml'"),
    ],
)
def test_next_step(checks: list[OrganizationCheck], step: str, command: str) -> None:
    """The last lines are the next step and its command."""
    text = shown(checks, width=300, file="o rg.yaml")

    assert text.splitlines()[-2:] == [f"Next: {step}", f"  sso-batch {command}"]


def test_the_next_command_is_one_line() -> None:
    """A command can be copied as a whole, however narrow the terminal is."""
    out = io.StringIO()
    for part in table([FAILED], "a folder/orgs.yaml"):
        Console(file=out, width=20).print(part, crop=False)

    name = FAILED.name
    assert out.getvalue().splitlines()[-1] == f"  sso-batch check -c 'a folder/orgs.yaml' --only {name}"


def test_the_cost_of_activity() -> None:
    """The longest first look-up is shown with its organization, and nothing without activity."""
    busy = replace(ESTIMATES, activity_calls=2006, activity_seconds=1002.0)
    quiet = replace(ESTIMATES, activity_calls=7, activity_seconds=2.5)

    text = " ".join(
        shown([replace(READY, name="globex", estimates=quiet), replace(READY, estimates=busy)]).split()
    )

    line = "Activity: a first run looks up 90 days, about 2,006 calls, 16.7 min in acme, during other calls"
    assert line in text
    assert "Activity" not in shown([READY, FAILED])
