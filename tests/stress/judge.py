"""The comparison of an audit's reports with the world: what it may and what it must report."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sso_batch.emulator.world import Organization
from tests.stress.trial import Trial
from tests.support.oracle import COLUMNS, Row, expected_rows
from tests.support.reports import UNREAD, Reports, honest, is_about_user, written

Gap = Mapping[str, str]
Reason = tuple[str, str]
"""An operation and a substring of its gap's resource; "" matches any resource."""

_ACCESS_COLUMNS = ("AccountId", "AccessType", "PermissionSetArn", "RoleArn", "PrincipalType", "PrincipalId")
_CAUSES = {
    ("ListEntitlements", "AccountsNotRead"): "ListAccounts",
    ("ListInstances", "InstanceUnknown"): "DescribeOrganization",
    ("ListGroupMemberships", "ResourceNotFoundException"): "DescribeGroup",
    ("ListPermissionSetsProvisionedToAccount", "ListLeftOut"): "ListPermissionSets",
}
"""The failed call that caused a gap, by the operation and code of the gap."""

_DETAIL_OPERATIONS = {
    "ManagedPolicies": "ListManagedPoliciesInPermissionSet",
    "CustomerManagedPolicies": "ListCustomerManagedPolicyReferencesInPermissionSet",
    "InlinePolicy": "GetInlinePolicyForPermissionSet",
    "PermissionsBoundary": "GetPermissionsBoundaryForPermissionSet",
    "PermissionSet": "DescribePermissionSet",
    "SessionDuration": "DescribePermissionSet",
}
_PRIVILEGE_COLUMNS = ("Privilege", "PrivilegeReason", "PrivilegeUnread")
_MEMBERSHIP_COLUMNS = ("PrincipalState", "MemberSince", "MemberAddedBy")
_ACCOUNT_COLUMNS = ("AccountName", "AccountState")


def judge(trial: Trial, reports: Reports) -> list[str]:
    """Return every problem in the reports of a trial."""
    reports.assert_sums()
    problems = (
        [f"exit {reports.ended.code}: {reports.ended.stderr}"] if reports.ended.code not in (0, 4, 5) else []
    )
    for organization in trial.world.organizations:
        problems += [
            f"{organization.name}: {problem}" for problem in _find_problems(trial, organization, reports)
        ]
    if trial.scenario not in {"permanent", "contradicting"} and reports.ended.code != 0:
        problems.append(f"exit {reports.ended.code} with temporary faults only: {reports.manifest}")
    return problems


def _find_problems(trial: Trial, organization: Organization, reports: Reports) -> Iterator[str]:
    result = reports.organization(organization.name)
    gaps: list[Gap] = result["gaps"]
    yield from _find_unexplained_gaps(trial, gaps)
    if (result["status"] == "complete") != (not gaps):
        yield f"{result['status']} with {len(gaps)} gaps"
    if result["status"] == "failed":
        if result["files"] or len(gaps) != 1:
            yield f"failed, but has files or gaps: {result}"
        return
    if not result["files"]:
        yield f"{result['status']}, but has no files: {reports.ended.stderr}"
        return
    yield from _find_wrong_rows(trial, organization, result, reports)


def _find_wrong_rows(
    trial: Trial, organization: Organization, result: Mapping[str, Any], reports: Reports
) -> Iterator[str]:
    gaps: list[Gap] = result["gaps"]
    expected = _expected(trial, organization)
    rows = reports.rows(organization.name)
    if trial.scenario == "deleting":
        yield from _find_wrong_rows_after_deletion(trial, organization, result["not_examined"], rows)
        return
    yield from (f"a wrong row: {row}" for row in rows if not honest(row, expected))
    required = _determinable_rows(trial, _required_rows(organization, expected, result["not_examined"]), rows)
    if result["status"] == "complete":
        yield from (f"a row is missing: {row}" for row in required if row not in rows)
        if len(required) == len(expected) and reports.content(organization.name) != written(expected):
            yield "complete, but the bytes differ from the expected file"
    else:
        for row in required:
            for column, reasons in _missing_values(organization, row, rows):
                if not any(_explains(gap, reasons) for gap in gaps):
                    yield f"{column} of {row} was not read and no gap explains it: {gaps}"


def _expected(trial: Trial, organization: Organization) -> list[Row]:
    return expected_rows(
        replace(trial.world, organizations=(organization,)),
        organization.name,
        details=trial.details,
        entitlements=trial.entitlements,
        account_paths=trial.account_paths,
        policy_documents=trial.policy_documents,
    )


def _find_wrong_rows_after_deletion(
    trial: Trial, organization: Organization, not_examined: Iterable[str], rows: list[Row]
) -> Iterator[str]:
    """Yield rows that were true at no time, and missing rows that were true all the time."""
    before, after = _expected(trial, organization), _expected(trial, trial.later(organization))
    between = [row for state in trial.meanwhile(organization) for row in _expected(trial, state)]
    true = before + between + after
    yield from (f"a row that was true at no time: {row}" for row in rows if row not in true)
    required = [row for row in _required_rows(organization, before, not_examined) if row in after]
    yield from (f"a row is missing: {row}" for row in required if row not in rows)


def _find_unexplained_gaps(trial: Trial, gaps: Iterable[Gap]) -> Iterator[str]:
    """Yield gaps without a fault; with injected time-outs, any call may also time out on a slow machine."""
    if any(fault.kind == "hang" for fault in trial.faults):
        return
    affected = {fault.operation for fault in trial.faults if fault.injected}
    for gap in gaps:
        operation = _CAUSES.get((gap["operation"], gap["code"]), gap["operation"])
        if None not in affected and operation not in affected:
            yield f"a gap without a fault: {gap}"


def _required_rows(organization: Organization, expected: list[Row], not_examined: Iterable[str]) -> list[Row]:
    """Return the rows that an audit must report; a listing by principal omits unlisted principals."""
    if "orphaned assignments" not in not_examined:
        return expected
    listed = {user.id for user in organization.users if user.listed}
    listed |= {group.id for group in organization.groups if group.listed}
    return [row for row in expected if row["PrincipalId"] in listed or row["AccessType"] == "IAM_ROLE"]


def _determinable_rows(trial: Trial, required: list[Row], rows: list[Row]) -> list[Row]:
    """Return the rows that can be determined; an account that is not listed may be named elsewhere."""
    unlisted = {fault.resource for fault in trial.faults if fault.kind == "unlisted"}
    named = {(row["AccountId"], row["AccessType"]) for row in rows}
    return [
        row
        for row in required
        if row["AccountId"] not in unlisted or (row["AccountId"], row["AccessType"]) in named
    ]


def _missing_values(
    organization: Organization, row: Row, rows: list[Row]
) -> Iterator[tuple[str, set[Reason]]]:
    """Yield the columns of a true row that are missing, and the gaps that can explain it."""
    if row in rows:
        return
    similar = [other for other in rows if all(other[column] == row[column] for column in _ACCESS_COLUMNS)]
    if not similar:
        yield "the access", _reasons_for_access(organization, row)
        return
    same_user = [other for other in similar if other["UserId"] == row["UserId"]]
    if not same_user:
        yield "the user", {("ListGroupMemberships", row["PrincipalId"])}
        same_user = [other for other in similar if other["PrincipalState"] in UNREAD]
    for column in COLUMNS:
        if (
            same_user
            and same_user[0][column] != row[column]
            and (same_user[0]["UserId"] == row["UserId"] or not is_about_user(column))
        ):
            yield column, _reasons_for_cell(organization, row, column)


def _reasons_for_access(organization: Organization, row: Row) -> set[Reason]:
    if row["AccessType"] == "IAM_ROLE":
        return {
            ("ListApplications", organization.instance_arn),
            *(("GetApplication", application.arn) for application in organization.applications),
            *(("ListEntitlements", application.arn) for application in organization.applications),
        }
    return {
        ("ListAccountAssignments", f"{row['AccountId']} {row['PermissionSetArn']}"),
        ("ListAccountAssignmentsForPrincipal", row["PrincipalId"]),
        ("ListAccountsForProvisionedPermissionSet", row["PermissionSetArn"]),
        ("ListPermissionSetsProvisionedToAccount", row["AccountId"]),
        ("ListPermissionSets", organization.instance_arn),
        ("ListUsers", organization.identity_store_id),
        ("ListGroups", organization.identity_store_id),
    }


def _reasons_for_cell(organization: Organization, row: Row, column: str) -> set[Reason]:
    if column in _DETAIL_OPERATIONS or column in _PRIVILEGE_COLUMNS:
        return _reasons_for_permission_set(row["PermissionSetArn"], column)
    if column in _ACCOUNT_COLUMNS:
        return {("ListAccounts", "")}
    if column == "AccountPath":
        return {("ListAccounts", ""), *_reasons_for_path(organization, row["AccountId"])}
    if column == "GroupName":
        return {("ListGroups", organization.identity_store_id), ("DescribeGroup", row["PrincipalId"])}
    of_user = {("ListUsers", organization.identity_store_id), ("DescribeUser", row["UserId"])}
    if column in _MEMBERSHIP_COLUMNS and row["PrincipalType"] == "GROUP":
        return of_user | {
            ("ListGroupMemberships", row["PrincipalId"]),
            ("DescribeGroup", row["PrincipalId"]),
            ("ListGroups", organization.identity_store_id),
        }
    return of_user


def _reasons_for_permission_set(arn: str, column: str) -> set[Reason]:
    """Return the calls of a detail or of a privilege; once a document is denied, no other one is read."""
    if column in _DETAIL_OPERATIONS:
        return {(_DETAIL_OPERATIONS[column], arn)}
    if not arn:
        return set()
    return {
        *((operation, arn) for column, operation in _DETAIL_OPERATIONS.items() if "Polic" in column),
        ("GetPermissionsBoundaryForPermissionSet", arn),
        ("GetPolicy", ""),
        ("GetPolicyVersion", ""),
    }


def _reasons_for_path(organization: Organization, account_id: str) -> set[Reason]:
    (parent,) = [account.parent_id for account in organization.accounts if account.id == account_id]
    parents = {unit.id: unit.parent_id for unit in organization.organizational_units}
    reasons = {("ListRoots", "")}
    while True:
        reasons |= {
            (operation, parent)
            for operation in (
                "ListOrganizationalUnitsForParent",
                "ListAccountsForParent",
                "DescribeOrganizationalUnit",
            )
        }
        if parent not in parents:
            return reasons
        parent = parents[parent]


def _explains(gap: Gap, reasons: set[Reason]) -> bool:
    """Return whether the gap is about one of the calls, or about the renewal of its credentials."""
    return any(
        gap["operation"] in {operation, "AssumeRole"} and resource in gap["resource"]
        for operation, resource in reasons
    )
