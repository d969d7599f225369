"""Deletion of resources from an organization, with what AWS deletes together with them."""

from collections.abc import Collection
from dataclasses import replace

from sso_batch.emulator.world.organization import Organization


def without(organization: Organization, ids: Collection[str]) -> Organization:
    """Return the organization without the resources that have these ids or ARNs; unknown ids change nothing.

    Assignments and entitlements of a deleted user or group stay, as they do in AWS. Accounts and units in a
    deleted unit move to the unit above it. The management account cannot be deleted.
    """
    gone = frozenset(ids) - {organization.management_account_id}
    parents = {one.id: one.parent_id for one in organization.organizational_units}

    def place(parent_id: str) -> str:
        while parent_id in gone and parent_id in parents:
            parent_id = parents[parent_id]
        return parent_id

    return replace(
        organization,
        users=tuple(one for one in organization.users if one.id not in gone),
        groups=tuple(one for one in organization.groups if one.id not in gone),
        memberships=tuple(one for one in organization.memberships if not gone & {one.group_id, one.user_id}),
        organizational_units=tuple(
            replace(one, parent_id=place(one.parent_id))
            for one in organization.organizational_units
            if one.id not in gone
        ),
        accounts=tuple(
            replace(one, parent_id=place(one.parent_id))
            for one in organization.accounts
            if one.id not in gone
        ),
        permission_sets=tuple(one for one in organization.permission_sets if one.arn not in gone),
        assignments=tuple(
            one for one in organization.assignments if not gone & {one.account_id, one.permission_set_arn}
        ),
        provisioned=tuple(
            one for one in organization.provisioned if not gone & {one.account_id, one.permission_set_arn}
        ),
        applications=tuple(
            replace(one, entitlements=tuple(each for each in one.entitlements if each.account_id not in gone))
            for one in organization.applications
            if one.arn not in gone
        ),
    )
