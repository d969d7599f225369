"""The configuration, immutable and with strict types."""

from typing import Annotated, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator

from sso_batch.config.base import (
    OptionalKey,
    OptionalList,
    OptionalSection,
    Section,
    conflict_error,
    form_error,
)
from sso_batch.config.campaign import Campaign
from sso_batch.config.durations import Duration
from sso_batch.config.field_types import TopicArn
from sso_batch.config.organization import Defaults, Organization
from sso_batch.config.output import Output
from sso_batch.config.review import Review
from sso_batch.machine import MOST_PROCESSES

Attribute = Literal[
    "title", "user_type", "department", "division", "cost_center", "employee_number", "manager"
]
ATTRIBUTES: tuple[Attribute, ...] = get_args(Attribute)
"""The attributes of users that can be reported, in the order of their columns."""


class RunSettings(Section):
    """The `run` section: parallelism and time limits."""

    example = "deadline: 2h"

    max_parallel_organizations: Annotated[int, Field(ge=1, le=200)] = Field(
        20, description="How many organizations each process audits at the same time: 1 to 200."
    )
    processes: Literal["auto"] | Annotated[int, Field(ge=1, le=MOST_PROCESSES)] = Field(
        "auto",
        description="How many worker processes audit at the same time: a number from 1 (none) to "
        f"{MOST_PROCESSES}, or auto: one for each CPU that the container may use, if it has the memory and "
        "there are enough organizations.",
    )
    deadline: Duration = Field(
        "2h",
        validate_default=True,
        description="The time limit of a run. Whatever is unfinished by then becomes a gap.",
        examples=["90m"],
    )
    resume_max_age: Duration = Field(
        "12h",
        validate_default=True,
        description="With --resume, a finished organization is audited again if it is older than this.",
        examples=["1d"],
    )


class Collect(Section):
    """The `collect` section: what is read, and how fast."""

    example = "strategy: complete"

    strategy: Literal["complete", "fastest"] = Field(
        "complete",
        description="complete reads every assignment, including orphaned ones. fastest may need fewer API "
        "calls, and does not find assignments of deleted users and groups.",
    )
    permission_set_details: bool = Field(
        default=True,
        description="Read the policies, permissions boundary and tags of permission sets.",
    )
    policy_documents: bool = Field(
        default=True,
        description="Read what the AWS managed policies of permission sets allow, and judge what access "
        "amounts to. Without permission_set_details, they are not read either.",
    )
    entitlements: bool = Field(default=True, description="Read the account-access entitlements of IAM roles.")
    applications: bool = Field(
        default=False, description="Read who is assigned to which application of IAM Identity Center."
    )
    account_paths: bool = Field(
        default=True, description="Read the names of the organizational units (OUs) above each account."
    )
    activity: bool = Field(
        default=False,
        description="Look up in CloudTrail who changed access and when, and when users signed in last.",
    )
    people: OptionalList[Attribute] = Field(
        (),
        description="The attributes of users to report, each as a column. They are personal data.",
        examples=[["department", "manager"]],
    )

    @field_validator("people")
    @classmethod
    def _in_order(cls, people: tuple[Attribute, ...]) -> tuple[Attribute, ...]:
        """Return the attributes, each once, in the order of the columns."""
        return tuple(name for name in ATTRIBUTES if name in people)

    requests_per_second: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = Field(
        20,
        description="The maximum rate of Identity Center API calls per organization, in requests per second. "
        "20 is the quota of AWS; raise it if AWS raised yours.",
    )


class Notify(Section):
    """The `notify` section: where the summary of a run is sent."""

    example = "sns_topic_arn: arn:aws:sns:eu-west-1:111122223333:audits"

    sns_topic_arn: OptionalKey[TopicArn] = Field(
        None,
        description="The SNS topic that receives the summary of a run. It never contains names of people.",
        examples=["arn:aws:sns:eu-west-1:111122223333:audits"],
    )


class Config(Section):
    """The configuration of sso-batch: what is audited, and how."""

    example = "organizations: [{name: acme}]"

    version: Literal[1] = Field(1, description="The version of the configuration format.")
    output: OptionalSection[Output] = Field(
        default_factory=Output, description="Where the files of a run are written, and which."
    )
    run: OptionalSection[RunSettings] = Field(
        default_factory=RunSettings, description="Parallelism and time limits."
    )
    collect: OptionalSection[Collect] = Field(
        default_factory=Collect, description="What is read from each organization, and how fast."
    )
    review: OptionalSection[Review] = Field(
        default_factory=Review, description="Findings, waivers, and the comparison with the previous run."
    )
    campaign: OptionalSection[Campaign] = Field(
        default_factory=Campaign, description="Access review campaigns: reviewers and due date."
    )
    notify: OptionalSection[Notify] = Field(
        default_factory=Notify, description="Where the summary of a run is sent."
    )
    defaults: OptionalSection[Defaults] = Field(
        default_factory=Defaults,
        description="Values for every organization: any key of an organization except its name. An "
        "organization's own value wins; tags are merged.",
    )
    organizations: tuple[Organization, ...] = Field(
        json_schema_extra={"minItems": 1},
        description="The organizations to audit, in the order of the merged report.",
    )

    @field_validator("campaign")
    @classmethod
    def _managers_are_read(cls, campaign: Campaign, info: ValidationInfo) -> Campaign:
        collect, review = info.data.get("collect"), info.data.get("review")
        is_read = not collect or not review or review.roster or "manager" in collect.people
        if campaign.uses_managers and not is_read:
            raise conflict_error(
                "a rule has `reviewer: manager`, but no manager is read: add manager to collect.people, or "
                "set review.roster"
            )
        return campaign

    @field_validator("organizations")
    @classmethod
    def _at_least_one(cls, organizations: tuple[Organization, ...]) -> tuple[Organization, ...]:
        # pydantic's own min_length counts only the valid ones
        if not organizations:
            raise form_error("the list is empty: add at least one organization, such as `- name: acme`")
        return organizations
