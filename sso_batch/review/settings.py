"""The configuration's part `review` as the rules of a run."""

from datetime import date

from sso_batch.config import LongSessionSettings, Review
from sso_batch.review.checks import CHECKS
from sso_batch.review.finding import OFF, Waiver
from sso_batch.review.rules import LONGEST_SESSION, Rules
from sso_batch.review.waivers import WaiverRule


def severities(review: Review) -> dict[str, str]:
    """How grave each check is, those that are off included, in the order of the table."""
    written = {check_id: one.severity for check_id, one in review.checks.by_id().items()}
    return {check.id: written.get(check.id) or check.severity for check in CHECKS}


def wants_outdated(review: Review) -> bool:
    """Whether earlier versions of permission sets have to be asked for, which nothing else needs."""
    return severities(review)["outdated-provisioning"] != OFF


def rules(review: Review, *, today: date) -> Rules:
    """The rules that a configuration makes for a run on that day."""
    long_session = review.checks.long_session
    longest = long_session.max if isinstance(long_session, LongSessionSettings) else None
    return Rules(
        severities={check_id: one for check_id, one in severities(review).items() if one != OFF},
        today=today,
        longest_session=longest or LONGEST_SESSION,
        waivers=tuple(
            WaiverRule(one.check, one.organization, one.account, one.principal, Waiver(one.reason, one.until))
            for one in review.waivers
        ),
    )
