"""The rules of a review: severities, limits and waivers, from the configuration's `review` section."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sso_batch.config import LongSessionSettings, Review
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
        long_session = review.checks.long_session
        longest = long_session.max if isinstance(long_session, LongSessionSettings) else None
        return cls(
            severities={
                check_id: severity
                for check_id, severity in severity_by_check(review).items()
                if severity != OFF
            },
            today=today,
            limits=Limits(longest) if longest else Limits(),
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


def severity_by_check(review: Review) -> dict[str, str]:
    """Return the severity of every check, including `off`, in the order of the table."""
    configured = {check_id: check.severity for check_id, check in review.checks.by_id().items()}
    return {check.id: configured.get(check.id) or check.severity for check in CHECKS}


def needs_outdated_provisioning(review: Review) -> bool:
    """Return whether outdated provisioning must be collected, which only one check uses."""
    return severity_by_check(review)[OUTDATED_PROVISIONING] != OFF
