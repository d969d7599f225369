"""The Identity Center service, and the lookup of the resources that a request names."""

from sso_batch.emulator.organization_index import OrganizationIndex
from sso_batch.emulator.request_validation import Choice, Pattern, Structure, WholeNumber
from sso_batch.emulator.service import Call, Service, validation_exception
from sso_batch.emulator.wire.error_responses import invalid, not_found
from sso_batch.emulator.wire.protocols import JsonProtocol
from sso_batch.emulator.world import AccountInstance, PermissionSet

CREATED = 1609459200
PAGED = ("MaxResults", "NextToken")
_INSTANCE = r"arn:aws(-[a-z]{1,5}){0,3}:sso:::instance/(sso)?ins-[a-zA-Z0-9-.]{16}"
_PERMISSION_SET = (
    r"arn:aws(-[a-z]{1,5}){0,3}:sso:::permissionSet/(sso)?ins-[a-zA-Z0-9-.]{16}/ps-[a-zA-Z0-9-./]{16}"
)
_ACCOUNT = Pattern(r"\d{12}")


def _resource(call: Call) -> str:
    request = call.request
    return str(request.get("PermissionSetArn") or request.get("InstanceArn") or "*")


SSO_ADMIN = Service(
    name="sso-admin",
    signing_name="sso",
    action_prefix="sso",
    protocol=JsonProtocol("SWBExternalService"),
    rules={
        "InstanceArn": Pattern(_INSTANCE),
        "PermissionSetArn": Pattern(_PERMISSION_SET),
        "ResourceArn": Pattern(f"{_INSTANCE}|{_PERMISSION_SET}"),
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
