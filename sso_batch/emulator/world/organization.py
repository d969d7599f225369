"""An organization with its accounts, its organizational units and its IAM Identity Center instance."""

from dataclasses import dataclass
from typing import Literal

from sso_batch.emulator.world.grants import Application, Assignment, PermissionSet, Provision
from sso_batch.emulator.world.principals import Group, Membership, User

InstanceStatus = Literal["CREATE_IN_PROGRESS", "CREATE_FAILED", "DELETE_IN_PROGRESS", "ACTIVE"]
AccountState = Literal["PENDING_ACTIVATION", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED"]


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
    account_instances: tuple[AccountInstance, ...] = ()
    delegated_administrators: tuple[str, ...] = ()
    instance_status: InstanceStatus = "ACTIVE"
