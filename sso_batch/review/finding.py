"""A finding, a grant or an object that someone should look at, and how its person is recognized. Pure."""

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from operator import attrgetter
from typing import get_args

from sso_batch.config import Severity

_ASCENDING: tuple[str, ...] = get_args(Severity)

OFF: str = _ASCENDING[0]
SEVERITIES = _ASCENDING[:0:-1]
"""From the highest to the lowest; a check that is `off` is not run."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """The reason why a finding is accepted, and the last day on which it is."""

    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found about one grant or one object; cells that do not apply are empty.

    `waiver` is None for a finding that counts. A finding whose waiver has expired counts, and `message` says
    so. Findings with the same `cause` belong to the same issue. `new` says that the earlier run that was
    compared lacks its grant, or has it at a lower level.
    """

    severity: str
    check: str
    organization: str
    message: str
    user_email: str = ""
    user_name: str = ""
    user_id: str = ""
    group_name: str = ""
    principal_type: str = ""
    principal_id: str = ""
    account_id: str = ""
    account_name: str = ""
    permission_set: str = ""
    permission_set_arn: str = ""
    role_arn: str = ""
    application_arn: str = ""
    cause: str = ""
    waiver: Waiver | None = None
    new: bool = False

    def __reduce__(self) -> tuple[type["Finding"], tuple[object, ...]]:
        """Return what worker processes send; dataclasses with slots take twice as long by default."""
        return Finding, _values_of(self)

    @property
    def uid(self) -> str:
        """Its id, the same in every run: the check, and AWS's ids of what it is about."""
        about = (
            self.check,
            self.principal_type,
            self.principal_id,
            self.account_id,
            self.permission_set_arn,
            self.role_arn,
            self.application_arn,
        )
        return f"{self.check}-{short_hash(about)}"


_values_of = attrgetter(*(field.name for field in fields(Finding)))


@dataclass(frozen=True, slots=True)
class FindingCounts:
    """The number of findings of an organization by severity, without waived ones."""

    high: int = 0
    medium: int = 0
    low: int = 0

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> "FindingCounts":
        """Count the findings that are not waived."""
        counted = Counter(finding.severity for finding in findings if finding.waiver is None)
        return cls(**{severity: counted[severity] for severity in SEVERITIES})

    def at_least(self, severity: str) -> int:
        """Return how many findings have this severity or a higher one; 0 for `off`."""
        if severity == OFF:
            return 0
        return sum(getattr(self, counted) for counted in SEVERITIES[: SEVERITIES.index(severity) + 1])


def short_hash(parts: Sequence[str]) -> str:
    """Return a hash of texts in 16 hex digits, which are enough for millions of different ones."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def normalize_address(address: str) -> str:
    """Return an email address in a form that is equal for one person; empty for a blank address.

    Case, Unicode form and surrounding white space make no difference: directories store what people type.
    """
    composed = unicodedata.normalize("NFC", address.strip())
    return unicodedata.normalize("NFC", composed.casefold())
