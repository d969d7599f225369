"""Waivers that have no effect are reported by `validate` and `run`."""

from pathlib import Path

import pytest

from sso_batch.emulator import World
from tests.support.audits import Audit
from tests.support.command import Command
from tests.support.sample_worlds import denying, small

WAIVERS = """
review:
  waivers:
    - {check: direct-grant, reason: accepted, until: 2999-12-31}
    - {check: direct-grant, organization: org-1, account: nowhere, reason: gone, until: 2999-12-31}
    - {check: "*", organization: "org-*", principal: nobody@example.com, reason: left, until: 2999-12-31}
    - {check: direct-grant, reason: a year ago, until: 2020-12-31}
    - {check: direct-grant, organization: elsewhere, reason: moved, until: 2999-12-31}
    - {check: direct-grant, organization: "org-[01]", reason: no pattern, until: 2999-12-31}
"""


@pytest.fixture
def world() -> World:
    return small(2)


def warnings(audit: Audit, world: World, *options: str) -> list[tuple[str, str]]:
    """The waivers that a run warns of, with the event's name."""
    events = audit(world, *options, settings=WAIVERS).ended.events
    return [(one["event"], one["waiver"]) for one in events if one["event"].startswith("review.waiver_")]


def test_a_run_warns_of_waivers_without_effect(audit: Audit, world: World) -> None:
    """A waiver that expired, or that matches no finding, has a warning that names no person."""
    events = audit(world, settings=WAIVERS).ended.events

    told = [one for one in events if one["event"].startswith("review.waiver_")]
    assert [(one["event"], one["waiver"], one["check"]) for one in told] == [
        ("review.waiver_unmatched", "review.waivers[1]", "direct-grant"),
        ("review.waiver_unmatched", "review.waivers[2]", "*"),
        ("review.waiver_expired", "review.waivers[3]", "direct-grant"),
    ]
    assert {one["level"] for one in told} == {"warning"}
    assert all(one["hint"] for one in told)
    assert "nobody@example.com" not in str(told)


def test_what_was_not_read_may_have_a_finding(audit: Audit, world: World) -> None:
    """Where an organization is incomplete, its waivers may have something to match."""
    incomplete = denying(world, "identitystore:ListUsers")

    assert warnings(audit, incomplete) == [
        ("review.waiver_unmatched", "review.waivers[1]"),
        ("review.waiver_expired", "review.waivers[3]"),
    ]


def test_what_was_not_selected_may_have_a_finding(audit: Audit, world: World) -> None:
    """A run over some organizations warns of no waiver for the others."""
    assert ("review.waiver_unmatched", "review.waivers[1]") not in warnings(audit, world, "--only", "org-0")


def test_validate_warns_of_waivers_without_effect(sso_batch: Command, tmp_path: Path) -> None:
    """What can be seen without an audit is a warning on stderr; the configuration is valid."""
    file = tmp_path / "orgs.yaml"
    file.write_text("organizations: [{name: org-0}, {name: org-1}]\n" + WAIVERS)

    ended = sso_batch("validate", "-c", file)

    assert (ended.code, ended.stdout) == (0, f"{file}: valid, 2 organizations\n")
    assert ended.stderr.splitlines() == [
        (
            f"{file}: warning: review.waivers[3]: the waiver for direct-grant expired after 2020-12-31: "
            "remove it, or write a later day as `until`"
        ),
        *(
            f"{file}: warning: review.waivers[{number}]: the waiver for direct-grant matches no organization "
            "of this configuration: correct `organization`, or remove the waiver"
            for number in (4, 5)
        ),
    ]


def test_validate_is_quiet_about_waivers_that_may_match(sso_batch: Command, tmp_path: Path) -> None:
    """A waiver holds through its last day, and patterns match."""
    file = tmp_path / "orgs.yaml"
    waivers = "[{check: '*', organization: 'org-?', reason: x, until: 2999-12-31}]"
    file.write_text(f"organizations: [{{name: org-0}}]\nreview: {{waivers: {waivers}}}\n")

    assert sso_batch("validate", "-c", file).stderr == ""
