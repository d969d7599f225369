"""One finding: a grant or an object that somebody should look at."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

SEVERITIES = ("high", "medium", "low")
"""From the gravest; a check that is `off` finds nothing."""

OFF = "off"


@dataclass(frozen=True, slots=True)
class Waiver:
    """Why a finding is accepted, and the last day on which it is."""

    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says of one grant or one object; cells that do not concern it are empty.

    `waiver` is None for a finding that counts. One whose waiver has expired counts, and `message` says so.
    """

    severity: str
    check: str
    organization: str
    message: str
    user_email: str = ""
    user_id: str = ""
    group_name: str = ""
    principal_type: str = ""
    principal_id: str = ""
    account_id: str = ""
    account_name: str = ""
    permission_set: str = ""
    role_arn: str = ""
    waiver: Waiver | None = None


@dataclass(frozen=True, slots=True)
class FindingCounts:
    """How many findings of an organization count, by severity; waived ones are not among them."""

    high: int = 0
    medium: int = 0
    low: int = 0

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> "FindingCounts":
        """Count those that are not waived."""
        counted = Counter(finding.severity for finding in findings if finding.waiver is None)
        return cls(**{severity: counted[severity] for severity in SEVERITIES})

    def at_least(self, severity: str) -> int:
        """How many are of a severity or graver; none of `off`."""
        if severity == OFF:
            return 0
        return sum(getattr(self, one) for one in SEVERITIES[: SEVERITIES.index(severity) + 1])
