"""Which findings a run makes, and which are accepted."""

from datetime import date, timedelta

import pytest

from sso_batch.config import CHECK_IDS, Check, Checks, LongSession, Review, Waiver
from tests.config.conftest import Load, Told

ORGANIZATIONS = "\norganizations: [{name: acme}]\n"
SEVERITIES = "write off, low, medium or high"
MEANT = "there is no such key: did you mean long-session?"
NO_VALUE = "there is no value: write one, or take the key away"
BAD_DAYS = ("soon", "20261231", "2026-12-31T00:00:00", "'31.12.2026'")
DAY = "write a date as year-month-day, such as 2026-12-31"
ACCOUNT_ID = "an unquoted number of 12 digits is an account id: put it in quotes, to keep leading zeros"


@pytest.mark.parametrize(
    ("keys", "told_of_it"),
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
            "checks.direct-grant.max: there is no such key: known here: severity",
        ),
        (
            "checks: {long-session: {max: 4}}",
            "checks.long-session.max: write a span of time such as 2h, 90m, 1h30m, 45s or 1d",
        ),
        ("compare: last", "compare: write none or previous"),
        ("waivers: [{reason: r, until: 2026-12-31}]", "waivers[0].check: this key is missing: write it"),
        ("waivers: [{check: '*', until: 2026-12-31}]", "waivers[0].reason: this key is missing: write it"),
        ("waivers: [{check: '*', reason: r}]", "waivers[0].until: this key is missing: write it"),
        *(
            (f"waivers: [{{check: '*', reason: r, until: {day}}}]", f"waivers[0].until: {DAY}")
            for day in BAD_DAYS
        ),
        (
            "waivers: [{check: '*', reason: r, until: 2026-02-30}]",
            "waivers[0].until: there is no such day: write one of the calendar",
        ),
        (
            "waivers: [{check: direct-grnt, reason: r, until: 2026-12-31}]",
            "waivers[0].check: no check has this id: did you mean direct-grant?",
        ),
        (
            "waivers: [{check: 'zzz*', reason: r, until: 2026-12-31}]",
            "waivers[0].check: no check has this id: see `sso-batch checks`",
        ),
        (
            "waivers: [{check: '*', reason: '', until: 2026-12-31}]",
            "waivers[0].reason: write one line of text, not empty",
        ),
        (
            "waivers: [{check: '*', reason: r, until: 2026-12-31, account: 111122223333}]",
            f"waivers[0].account: {ACCOUNT_ID}",
        ),
    ],
)
def test_each_mistake(told: Told, keys: str, told_of_it: str) -> None:
    """A mistake in the review is told at its key."""
    assert told(f"review: {{{keys}}}{ORGANIZATIONS}") == [f"orgs.yaml:1: review.{told_of_it}"]


def test_the_checks() -> None:
    """These are the checks that a file can name."""
    assert CHECK_IDS == (
        "admin-access",
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
    )


@pytest.mark.parametrize("check_id", CHECK_IDS)
def test_a_severity_alone_and_written_out(load_text: Load, check_id: str) -> None:
    """Both ways to write a check's severity say the same, for every check."""
    alone = load_text(f"review: {{checks: {{{check_id}: low}}}}{ORGANIZATIONS}")
    out = load_text(f"review: {{checks: {{{check_id}: {{severity: low}}}}}}{ORGANIZATIONS}")

    assert alone == out
    assert {name: check.severity for name, check in alone.review.checks.by_id().items()} == {check_id: "low"}


def test_all_keys(load_text: Load) -> None:
    """Checks and waivers are read with all that can be said of them."""
    text = """\
review:
  fail_on: medium
  compare: previous
  checks: {long-session: {severity: high, max: 8h}, user-without-email: off}
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
        checks=Checks.model_validate(
            {
                "long-session": LongSession(severity="high", max=timedelta(hours=8)),
                "user-without-email": Check(severity="off"),
            }
        ),
        waivers=(
            Waiver(
                check="*-grant",
                organization="ac*",
                account="111122223333",
                principal="ann",
                reason="r",
                until=date(2026, 12, 31),
            ),
            Waiver(
                check="admin-access",
                organization="*",
                account="*",
                principal="*",
                reason="r",
                until=date(2027, 1, 1),
            ),
        ),
    )
