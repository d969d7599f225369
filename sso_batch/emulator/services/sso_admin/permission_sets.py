"""Permission sets and their policies, where they are provisioned, and account assignments."""

from sso_batch.emulator.organization_index import OrganizationIndex
from sso_batch.emulator.protocols import not_found
from sso_batch.emulator.service import Answer, Call
from sso_batch.emulator.services.sso_admin.instances import (
    CREATED,
    PAGED,
    SSO_ADMIN,
    account_id,
    instance,
    instance_of,
    permission_set,
)
from sso_batch.emulator.world import Assignment, PolicyReference, Provision


@SSO_ADMIN.operation("ListPermissionSets", "InstanceArn", optional=PAGED)
def list_permission_sets(call: Call) -> Answer:
    """List the ARNs of all permission sets."""
    permission_sets, more = call.page(instance(call).organization.permission_sets)
    return {"PermissionSets": [item.arn for item in permission_sets], **more}


@SSO_ADMIN.operation("DescribePermissionSet", "InstanceArn", "PermissionSetArn")
def describe_permission_set(call: Call) -> Answer:
    """Describe one permission set."""
    found = permission_set(call)
    members = {
        "Name": found.name,
        "PermissionSetArn": found.arn,
        "Description": found.description,
        "CreatedDate": CREATED,
        "SessionDuration": found.session_duration,
    }
    return {"PermissionSet": {name: value for name, value in members.items() if value is not None}}


@SSO_ADMIN.operation("ListManagedPoliciesInPermissionSet", "InstanceArn", "PermissionSetArn", optional=PAGED)
def list_managed_policies_in_permission_set(call: Call) -> Answer:
    """List the AWS managed policies of a permission set."""
    page, more = call.page(permission_set(call).managed_policies)
    return {
        "AttachedManagedPolicies": [{"Name": arn.rpartition("/")[2], "Arn": arn} for arn in page],
        **more,
    }


@SSO_ADMIN.operation(
    "ListCustomerManagedPolicyReferencesInPermissionSet", "InstanceArn", "PermissionSetArn", optional=PAGED
)
def list_customer_managed_policy_references_in_permission_set(call: Call) -> Answer:
    """List the customer managed policies of a permission set."""
    page, more = call.page(permission_set(call).customer_managed_policies)
    return {"CustomerManagedPolicyReferences": [_reference_members(reference) for reference in page], **more}


@SSO_ADMIN.operation("GetInlinePolicyForPermissionSet", "InstanceArn", "PermissionSetArn")
def get_inline_policy_for_permission_set(call: Call) -> Answer:
    """Return the inline policy of a permission set; without one, no member or an empty string."""
    policy = permission_set(call).inline_policy
    if policy is None and not call.behaviour.empty_inline_policy:
        return {}
    return {"InlinePolicy": policy or ""}


@SSO_ADMIN.operation("GetPermissionsBoundaryForPermissionSet", "InstanceArn", "PermissionSetArn")
def get_permissions_boundary_for_permission_set(call: Call) -> Answer:
    """Return the permissions boundary; raise ErrorResponse if there is none, as AWS does."""
    match permission_set(call).permissions_boundary:
        case None:
            raise not_found("Permissions boundary for the permission set does not exist.")
        case PolicyReference() as reference:
            return {"PermissionsBoundary": {"CustomerManagedPolicyReference": _reference_members(reference)}}
        case arn:
            return {"PermissionsBoundary": {"ManagedPolicyArn": arn}}


@SSO_ADMIN.operation("ListTagsForResource", "ResourceArn", optional=("InstanceArn", "NextToken"))
def list_tags_for_resource(call: Call) -> Answer:
    """List the tags of a permission set; an instance has none."""
    arn = call.request["ResourceArn"]
    index = instance_of(call, arn.replace(":permissionSet/", ":instance/").partition("/ps-")[0])
    found = index.permission_sets.get(arn)
    if found is None and arn != index.organization.instance_arn:
        raise not_found(f"Resource {arn} does not exist.")
    tags, more = call.page(found.tags if found else ())
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags], **more}


def _reference_members(reference: PolicyReference) -> dict[str, str]:
    return {"Name": reference.name, "Path": reference.path}


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
    behaviour = call.behaviour
    if kind == "USER" and behaviour.group_rows and principal_id not in behaviour.without_group_rows:
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
