"""Limits, outages and broken answers: the run waits, asks again, and loses nothing."""

import pytest

from sso_batch.aws import backoff, gateway
from sso_batch.emulator import Behaviour, Fault, Limits, Rate, World, generate
from tests.end_to_end.conftest import Audit
from tests.end_to_end.expected import assert_exact
from tests.end_to_end.worlds import ODDITIES, small

NARROW = Limits(
    identity_center=Rate(60, 3),
    identity_store=Rate(60, 1),
    organizations={"ListAccounts": Rate(20, 1), "DescribeOrganization": Rate(20, 1)},
)
FASTER_THAN_ALLOWED = "collect:\n  requests_per_second: 500\n"


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep our own pace, which is what these tests are about; with short pauses between tries."""
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.02)


@pytest.fixture
def world() -> World:
    return generate(9, organizations=2, **(ODDITIES | {"accounts": 8, "pairs": 10, "groups": 5}))


def test_throttles_lose_nothing(audit: Audit, world: World) -> None:
    """Asked faster than AWS allows, every answer comes in the end, and the manifest counts the throttles."""
    settings = (
        f"{FASTER_THAN_ALLOWED}  permission_set_details: false\n  entitlements: false\n"
        "  account_paths: false\n"
    )

    reports = audit(world, limits=NARROW, settings=settings)

    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0", "org-1")
    told = [reports.organization(name)["calls"] for name in ("org-0", "org-1")]
    assert reports.throttled > 0
    assert sum(calls["throttled"] for calls in told) == reports.throttled
    assert sum(calls["retried"] for calls in told) == reports.throttled
    assert sum(calls["total"] for calls in told) == sum(
        count for (name, _), count in reports.calls.items() if name
    )


def test_throttles_are_one_line_of_the_log(audit: Audit, world: World) -> None:
    """The log sums throttles up for each organization, and has no line for each."""
    fault = Fault("throttle", organization="org-0", operation="ListAccountAssignments", times=7)

    reports = audit(world, faults=[fault], limits=Limits.off())

    (event,) = reports.ended.named("collect.throttled")
    assert (event["org"], event["throttled"]) == ("org-0", 7)


def test_our_own_pace_meets_no_limit_of_aws(audit: Audit) -> None:
    """At the default pace AWS's own limits are never met: not one call is throttled."""
    world = generate(9, organizations=2, **(ODDITIES | {"accounts": 7, "pairs": 24}))

    reports = audit(world, limits=Limits())

    assert reports.ended.code == 0
    assert reports.calls["org-0", "ListAccountAssignments"] > 20
    assert reports.throttled == 0


@pytest.mark.parametrize(
    "kind", ["throttle", "internal_error", "unavailable", "reset", "truncated", "broken_json"]
)
def test_a_passing_trouble_loses_nothing(audit: Audit, kind: str) -> None:
    """Throttles, server errors, lost connections and broken answers are asked again until they pass."""
    world = small()
    fault = Fault(kind, organization="org-0", after=3, times=8)  # type: ignore[arg-type]

    reports = audit(world, faults=[fault], limits=Limits.off())

    assert reports.ended.code == 0
    assert fault.injected == 8
    assert_exact(reports, world, "org-0", "org-1")
    assert reports.organization("org-0")["calls"]["retried"] == fault.injected


def test_a_listing_that_goes_in_circles_is_no_answer(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page token that comes back again and again is a gap in the end, and no endless listing."""
    monkeypatch.setattr(gateway, "GIVE_UP", 0.2)
    world = generate(9, organizations=2, **(ODDITIES | {"users": 120, "accounts": 8, "pairs": 10}))
    fault = Fault("repeated_token", organization="org-0", operation="ListUsers")

    reports = audit(world, faults=[fault], limits=Limits.off())

    assert reports.ended.code == 4
    gap = reports.gap("org-0")
    assert (gap["operation"], gap["code"]) == ("ListUsers", "MalformedAnswer")
    assert_exact(reports, world, "org-1")


def test_a_trouble_that_does_not_pass_is_a_gap(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is still throttled when the tries are over is a gap: never the same as nobody has access."""
    monkeypatch.setattr(gateway, "GIVE_UP", 0.2)
    world = small()
    fault = Fault("throttle", organization="org-0", operation="ListGroupMemberships")

    reports = audit(world, faults=[fault], limits=Limits.off())

    assert reports.ended.code == 4
    assert {gap["code"] for gap in reports.gaps("org-0")} == {"ThrottlingException"}
    groups = [row for row in reports.rows("org-0") if row["PrincipalType"] == "GROUP"]
    assert {row["PrincipalState"] for row in groups} == {"MEMBERS_NOT_READ"}
    assert_exact(reports, world, "org-1")


def test_a_long_run_outlives_its_sessions(audit: Audit, world: World) -> None:
    """A role's session that is about to end is renewed in mid-run, and nothing is lost."""
    behaviour = Behaviour(session_seconds=3, page_size=2)

    reports = audit(world, limits=Limits.off(), behaviour=behaviour, latency=0.01)

    assert reports.ended.code == 0
    assert reports.calls["", "AssumeRole"] > 2
    assert_exact(reports, world, "org-0", "org-1")
