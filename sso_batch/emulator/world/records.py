"""The records of an emulated AWS: organizations, and the keys and roles that give access to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PrincipalType = Literal["USER", "GROUP"]

InstanceStatus = Literal["CREATE_IN_PROGRESS", "CREATE_FAILED", "DELETE_IN_PROGRESS", "ACTIVE"]
ApplicationStatus = Literal["ENABLED", "DISABLED"]
Refusal = Literal["AccessDeniedException", "ValidationException"]
AccountState = Literal["PENDING_ACTIVATION", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED"]


@dataclass(frozen=True, slots=True)
class Email:
    """An email address of a user."""

    value: str
    primary: bool = True


@dataclass(frozen=True, slots=True)
class PersonName:
    """The parts of a user's name; any of them may be missing."""

    formatted: str | None = None
    given: str | None = None
    family: str | None = None


@dataclass(frozen=True, slots=True)
class ExternalId:
    """The id that an identity provider gave to a user or group."""

    issuer: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Authored:
    """When and by whom an object was created and last updated; old objects lack some or all of it.

    Dates are in UTC, as `2026-11-26T15:31:45Z` or with milliseconds.
    """

    created_at: str | None = None
    created_by: str | None = None
    updated_at: str | None = None
    updated_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile(Authored):
    """The optional attributes of a user, and where the user comes from.

    `extensions` is the JSON that AWS returns as the extension `aws:identitystore:enterprise`.
    """

    external_ids: tuple[ExternalId, ...] = ()
    title: str | None = None
    user_type: str | None = None
    extensions: Mapping[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class User(Profile):
    """A user of an identity store. If it is not `listed`, only DescribeUser returns it."""

    id: str
    user_name: str | None = None
    display_name: str | None = None
    name: PersonName | None = None
    emails: tuple[Email, ...] = ()
    status: str | None = "ENABLED"
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Group(Authored):
    """A group of an identity store. If it is not `listed`, only DescribeGroup returns it."""

    id: str
    display_name: str | None = None
    description: str | None = None
    listed: bool = True
    external_ids: tuple[ExternalId, ...] = ()


@dataclass(frozen=True, slots=True)
class Membership(Authored):
    """A membership of a user, who may no longer exist, in a group."""

    group_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class PolicyReference:
    """A reference to a customer managed policy, by its name and path in every account."""

    name: str
    path: str = "/"


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """A permission set; its boundary is the ARN of a managed policy or a reference."""

    arn: str
    name: str
    description: str | None = None
    session_duration: str | None = "PT1H"
    managed_policies: tuple[str, ...] = ()
    customer_managed_policies: tuple[PolicyReference, ...] = ()
    inline_policy: str | None = None
    permissions_boundary: str | PolicyReference | None = None
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """An assignment of a permission set in an account to a principal, which may no longer exist."""

    account_id: str
    permission_set_arn: str
    principal_type: PrincipalType
    principal_id: str


@dataclass(frozen=True, slots=True)
class Provision:
    """A permission set provisioned in an account; not `latest` if the permission set changed since."""

    account_id: str
    permission_set_arn: str
    latest: bool = True


@dataclass(frozen=True, slots=True)
class Entitlement:
    """An entitlement of a principal to assume an IAM role."""

    id: str
    principal_type: PrincipalType
    principal_id: str
    role_arn: str

    @property
    def account_id(self) -> str:
        """The account of the role."""
        return self.role_arn.split(":")[4]


@dataclass(frozen=True, slots=True)
class Application:
    """An account-access application, owned by the account that its ARN names."""

    arn: str
    instance_arn: str
    entitlements: tuple[Entitlement, ...] = ()
    status: str = "ACTIVE"
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def region(self) -> str:
        """The Region in which the application is listed."""
        return self.arn.split(":")[3]

    @property
    def account_id(self) -> str:
        """The account that owns the application."""
        return self.arn.split(":")[4]


@dataclass(frozen=True, slots=True)
class SsoApplication:
    """An application of IAM Identity Center, with the users and groups that are assigned to it.

    With `refusal`, the application has no assignment configuration that can be read: the call fails with this
    code, as for some AWS managed applications.
    """

    arn: str
    name: str | None
    provider_arn: str
    status: ApplicationStatus = "ENABLED"
    assignment_required: bool = True
    assignments: tuple[tuple[PrincipalType, str], ...] = ()
    refusal: Refusal | None = None

    @property
    def account_id(self) -> str:
        """The account that owns the application."""
        return self.arn.split(":")[4]


@dataclass(frozen=True, slots=True)
class OrganizationalUnit:
    """An organizational unit; `parent_id` is the id of the root or of another unit."""

    id: str
    name: str
    parent_id: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account; `parent_id` is the id of the root or of a unit."""

    id: str
    name: str
    email: str
    parent_id: str
    state: AccountState = "ACTIVE"
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AccountInstance:
    """An account instance of Identity Center, created by a member account, without permission sets.

    If the management account owns it, it is a second instance of the organization.
    """

    arn: str
    identity_store_id: str
    owner_account_id: str
    region: str
    status: InstanceStatus = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Event:
    """A management event in the CloudTrail history of one account in one Region.

    `at` is in seconds since 1970. `detail` contains the members of the event's JSON that depend on the event,
    such as `userIdentity`; text is sent as it is, even if it is not JSON.
    """

    name: str
    source: str
    at: int
    account_id: str
    region: str
    detail: Mapping[str, Any] | str = field(hash=False)


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization with its instance of IAM Identity Center, owned by the management account.

    `region` is the primary Region of the instance, the only one where permission sets can be read.
    """

    name: str
    id: str
    management_account_id: str
    root_id: str
    instance_arn: str
    identity_store_id: str
    region: str
    partition: str = "aws"
    replica_regions: tuple[str, ...] = ()
    root_name: str = "Root"
    organizational_units: tuple[OrganizationalUnit, ...] = ()
    accounts: tuple[Account, ...] = ()
    users: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()
    memberships: tuple[Membership, ...] = ()
    permission_sets: tuple[PermissionSet, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    provisioned: tuple[Provision, ...] = ()
    applications: tuple[Application, ...] = ()
    sso_applications: tuple[SsoApplication, ...] = ()
    account_instances: tuple[AccountInstance, ...] = ()
    delegated_administrators: tuple[str, ...] = ()
    instance_status: InstanceStatus = "ACTIVE"
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role: the ARNs or account ids that it trusts, its external id, and its permissions.

    `denied` contains IAM actions such as `sso:ListAccountAssignments` or `sso:*`. If `allowed` is given, all
    other actions are denied.
    """

    arn: str
    trusted: tuple[str, ...]
    external_id: str | None = None
    denied: tuple[str, ...] = ()
    max_session_seconds: int = 3600
    allowed: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A user's long-lived key, for the environment or, with a name, for that profile.

    The key is unknown in `disabled_regions`: Regions that are not enabled, or of another partition.
    """

    id: str
    secret: str
    user_arn: str
    profile: str | None = None
    denied: tuple[str, ...] = ()
    disabled_regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """An AWS managed policy in its default version; `document` is text, which may be malformed."""

    document: str
    version_id: str = "v1"
    created_at: str = "2015-02-06T18:39:46Z"


@dataclass(frozen=True, slots=True)
class World:
    """The data that an emulator serves. The first key is the hub's, which clients start with.

    `managed_policies` adds AWS managed policies to those of `managed_policies.json` or replaces them, by name
    with path, as `job-function/Billing`. A policy that is None does not exist.
    """

    organizations: tuple[Organization, ...]
    access_keys: tuple[AccessKey, ...]
    roles: tuple[Role, ...] = ()
    managed_policies: Mapping[str, ManagedPolicy | None] = field(default_factory=dict, hash=False)

    def organization(self, name: str) -> Organization:
        """Return the organization with this name."""
        return next(organization for organization in self.organizations if organization.name == name)
