"""The configuration as a whole, strict and frozen."""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from sso_batch.config.base import Keys, MayBeLeftOut, Section
from sso_batch.config.durations import Duration
from sso_batch.config.field_types import TopicArn
from sso_batch.config.organization import Defaults, Organization
from sso_batch.config.output import Output
from sso_batch.config.review import Review


class Run(Section):
    """The `run` part: how many at once, and for how long."""

    max_parallel_organizations: Annotated[int, Field(ge=1, le=200)] = Field(
        20, description="How many organizations are audited at once: 1 to 200."
    )
    deadline: Duration = Field(
        "2h", validate_default=True, description="For the whole run; what is unfinished by then is a gap."
    )
    resume_max_age: Duration = Field(
        "12h",
        validate_default=True,
        description="A resume audits a finished organization anew if it is older.",
    )


class Collect(Section):
    """The `collect` part: what is read, and how fast."""

    strategy: Literal["complete", "fastest"] = Field(
        "complete", description="complete sees everything; fastest may take fewer calls and sees no orphans."
    )
    permission_set_details: bool = Field(
        default=True, description="Read the policies, the boundary and the tags of permission sets."
    )
    entitlements: bool = Field(default=True, description="Read the account-access grants of IAM roles.")
    account_paths: bool = Field(default=True, description="Read the names of the OUs above an account.")
    requests_per_second: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = Field(
        20, description="Identity Center's collective limit; more if AWS raised yours."
    )


class Notify(Section):
    """The `notify` part: who hears of a run."""

    sns_topic_arn: MayBeLeftOut[TopicArn] = Field(
        None, description="The SNS topic that gets the summary of a run, never people's names."
    )


class Config(Section):
    """What `sso-batch` audits and how, as one YAML file says it."""

    version: Literal[1] = Field(1, description="The version of this schema: 1.")
    output: Keys[Output] = Field(
        default_factory=Output, description="Where the files of a run go, and which are written."
    )
    run: Keys[Run] = Field(default_factory=Run, description="How a run goes about its organizations.")
    collect: Keys[Collect] = Field(
        default_factory=Collect, description="What is read of an organization, and how."
    )
    review: Keys[Review] = Field(default_factory=Review, description="Findings and changes.")
    notify: Keys[Notify] = Field(default_factory=Notify, description="Whom to tell when a run has ended.")
    defaults: Keys[Defaults] = Field(
        default_factory=Defaults,
        description="Any key of an organization but its name; an organization's own key wins.",
    )
    organizations: tuple[Organization, ...] = Field(
        json_schema_extra={"minItems": 1},
        description="The organizations to audit, in the order of the merged report.",
    )

    @field_validator("organizations")
    @classmethod
    def _at_least_one(cls, organizations: tuple[Organization, ...]) -> tuple[Organization, ...]:
        # pydantic's own min_length counts the valid ones only
        if not organizations:
            raise PydanticCustomError("form", "write at least one organization")
        return organizations
