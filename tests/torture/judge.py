"""What an audit may say of a trial's world, and what it has to: held against the world's own records."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sso_batch.demo.world import Organization
from tests.end_to_end.reports import UNREAD, Reports, honest, written
from tests.oracle import COLUMNS, Row, expected_rows
from tests.torture.trial import Trial

Gap = Mapping[str, str]
Reason = tuple[str, str]
"""An operation, and what stands in its gap's resource; "" is any."""

_GRANT = ("AccountId", "AccessType", "PermissionSetArn", "RoleArn", "PrincipalType", "PrincipalId")
_DERIVED = {
    ("ListEntitlements", "AccountsNotRead"): "ListAccounts",
    ("ListInstances", "InstanceUnknown"): "DescribeOrganization",
    ("ListGroupMemberships", "ResourceNotFoundException"): "DescribeGroup",
    ("ListPermissionSetsProvisionedToAccount", "ListLeftOut"): "ListPermissionSets",
}
"""Gaps that follow from another call's failure: that call by theirs and their code."""

_DETAILS = {
    "ManagedPolicies": "ListManagedPoliciesInPermissionSet",
    "CustomerManagedPolicies": "ListCustomerManagedPolicyReferencesInPermissionSet",
    "InlinePolicy": "GetInlinePolicyForPermissionSet",
    "PermissionsBoundary": "GetPermissionsBoundaryForPermissionSet",
    "PermissionSet": "DescribePermissionSet",
    "SessionDuration": "DescribePermissionSet",
}
_OF_ACCOUNTS = ("AccountName", "AccountState")


def judge(trial: Trial, reports: Reports) -> list[str]:
    """Everything that is wrong with what an audit says; nothing where it keeps its promises."""
    reports.assert_sums()
    wrong = (
        [f"exit {reports.ended.code}: {reports.ended.stderr}"] if reports.ended.code not in (0, 4, 5) else []
    )
    for organization in trial.world.organizations:
        wrong += [f"{organization.name}: {one}" for one in _wrong(trial, organization, reports)]
    if trial.mood not in {"breaking", "contradicting"} and reports.ended.code != 0:
        wrong.append(f"only passing troubles, and yet exit {reports.ended.code}: {reports.manifest}")
    return wrong


def _wrong(trial: Trial, organization: Organization, reports: Reports) -> Iterator[str]:
    told = reports.organization(organization.name)
    gaps: list[Gap] = told["gaps"]
    yield from _without_a_cause(trial, gaps)
    if (told["status"] == "complete") != (not gaps):
        yield f"{told['status']} with {len(gaps)} gaps"
    if told["status"] == "failed":
        if told["files"] or len(gaps) != 1:
            yield f"failed, and yet with files or gaps: {told}"
        return
    if not told["files"]:
        yield f"{told['status']}, and yet without files: {reports.ended.stderr}"
        return
    yield from _wrong_rows(trial, organization, told, reports)


def _wrong_rows(
    trial: Trial, organization: Organization, told: Mapping[str, Any], reports: Reports
) -> Iterator[str]:
    gaps: list[Gap] = told["gaps"]
    truth = _truth(trial, organization)
    rows = reports.rows(organization.name)
    if trial.mood == "deleting":
        yield from _wrong_where_deleted(trial, organization, told["not_examined"], rows)
        return
    yield from (f"a row that is not true: {row}" for row in rows if not honest(row, truth))
    wanted = _known(trial, _to_be_seen(organization, truth, told["not_examined"]), rows)
    if told["status"] == "complete":
        yield from (f"a row is missing: {row}" for row in wanted if row not in rows)
        if len(wanted) == len(truth) and reports.content(organization.name) != written(truth):
            yield "complete, and not byte for byte what it should be"
    else:
        for row in wanted:
            for column, reasons in _holes(organization, row, rows):
                if not any(_explains(gap, reasons) for gap in gaps):
                    yield f"{column} of {row} was not read, and no gap says so: {gaps}"


def _truth(trial: Trial, organization: Organization) -> list[Row]:
    return expected_rows(
        replace(trial.world, organizations=(organization,)),
        organization.name,
        details=trial.details,
        entitlements=trial.entitlements,
        account_paths=trial.account_paths,
    )


def _wrong_where_deleted(
    trial: Trial, organization: Organization, not_examined: Iterable[str], rows: list[Row]
) -> Iterator[str]:
    """Each row is true before, between or after the deletions; what is true all the time is there."""
    before, after = _truth(trial, organization), _truth(trial, trial.later(organization))
    between = [row for state in trial.meanwhile(organization) for row in _truth(trial, state)]
    yield from (f"a row that was never true: {row}" for row in rows if row not in before + between + after)
    wanted = [row for row in _to_be_seen(organization, before, not_examined) if row in after]
    yield from (f"a row is missing: {row}" for row in wanted if row not in rows)


def _without_a_cause(trial: Trial, gaps: Iterable[Gap]) -> Iterator[str]:
    """Gaps where nothing was broken; a time-out can also come from a machine that is slow."""
    if any(fault.kind == "hang" for fault in trial.faults):
        return
    struck = {fault.operation for fault in trial.faults if fault.injected}
    for gap in gaps:
        operation = _DERIVED.get((gap["operation"], gap["code"]), gap["operation"])
        if None not in struck and operation not in struck:
            yield f"a gap where nothing was broken: {gap}"


def _to_be_seen(organization: Organization, truth: list[Row], not_examined: Iterable[str]) -> list[Row]:
    """The rows that an audit must have: by principal, none of principals that are not listed."""
    if "orphaned assignments" not in not_examined:
        return truth
    listed = {one.id for one in organization.users if one.listed}
    listed |= {one.id for one in organization.groups if one.listed}
    return [row for row in truth if row["PrincipalId"] in listed or row["AccessType"] == "IAM_ROLE"]


def _known(trial: Trial, wanted: list[Row], rows: list[Row]) -> list[Row]:
    """The rows that can be known: of an account that ListAccounts leaves out, only what else names it."""
    unlisted = {one.resource for one in trial.faults if one.kind == "unlisted"}
    named = {(row["AccountId"], row["AccessType"]) for row in rows}
    return [
        row
        for row in wanted
        if row["AccountId"] not in unlisted or (row["AccountId"], row["AccessType"]) in named
    ]


def _holes(organization: Organization, row: Row, rows: list[Row]) -> Iterator[tuple[str, set[Reason]]]:
    """What an audit does not say of a true row, by column, and which gaps can explain it."""
    if row in rows:
        return
    alike = [one for one in rows if all(one[column] == row[column] for column in _GRANT)]
    if not alike:
        yield "the grant", _reasons_for_grant(organization, row)
        return
    own = [one for one in alike if one["UserId"] == row["UserId"]]
    if not own:
        yield "the user", {("ListGroupMemberships", row["PrincipalId"])}
        own = [one for one in alike if one["PrincipalState"] in UNREAD]
    for column in COLUMNS:
        if (
            own
            and own[0][column] != row[column]
            and (own[0]["UserId"] == row["UserId"] or "User" not in column)
        ):
            yield column, _reasons_for_cell(organization, row, column)


def _reasons_for_grant(organization: Organization, row: Row) -> set[Reason]:
    if row["AccessType"] == "IAM_ROLE":
        return {
            ("ListApplications", organization.instance_arn),
            *(("GetApplication", one.arn) for one in organization.applications),
            *(("ListEntitlements", one.arn) for one in organization.applications),
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
    if column in _DETAILS:
        return {(_DETAILS[column], row["PermissionSetArn"])}
    if column in _OF_ACCOUNTS:
        return {("ListAccounts", "")}
    if column == "AccountPath":
        return {("ListAccounts", ""), *_reasons_for_path(organization, row["AccountId"])}
    if column == "GroupName":
        return {("ListGroups", organization.identity_store_id), ("DescribeGroup", row["PrincipalId"])}
    of_user = {("ListUsers", organization.identity_store_id), ("DescribeUser", row["UserId"])}
    if column == "PrincipalState" and row["PrincipalType"] == "GROUP":
        return of_user | {
            ("ListGroupMemberships", row["PrincipalId"]),
            ("DescribeGroup", row["PrincipalId"]),
            ("ListGroups", organization.identity_store_id),
        }
    return of_user


def _reasons_for_path(organization: Organization, account_id: str) -> set[Reason]:
    (place,) = [one.parent_id for one in organization.accounts if one.id == account_id]
    parents = {one.id: one.parent_id for one in organization.organizational_units}
    reasons = {("ListRoots", "")}
    while True:
        reasons |= {
            (operation, place)
            for operation in (
                "ListOrganizationalUnitsForParent",
                "ListAccountsForParent",
                "DescribeOrganizationalUnit",
            )
        }
        if place not in parents:
            return reasons
        place = parents[place]


def _explains(gap: Gap, reasons: set[Reason]) -> bool:
    """Whether the call failed, or the one that renews the credentials that it needs."""
    return any(
        gap["operation"] in {operation, "AssumeRole"} and place in gap["resource"]
        for operation, place in reasons
    )
