"""Tests of warnings about waivers without effect, in `validate` and `run`."""

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
    """Return the waivers that a run warns of, with the names of the events."""
    events = audit(world, *options, settings=WAIVERS).ended.events
    return [
        (event["event"], event["waiver"]) for event in events if event["event"].startswith("review.waiver_")
    ]


def test_run(audit: Audit, world: World) -> None:
    """A run warns of an expired or unmatched waiver, and the warning names no person."""
    events = audit(world, settings=WAIVERS).ended.events

    found = [event for event in events if event["event"].startswith("review.waiver_")]
    assert [(event["event"], event["waiver"], event["check"]) for event in found] == [
        ("review.waiver_unmatched", "review.waivers[1]", "direct-grant"),
        ("review.waiver_unmatched", "review.waivers[2]", "*"),
        ("review.waiver_expired", "review.waivers[3]", "direct-grant"),
    ]
    assert {event["level"] for event in found} == {"warning"}
    assert all(event["hint"] for event in found)
    assert "nobody@example.com" not in str(found)


def test_incomplete_organization(audit: Audit, world: World) -> None:
    """A waiver for an incomplete organization may still match something and is not reported."""
    incomplete = denying(world, "identitystore:ListUsers")

    assert warnings(audit, incomplete) == [
        ("review.waiver_unmatched", "review.waivers[1]"),
        ("review.waiver_expired", "review.waivers[3]"),
    ]


def test_organization_that_was_not_selected(audit: Audit, world: World) -> None:
    """A run of some organizations does not warn of waivers for the others."""
    assert ("review.waiver_unmatched", "review.waivers[1]") not in warnings(audit, world, "--only", "org-0")


def test_validate(sso_batch: Command, tmp_path: Path) -> None:
    """`validate` warns on stderr of what it can find without an audit; the configuration is valid."""
    file = tmp_path / "orgs.yaml"
    file.write_text("organizations: [{name: org-0}, {name: org-1}]\n" + WAIVERS)

    ended = sso_batch("validate", "-c", file)

    assert (ended.code, ended.stdout) == (0, f"{file}: valid, 2 organizations\n")
    assert ended.stderr.splitlines() == [
        (
            f"{file}: warning: review.waivers[3]: the waiver for direct-grant expired after 2020-12-31: "
            "remove the waiver, or set `until` to a later day"
        ),
        *(
            f"{file}: warning: review.waivers[{number}]: the waiver for direct-grant matches no organization "
            "of this configuration: correct `organization`, or remove the waiver"
            for number in (4, 5)
        ),
    ]


def test_validate_waivers_that_may_match(sso_batch: Command, tmp_path: Path) -> None:
    """`validate` does not warn of a waiver that may match."""
    file = tmp_path / "orgs.yaml"
    waivers = "[{check: '*', organization: 'org-?', reason: x, until: 2999-12-31}]"
    file.write_text(f"organizations: [{{name: org-0}}]\nreview: {{waivers: {waivers}}}\n")

    assert sso_batch("validate", "-c", file).stderr == ""
