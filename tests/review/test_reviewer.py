"""A review of all organizations of a run: severities, order, what was not read."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.config import Config, Review
from sso_batch.review.checks import CHECKS
from sso_batch.review.finding import FindingCounts, Waiver
from sso_batch.review.reviewer import Reviewer
from sso_batch.review.rules import Rules
from sso_batch.review.settings import rules as rules_of
from sso_batch.review.settings import severities, wants_outdated
from sso_batch.review.snapshot_index import Facts
from sso_batch.review.waivers import WaiverRule
from tests.review.reviews import ANN, OPS, TODAY, organization, review, rules
from tests.support.records import grant, small_organization, unexamined


def settings(**review_part: Any) -> Review:  # noqa: ANN401 - as a file has it
    return Config.model_validate({"organizations": ({"name": "acme"},), "review": review_part}).review


def test_default_severities() -> None:
    """Without a word in the configuration each check has its own severity, and the costly one is off."""
    assert severities(settings()) == {one.id: one.severity for one in CHECKS}
    assert "outdated-provisioning" not in rules_of(settings(), today=TODAY).severities
    assert not wants_outdated(settings())


def test_severities_of_the_configuration() -> None:
    """The configuration changes severities, turns checks off and on, and knows how long a session may be."""
    written = settings(
        checks={
            "admin-access": "off",
            "direct-grant": {"severity": "high"},
            "long-session": {"max": "8h"},
            "outdated-provisioning": "low",
        },
        waivers=({"check": "direct-grant", "account": "Prod", "reason": "why", "until": "2026-12-31"},),
    )

    made = rules_of(written, today=TODAY)

    told = ("admin-access", "direct-grant", "long-session", "outdated-provisioning")
    assert [made.severities.get(one) for one in told] == [None, "high", "medium", "low"]
    assert made.longest_session == timedelta(hours=8)
    assert made.waivers == (WaiverRule("direct-grant", "*", "Prod", "*", Waiver("why", date(2026, 12, 31))),)
    assert wants_outdated(written)


def test_a_check_that_is_off_finds_nothing() -> None:
    """What is off is not looked for, and not told to be missing either."""
    reviewed = review(small_organization(), by=Rules({}, TODAY))

    assert reviewed.findings == ()
    assert reviewed.not_examined == {"acme": ()}


def test_order() -> None:
    """Findings stand by severity, then check, organization, account and principal, however they came."""
    by = Rules(
        {"direct-grant": "low", "management-account-access": "high", "empty-group-grant": "low"}, TODAY
    )
    one, other = (
        organization(name, grants=(grant(ANN, "111111111111"), grant(ANN, "000000000001")))
        for name in ("zeta", "acme")
    )

    found = review(one, other, by=by).findings

    assert [(each.severity, each.check, each.organization, each.account_id) for each in found] == [
        ("high", "management-account-access", "acme", "000000000001"),
        ("high", "management-account-access", "zeta", "000000000001"),
        ("low", "direct-grant", "acme", "000000000001"),
        ("low", "direct-grant", "acme", "111111111111"),
        ("low", "direct-grant", "zeta", "000000000001"),
        ("low", "direct-grant", "zeta", "111111111111"),
    ]


def test_organizations_that_were_not_read() -> None:
    """An administrator of an organization that was not read cannot be found in it, which is said."""
    reviewer = Reviewer(rules("cross-organization-admin", "direct-grant"), checkpoint=lambda: None)
    reviewer.look_at(Facts(organization()))

    reviewed = reviewer.end(["globex", "initech"])

    assert reviewed.not_examined == {
        "acme": unexamined(
            "check cross-organization-admin: organizations that were not read: globex, initech"
        )
    }


def test_hostile_names_are_no_patterns_for_anything() -> None:
    """Names of people and groups stand in messages as they are."""
    found = review(small_organization(), by=rules("disabled-user-access", "empty-group-grant")).findings

    assert [one.message for one in found] == [
        'Bob "the, builder"\r\n is disabled and still holds grants: 1',
        "group Nobody has a grant and no members (NOT_READ in -dev)",
    ]


@given(st.permutations([grant(ANN), grant(OPS), grant(ANN, "000000000001"), grant(OPS, "000000000001")]))
def test_stable(grants: list[Any]) -> None:
    """The order in which AWS told the grants makes no difference."""
    snapshot = organization(grants=tuple(grants))

    assert (
        review(snapshot, by=rules()).findings
        == review(organization(grants=tuple(sorted(grants))), by=rules()).findings
    )


@pytest.mark.parametrize(("severity", "count"), [("off", 0), ("high", 1), ("medium", 3), ("low", 7)])
def test_at_least(severity: str, count: int) -> None:
    """Findings are counted from a severity on."""
    assert FindingCounts(1, 2, 4).at_least(severity) == count
