"""An organization of the configuration: its credentials and its Region."""

from typing import Annotated

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from sso_batch.config.base import OptionalKey, OptionalSection, Section, conflict_error, form_error
from sso_batch.config.field_types import (
    ExternalId,
    Name,
    OrganizationId,
    ProfileName,
    RegionOrAuto,
    RoleChain,
    SessionName,
    TagKey,
    TagValue,
    Text,
    partition_of_arn,
    partition_of_region,
)

ROLE_KEYS = ("external_id", "source_profile", "session_name", "duration_seconds")
"""The keys that need a role to assume."""

MAX_CHAINED_SESSION = 3600
"""AWS's limit for the session of a role that another role's credentials assume, in seconds.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
"""


class OrganizationSettings(Section):
    """Every key of an organization except its name.

    The order of the fields matters: a validator sees only the values of the fields before its own.
    """

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["profile", "role_arn"]}})

    profile: OptionalKey[ProfileName] = Field(
        None,
        description="The AWS profile whose credentials read the organization. Cannot be combined with "
        "role_arn. With neither, the credentials of the environment are used.",
        examples=["acme-management"],
    )
    region: RegionOrAuto = Field(
        "auto",
        description="The primary Region of the Identity Center instance; auto detects it.",
        examples=["eu-west-1"],
    )
    role_arns: RoleChain = Field(
        (),
        alias="role_arn",
        description="The role to assume, or a list of roles to assume one after another. Cannot be combined "
        "with profile.",
        examples=["arn:aws:iam::111122223333:role/SsoBatchAudit"],
    )
    external_id: OptionalKey[ExternalId] = Field(
        None,
        description="The external ID that the trust policy of the role requires, 2 to 1224 characters. It is "
        "a secret: use a variable.",
        examples=["${ACME_EXTERNAL_ID}"],
    )
    source_profile: OptionalKey[Text] = Field(
        None,
        description="The AWS profile whose credentials assume the first role; by default the credentials of "
        "the environment.",
        examples=["audit-hub"],
    )
    session_name: SessionName = Field(
        "sso-batch", description="The name of the role session, as shown in CloudTrail."
    )
    duration_seconds: Annotated[int, Field(ge=1800, le=43200)] = Field(
        3600,
        description="The lifetime of the role's credentials, which are renewed before they expire: 1800 to "
        "43200 seconds, and at most 3600 for a chain of roles.",
    )
    organization_id: OptionalKey[OrganizationId] = Field(
        None,
        description="The expected ID of the organization: the audit fails if the credentials belong to "
        "another one.",
        examples=["o-a1b2c3d4e5"],
    )
    tags: OptionalSection[dict[TagKey, TagValue]] = Field(
        default_factory=dict,
        description="Labels to select organizations with: --only tag:tier=prod, --exclude tag:tier=test.",
        examples=[{"tier": "prod"}],
    )

    @field_validator("role_arns")
    @classmethod
    def _one_partition(cls, roles: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not roles:
            raise form_error(
                "the list is empty: add at least one role ARN, "
                "such as arn:aws:iam::111122223333:role/SsoBatchAudit"
            )
        partitions = {partition_of_arn(role) for role in roles}
        if len(partitions) > 1:
            raise form_error(
                "the roles are in different partitions: use roles of one partition, "
                "because AWS does not allow role chaining across partitions"
            )
        region = info.data.get("region", "auto")
        if region != "auto" and partition_of_region(region) not in partitions:
            raise conflict_error("role_arn and region are in different partitions: correct one of the two")
        return roles

    @field_validator("role_arns")
    @classmethod
    def _not_with_profile(cls, roles: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("profile") is not None:
            raise conflict_error(
                "profile and role_arn cannot be combined: remove one of the two "
                "(to assume the role with a profile, use source_profile)"
            )
        return roles

    @field_validator("duration_seconds")
    @classmethod
    def _limit_of_chains(cls, seconds: int, info: ValidationInfo) -> int:
        if len(info.data.get("role_arns", ())) > 1 and seconds > MAX_CHAINED_SESSION:
            raise conflict_error("AWS limits the sessions of chained roles to 3600 seconds: use at most 3600")
        return seconds


class Defaults(OrganizationSettings):
    """The `defaults` section: values for every organization that does not set the key itself."""

    example = "region: eu-west-1"


class Organization(OrganizationSettings):
    """An organization to audit."""

    example = "name: acme"

    name: Name = Field(
        description="The unique name of the organization in file names, columns and logs: at most 63 "
        "lowercase letters, digits and hyphens.",
        examples=["acme"],
    )

    @field_validator(*ROLE_KEYS)
    @classmethod
    def _only_with_role(cls, value: object, info: ValidationInfo) -> object:
        if info.data.get("role_arns") == ():
            raise conflict_error("this key needs a role to assume: add role_arn, or remove this key")
        return value
