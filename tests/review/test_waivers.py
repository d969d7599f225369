"""Findings that are accepted until a day, and what happens the day after."""

from datetime import date, timedelta

import pytest

from sso_batch.model import USER, Account, Group, Principal
from sso_batch.review import waivers as waivers_module
from sso_batch.review.finding import FindingCounts, Waiver
from sso_batch.review.waivers import WaiverRule
from tests.review.reviews import ANN, OPS, TODAY, organization, permission_set, review, rules
from tests.support.effort import calls, ends_at_once
from tests.support.records import grant, membership_of, user

ACCEPTED = Waiver("reviewed", TODAY)
SNAPSHOT = organization(
    grants=(grant(ANN), grant(OPS)),
    memberships=(membership_of("g-1", ()),),
    permission_sets=(permission_set(session_duration="P1D"),),
)
DIRECT, EMPTY, LONG = "direct-grant", "empty-group-grant", "long-session"


def waived(rule: WaiverRule) -> set[str]:
    """Return the checks whose findings a rule waives."""
    found = review(SNAPSHOT, by=rules(DIRECT, EMPTY, LONG, waivers=(rule,))).findings
    assert {finding.check for finding in found} == {DIRECT, EMPTY, LONG}
    return {finding.check for finding in found if finding.waiver == rule.waiver}


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
    """A waiver accepts the findings that all of its patterns match."""
    assert waived(WaiverRule(*patterns, ACCEPTED)) == checks


@pytest.mark.parametrize(
    ("until", "valid"),
    [
        (TODAY - timedelta(days=400), False),
        (TODAY - timedelta(days=1), False),
        (TODAY, True),
        (TODAY + timedelta(days=1), True),
    ],
)
def test_until(until: date, *, valid: bool) -> None:
    """A waiver is valid through its last day; after that the finding counts again and says so."""
    rule = WaiverRule("*", "*", "*", "*", Waiver("reviewed", until))

    (found,) = review(organization(grants=(grant(ANN),)), by=rules(DIRECT, waivers=(rule,))).findings

    sentence = "Ann Lee is assigned directly instead of through a group (Admin in Prod)"
    expiry = "" if valid else f"; its waiver expired after {until}: reviewed"
    assert found.message == sentence + expiry
    assert found.waiver == (rule.waiver if valid else None)
    assert FindingCounts.of([found]) == FindingCounts(low=0 if valid else 1)


def test_the_waiver_that_lasts_longest() -> None:
    """Of several waivers the last one to expire counts, in any order."""
    old, new, newest = (Waiver(str(days), TODAY + timedelta(days=days)) for days in (-9, 3, 7))
    every = [WaiverRule("*", "*", "*", "*", waiver) for waiver in (new, newest, old)]

    for order in (every, every[::-1]):
        (found,) = review(organization(grants=(grant(ANN),)), by=rules(DIRECT, waivers=order)).findings
        assert found.waiver == newest


def test_across_organizations() -> None:
    """A finding across organizations is waived only in the organization that the waiver names."""
    everything = permission_set(managed_policies=("arn:aws:iam::aws:policy/AdministratorAccess",))
    pair = [
        organization(name, permission_sets=(everything,), grants=(grant(ANN),)) for name in ("acme", "globex")
    ]
    rule = WaiverRule("*", "globex", "*", "u-1@example.com", ACCEPTED)

    found = review(*pair, by=rules("cross-organization-admin", waivers=(rule,))).findings

    assert [(finding.organization, finding.waiver) for finding in found] == [
        ("acme", None),
        ("globex", ACCEPTED),
    ]


def test_many_waivers() -> None:
    """Waivers are compiled once: an additional finding costs about the same with many waivers as with few."""

    def effort(waivers: int, findings: int) -> int:
        people = [user(f"u-{number}") for number in range(findings)]
        grants = tuple(grant(Principal(USER, person.id)) for person in people)
        accepted = [
            WaiverRule("*", "acme", f"prod-{n}-*", f"u-{n}@example.com", ACCEPTED) for n in range(waivers)
        ]
        many = organization(users=tuple(people), grants=grants)
        waivers_module._compiled.cache_clear()  # with what it has found before
        return calls(lambda: review(many, by=rules(DIRECT, waivers=accepted)))

    def further(waivers: int) -> int:
        return effort(waivers, 400) - effort(waivers, 200)

    assert further(400) < 2 * further(4)


@pytest.mark.parametrize("axis", ["account", "principal", "organization"])
def test_hostile_names(axis: str) -> None:
    """Matching takes no noticeable time even if a name almost matches a pattern in many places."""
    hostile = "team" + "-" * 200 + "x"
    named = organization(
        hostile if axis == "organization" else "acme",
        groups=(Group("g-1", hostile),),
        accounts=(Account("111111111111", hostile, "ACTIVE"),),
        memberships=(membership_of("g-1", ()),),
        grants=(grant(OPS),),
    )
    patterns = {"check": "*", "organization": "*", "account": "*", "principal": "*"}
    rule = WaiverRule(**patterns | {axis: "team-*-*-*-*-*-*-*-*-*-prod"}, waiver=ACCEPTED)

    with ends_at_once():
        (found,) = review(named, by=rules(EMPTY, waivers=(rule,))).findings

    assert found.waiver is None
