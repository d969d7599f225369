"""Findings that are accepted until a day, and the day after."""

from datetime import date, timedelta

import pytest

from sso_batch.model import USER, Account, Group, Membership, Principal
from sso_batch.review.finding import FindingCounts, Waiver
from sso_batch.review.waivers import WaiverRule
from tests.review.reviews import ANN, OPS, TODAY, organization, permission_set, review, rules
from tests.support.effort import calls, ends_at_once
from tests.support.records import grant, user

ACCEPTED = Waiver("reviewed", TODAY)
SNAPSHOT = organization(
    grants=(grant(ANN), grant(OPS)),
    memberships=(Membership("g-1", ()),),
    permission_sets=(permission_set(session_duration="P1D"),),
)
DIRECT, EMPTY, LONG = "direct-grant", "empty-group-grant", "long-session"


def waived(rule: WaiverRule) -> set[str]:
    """Give the checks whose findings a rule waives."""
    found = review(SNAPSHOT, by=rules(DIRECT, EMPTY, LONG, waivers=(rule,))).findings
    assert {one.check for one in found} == {DIRECT, EMPTY, LONG}
    return {one.check for one in found if one.waiver == rule.waiver}


@pytest.mark.parametrize(
    ("patterns", "checks"),
    [
        (("*", "*", "*", "*"), {DIRECT, EMPTY, LONG}),
        (("direct-grant", "*", "*", "*"), {DIRECT}),
        (("*-grant", "*", "*", "*"), {DIRECT, EMPTY}),
        (("direct-gran?", "*", "*", "*"), {DIRECT}),
        (("direct-gran", "*", "*", "*"), set()),
        (("*", "ac?e", "*", "*"), {DIRECT, EMPTY, LONG}),
        (("*", "globex", "*", "*"), set()),
        (("*", "*", "111111111111", "*"), {DIRECT, EMPTY}),
        (("*", "*", "Pr*", "*"), {DIRECT, EMPTY}),
        (("*", "*", "prod", "*"), set()),
        (("*", "*", "*", "u-1"), {DIRECT}),
        (("*", "*", "*", "Ann Lee"), {DIRECT}),
        (("*", "*", "*", "login-u-1"), {DIRECT}),
        (("*", "*", "*", "U-1@EXAMPLE.com"), {DIRECT}),
        (("*", "*", "*", "ANN LEE"), set()),
        (("*", "*", "*", "Ops"), {EMPTY}),
        (("*", "*", "*", "g-1"), {EMPTY}),
        (("*", "*", "*", "[Oo]ps"), set()),
        (("*", "*", "*", "?*"), {DIRECT, EMPTY}),
    ],
)
def test_patterns(patterns: tuple[str, str, str, str], checks: set[str]) -> None:
    """A waiver is for what all of its patterns fit; what is not written fits all."""
    assert waived(WaiverRule(*patterns, ACCEPTED)) == checks


@pytest.mark.parametrize(
    ("until", "holds"),
    [
        (TODAY - timedelta(days=400), False),
        (TODAY - timedelta(days=1), False),
        (TODAY, True),
        (TODAY + timedelta(days=1), True),
    ],
)
def test_until(until: date, *, holds: bool) -> None:
    """A waiver holds through its last day; after that the finding is back and says so."""
    rule = WaiverRule("*", "*", "*", "*", Waiver("reviewed", until))

    (found,) = review(organization(grants=(grant(ANN),)), by=rules(DIRECT, waivers=(rule,))).findings

    sentence = "Ann Lee holds a grant as a user and not through a group (Admin in Prod)"
    told = "" if holds else f"; its waiver expired after {until}: reviewed"
    assert found.message == sentence + told
    assert found.waiver == (rule.waiver if holds else None)
    assert FindingCounts.of([found]) == FindingCounts(low=0 if holds else 1)


def test_the_waiver_that_lasts_longest() -> None:
    """Of several waivers the last one to expire counts, in whatever order they stand."""
    old, new, newest = (Waiver(str(days), TODAY + timedelta(days=days)) for days in (-9, 3, 7))
    every = [WaiverRule("*", "*", "*", "*", one) for one in (new, newest, old)]

    for order in (every, every[::-1]):
        (found,) = review(organization(grants=(grant(ANN),)), by=rules(DIRECT, waivers=order)).findings
        assert found.waiver == newest


def test_across_organizations() -> None:
    """A finding that two organizations make together is waived in the one that the waiver names."""
    everything = permission_set(managed_policies=("arn:aws:iam::aws:policy/AdministratorAccess",))
    pair = [
        organization(one, permission_sets=(everything,), grants=(grant(ANN),)) for one in ("acme", "globex")
    ]
    rule = WaiverRule("*", "globex", "*", "u-1@example.com", ACCEPTED)

    found = review(*pair, by=rules("cross-organization-admin", waivers=(rule,))).findings

    assert [(one.organization, one.waiver) for one in found] == [("acme", None), ("globex", ACCEPTED)]


def test_many_waivers() -> None:
    """Waivers are compiled once: a further finding costs hardly more with many of them than with a few."""

    def effort(waivers: int, findings: int) -> int:
        people = [user(f"u-{number}") for number in range(findings)]
        grants = tuple(grant(Principal(USER, one.id)) for one in people)
        accepted = [
            WaiverRule("*", "acme", f"prod-{n}-*", f"u-{n}@example.com", ACCEPTED) for n in range(waivers)
        ]
        many = organization(users=tuple(people), grants=grants)
        return calls(lambda: review(many, by=rules(DIRECT, waivers=accepted)))

    def further(waivers: int) -> int:
        return effort(waivers, 400) - effort(waivers, 200)

    assert further(400) < 2 * further(4)


@pytest.mark.parametrize("axis", ["account", "principal", "organization"])
def test_hostile_names(axis: str) -> None:
    """A name that fits a pattern nearly everywhere holds up nothing."""
    hostile = "team" + "-" * 200 + "x"
    named = organization(
        hostile if axis == "organization" else "acme",
        groups=(Group("g-1", hostile),),
        accounts=(Account("111111111111", hostile, "ACTIVE"),),
        memberships=(Membership("g-1", ()),),
        grants=(grant(OPS),),
    )
    patterns = {"check": "*", "organization": "*", "account": "*", "principal": "*"}
    rule = WaiverRule(**patterns | {axis: "team-*-*-*-*-*-*-*-*-*-prod"}, waiver=ACCEPTED)

    with ends_at_once():
        (found,) = review(named, by=rules(EMPTY, waivers=(rule,))).findings

    assert found.waiver is None
