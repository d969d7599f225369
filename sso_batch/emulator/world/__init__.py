"""The data of an emulated AWS: organizations with their users, and the keys and roles that give access.

Only records without behaviour. All ids are in AWS formats.
"""

from sso_batch.emulator.world.records import (
    AccessKey,
    Account,
    AccountInstance,
    AccountState,
    Application,
    Assignment,
    Email,
    Entitlement,
    Group,
    InstanceStatus,
    ManagedPolicy,
    Membership,
    Organization,
    OrganizationalUnit,
    PermissionSet,
    PersonName,
    PolicyReference,
    PrincipalType,
    Provision,
    Role,
    User,
    World,
)

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
    "ManagedPolicy",
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
