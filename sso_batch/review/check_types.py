"""What a check takes in addition to a snapshot, and what it yields."""

from dataclasses import dataclass
from datetime import timedelta

from sso_batch.model import Grant, Principal


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that a configuration can set for checks."""

    longest_session: timedelta = timedelta(hours=4)
    """The longest session that is not a finding."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a check found: one grant or one object, and a predicate about it, such as "has no members"."""

    message: str
    principal: Principal | None = None
    account_id: str = ""
    permission_set_arn: str = ""
    role_arn: str = ""

    @classmethod
    def of_grant(cls, grant: Grant, message: str) -> "Match":
        """Return a match about a grant."""
        return cls(message, grant.principal, grant.account_id, grant.permission_set_arn, grant.role_arn)


@dataclass(frozen=True, slots=True)
class BlindSpot:
    """What a check could not examine, worded for the manifest's `not_examined`."""

    what: str
