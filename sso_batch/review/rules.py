"""The rules of a review: severities, limits and waivers, from the configuration's `review` section."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from sso_batch.config import Checks, Review
from sso_batch.review.checks import CHECKS, OUTDATED_PROVISIONING
from sso_batch.review.finding import OFF, Waiver
from sso_batch.review.snapshot_index import Limits
from sso_batch.review.waivers import WaiverRule


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one run: `severities` holds the checks that are not off, `today` decides on waivers."""

    severities: Mapping[str, str]
    today: date
    limits: Limits = field(default_factory=Limits)
    waivers: Sequence[WaiverRule] = ()

    @classmethod
    def from_config(cls, review: Review, *, today: date) -> "Rules":
        """Return the rules that a configuration sets for a run on that day."""
        return cls(
            severities={
                check_id: severity
                for check_id, severity in severity_by_check(review).items()
                if severity != OFF
            },
            today=today,
            limits=_limits(review.checks),
            waivers=tuple(
                WaiverRule(
                    waiver.check,
                    waiver.organization,
                    waiver.account,
                    waiver.principal,
                    Waiver(waiver.reason, waiver.until),
                )
                for waiver in review.waivers
            ),
        )


def _limits(checks: Checks) -> Limits:
    """Return the limits that the configuration sets, and the default ones."""
    limits = Limits()
    if checks.long_session and checks.long_session.max:
        limits = replace(limits, longest_session=checks.long_session.max)
    if checks.dormant_user and checks.dormant_user.days:
        limits = replace(limits, dormant_after=timedelta(days=checks.dormant_user.days))
    if checks.new_user_admin and checks.new_user_admin.days:
        limits = replace(limits, new_for=timedelta(days=checks.new_user_admin.days))
    return limits


def severity_by_check(review: Review) -> dict[str, str]:
    """Return the severity of every check, including `off`, in the order of the table."""
    configured = {check_id: check.severity for check_id, check in review.checks.by_id().items()}
    return {check.id: configured.get(check.id) or check.severity for check in CHECKS}


def needs_outdated_provisioning(review: Review) -> bool:
    """Return whether outdated provisioning must be collected, which only one check uses."""
    return severity_by_check(review)[OUTDATED_PROVISIONING] != OFF
