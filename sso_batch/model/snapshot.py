"""Everything that was read of one organization."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sso_batch.coverage import NotExamined, Omission
from sso_batch.model.access import (
    Account,
    Application,
    ApplicationAssignment,
    Grant,
    Outdated,
    PermissionSet,
    PolicyDocument,
)
from sso_batch.model.activity import AssignmentEvent, Lookup, MembershipEvent, SignIn
from sso_batch.model.gaps import Gap
from sso_batch.model.identity_store import Group, Membership, Principal, User

_OVERRIDE = re.compile(r"([^=]+)=(.*)", re.DOTALL)


class ListingStrategy(StrEnum):
    """How assignments are listed. The setting `strategy: fastest` chooses during the run.

    Neither strategy by principal shows assignments of principals that are deleted or not listed.
    """

    BY_PAIR = "by_pair"
    """For each provisioned pair of account and permission set: shows every assignment."""

    BY_PRINCIPAL = "by_principal"
    """For each user and group."""

    BY_USER = "by_user"
    """For each user, and each group that no answer for a member covers: AWS's answers for users were seen to
    hold the assignments of their groups."""


@dataclass(frozen=True, slots=True)
class Instance:
    """The IAM Identity Center instance of one organization, and the identity that called it.

    `replica_regions` are its other Regions, where users can sign in as well.
    """

    arn: str
    identity_store_id: str
    region: str
    organization_id: str | None
    management_account_id: str | None
    caller_arn: str
    replica_regions: tuple[str, ...] = ()

    @property
    def caller_account_id(self) -> str:
        """The account of the caller; empty if the ARN names none."""
        return "".join(self.caller_arn.split(":")[4:5])


@dataclass(frozen=True, slots=True, order=True)
class EndpointOverride:
    """A service whose answers did not come from AWS, and the URL of its endpoint: scheme and host only."""

    service: str
    url: str

    @classmethod
    def parse(cls, text: str) -> "EndpointOverride":
        """Return the record of `service=URL`; raise ValueError if the text has no such form."""
        found = _OVERRIDE.fullmatch(text)
        if found is None:
            raise ValueError("an endpoint override without a service")
        return cls(found[1], found[2])

    def __str__(self) -> str:
        return f"{self.service}={self.url}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that was read of one organization.

    `missing` holds the principals that do not exist according to AWS. A principal that is neither known nor
    missing was not read. `accounts_complete` is set if every account of the organization is known.
    `config_sha256` identifies the configuration that decided what was read: snapshots with the same one are
    interchangeable. `outdated` is None if outdated provisioning was not listed. `delegated_administrators`
    are the member accounts that administer Identity Center; None if they were not read. `people` names the
    attributes of users that were read. `applications` is None if applications were not listed, `lookups` if
    activity was not looked up. `listing` is None in snapshots of versions that did not record it.
    """

    organization: str
    instance: Instance
    started_at: datetime
    finished_at: datetime
    strategy: str
    users: tuple[User, ...]
    groups: tuple[Group, ...]
    memberships: tuple[Membership, ...]
    missing: tuple[Principal, ...]
    accounts: tuple[Account, ...]
    accounts_complete: bool
    permission_sets: tuple[PermissionSet, ...]
    grants: tuple[Grant, ...]
    not_examined: tuple[NotExamined, ...]
    gaps: tuple[Gap, ...]
    endpoint_overrides: tuple[EndpointOverride, ...] = ()
    config_sha256: str = ""
    outdated: tuple[Outdated, ...] | None = None
    policy_documents: tuple[PolicyDocument, ...] = ()
    delegated_administrators: tuple[str, ...] | None = None
    people: tuple[str, ...] = ()
    applications: tuple[Application, ...] | None = None
    application_assignments: tuple[ApplicationAssignment, ...] = ()
    lookups: tuple[Lookup, ...] | None = None
    assignment_events: tuple[AssignmentEvent, ...] = ()
    membership_events: tuple[MembershipEvent, ...] = ()
    sign_ins: tuple[SignIn, ...] = ()
    listing: ListingStrategy | None = None

    @property
    def complete(self) -> bool:
        """Whether everything that was requested was read."""
        return not self.gaps

    def omits(self, omission: Omission) -> bool:
        """Return whether the collection left something out."""
        return NotExamined.by_collection(omission) in self.not_examined
