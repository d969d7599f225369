"""The table of every AWS operation that sso-batch calls: service, IAM action, rate limit and pages.

Which of them an audit can call depends on its configuration, for IAM policies and the preflight.
"""

import re
from dataclasses import dataclass
from functools import cache

from sso_batch.config import Collect


@dataclass(frozen=True, slots=True)
class Limit:
    """One of AWS's token buckets: `rate` requests a second on average, `burst` of them at once.

    Source: the quota pages of IAM Identity Center, Identity Store and Organizations.
    """

    name: str
    rate: float
    burst: float


SSO_ADMIN = Limit("sso-admin", 20, 20)
"""One bucket for all APIs of an account in a Region; AWS's support can raise it."""

ACCOUNT_ACCESS = Limit("account-access", 10, 10)
"""AWS publishes no limit; this is a moderate rate of our own."""

IAM = Limit("iam", 10, 10)
"""AWS publishes no limit; this is a moderate rate of our own."""

CLOUDTRAIL = Limit("cloudtrail:LookupEvents", 2, 2)
"""For each account and Region. Source: AWS CloudTrail API Reference, "LookupEvents"."""

UNLIMITED = Limit("sts", 1000, 1000)
"""STS, S3 and SNS allow far more calls than a run makes."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One AWS operation. A listing has `items`, the key of its list, and requests `page` items at a time.

    AWS sends the list even if it is empty. With `may_omit_list`, AWS is known to omit it as well: such an
    answer does not prove that the list is empty. `most_pages` is set for a listing that can be longer than
    all others of AWS, `qualified` where another service has an operation of the same name.
    """

    name: str
    service: str
    action: str
    limit: Limit
    items: str = ""
    page: int | None = None
    token_key: str = "NextToken"  # noqa: S105 - the name of a page token
    page_size_key: str = "MaxResults"
    may_omit_list: bool = False
    most_pages: int | None = None
    qualified: bool = False

    @property
    def label(self) -> str:
        """The unique name in manifests, gaps and logs: the IAM action if the name alone is ambiguous."""
        return self.action if self.qualified else self.name

    @property
    def method(self) -> str:
        """The name of the client's method: `list_users` for `ListUsers`."""
        return _method(self.name)


@cache
def _method(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _sso(name: str, items: str = "", *, may_omit_list: bool = False, qualified: bool = False) -> Operation:
    return Operation(
        name,
        "sso-admin",
        f"sso:{name}",
        SSO_ADMIN,
        items,
        100 if items else None,
        may_omit_list=may_omit_list,
        qualified=qualified,
    )


def _identity_store(name: str, items: str = "") -> Operation:
    limit = Limit(f"identitystore:{name}", 20, 20)
    page = 100 if items else None
    return Operation(name, "identitystore", f"identitystore:{name}", limit, items, page)


def _organizations(name: str, limit: Limit, items: str = "") -> Operation:
    return Operation(name, "organizations", f"organizations:{name}", limit, items, 20 if items else None)


def _account_access(name: str, items: str = "") -> Operation:
    return Operation(
        name,
        "account-access",
        f"account-access:{name}",
        ACCOUNT_ACCESS,
        items,
        100 if items else None,
        token_key="nextToken",  # noqa: S106 - likewise
        page_size_key="maxResults",
    )


ASSUME_ROLE = Operation("AssumeRole", "sts", "sts:AssumeRole", UNLIMITED)
GET_CALLER_IDENTITY = Operation("GetCallerIdentity", "sts", "sts:GetCallerIdentity", UNLIMITED)

DESCRIBE_ORGANIZATION = _organizations("DescribeOrganization", Limit("organizations:organization", 1, 2))
LIST_ACCOUNTS = _organizations("ListAccounts", Limit("organizations:accounts", 8, 12), "Accounts")
LIST_ROOTS = _organizations("ListRoots", Limit("organizations:roots", 1, 2), "Roots")
_TREE = Limit("organizations:tree", 5, 8)
LIST_ORGANIZATIONAL_UNITS_FOR_PARENT = _organizations(
    "ListOrganizationalUnitsForParent", _TREE, "OrganizationalUnits"
)
LIST_ACCOUNTS_FOR_PARENT = _organizations("ListAccountsForParent", _TREE, "Accounts")
DESCRIBE_ORGANIZATIONAL_UNIT = _organizations("DescribeOrganizationalUnit", Limit("organizations:unit", 2, 2))

LIST_DELEGATED_ADMINISTRATORS = _organizations(
    "ListDelegatedAdministrators",
    Limit("organizations:delegated", 5, 8),
    "DelegatedAdministrators",
)

LIST_INSTANCES = _sso("ListInstances", "Instances")
LIST_PERMISSION_SETS = _sso("ListPermissionSets", "PermissionSets")
DESCRIBE_PERMISSION_SET = _sso("DescribePermissionSet")
LIST_ACCOUNTS_FOR_PROVISIONED_PERMISSION_SET = _sso("ListAccountsForProvisionedPermissionSet", "AccountIds")
LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT = _sso(
    "ListPermissionSetsProvisionedToAccount", "PermissionSets", may_omit_list=True
)
"""AWS omits the list for an account without permission sets. Source: public reports in
aws-samples/iam-identity-center-team#12 and PeterBengtson/AFT-SSO-account-configuration#1."""
LIST_ACCOUNT_ASSIGNMENTS = _sso("ListAccountAssignments", "AccountAssignments")
LIST_ACCOUNT_ASSIGNMENTS_FOR_PRINCIPAL = _sso("ListAccountAssignmentsForPrincipal", "AccountAssignments")
LIST_MANAGED_POLICIES = _sso("ListManagedPoliciesInPermissionSet", "AttachedManagedPolicies")
LIST_CUSTOMER_MANAGED_POLICIES = _sso(
    "ListCustomerManagedPolicyReferencesInPermissionSet", "CustomerManagedPolicyReferences"
)
GET_INLINE_POLICY = _sso("GetInlinePolicyForPermissionSet")
GET_PERMISSIONS_BOUNDARY = _sso("GetPermissionsBoundaryForPermissionSet")
LIST_PERMISSION_SET_TAGS = Operation(
    "ListTagsForResource", "sso-admin", "sso:ListTagsForResource", SSO_ADMIN, "Tags"
)

LIST_SSO_APPLICATIONS = _sso("ListApplications", "Applications", qualified=True)
"""The applications of Identity Center, not those of account access; an answer has at most 50 of them."""
LIST_APPLICATION_ASSIGNMENTS = _sso("ListApplicationAssignments", "ApplicationAssignments")
GET_APPLICATION_ASSIGNMENT_CONFIGURATION = _sso("GetApplicationAssignmentConfiguration")
OF_ONE_APPLICATION = (LIST_APPLICATION_ASSIGNMENTS, GET_APPLICATION_ASSIGNMENT_CONFIGURATION)
"""Calls to sso-admin that name an application and not the instance."""

GET_POLICY = Operation("GetPolicy", "iam", "iam:GetPolicy", IAM)
GET_POLICY_VERSION = Operation("GetPolicyVersion", "iam", "iam:GetPolicyVersion", IAM)

LOOKUP_EVENTS = Operation(
    "LookupEvents", "cloudtrail", "cloudtrail:LookupEvents", CLOUDTRAIL, "Events", 50, most_pages=1_000_000
)
"""Events of 90 days: with 200,000 users who sign in every day, 360,000 pages; at 2 pages a second, the
deadline ends such a listing long before."""

LIST_USERS = _identity_store("ListUsers", "Users")
LIST_GROUPS = _identity_store("ListGroups", "Groups")
LIST_GROUP_MEMBERSHIPS = _identity_store("ListGroupMemberships", "GroupMemberships")
DESCRIBE_USER = _identity_store("DescribeUser")
DESCRIBE_GROUP = _identity_store("DescribeGroup")

LIST_APPLICATIONS = _account_access("ListApplications", "applications")
GET_APPLICATION = _account_access("GetApplication")
LIST_ENTITLEMENTS = _account_access("ListEntitlements", "entitlements")


def _s3(name: str, action: str, items: str = "") -> Operation:
    return Operation(name, "s3", f"s3:{action}", UNLIMITED, items, token_key="NextContinuationToken")  # noqa: S106 - likewise


PUT_OBJECT = _s3("PutObject", "PutObject")
CREATE_MULTIPART_UPLOAD = _s3("CreateMultipartUpload", "PutObject")
UPLOAD_PART = _s3("UploadPart", "PutObject")
COMPLETE_MULTIPART_UPLOAD = _s3("CompleteMultipartUpload", "PutObject")
ABORT_MULTIPART_UPLOAD = _s3("AbortMultipartUpload", "AbortMultipartUpload")
GET_OBJECT = _s3("GetObject", "GetObject")
HEAD_OBJECT = _s3("HeadObject", "GetObject")
LIST_OBJECTS = _s3("ListObjectsV2", "ListBucket", "Contents")
DELETE_OBJECT = _s3("DeleteObject", "DeleteObject")
PUBLISH = Operation("Publish", "sns", "sns:Publish", UNLIMITED)

TABLE: tuple[Operation, ...] = tuple(value for value in globals().values() if isinstance(value, Operation))
"""Every operation that sso-batch calls."""

_ALWAYS = (
    GET_CALLER_IDENTITY,
    DESCRIBE_ORGANIZATION,
    LIST_ACCOUNTS,
    LIST_INSTANCES,
    LIST_PERMISSION_SETS,
    DESCRIBE_PERMISSION_SET,
    LIST_ACCOUNTS_FOR_PROVISIONED_PERMISSION_SET,
    LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT,
    LIST_ACCOUNT_ASSIGNMENTS,
    LIST_USERS,
    LIST_GROUPS,
    LIST_GROUP_MEMBERSHIPS,
    DESCRIBE_USER,
    DESCRIBE_GROUP,
)
_DETAILS = (
    LIST_MANAGED_POLICIES,
    LIST_CUSTOMER_MANAGED_POLICIES,
    GET_INLINE_POLICY,
    GET_PERMISSIONS_BOUNDARY,
    LIST_PERMISSION_SET_TAGS,
)
_ENTITLEMENTS = (LIST_APPLICATIONS, GET_APPLICATION, LIST_ENTITLEMENTS)
_APPLICATIONS = (LIST_SSO_APPLICATIONS, *OF_ONE_APPLICATION)
_PATHS = (
    LIST_ROOTS,
    LIST_ORGANIZATIONAL_UNITS_FOR_PARENT,
    LIST_ACCOUNTS_FOR_PARENT,
    DESCRIBE_ORGANIZATIONAL_UNIT,
)
_POLICY_DOCUMENTS = (GET_POLICY, GET_POLICY_VERSION, LIST_DELEGATED_ADMINISTRATORS)
_ACTIVITY = (LOOKUP_EVENTS,)
_BY_PRINCIPAL = (LIST_ACCOUNT_ASSIGNMENTS_FOR_PRINCIPAL,)


def required_operations(settings: Collect, *, partition: str) -> tuple[Operation, ...]:
    """Return the operations that an audit with these settings can call in a partition, in a fixed order."""
    return (
        *_ALWAYS,
        *(_BY_PRINCIPAL if settings.strategy == "fastest" else ()),
        *(_DETAILS if settings.permission_set_details else ()),
        *(_ENTITLEMENTS if has_entitlements(settings, partition) else ()),
        *(_APPLICATIONS if settings.applications else ()),
        *(_PATHS if settings.account_paths else ()),
        *(_POLICY_DOCUMENTS if has_policy_documents(settings) else ()),
        *(_ACTIVITY if settings.activity else ()),
    )


def has_policy_documents(settings: Collect) -> bool:
    """Return whether the documents of AWS managed policies are read: only if permission sets name them."""
    return settings.permission_set_details and settings.policy_documents


def has_entitlements(settings: Collect, partition: str) -> bool:
    """Return whether entitlements are collected: AWS offers account access only in its partition `aws`."""
    return settings.entitlements and partition == "aws"
