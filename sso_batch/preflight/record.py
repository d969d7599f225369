"""What a preflight finds of one organization."""

from dataclasses import dataclass, replace
from enum import StrEnum

from sso_batch.exit_codes import ExitCode
from sso_batch.model import Gap, Instance


class Verdict(StrEnum):
    """Whether a call may be made."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission that a run needs: the operation, its IAM action, and what AWS said of `resource`.

    `code` and `message` are AWS's where it refused or failed; without them, `unknown` means that there was
    nothing to ask about, which a run would not ask about either. `instead` is what a run does without the
    call, where it can do without.
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
    def lacking(self) -> bool:
        """Whether a run could not be sure of an answer."""
        return not self.instead and (self.verdict is Verdict.DENIED or bool(self.code))


@dataclass(frozen=True, slots=True)
class Estimates:
    """What a run would take: calls on sso-admin's bucket and seconds, by strategy.

    `at_least` where not everything was counted. Pairs are projected from the permission sets looked at.
    """

    users: int
    groups: int
    accounts: int
    permission_sets: int
    pairs: int
    at_least: bool
    complete_calls: int
    complete_seconds: float
    fastest_calls: int
    fastest_seconds: float


@dataclass(frozen=True, slots=True)
class OrganizationCheck:
    """One organization: who asks, of what, with which permissions; `failure` where a run would fail."""

    name: str
    roles: tuple[str, ...]
    instance: Instance | None
    permissions: tuple[Permission, ...]
    estimates: Estimates | None
    calls: int
    failure: Gap | None = None
    warnings: tuple[str, ...] = ()
    endpoint_overrides: tuple[str, ...] = ()
    bug: bool = False

    def lost(self, failure: Gap) -> "OrganizationCheck":
        """The same, for an entry that a run would not read all the same."""
        return replace(self, failure=failure)

    @property
    def status(self) -> str:
        """What a run would come to, as far as can be told: `ready`, `incomplete` or `failed`."""
        if self.failure is not None:
            return "failed"
        return "incomplete" if any(one.lacking for one in self.permissions) else "ready"

    @property
    def account_id(self) -> str | None:
        """The account whose credentials ask."""
        return self.instance.caller_arn.split(":")[4] if self.instance else None

    @property
    def account_kind(self) -> str:
        """Whether that is the organization's management account."""
        if self.instance is None or self.instance.management_account_id is None:
            return "unknown"
        own = self.account_id == self.instance.management_account_id
        return "management" if own else "delegated administrator"


def exit_code(checks: tuple[OrganizationCheck, ...]) -> ExitCode:
    """The exit code that a run would have, as far as can be told."""
    if any(one.bug for one in checks):
        return ExitCode.INTERNAL_ERROR
    statuses = {one.status for one in checks}
    if statuses == {"failed"}:
        return ExitCode.FAILED
    return ExitCode.OK if statuses == {"ready"} else ExitCode.INCOMPLETE
