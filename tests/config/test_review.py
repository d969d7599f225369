"""Tests of the `review` section."""

from datetime import date, timedelta

import pytest

from sso_batch.config import (
    CHECK_IDS,
    Checks,
    CheckSettings,
    DormantUserSettings,
    LongSessionSettings,
    NewUserAdminSettings,
    Review,
    WaiverSettings,
)
from tests.config.conftest import Load, Problems

ORGANIZATIONS = "\norganizations: [{name: acme}]\n"
SEVERITIES = "expected off, low, medium or high"
MEANT = "unknown key: did you mean long-session?"
NO_VALUE = "missing value: provide one or remove the key"
BAD_DATES = ("soon", "20261231", "2026-12-31T00:00:00", "'31.12.2026'")
DATE_FORM = "not a date: write year-month-day, such as 2026-12-31"
ACCOUNT_ID = "an account ID without quotes would lose its leading zeros: put it in quotes"


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("checks: {long-sesion: off}", f"checks.long-sesion: {MEANT}"),
        ("checks: {long_session: off}", f"checks.long_session: {MEANT}"),
        ("checks: {direct-grant: warn}", f"checks.direct-grant: {SEVERITIES}"),
        ("checks: {direct-grant: {severity: warn}}", f"checks.direct-grant.severity: {SEVERITIES}"),
        (
            "checks: {direct-grant: false}",
            f"checks.direct-grant: {SEVERITIES}, or keys and values such as `severity: low`",
        ),
        ("checks: {direct-grant: }", f"checks.direct-grant: {NO_VALUE}"),
        (
            "checks: {direct-grant: {max: 4h}}",
            "checks.direct-grant.max: unknown key: the keys of this section are severity",
        ),
        (
            "checks: {long-session: {max: 4}}",
            (
                "checks.long-session.max: the unit is missing: "
                "write a duration such as 45s, 90m, 2h, 1h30m or 1d"
            ),
        ),
        (
            "checks: {dormant-user: {days: 0}}",
            "checks.dormant-user.days: must be at least 1",
        ),
        (
            "checks: {new-user-admin: {days: 90d}}",
            "checks.new-user-admin.days: expected a whole number",
        ),
        ("roster: ", f"roster: {NO_VALUE}"),
        ("compare: last", "compare: expected none or previous"),
        (
            "waivers: [{reason: r, until: 2026-12-31}]",
            "waivers[0].check: required key is missing: add it, such as `check: direct-grant`",
        ),
        (
            "waivers: [{check: '*', until: 2026-12-31}]",
            (
                "waivers[0].reason: required key is missing: "
                "add it, such as `reason: Emergency access, reviewed every quarter`"
            ),
        ),
        (
            "waivers: [{check: '*', reason: r}]",
            "waivers[0].until: required key is missing: add it, such as `until: 2026-12-31`",
        ),
        *(
            (f"waivers: [{{check: '*', reason: r, until: {day}}}]", f"waivers[0].until: {DATE_FORM}")
            for day in BAD_DATES
        ),
        (
            "waivers: [{check: '*', reason: r, until: 2026-02-30}]",
            "waivers[0].until: not a valid calendar date: correct the month or the day",
        ),
        (
            "waivers: [{check: direct-grnt, reason: r, until: 2026-12-31}]",
            "waivers[0].check: unknown check: did you mean direct-grant?",
        ),
        (
            "waivers: [{check: 'zzz*', reason: r, until: 2026-12-31}]",
            "waivers[0].check: unknown check: see `sso-batch checks`",
        ),
        (
            "waivers: [{check: '*', reason: '', until: 2026-12-31}]",
            "waivers[0].reason: the text is empty: write one line of text",
        ),
        (
            "waivers: [{check: '*', reason: r, until: 2026-12-31, account: 111122223333}]",
            f"waivers[0].account: {ACCOUNT_ID}",
        ),
    ],
)
def test_each_mistake(problems_of: Problems, keys: str, problem: str) -> None:
    """A mistake in the review section is reported at its key."""
    assert problems_of(f"review: {{{keys}}}{ORGANIZATIONS}") == [f"orgs.yaml:1: review.{problem}"]


def test_the_checks() -> None:
    """These are the checks that a configuration can name."""
    assert CHECK_IDS == (
        "admin-access",
        "privilege-escalation",
        "manages-access",
        "management-account-access",
        "disabled-user-access",
        "direct-grant",
        "orphaned-grant",
        "empty-group-grant",
        "closed-account-grant",
        "long-session",
        "user-without-email",
        "unused-permission-set",
        "outdated-provisioning",
        "stale-membership",
        "entitlement-bypass",
        "cross-organization-admin",
        "admin-gained",
        "application-open-to-all",
        "application-disabled-user",
        "leaver-access",
        "not-in-roster",
        "dormant-user",
        "unmanaged-user",
        "unmanaged-membership",
        "manager-missing",
        "single-administrator",
        "new-user-admin",
    )


@pytest.mark.parametrize("check_id", CHECK_IDS)
def test_severity_alone(load_text: Load, check_id: str) -> None:
    """A severity alone means the same as a severity with its key, for every check."""
    alone = load_text(f"review: {{checks: {{{check_id}: low}}}}{ORGANIZATIONS}")
    with_key = load_text(f"review: {{checks: {{{check_id}: {{severity: low}}}}}}{ORGANIZATIONS}")

    assert alone == with_key
    assert {name: check.severity for name, check in alone.review.checks.by_id().items()} == {check_id: "low"}


def test_all_keys(load_text: Load) -> None:
    """All keys of checks and waivers are loaded."""
    text = """\
review:
  fail_on: medium
  compare: previous
  roster: hr.csv
  checks:
    long-session: {severity: high, max: 8h}
    dormant-user: {severity: medium, days: 45}
    new-user-admin: {days: 7}
    user-without-email: off
  waivers:
    - check: "*-grant"
      organization: ac*
      account: "111122223333"
      principal: ann
      reason: r
      until: 2026-12-31
    - {check: admin-access, reason: r, until: "2027-01-01"}
"""

    assert load_text(text + ORGANIZATIONS).review == Review(
        fail_on="medium",
        compare="previous",
        roster="hr.csv",
        checks=Checks.model_validate(
            {
                "long-session": LongSessionSettings(severity="high", max=timedelta(hours=8)),
                "dormant-user": DormantUserSettings(severity="medium", days=45),
                "new-user-admin": NewUserAdminSettings(days=7),
                "user-without-email": CheckSettings(severity="off"),
            }
        ),
        waivers=(
            WaiverSettings(
                check="*-grant",
                organization="ac*",
                account="111122223333",
                principal="ann",
                reason="r",
                until=date(2026, 12, 31),
            ),
            WaiverSettings(
                check="admin-access",
                organization="*",
                account="*",
                principal="*",
                reason="r",
                until=date(2027, 1, 1),
            ),
        ),
    )
