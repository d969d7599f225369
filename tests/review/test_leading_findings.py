"""Which findings a run with exit code 3 names first."""

from dataclasses import replace
from datetime import date

from sso_batch.review.finding import Finding, Waiver
from sso_batch.review.leading_findings import LeadingCause, LeadingFindings, leading_findings

FINDING = Finding("medium", "direct-grant", "acme", "a message", account_id="1", cause="wide")
WIDE = [replace(FINDING, account_id=account) for account in ("1", "2", "2")]
HIGH = replace(FINDING, severity="high", cause="high")
NARROW = replace(FINDING, cause="narrow")
NEW = replace(FINDING, cause="new", new=True)
PARTLY_NEW = [
    replace(FINDING, cause="partly", organization="acme", new=True),
    replace(FINDING, cause="partly", organization="globex"),
]


def test_order() -> None:
    """New causes come first, then those of a higher severity, then those with more accounts."""
    assert leading_findings([NARROW, *WIDE, HIGH, NEW], "medium") == LeadingFindings(
        (
            LeadingCause(NEW, 1, 1, new=True),
            LeadingCause(HIGH, 1, 1, new=False),
            LeadingCause(WIDE[0], 3, 2, new=False),
            LeadingCause(NARROW, 1, 1, new=False),
        )
    )


def test_a_cause_with_old_findings_is_not_new() -> None:
    """The same account id in two organizations counts twice."""
    assert leading_findings(PARTLY_NEW, "low").causes == (LeadingCause(PARTLY_NEW[0], 2, 2, new=False),)


def test_what_does_not_count() -> None:
    """Waived findings and those of a lower severity are left out."""
    waived = replace(HIGH, waiver=Waiver("accepted", date(2026, 3, 4)))

    assert leading_findings([waived, NARROW], "high") == LeadingFindings()
    assert leading_findings([HIGH], "off") == LeadingFindings()


def test_only_the_first_causes() -> None:
    """Five causes are kept, and the number of the others."""
    leading = leading_findings([replace(HIGH, cause=str(number)) for number in range(8)], "high")

    assert [cause.first.cause for cause in leading.causes] == ["0", "1", "2", "3", "4"]
    assert leading.others == 3
