"""The records that an audit reads, in AWS's own words.

In every record `""` and `()` mean that AWS has no value, and `None` that the value was not read, because
the call failed or the configuration left it out. The two are never mixed up. Dates are
text in UTC, as `2026-11-27T03:15:00Z`.
"""

from sso_batch.model.access import (
    IAM_ROLE,
    OUTDATED,
    PERMISSION_SET,
    Account,
    Application,
    ApplicationAssignment,
    Grant,
    Outdated,
    PermissionSet,
    PolicyDocument,
)
from sso_batch.model.activity import (
    Action,
    AssignmentEvent,
    EventName,
    Lookup,
    MembershipEvent,
    SignIn,
)
from sso_batch.model.gaps import (
    Gap,
    GapKind,
    Subject,
    group_gaps,
)
from sso_batch.model.identity_store import (
    GROUP,
    USER,
    Authored,
    ExternalId,
    Group,
    Member,
    Membership,
    Principal,
    User,
)
from sso_batch.model.snapshot import (
    EndpointOverride,
    Instance,
    ListingStrategy,
    Snapshot,
)

__all__ = [
    "GROUP",
    "IAM_ROLE",
    "OUTDATED",
    "PERMISSION_SET",
    "USER",
    "Account",
    "Action",
    "Application",
    "ApplicationAssignment",
    "AssignmentEvent",
    "Authored",
    "EndpointOverride",
    "EventName",
    "ExternalId",
    "Gap",
    "GapKind",
    "Grant",
    "Group",
    "Instance",
    "ListingStrategy",
    "Lookup",
    "Member",
    "Membership",
    "MembershipEvent",
    "Outdated",
    "PermissionSet",
    "PolicyDocument",
    "Principal",
    "SignIn",
    "Snapshot",
    "Subject",
    "User",
    "group_gaps",
]
