"""Instances of IAM Identity Center."""

from typing import Any

from sso_batch.emulator.directory import Directory
from sso_batch.emulator.service import Answer, Call
from sso_batch.emulator.services.sso_admin.api import CREATED, PAGED, SSO_ADMIN, instance, sees
from sso_batch.emulator.world import AccountInstance


@SSO_ADMIN.operation("ListInstances", optional=(*PAGED, "RegionScope"))
def list_instances(call: Call) -> Answer:
    """List the organization's instance, and the account instances that the caller can see."""
    found = []
    if call.directory:
        everywhere = call.request.get("RegionScope") == "ALL_REGIONS"
        found += [  # first, since nothing is said of the order
            _account_instance_members(one)
            for one in call.directory.organization.account_instances
            if sees(call, one) and (everywhere or one.region == call.region)
        ]
        if everywhere or call.region in call.directory.regions:
            found.append(_instance_members(call.directory))
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
            one
            for one in (call.directory.organization.account_instances if call.directory else ())
            if (one.arn, one.region) == (arn, call.region) and sees(call, one)
        ),
        None,
    )


def _instance_members(directory: Directory) -> dict[str, Any]:
    organization = directory.organization
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
            for region in directory.regions
        ],
    }


def _account_instance_members(one: AccountInstance) -> dict[str, Any]:
    return {
        "InstanceArn": one.arn,
        "IdentityStoreId": one.identity_store_id,
        "OwnerAccountId": one.owner_account_id,
        "CreatedDate": CREATED,
        "Status": one.status,
        "PrimaryRegion": one.region,
        "Regions": [
            {"RegionName": one.region, "Status": "ACTIVE", "AddedDate": CREATED, "IsPrimaryRegion": True}
        ],
    }
