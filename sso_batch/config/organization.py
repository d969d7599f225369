"""An organization of the file: who we are in it, and where its instance lives."""

from typing import Annotated

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from sso_batch.config.base import Keys, MayBeLeftOut, Section
from sso_batch.config.field_types import (
    ExternalId,
    Label,
    LabelValue,
    Name,
    OrganizationId,
    ProfileName,
    RegionOrAuto,
    RoleChain,
    SessionName,
    Text,
    partition_of_arn,
    partition_of_region,
)

ROLE_KEYS = ("external_id", "source_profile", "session_name", "duration_seconds")
"""The keys that mean something only where a role is assumed."""

LONGEST_CHAINED_SESSION = 3600  # seconds; AWS's limit where a role's credentials assume the next role


def together(text: str) -> PydanticCustomError:
    """Make the error of keys that are right alone but not beside each other."""
    return PydanticCustomError("together", "{text}", {"text": text})


class OrganizationSettings(Section):
    """Every key of an organization but its name.

    Their order matters: a validator holds a key against those before it.
    """

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["profile", "role_arn"]}})

    profile: MayBeLeftOut[ProfileName] = Field(
        None,
        description="The AWS profile whose credentials audit the organization. Instead of role_arn.",
    )
    region: RegionOrAuto = Field(
        "auto", description="The primary Region of the Identity Center instance; auto finds it."
    )
    role_arns: RoleChain = Field(
        (),
        alias="role_arn",
        description="The role to assume, or a list of roles to assume in turn. Instead of profile. "
        "With neither, the environment's own credentials are used.",
    )
    external_id: MayBeLeftOut[ExternalId] = Field(
        None,
        description="The external id that the role's trust policy asks for. A secret: write ${VARIABLE}.",
    )
    source_profile: MayBeLeftOut[Text] = Field(
        None, description="The profile whose credentials assume the first role; by default the environment's."
    )
    session_name: SessionName = Field(
        "sso-batch", description="The name of the role session, as CloudTrail shows it."
    )
    duration_seconds: Annotated[int, Field(ge=1800, le=43200)] = Field(
        3600,
        description="How long the role's credentials last before they are renewed: 1800 to 43200 seconds, "
        "and at most 3600 for a chain of roles.",
    )
    organization_id: MayBeLeftOut[OrganizationId] = Field(
        None, description="The organization that must answer; another one answering is a failure."
    )
    tags: Keys[dict[Label, LabelValue]] = Field(
        default_factory=dict, description="Free labels, for --only tag:tier=prod and --exclude."
    )

    @field_validator("role_arns")
    @classmethod
    def _one_partition(cls, roles: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not roles:
            raise PydanticCustomError("form", "write a role's ARN, or a list of at least one")
        partitions = {partition_of_arn(role) for role in roles}
        if len(partitions) > 1:
            raise PydanticCustomError(
                "form", "the roles of a chain must be of one partition: no role reaches from one into another"
            )
        region = info.data.get("region", "auto")
        if region != "auto" and partition_of_region(region) not in partitions:
            raise together("the role and the Region are of different partitions: change one of the two")
        return roles

    @field_validator("role_arns")
    @classmethod
    def _instead_of_profile(cls, roles: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("profile") is not None:
            raise together(
                "profile and role_arn exclude each other: keep one (source_profile assumes a role)"
            )
        return roles

    @field_validator("duration_seconds")
    @classmethod
    def _short_in_a_chain(cls, seconds: int, info: ValidationInfo) -> int:
        if len(info.data.get("role_arns", ())) > 1 and seconds > LONGEST_CHAINED_SESSION:
            raise together("AWS limits the sessions of a chain of roles to 3600 seconds: write at most that")
        return seconds


class Defaults(OrganizationSettings):
    """What holds for every organization that does not say otherwise."""


class Organization(OrganizationSettings):
    """One organization to audit."""

    name: Name = Field(description="The organization's name in file names, columns and logs; unique.")

    @field_validator(*ROLE_KEYS)
    @classmethod
    def _with_a_role(cls, value: object, info: ValidationInfo) -> object:
        if info.data.get("role_arns") == ():
            raise together("this needs a role to assume: write role_arn beside it, or take it away")
        return value
