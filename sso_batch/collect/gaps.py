"""The gaps that several answers show together: contradictions, and what cannot be read or verified."""

from collections.abc import Sequence

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.model import (
    GROUP,
    USER,
    ApplicationAssignment,
    Gap,
    GapKind,
    Grant,
    Subject,
)

CONTRADICTION = "ContradictoryAnswers"
UNRELIABLE_DIRECTORY = "UnreliableDirectory"

_REPEAT = "run again; if the gap stays, report the contradiction to AWS Support"
_FAILED = "fix the other gaps first: because of them this deletion could not be verified; then run again"
_DIRECTORY = (
    "check in the IAM Identity Center console whether these principals exist before you delete any of their "
    "assignments; with Active Directory, add them to the directory sync and run again"
)
_UNLISTABLE = (
    "no action is needed: users and groups that have access are read one by one. The directory does not "
    "list the others, as is known from Active Directory"
)

DESCRIBING = {USER: "DescribeUser", GROUP: "DescribeGroup"}
KINDS = {USER: GapKind.USERS, GROUP: GapKind.GROUPS}


def contradiction(failure: AwsFailure, subject: Subject, evidence: str) -> Gap:
    """Return the gap of a call that answers "not found" although `evidence` says that the resource exists."""
    message = f"AWS's answers contradict each other: {failure.operation} does not find it, but {evidence}"
    return Gap.about(subject, failure.operation, CONTRADICTION, message, _REPEAT)


def unverified(failure: AwsFailure, subject: Subject) -> Gap:
    """Return the gap of a call that answers "not found" where a deletion could not be verified."""
    return Gap.about(subject, failure.operation, failure.code, failure.message, failure.hint or _FAILED)


def unlisted_account(account_id: str) -> Gap:
    """Return the gap of an account that has access and that ListAccounts does not list."""
    return Gap(
        GapKind.ACCOUNTS,
        "ListAccounts",
        account_id,
        CONTRADICTION,
        "AWS's answers contradict each other: access is assigned in this account, but ListAccounts does "
        "not list it",
        "if the account has left the organization, remove its assignments and entitlements; otherwise run "
        "again",
    )


def lost_account(account_id: str) -> Gap:
    """Return the gap of an account that is listed but is in no organizational unit."""
    return Gap(
        GapKind.ACCOUNT_PATHS,
        "ListAccountsForParent",
        account_id,
        CONTRADICTION,
        "AWS's answers contradict each other: ListAccounts lists the account, but the organizational "
        "units above it are not found",
        _REPEAT,
    )


def wrong_tree(operation: str, resource: str, ids: Sequence[str]) -> Gap:
    """Return the gap of organizational units that form a cycle, or more levels than AWS allows."""
    cycle = len(set(ids)) < len(ids)
    what = "form a cycle" if cycle else "have more levels than AWS allows"
    return Gap(
        GapKind.ACCOUNT_PATHS,
        operation,
        resource,
        "OrganizationalUnitCycle" if cycle else "OrganizationalUnitsTooDeep",
        f"the organizational units {what}: {' > '.join(ids)}",
        "AWS Organizations has no such tree: check which endpoint or proxy is answering (AWS_ENDPOINT_URL, "
        "HTTPS_PROXY)",
    )


def unreliable_directory(principal_type: str, resource: str, missing: int, total: int) -> Gap:
    """Return the gap of a directory in which most principals that have access are "not found"."""
    operation = DESCRIBING[principal_type]
    message = (
        f"{missing} of {total} principals with access are not found when read one by one: the answers of "
        "this directory do not show whether a principal exists, as is known from Active Directory"
    )
    return Gap(KINDS[principal_type], operation, resource, UNRELIABLE_DIRECTORY, message, _DIRECTORY)


def refused_directory(failure: AwsFailure) -> AwsFailure:
    """Return the failure of a listing of users or groups; those with access are read by id instead."""
    if failure.code != "ValidationException":
        return failure
    return AwsFailure(failure.operation, failure.code, failure.message, hint=_UNLISTABLE)


def unknown_type(assigned: Grant | ApplicationAssignment) -> Gap:
    """Return the gap of an assignment to a principal that is neither a user nor a group."""
    to_account = isinstance(assigned, Grant)
    return Gap(
        GapKind.ASSIGNMENTS if to_account else GapKind.APPLICATIONS,
        "ListAccountAssignments" if to_account else "ListApplicationAssignments",
        assigned.principal.id,
        "UnknownPrincipalType",
        f"AWS names a principal of a type that this version does not know: {assigned.principal.type}",
        "upgrade sso-batch, or report the type if there is no newer version",
    )


def unknown_accounts(application_arn: str) -> Gap:
    """Return the gap of an application whose entitlements can only be listed by account."""
    return Gap(
        GapKind.ENTITLEMENTS,
        "ListEntitlements",
        application_arn,
        "AccountsNotRead",
        "entitlements can only be listed by account, and not every account is known",
        "allow the role the IAM action organizations:ListAccounts",
    )
