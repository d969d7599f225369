"""Throttling, outages and malformed answers: calls are retried, and nothing is lost."""

import pytest

from sso_batch.aws import backoff, gateway
from sso_batch.emulator import Behaviour, Fault, Limits, Rate, World, generate
from tests.support.activity import acme, world_of
from tests.support.audits import Audit
from tests.support.expected_reports import assert_exact
from tests.support.sample_worlds import ODDITIES, small

NARROW = Limits(
    identity_center=Rate(60, 3),
    identity_store=Rate(60, 1),
    organizations={"ListAccounts": Rate(20, 1), "DescribeOrganization": Rate(20, 1)},
)
FASTER_THAN_AWS_ALLOWS = "collect:\n  requests_per_second: 500\n"


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses between attempts, but keep the rate limiter, which these tests are about."""
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.02)


@pytest.fixture
def world() -> World:
    return generate(9, organizations=2, **(ODDITIES | {"accounts": 8, "pairs": 10, "groups": 5}))


def test_throttles_lose_nothing(audit: Audit, world: World) -> None:
    """If calls are faster than AWS allows, nothing is lost, and the manifest counts the throttled calls."""
    settings = (
        f"{FASTER_THAN_AWS_ALLOWS}  permission_set_details: false\n  entitlements: false\n"
        "  account_paths: false\n"
    )

    reports = audit(world, limits=NARROW, settings=settings)

    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0", "org-1")
    counts = [reports.organization(name)["calls"] for name in ("org-0", "org-1")]
    assert reports.throttled > 0
    assert sum(calls["throttled"] for calls in counts) == reports.throttled
    assert sum(calls["retried"] for calls in counts) == reports.throttled
    assert sum(calls["total"] for calls in counts) == sum(
        count for (name, _), count in reports.calls.items() if name
    )


def test_throttles_are_one_line_of_the_log(audit: Audit, world: World) -> None:
    """The log has one line with the number of throttled calls for each organization."""
    fault = Fault("throttle", organization="org-0", operation="ListAccountAssignments", times=7)

    reports = audit(world, faults=[fault], limits=Limits.off())

    (event,) = reports.ended.named("collect.throttled")
    assert (event["org"], event["throttled"]) == ("org-0", 7)


def test_the_default_rate_is_never_throttled(audit: Audit) -> None:
    """At the default rate AWS throttles no call."""
    world = generate(9, organizations=2, **(ODDITIES | {"accounts": 7, "pairs": 24}))

    reports = audit(world, limits=Limits())

    assert reports.ended.code == 0
    assert reports.calls["org-0", "ListAccountAssignments"] > 20
    assert reports.throttled == 0


def test_activity_is_looked_up_at_a_rate_of_its_own(audit: Audit) -> None:
    """CloudTrail allows two calls a second: the seven look-ups are not throttled."""
    reports = audit(world_of(acme()), limits=Limits(), settings="\ncollect: {activity: true}\n")

    assert reports.ended.code == 0
    assert (reports.calls["acme", "LookupEvents"], reports.throttled) == (7, 0)


@pytest.mark.parametrize(
    "kind", ["throttle", "internal_error", "unavailable", "reset", "truncated", "broken_json"]
)
def test_temporary_errors_lose_nothing(audit: Audit, kind: str) -> None:
    """Throttled calls, server errors, lost connections and malformed answers are retried."""
    world = small()
    fault = Fault(kind, organization="org-0", after=3, times=8)  # type: ignore[arg-type]

    reports = audit(world, faults=[fault], limits=Limits.off())

    assert reports.ended.code == 0
    assert fault.injected == 8
    assert_exact(reports, world, "org-0", "org-1")
    assert reports.organization("org-0")["calls"]["retried"] == fault.injected


def test_a_repeated_page_token_is_a_gap(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page token that is returned again and again is a gap, not an endless listing."""
    monkeypatch.setattr(gateway, "GIVE_UP", 0.2)
    world = generate(9, organizations=2, **(ODDITIES | {"users": 120, "accounts": 8, "pairs": 10}))
    fault = Fault("repeated_token", organization="org-0", operation="ListUsers")

    reports = audit(world, faults=[fault], limits=Limits.off())

    assert reports.ended.code == 4
    gap = reports.gap("org-0")
    assert (gap["operation"], gap["code"]) == ("ListUsers", "MalformedAnswer")
    assert_exact(reports, world, "org-1")


def test_permanent_throttling_is_a_gap(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that is still throttled at the last attempt is a gap, never the same as no access."""
    monkeypatch.setattr(gateway, "GIVE_UP", 0.2)
    world = small()
    fault = Fault("throttle", organization="org-0", operation="ListGroupMemberships")

    reports = audit(world, faults=[fault], limits=Limits.off())

    assert reports.ended.code == 4
    assert {gap["code"] for gap in reports.gaps("org-0")} == {"ThrottlingException"}
    groups = [row for row in reports.rows("org-0") if row["PrincipalType"] == "GROUP"]
    assert {row["PrincipalState"] for row in groups} == {"MEMBERS_NOT_READ"}
    assert_exact(reports, world, "org-1")


def test_a_run_longer_than_its_sessions(audit: Audit, world: World) -> None:
    """A role's session that is about to expire is renewed during the run, and nothing is lost."""
    behaviour = Behaviour(session_seconds=3, page_size=2)

    reports = audit(world, limits=Limits.off(), behaviour=behaviour, latency=0.01)

    assert reports.ended.code == 0
    assert reports.calls["", "AssumeRole"] > 2
    assert_exact(reports, world, "org-0", "org-1")
