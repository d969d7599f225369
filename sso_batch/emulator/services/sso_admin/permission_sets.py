"""Permission sets and their policies."""

from sso_batch.emulator.service import Answer, Call
from sso_batch.emulator.services.sso_admin.api import (
    CREATED,
    PAGED,
    SSO_ADMIN,
    instance,
    instance_of,
    permission_set,
)
from sso_batch.emulator.wire.error_responses import not_found
from sso_batch.emulator.world import PolicyReference


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
