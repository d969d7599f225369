"""Instances of IAM Identity Center."""

from typing import Any

from sso_batch.emulator.organization_index import OrganizationIndex
from sso_batch.emulator.service import Answer, Call
from sso_batch.emulator.services.sso_admin.api import CREATED, PAGED, SSO_ADMIN, instance, sees
from sso_batch.emulator.world import AccountInstance


@SSO_ADMIN.operation("ListInstances", optional=(*PAGED, "RegionScope"))
def list_instances(call: Call) -> Answer:
    """List the organization's instance and the account instances that are visible to the caller."""
    found = []
    if call.index:
        everywhere = call.request.get("RegionScope") == "ALL_REGIONS"
        found += [  # first, because AWS does not document the order
            _account_instance_members(account_instance)
            for account_instance in call.index.organization.account_instances
            if sees(call, account_instance) and (everywhere or account_instance.region == call.region)
        ]
        if everywhere or call.region in call.index.regions:
            found.append(_instance_members(call.index))
    instances, more = call.page(found)
    return {"Instances": list(instances), **more}


@SSO_ADMIN.operation("DescribeInstance", "InstanceArn")
def describe_instance(call: Call) -> Answer:
    """Describe one instance."""
    account_instance = _account_instance(call)
    if account_instance:
        return _account_instance_members(account_instance) | {"PermissionSetsEnabled": False}
    return _instance_members(instance(call, primary=False)) | {"PermissionSetsEnabled": True}


def _account_instance(call: Call) -> AccountInstance | None:
    arn = call.request["InstanceArn"]
    return next(
        (
            account_instance
            for account_instance in (call.index.organization.account_instances if call.index else ())
            if (account_instance.arn, account_instance.region) == (arn, call.region)
            and sees(call, account_instance)
        ),
        None,
    )


def _instance_members(index: OrganizationIndex) -> dict[str, Any]:
    organization = index.organization
    return {
        "InstanceArn": organization.instance_arn,
        "IdentityStoreId": organization.identity_store_id,
        "OwnerAccountId": organization.management_account_id,
        "CreatedDate": CREATED,
        "Status": organization.instance_status,
        "PrimaryRegion": organization.region,
        "Regions": [
            {
                "RegionName": region,
                "Status": "ACTIVE",
                "AddedDate": CREATED,
                "IsPrimaryRegion": region == organization.region,
            }
            for region in index.regions
        ],
    }


def _account_instance_members(instance: AccountInstance) -> dict[str, Any]:
    return {
        "InstanceArn": instance.arn,
        "IdentityStoreId": instance.identity_store_id,
        "OwnerAccountId": instance.owner_account_id,
        "CreatedDate": CREATED,
        "Status": instance.status,
        "PrimaryRegion": instance.region,
        "Regions": [
            {"RegionName": instance.region, "Status": "ACTIVE", "AddedDate": CREATED, "IsPrimaryRegion": True}
        ],
    }
