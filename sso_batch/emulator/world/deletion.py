"""The deletion of resources from an organization, with the dependent resources that AWS deletes."""

from collections.abc import Collection
from dataclasses import replace

from sso_batch.emulator.world.records import Organization


def without(organization: Organization, ids: Collection[str]) -> Organization:
    """Return the organization without the resources that have these ids or ARNs; unknown ids change nothing.

    Assignments and entitlements of a deleted user or group stay, as they do in AWS, and so do assignments to
    applications. Accounts and units in a
    deleted unit move to the unit above it. The management account cannot be deleted.
    """
    gone = frozenset(ids) - {organization.management_account_id}
    parents = {unit.id: unit.parent_id for unit in organization.organizational_units}

    def remaining_parent(parent_id: str) -> str:
        while parent_id in gone and parent_id in parents:
            parent_id = parents[parent_id]
        return parent_id

    return replace(
        organization,
        users=tuple(user for user in organization.users if user.id not in gone),
        groups=tuple(group for group in organization.groups if group.id not in gone),
        memberships=tuple(
            membership
            for membership in organization.memberships
            if not gone & {membership.group_id, membership.user_id}
        ),
        organizational_units=tuple(
            replace(unit, parent_id=remaining_parent(unit.parent_id))
            for unit in organization.organizational_units
            if unit.id not in gone
        ),
        accounts=tuple(
            replace(account, parent_id=remaining_parent(account.parent_id))
            for account in organization.accounts
            if account.id not in gone
        ),
        permission_sets=tuple(
            permission_set
            for permission_set in organization.permission_sets
            if permission_set.arn not in gone
        ),
        assignments=tuple(
            assignment
            for assignment in organization.assignments
            if not gone & {assignment.account_id, assignment.permission_set_arn}
        ),
        provisioned=tuple(
            provision
            for provision in organization.provisioned
            if not gone & {provision.account_id, provision.permission_set_arn}
        ),
        applications=tuple(
            replace(
                application,
                entitlements=tuple(
                    entitlement
                    for entitlement in application.entitlements
                    if entitlement.account_id not in gone
                ),
            )
            for application in organization.applications
            if application.arn not in gone
        ),
        sso_applications=tuple(
            application for application in organization.sso_applications if application.arn not in gone
        ),
    )
