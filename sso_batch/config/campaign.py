"""The `campaign` section: who reviews which access, and until when."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from sso_batch.config.base import OptionalKey, OptionalList, Section, form_error
from sso_batch.config.durations import Duration
from sso_batch.config.field_types import MANAGER, Address, AddressOrManager, Text, as_list
from sso_batch.wildcards import Wildcard

Decision = Literal["keep", "revoke", "unsure"]
ItemKind = Literal["assignment", "membership"]

_LEVELS = ("ADMINISTRATOR", "CAN_ESCALATE", "MANAGES_ACCESS", "WRITE", "READ", "NONE")


class ReviewerRule(Section):
    """Who reviews the items that all patterns of the rule match.

    In patterns, * matches any text and ? one character. A key that is left out matches everything. A
    membership has the accounts and permission sets that its group gives: one of them must match.
    """

    example = "reviewer: cloud-owner@example.com"

    organization: Text = Field(
        "*", description="The name of the organization, or a pattern.", examples=["acme"]
    )
    account: Text = Field(
        "*", description="The ID of an account in quotes, its name, or a pattern.", examples=["prod-*"]
    )
    account_path: Text = Field(
        "*",
        description="The names of the organizational units (OUs) above an account, or a pattern.",
        examples=["Root/Prod/*"],
    )
    permission_set: Text = Field(
        "*",
        description="The name of a permission set or of an IAM role, or a pattern.",
        examples=["Admin*"],
    )
    group: Text = Field(
        "*",
        description="The name of the group that is assigned or has the member, or a pattern. Assignments to "
        "users have no group.",
        examples=["finance-*"],
    )
    privilege: Text = Field(
        "*",
        description=f"What the access amounts to, or a pattern: {', '.join(_LEVELS)}.",
        examples=["ADMINISTRATOR"],
    )
    kind: OptionalKey[ItemKind] = Field(
        None, description="Only assignments or only memberships.", examples=["membership"]
    )
    reviewer: AddressOrManager = Field(
        description="The email address of the reviewer, or manager: the manager of the user, from the "
        "directory (collect.people) or the roster. A rule with manager matches only items about one user "
        "whose manager's email address is known.",
        examples=["cloud-owner@example.com"],
    )

    @field_validator("privilege")
    @classmethod
    def _known(cls, pattern: str) -> str:
        if any(map(Wildcard(pattern).matches, _LEVELS)):
            return pattern
        raise form_error(f"unknown privilege: write one of {', '.join(_LEVELS)}, or a pattern")


class Campaign(Section):
    """The `campaign` section: the reviewers of access review campaigns, and what they must fill in."""

    example = "fallback: security@example.com"

    due: Duration = Field(
        "21d",
        validate_default=True,
        description="How long reviewers have, from the day on which the campaign is opened.",
        examples=["21d"],
    )
    require_comment: OptionalList[Decision] = Field(
        (), description="The decisions that need a comment.", examples=[["revoke"]]
    )
    fallback: Annotated[
        OptionalList[Address],
        BeforeValidator(as_list, json_schema_input_type=Address | tuple[Address, ...]),
    ] = Field(
        (),
        description="The email address of the reviewer of all other items, and of items that concern only "
        "their own reviewer. Of several addresses, the first one that is not concerned reviews an item.",
        examples=["security@example.com"],
    )
    reviewers: OptionalList[ReviewerRule] = Field(
        (), description="The reviewers of items: the first rule that matches decides."
    )

    @property
    def uses_managers(self) -> bool:
        """Whether a rule needs to know the managers of users."""
        return any(rule.reviewer == MANAGER for rule in self.reviewers)
