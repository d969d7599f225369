"""The data of an emulated AWS: organizations with their users, and the keys and roles that give access.

Only records without behaviour. All ids are in AWS formats.
"""

from sso_batch.emulator.world.access import AccessKey, Role, World
from sso_batch.emulator.world.grants import (
    Application,
    Assignment,
    Entitlement,
    PermissionSet,
    PolicyReference,
    Provision,
)
from sso_batch.emulator.world.organization import (
    Account,
    AccountInstance,
    AccountState,
    InstanceStatus,
    Organization,
    OrganizationalUnit,
)
from sso_batch.emulator.world.principals import Email, Group, Membership, PersonName, PrincipalType, User

__all__ = [
    "AccessKey",
    "Account",
    "AccountInstance",
    "AccountState",
    "Application",
    "Assignment",
    "Email",
    "Entitlement",
    "Group",
    "InstanceStatus",
    "Membership",
    "Organization",
    "OrganizationalUnit",
    "PermissionSet",
    "PersonName",
    "PolicyReference",
    "PrincipalType",
    "Provision",
    "Role",
    "User",
    "World",
]
