"""The review of all organizations of a run: severities, order, blind spots."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.config import Config, Review
from sso_batch.review.checks import CHECKS
from sso_batch.review.finding import FindingCounts, Waiver
from sso_batch.review.reviewer import Reviewer
from sso_batch.review.rules import Rules, needs_outdated_provisioning, severity_by_check
from sso_batch.review.snapshot_index import Limits, SnapshotIndex
from sso_batch.review.waivers import WaiverRule
from tests.review.reviews import ANN, OPS, TODAY, organization, permission_set, review, rules
from tests.support.overviews import ADMINISTRATOR_ACCESS
from tests.support.records import grant, small_organization, unexamined


def settings(**review_part: Any) -> Review:  # noqa: ANN401 - as a file has it
    return Config.model_validate({"organizations": ({"name": "acme"},), "review": review_part}).review


def test_default_severities() -> None:
    """By default each check has its own severity, and the expensive one is off."""
    assert severity_by_check(settings()) == {check.id: check.severity for check in CHECKS}
    assert "outdated-provisioning" not in Rules.from_config(settings(), today=TODAY).severities
    assert not needs_outdated_provisioning(settings())


def test_configured_rules() -> None:
    """The configuration sets severities, limits and waivers, and turns checks on and off."""
    configured = settings(
        checks={
            "admin-access": "off",
            "direct-grant": {"severity": "high"},
            "long-session": {"max": "8h"},
            "dormant-user": {"days": 45},
            "new-user-admin": {"days": 7},
            "outdated-provisioning": "low",
        },
        waivers=({"check": "direct-grant", "account": "Prod", "reason": "why", "until": "2026-12-31"},),
    )

    built = Rules.from_config(configured, today=TODAY)

    checks = ("admin-access", "direct-grant", "long-session", "outdated-provisioning")
    assert [built.severities.get(check) for check in checks] == [None, "high", "medium", "low"]
    assert built.limits == Limits(timedelta(hours=8), timedelta(days=45), timedelta(days=7))
    assert built.waivers == (WaiverRule("direct-grant", "*", "Prod", "*", Waiver("why", date(2026, 12, 31))),)
    assert needs_outdated_provisioning(configured)


def test_check_that_is_off() -> None:
    """A check that is off has neither findings nor blind spots."""
    reviewed = review(small_organization(), by=Rules({}, TODAY))

    assert reviewed.findings == ()
    assert reviewed.not_examined == {"acme": ()}


def test_order() -> None:
    """Findings are sorted by severity, check, organization, account and principal."""
    by = Rules(
        {"direct-grant": "low", "management-account-access": "high", "empty-group-grant": "low"}, TODAY
    )
    zeta, acme = (
        organization(name, grants=(grant(ANN, "111111111111"), grant(ANN, "000000000001")))
        for name in ("zeta", "acme")
    )

    found = review(zeta, acme, by=by).findings

    assert [
        (finding.severity, finding.check, finding.organization, finding.account_id) for finding in found
    ] == [
        ("high", "management-account-access", "acme", "000000000001"),
        ("high", "management-account-access", "zeta", "000000000001"),
        ("low", "direct-grant", "acme", "000000000001"),
        ("low", "direct-grant", "acme", "111111111111"),
        ("low", "direct-grant", "zeta", "000000000001"),
        ("low", "direct-grant", "zeta", "111111111111"),
    ]


def test_unread_organizations() -> None:
    """Organizations that were not read are a blind spot of the check that compares organizations."""
    reviewer = Reviewer(rules("cross-organization-admin", "direct-grant"), checkpoint=lambda: None)
    reviewer.examine(SnapshotIndex(organization()))

    reviewed = reviewer.finish(["globex", "initech"])

    assert reviewed.not_examined == {
        "acme": unexamined(
            "check cross-organization-admin: organizations that were not read: globex, initech"
        )
    }


def test_hostile_names() -> None:
    """Names of users and groups appear in messages unchanged."""
    found = review(small_organization(), by=rules("disabled-user-access", "empty-group-grant")).findings

    assert [finding.message for finding in found] == [
        'Bob "the, builder"\r\n is disabled but still has access (assignments: 1)',
        "group Nobody has an assignment but no members (NOT_READ in -dev)",
    ]


@given(st.permutations([grant(ANN), grant(OPS), grant(ANN, "000000000001"), grant(OPS, "000000000001")]))
def test_order_of_grants(grants: list[Any]) -> None:
    """The order in which AWS returns the grants makes no difference."""
    snapshot = organization(grants=tuple(grants))

    assert (
        review(snapshot, by=rules()).findings
        == review(organization(grants=tuple(sorted(grants))), by=rules()).findings
    )


@pytest.mark.parametrize(("severity", "count"), [("off", 0), ("high", 1), ("medium", 3), ("low", 7)])
def test_at_least(severity: str, count: int) -> None:
    """Findings are counted from a given severity upwards."""
    assert FindingCounts(1, 2, 4).at_least(severity) == count


def test_new_grants() -> None:
    """A finding about a grant that the earlier run does not have is new; without that run none is."""
    old, new = grant(ANN, "000000000001"), grant(ANN, "111111111111")
    now, before = organization(grants=(old, new)), organization(grants=(old,))

    compared = review(now, by=rules("direct-grant"), previous=before).findings

    assert [(finding.account_id, finding.new) for finding in compared] == [
        ("000000000001", False),
        ("111111111111", True),
    ]
    assert not any(finding.new for finding in review(now, by=rules("direct-grant")).findings)


def test_a_raised_level_is_new() -> None:
    """A finding is new, too, if the permission set of its grant gives more than in the earlier run."""
    grants = (grant(ANN, "000000000001"),)
    weak, strong = (permission_set(managed_policies=policies) for policies in ((), (ADMINISTRATOR_ACCESS,)))
    before, now = (organization(grants=grants, permission_sets=(each,)) for each in (weak, strong))

    for earlier, new in ((before, True), (now, False)):
        (finding,) = review(now, by=rules("direct-grant"), previous=earlier).findings
        assert finding.new is new
