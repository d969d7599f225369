"""The `review` section: the severities of the checks, waivers, and the comparison with the previous run."""

from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator

from sso_batch.config.base import OptionalKey, OptionalList, OptionalSection, Section, form_error
from sso_batch.config.durations import Duration
from sso_batch.config.field_types import Day, Text
from sso_batch.wildcards import Wildcard

Severity = Literal["off", "low", "medium", "high"]
Days = Annotated[int, Field(ge=1, le=3650)]


class CheckSettings(Section):
    """The settings of a check; a severity alone is accepted, too."""

    example = "severity: low"

    severity: OptionalKey[Severity] = Field(
        None, description="The severity of its findings; by default the check's own (see `sso-batch checks`)."
    )


class LongSessionSettings(CheckSettings):
    """The settings of the check long-session."""

    max: OptionalKey[Duration] = Field(
        None, description="The longest session duration that is not a finding.", examples=["4h"]
    )


class DormantUserSettings(CheckSettings):
    """The settings of the check dormant-user."""

    days: OptionalKey[Days] = Field(
        None,
        description="The number of days without a sign-in after which a user is dormant: 1 to 3650.",
        examples=[90],
    )


class NewUserAdminSettings(CheckSettings):
    """The settings of the check new-user-admin."""

    days: OptionalKey[Days] = Field(
        None,
        description="The number of days for which a user counts as new: 1 to 3650.",
        examples=[30],
    )


def _from_severity(value: object) -> object:
    """Accept a severity in place of the settings of a check."""
    if isinstance(value, str):
        return {"severity": value}
    if isinstance(value, dict | CheckSettings):
        return value
    raise form_error("expected off, low, medium or high, or keys and values such as `severity: low`")


CheckKey = OptionalKey[
    Annotated[CheckSettings, BeforeValidator(_from_severity, json_schema_input_type=Severity | CheckSettings)]
]
LongSessionKey = OptionalKey[
    Annotated[
        LongSessionSettings,
        BeforeValidator(_from_severity, json_schema_input_type=Severity | LongSessionSettings),
    ]
]


DormantUserKey = OptionalKey[
    Annotated[
        DormantUserSettings,
        BeforeValidator(_from_severity, json_schema_input_type=Severity | DormantUserSettings),
    ]
]
NewUserAdminKey = OptionalKey[
    Annotated[
        NewUserAdminSettings,
        BeforeValidator(_from_severity, json_schema_input_type=Severity | NewUserAdminSettings),
    ]
]


class Checks(Section):
    """The `review.checks` section: settings by check ID; other checks keep their default severity."""

    example = "long-session: high"

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"))

    admin_access: CheckKey = Field(
        None,
        description="Access that allows every action on every resource.",
    )
    privilege_escalation: CheckKey = Field(
        None, description="Access that is enough to become administrator of the account."
    )
    manages_access: CheckKey = Field(
        None,
        description="Access that can change who has access, in the management account and in those that "
        "administer Identity Center.",
    )
    management_account_access: CheckKey = Field(None, description="Access to the management account.")
    disabled_user_access: CheckKey = Field(None, description="Disabled users who still have access.")
    direct_grant: CheckKey = Field(None, description="Assignments to a user instead of a group.")
    orphaned_grant: CheckKey = Field(
        None, description="Assignments to a user or group that no longer exists."
    )
    empty_group_grant: CheckKey = Field(None, description="Assignments to a group without members.")
    closed_account_grant: CheckKey = Field(
        None,
        description="Assignments to accounts that are closed, suspended or no longer in the organization.",
    )
    long_session: LongSessionKey = Field(
        None, description="Permission sets whose session duration is longer than `max`."
    )
    user_without_email: CheckKey = Field(None, description="Users without an email address.")
    unused_permission_set: CheckKey = Field(
        None, description="Permission sets that are not assigned to anyone."
    )
    outdated_provisioning: CheckKey = Field(
        None, description="Accounts in which a permission set is provisioned in an outdated version."
    )
    stale_membership: CheckKey = Field(None, description="Groups with a member that no longer exists.")
    entitlement_bypass: CheckKey = Field(
        None, description="Access to IAM roles through entitlements, outside of permission sets."
    )
    cross_organization_admin: CheckKey = Field(
        None, description="The same email address has administrator access in more than one organization."
    )
    admin_gained: CheckKey = Field(
        None, description="Users who became administrators since the previous run."
    )
    application_open_to_all: CheckKey = Field(
        None, description="Applications that every user of the directory can open without an assignment."
    )
    application_disabled_user: CheckKey = Field(
        None, description="Disabled users who are still assigned to applications."
    )

    leaver_access: CheckKey = Field(
        None, description="Users who have left, according to the roster, and still have access."
    )
    not_in_roster: CheckKey = Field(None, description="Users with access who are not in the roster.")
    dormant_user: DormantUserKey = Field(
        None, description="Users with access who have not signed in for `days`."
    )
    unmanaged_user: CheckKey = Field(
        None,
        description="Users with access whom the directory's identity provider does not manage.",
    )
    unmanaged_membership: CheckKey = Field(
        None, description="Groups with members whom the directory's identity provider did not add."
    )
    manager_missing: CheckKey = Field(None, description="Users with access who have no manager.")
    single_administrator: CheckKey = Field(
        None, description="Management accounts with fewer than two administrators."
    )
    new_user_admin: NewUserAdminKey = Field(
        None, description="Administrators who were created in the last `days`."
    )

    def by_id(self) -> dict[str, CheckSettings]:
        """Return the settings of the checks that the configuration names."""
        configured = ((check_id, getattr(self, check_id.replace("-", "_"))) for check_id in CHECK_IDS)
        return {check_id: check for check_id, check in configured if check is not None}


CHECK_IDS: tuple[str, ...] = tuple(name.replace("_", "-") for name in Checks.model_fields)
"""The IDs of all checks."""


class WaiverSettings(Section):
    """A waiver: findings that are accepted until a date.

    In patterns, * matches any text and ? one character. A key that is left out matches everything.
    """

    example = "check: direct-grant"

    check: Text = Field(description="The ID of a check, or a pattern.", examples=["direct-grant"])
    organization: Text = Field(
        "*", description="The name of the organization, or a pattern.", examples=["acme"]
    )
    account: Text = Field(
        "*",
        description="The ID of the account in quotes, its name, or a pattern.",
        examples=["111122223333"],
    )
    principal: Text = Field(
        "*",
        description="The ID, name or email address of the user or group, or a pattern. For a finding about "
        "an application, its name or ARN.",
        examples=["break-glass-*"],
    )
    reason: Text = Field(
        description="Why the findings are accepted. It is shown in the reports.",
        examples=["Emergency access, reviewed every quarter"],
    )
    until: Day = Field(description="The last day of the waiver.", examples=["2026-12-31"])

    @field_validator("check")
    @classmethod
    def _known(cls, pattern: str) -> str:
        if any(map(Wildcard(pattern).matches, CHECK_IDS)):
            return pattern
        near = get_close_matches(pattern, CHECK_IDS)
        suggestion = f"did you mean {' or '.join(near)}?" if near else "see `sso-batch checks`"
        raise form_error(f"unknown check: {suggestion}")


class Review(Section):
    """The `review` section: findings, waivers, and the comparison with the previous run."""

    example = "fail_on: high"

    fail_on: Severity = Field(
        "off", description="A complete run with findings of this severity or higher ends with exit code 3."
    )
    compare: Literal["none", "previous"] = Field(
        "none",
        description="previous reports what changed in each organization since the newest run that read it "
        "completely.",
    )
    roster: OptionalKey[Text] = Field(
        None,
        description="A CSV file that says who works here, as the HR system exports it: s3://bucket/key, or a "
        "path, which is relative to the place of the configuration.",
        examples=["hr.csv"],
    )
    checks: OptionalSection[Checks] = Field(
        default_factory=Checks,
        description="The severities of the checks, by check ID; other checks keep their default severity.",
        examples=[{"direct-grant": "off"}],
    )
    waivers: OptionalList[WaiverSettings] = Field((), description="Findings that are accepted until a date.")
