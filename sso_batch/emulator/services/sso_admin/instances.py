"""The Identity Center service, its instances, and the lookup of the resources that a request names."""

from typing import Any

from sso_batch.emulator.organization_index import OrganizationIndex
from sso_batch.emulator.protocols import JsonProtocol, invalid, not_found
from sso_batch.emulator.request_validation import Choice, Pattern, Structure, WholeNumber
from sso_batch.emulator.service import Answer, Call, Service, validation_exception
from sso_batch.emulator.world import AccountInstance, PermissionSet

CREATED = 1609459200
PAGED = ("MaxResults", "NextToken")
_INSTANCE = r"arn:aws(-[a-z]{1,5}){0,3}:sso:::instance/(sso)?ins-[a-zA-Z0-9-.]{16}"
_PERMISSION_SET = (
    r"arn:aws(-[a-z]{1,5}){0,3}:sso:::permissionSet/(sso)?ins-[a-zA-Z0-9-.]{16}/ps-[a-zA-Z0-9-./]{16}"
)
_APPLICATION = (
    r"arn:aws(-[a-z]{1,5}){0,3}:sso::\d{12}:application/(sso)?ins-[a-zA-Z0-9-.]{16}/apl-[a-zA-Z0-9]{16}"
)
_ACCOUNT = Pattern(r"\d{12}")


def _resource(call: Call) -> str:
    request = call.request
    names = ("PermissionSetArn", "ApplicationArn", "InstanceArn")
    return str(next((request[name] for name in names if request.get(name)), "*"))


SSO_ADMIN = Service(
    name="sso-admin",
    signing_name="sso",
    action_prefix="sso",
    protocol=JsonProtocol("SWBExternalService"),
    rules={
        "InstanceArn": Pattern(_INSTANCE),
        "PermissionSetArn": Pattern(_PERMISSION_SET),
        "ResourceArn": Pattern(f"{_INSTANCE}|{_PERMISSION_SET}"),
        "ApplicationArn": Pattern(_APPLICATION),
        "AccountId": _ACCOUNT,
        "PrincipalId": Pattern(r"([0-9a-f]{10}-|)[A-Fa-f0-9]{8}(-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}"),
        "PrincipalType": Choice(("USER", "GROUP")),
        "ProvisioningStatus": Choice(
            ("LATEST_PERMISSION_SET_PROVISIONED", "LATEST_PERMISSION_SET_NOT_PROVISIONED")
        ),
        "RegionScope": Choice(("CURRENT_REGION", "ALL_REGIONS")),
        "Filter": Structure({"AccountId": _ACCOUNT}),
        "MaxResults": WholeNumber(1, 100),
        "NextToken": Pattern(r"[-a-zA-Z0-9+=/_]{0,2048}"),
    },
    invalid=validation_exception,
    resource=_resource,
)


def instance(call: Call, *, primary: bool = True) -> OrganizationIndex:
    """Return the organization of the instance that the call names."""
    return instance_of(call, call.request["InstanceArn"], primary=primary)


def instance_of(call: Call, arn: str, *, primary: bool = True) -> OrganizationIndex:
    """Return the organization of an instance; raise ErrorResponse if the caller or Region has no access.

    `primary` requires the primary Region of the instance.
    """
    index = call.index
    if index and any(
        arn == account_instance.arn and sees(call, account_instance)
        for account_instance in index.organization.account_instances
    ):
        raise invalid("The operation is not supported for this Identity Center instance")
    if index is None or arn != index.organization.instance_arn or call.region not in index.regions:
        raise not_found(f"Instance {arn} does not exist.")
    if call.caller.account_id not in index.administrators:
        call.deny()
    if primary and call.region != index.organization.region:
        raise invalid(f"The operation is supported in the primary Region {index.organization.region} only")
    return index


def sees(call: Call, instance: AccountInstance) -> bool:
    """Return whether the caller owns an account instance or administers its organization."""
    administrators = call.index.administrators if call.index else ()
    return call.caller.account_id in (instance.owner_account_id, *administrators)


def permission_set(call: Call) -> PermissionSet:
    """Return the permission set that the call names."""
    arn = call.request["PermissionSetArn"]
    found = instance(call).permission_sets.get(arn)
    if found is None:
        raise not_found(f"Permission set {arn} does not exist.")
    return found


def account_id(call: Call) -> str:
    """Return the id of the account that the call names; raise ErrorResponse if it does not exist."""
    account = str(call.request["AccountId"])
    if account not in instance(call).accounts:
        raise not_found(f"Account {account} does not exist.")
    return account


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
