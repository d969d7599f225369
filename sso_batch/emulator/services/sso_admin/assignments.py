"""Provisioned permission sets and account assignments."""

from sso_batch.emulator.organization_index import OrganizationIndex
from sso_batch.emulator.service import Answer, Call
from sso_batch.emulator.services.sso_admin.api import PAGED, SSO_ADMIN, account_id, instance, permission_set
from sso_batch.emulator.wire.error_responses import not_found
from sso_batch.emulator.world import Assignment, Provision


@SSO_ADMIN.operation(
    "ListAccountsForProvisionedPermissionSet",
    "InstanceArn",
    "PermissionSetArn",
    optional=(*PAGED, "ProvisioningStatus"),
)
def list_accounts_for_provisioned_permission_set(call: Call) -> Answer:
    """List the accounts in which a permission set is provisioned."""
    provisioned = instance(call).provisioned_from.get(permission_set(call).arn, [])
    page, more = call.page(_of_status(call, provisioned))
    return {"AccountIds": [provision.account_id for provision in page], **more}


@SSO_ADMIN.operation(
    "ListPermissionSetsProvisionedToAccount",
    "InstanceArn",
    "AccountId",
    optional=(*PAGED, "ProvisioningStatus"),
)
def list_permission_sets_provisioned_to_account(call: Call) -> Answer:
    """List the permission sets that are provisioned in an account."""
    provisioned = instance(call).provisioned_in.get(account_id(call), [])
    page, more = call.page(_of_status(call, provisioned))
    if not page and not more and call.behaviour.bare_lists:
        return {}
    return {"PermissionSets": [provision.permission_set_arn for provision in page], **more}


@SSO_ADMIN.operation("ListAccountAssignments", "InstanceArn", "AccountId", "PermissionSetArn", optional=PAGED)
def list_account_assignments(call: Call) -> Answer:
    """List the assignments of a permission set in an account."""
    pair = account_id(call), permission_set(call).arn
    page, more = call.page(instance(call).assignments.get(pair, []))
    return {"AccountAssignments": [_assignment_members(assignment) for assignment in page], **more}


@SSO_ADMIN.operation(
    "ListAccountAssignmentsForPrincipal",
    "InstanceArn",
    "PrincipalId",
    "PrincipalType",
    optional=(*PAGED, "Filter"),
)
def list_account_assignments_for_principal(call: Call) -> Answer:
    """List the assignments of a principal; those of a user include the assignments of its groups."""
    index = instance(call)
    allowed = call.behaviour.principal_assignments
    management = call.caller.account_id == index.organization.management_account_id
    if allowed == "nobody" or (allowed == "management" and not management):
        call.deny()
    rows = _assignments_of(call, index)
    account_id = call.request.get("Filter", {}).get("AccountId")
    page, more = call.page([row for row in rows if account_id in (None, row.account_id)])
    return {"AccountAssignments": [_assignment_members(assignment) for assignment in page], **more}


def _assignments_of(call: Call, index: OrganizationIndex) -> list[Assignment]:
    kind, principal_id = call.request["PrincipalType"], call.request["PrincipalId"]
    if principal_id not in (index.users if kind == "USER" else index.groups):
        raise not_found(f"{kind} {principal_id} does not exist.")
    rows = list(index.assignments_of.get((kind, principal_id), ()))
    if kind == "USER" and call.behaviour.group_rows:
        for membership in index.groups_of.get(principal_id, ()):
            rows += index.assignments_of.get(("GROUP", membership.group_id), ())
    return rows


def _of_status(call: Call, provisioned: list[Provision]) -> list[Provision]:
    status = call.request.get("ProvisioningStatus")
    if status is None:
        return provisioned
    latest = status == "LATEST_PERMISSION_SET_PROVISIONED"
    return [provision for provision in provisioned if provision.latest == latest]


def _assignment_members(assignment: Assignment) -> dict[str, str]:
    return {
        "AccountId": assignment.account_id,
        "PermissionSetArn": assignment.permission_set_arn,
        "PrincipalType": assignment.principal_type,
        "PrincipalId": assignment.principal_id,
    }
