"""The records that an audit reads, in AWS's own words.

In every record `""` and `()` mean that AWS has no value, and `None` that the value was not read, because
the call failed or the configuration left it out. The two are never mixed up.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sso_batch.coverage import NotExamined, Omission

USER = "USER"
GROUP = "GROUP"

PERMISSION_SET = "PERMISSION_SET"
IAM_ROLE = "IAM_ROLE"

_OVERRIDE = re.compile(r"([^=]+)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Instance:
    """The IAM Identity Center instance of one organization, and the identity that called it."""

    arn: str
    identity_store_id: str
    region: str
    organization_id: str | None
    management_account_id: str | None
    caller_arn: str


@dataclass(frozen=True, slots=True)
class User:
    """A user of the identity store; `login` is AWS's UserName, `name` the full name."""

    id: str
    login: str
    name: str
    email: str
    status: str


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the identity store."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Membership:
    """All members of one group, sorted; a group without a Membership was not read."""

    group_id: str
    user_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class Principal:
    """The principal of an assignment: a user or a group, by id."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the organization; `path` consists of OU names, such as `Root/Prod`."""

    id: str
    name: str
    state: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """A permission set; customer managed policies are path and name, tags are `key=value`."""

    arn: str
    name: str | None = None
    description: str | None = None
    session_duration: str | None = None
    managed_policies: tuple[str, ...] | None = None
    customer_managed_policies: tuple[str, ...] | None = None
    inline_policy: str | None = None
    permissions_boundary: str | None = None
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """The document of an AWS managed policy, in JSON, in the version that is in force."""

    arn: str
    version_id: str
    document: str


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One account assignment (`permission_set_arn`) or account-access entitlement (`role_arn`).

    The order of the fields is the order of the report's rows.
    """

    account_id: str
    access_type: str
    permission_set_arn: str
    role_arn: str
    principal: Principal


OUTDATED = "LATEST_PERMISSION_SET_NOT_PROVISIONED"
"""AWS's ProvisioningStatus of a permission set that has changed since it was provisioned in an account."""


@dataclass(frozen=True, slots=True, order=True)
class Outdated:
    """An account in which a permission set is provisioned in an outdated version."""

    account_id: str
    permission_set_arn: str


class GapKind(StrEnum):
    """What a gap is about. Snapshots, manifests and checks use the kind and never the names of calls."""

    ORGANIZATION = "organization"
    """The organization as a whole: nothing of it was read."""
    ORGANIZATION_DETAILS = "organization_details"
    """The organization's id and its management account."""
    USERS = "users"
    GROUPS = "groups"
    MEMBERS = "members"
    ACCOUNTS = "accounts"
    ACCOUNT_PATHS = "account_paths"
    PERMISSION_SETS = "permission_sets"
    """Which permission sets there are."""
    PERMISSION_SET_DETAILS = "permission_set_details"
    POLICY_DOCUMENTS = "policy_documents"
    """What AWS managed policies allow."""
    DELEGATED_ADMINISTRATORS = "delegated_administrators"
    """Which member accounts administer Identity Center."""
    PROVISIONING = "provisioning"
    """Which permission sets are provisioned in which accounts, and so which assignments to ask for."""
    ASSIGNMENTS = "assignments"
    ENTITLEMENTS = "entitlements"
    OUTDATED_PROVISIONING = "outdated_provisioning"
    OUTPUT = "output"
    """Files that could not be written."""
    MERGE = "merge"
    """Merged files, or what a merge needs of the shards."""
    BUG = "bug"
    """An unexpected error in sso-batch itself."""

    @property
    def hides_access(self) -> bool:
        """Whether assignments or entitlements can be missing because of such a gap."""
        match self:
            case (
                GapKind.ORGANIZATION
                | GapKind.PERMISSION_SETS
                | GapKind.PROVISIONING
                | GapKind.ASSIGNMENTS
                | GapKind.ENTITLEMENTS
                | GapKind.OUTPUT
                | GapKind.MERGE
                | GapKind.BUG
            ):
                return True
            case (
                GapKind.ORGANIZATION_DETAILS
                | GapKind.USERS
                | GapKind.GROUPS
                | GapKind.MEMBERS
                | GapKind.ACCOUNTS
                | GapKind.ACCOUNT_PATHS
                | GapKind.PERMISSION_SET_DETAILS
                | GapKind.POLICY_DOCUMENTS
                | GapKind.DELEGATED_ADMINISTRATORS
                | GapKind.OUTDATED_PROVISIONING
            ):
                return False


@dataclass(frozen=True, slots=True)
class Subject:
    """What a call is about: what becomes a gap, of which resource, if the call fails.

    `permission_set_arn` is set where the call is about one permission set.
    """

    kind: GapKind
    resource: str
    permission_set_arn: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """What could not be read: its kind, the call, the resource, the reason, and what to do about it.

    `permission_set_arn` is empty where the gap is not about one permission set.
    """

    kind: GapKind
    operation: str
    resource: str
    code: str
    message: str
    hint: str
    permission_set_arn: str = ""

    @classmethod
    def about(cls, subject: Subject, operation: str, code: str, message: str, hint: str) -> "Gap":
        """Return the gap of a call about a subject."""
        return cls(subject.kind, operation, subject.resource, code, message, hint, subject.permission_set_arn)


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
    are the member accounts that administer Identity Center; None if they were not read.
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

    @property
    def complete(self) -> bool:
        """Whether everything that was requested was read."""
        return not self.gaps

    def omits(self, omission: Omission) -> bool:
        """Return whether the collection left something out."""
        return NotExamined.by_collection(omission) in self.not_examined
