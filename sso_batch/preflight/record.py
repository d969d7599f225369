"""The result of a preflight of one organization."""

from dataclasses import dataclass, replace
from enum import StrEnum

from sso_batch.exit_codes import ExitCode
from sso_batch.model import EndpointOverride, Gap, Instance


class Verdict(StrEnum):
    """Whether a call is allowed."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission that a run needs: the operation, its IAM action, and AWS's answer for `resource`.

    `code` and `message` are AWS's if it refused or failed. Without them, `unknown` means that there was no
    resource to ask about, so that a run would not make the call either. `instead` is what a run does
    instead, if it does not need the call.
    """

    operation: str
    action: str
    verdict: Verdict
    resource: str
    code: str = ""
    message: str = ""
    hint: str = ""
    instead: str = ""

    @property
    def missing(self) -> bool:
        """Whether a run may not get the answers that it needs."""
        return not self.instead and (self.verdict is Verdict.DENIED or bool(self.code))


@dataclass(frozen=True, slots=True)
class Estimates:
    """The cost of a run by strategy: calls that count against sso-admin's limit, and seconds.

    `at_least` if not everything was counted. `fastest` costs up to `fastest_most` if answers for users do not
    hold the assignments of their groups, or groups have no members. Pairs are extrapolated from a sample of
    permission sets. The look-up of activity has a limit of its own: the figures are for 90 days, as in a
    first run, extrapolated from the latest sign-ins. Figures are 0 for what is left out.
    """

    users: int
    groups: int
    accounts: int
    permission_sets: int
    pairs: int
    applications: int
    at_least: bool
    complete_calls: int
    complete_seconds: float
    fastest_calls: int
    fastest_seconds: float
    fastest_most_calls: int
    fastest_most_seconds: float
    activity_calls: int = 0
    activity_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class OrganizationCheck:
    """One organization: the caller, the instance and the permissions; `failure` if a run would fail."""

    name: str
    roles: tuple[str, ...]
    instance: Instance | None
    permissions: tuple[Permission, ...]
    estimates: Estimates | None
    calls: int
    failure: Gap | None = None
    warnings: tuple[str, ...] = ()
    endpoint_overrides: tuple[EndpointOverride, ...] = ()
    bug: bool = False

    def with_failure(self, failure: Gap) -> "OrganizationCheck":
        """Return the same check for an entry that a run would reject."""
        return replace(self, failure=failure)

    @property
    def status(self) -> str:
        """The expected result of a run: `ready`, `incomplete` or `failed`."""
        if self.failure is not None:
            return "failed"
        return "incomplete" if any(permission.missing for permission in self.permissions) else "ready"

    @property
    def account_id(self) -> str | None:
        """The account of the caller."""
        return self.instance.caller_arn.split(":")[4] if self.instance else None

    @property
    def account_kind(self) -> str:
        """Whether the caller's account is the management account or the delegated administrator."""
        if self.instance is None or self.instance.management_account_id is None:
            return "unknown"
        own = self.account_id == self.instance.management_account_id
        return "management" if own else "delegated administrator"


def exit_code(checks: tuple[OrganizationCheck, ...]) -> ExitCode:
    """Return the exit code that a run is expected to have."""
    if any(check.bug for check in checks):
        return ExitCode.INTERNAL_ERROR
    statuses = {check.status for check in checks}
    if statuses == {"failed"}:
        return ExitCode.FAILED
    return ExitCode.OK if statuses == {"ready"} else ExitCode.INCOMPLETE
