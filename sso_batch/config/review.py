"""Which findings a run makes, how grave they are, and which are accepted for a time."""

from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from sso_batch.config.base import Items, Keys, MayBeLeftOut, Section
from sso_batch.config.durations import Duration
from sso_batch.config.field_types import Day, Text
from sso_batch.wildcards import Wildcard

Severity = Literal["off", "low", "medium", "high"]


class Check(Section):
    """How grave a finding of one check is; a severity alone may stand for it."""

    severity: MayBeLeftOut[Severity] = Field(
        None, description="off, low, medium or high; by default the check's own (see `sso-batch checks`)."
    )


class LongSession(Check):
    """The check long-session also takes the longest session that is no finding."""

    max: MayBeLeftOut[Duration] = Field(
        None, description="The longest session that is no finding, such as 4h."
    )


def _severity_alone(written: object) -> object:
    """Take a severity for a check of that severity."""
    if isinstance(written, str):
        return {"severity": written}
    if isinstance(written, dict | Check):
        return written
    raise PydanticCustomError(
        "form", "write off, low, medium or high, or keys and values such as `severity: low`"
    )


CheckSetting = Annotated[Check, BeforeValidator(_severity_alone, json_schema_input_type=Severity | Check)]
LongSessionSetting = Annotated[
    LongSession, BeforeValidator(_severity_alone, json_schema_input_type=Severity | LongSession)
]


class Checks(Section):
    """The checks, by their ids; one that is not named has its own severity."""

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"))

    admin_access: MayBeLeftOut[CheckSetting] = Field(
        None, description="AdministratorAccess, or an inline policy that allows everything."
    )
    management_account_access: MayBeLeftOut[CheckSetting] = Field(
        None, description="Access to the management account."
    )
    disabled_user_access: MayBeLeftOut[CheckSetting] = Field(
        None, description="A disabled user who still has access."
    )
    direct_grant: MayBeLeftOut[CheckSetting] = Field(
        None, description="A grant to a user and not to a group."
    )
    orphaned_grant: MayBeLeftOut[CheckSetting] = Field(
        None, description="A grant to a principal that no longer exists."
    )
    empty_group_grant: MayBeLeftOut[CheckSetting] = Field(
        None, description="A grant to a group without members."
    )
    closed_account_grant: MayBeLeftOut[CheckSetting] = Field(None, description="A grant on a closed account.")
    long_session: MayBeLeftOut[LongSessionSetting] = Field(None, description="Sessions longer than `max`.")
    user_without_email: MayBeLeftOut[CheckSetting] = Field(
        None, description="A user without an email address."
    )
    unused_permission_set: MayBeLeftOut[CheckSetting] = Field(
        None, description="A permission set that nobody has."
    )
    outdated_provisioning: MayBeLeftOut[CheckSetting] = Field(
        None, description="An account whose role is older than its permission set."
    )
    stale_membership: MayBeLeftOut[CheckSetting] = Field(
        None, description="A group that lists a user who no longer exists."
    )
    entitlement_bypass: MayBeLeftOut[CheckSetting] = Field(
        None, description="An IAM role granted by an entitlement, beside the permission sets."
    )
    cross_organization_admin: MayBeLeftOut[CheckSetting] = Field(
        None, description="The same email address is admin in more than one organization."
    )
    admin_gained: MayBeLeftOut[CheckSetting] = Field(
        None, description="Somebody is admin who was not in the last run."
    )

    def by_id(self) -> dict[str, Check]:
        """Give what the file says of each check that it names."""
        written = ((check_id, getattr(self, check_id.replace("-", "_"))) for check_id in CHECK_IDS)
        return {check_id: check for check_id, check in written if check is not None}


CHECK_IDS: tuple[str, ...] = tuple(name.replace("_", "-") for name in Checks.model_fields)
"""The ids of all checks that a file can name."""


class Waiver(Section):
    """Findings that are accepted until a day.

    Patterns have * for any text and ? for one character; what is not written fits all.
    """

    check: Text = Field(description="A check's id, or a pattern of ids.")
    organization: Text = Field("*", description="The organization's name, or a pattern.")
    account: Text = Field("*", description="The account's id in quotes, its name, or a pattern of either.")
    principal: Text = Field("*", description="The user's or group's id, name or email, or a pattern.")
    reason: Text = Field(description="Why the findings are accepted; the report repeats it.")
    until: Day = Field(description="The last day on which the waiver holds, such as 2026-12-31.")

    @field_validator("check")
    @classmethod
    def _known(cls, pattern: str) -> str:
        if any(map(Wildcard(pattern).matches, CHECK_IDS)):
            return pattern
        near = get_close_matches(pattern, CHECK_IDS)
        meant = f"did you mean {' or '.join(near)}?" if near else "see `sso-batch checks`"
        raise PydanticCustomError("form", "{text}", {"text": f"no check has this id: {meant}"})


class Review(Section):
    """The `review` part: what a run makes of what it has read."""

    fail_on: Severity = Field("off", description="The severity from which findings end a run with exit 3.")
    compare: Literal["none", "previous"] = Field(
        "none",
        description="previous: tell what changed since the newest run that has the organization complete.",
    )
    checks: Keys[Checks] = Field(
        default_factory=Checks, description="Other severities for the checks, by their ids."
    )
    waivers: Items[Waiver] = Field((), description="Findings that are accepted until a day.")
