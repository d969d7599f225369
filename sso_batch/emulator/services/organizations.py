"""AWS Organizations: the accounts and the tree of organizational units."""

from typing import Any

from sso_batch.emulator.organization_index import OrganizationIndex
from sso_batch.emulator.protocols import ErrorResponse, JsonProtocol
from sso_batch.emulator.request_validation import Pattern, Violation, WholeNumber
from sso_batch.emulator.service import Answer, Call, Service
from sso_batch.emulator.world import Account, OrganizationalUnit

_ROOT = r"r-[0-9a-z]{4,32}"
_UNIT = r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}"
_SERVICE_PRINCIPAL = "sso.amazonaws.com"
_JOINED = 1577836800
_DELEGATED = 1609459200
_PAGED = ("MaxResults", "NextToken")
# The deprecated Status has no values for these states.
_OLDER_STATUS = {"CLOSED": "SUSPENDED", "PENDING_ACTIVATION": "ACTIVE"}


def _invalid_input(violation: Violation) -> ErrorResponse:
    return ErrorResponse(
        "InvalidInputException",
        f"You specified an invalid value for {violation.member}. {violation.constraint}",
        Reason=violation.reason,
    )


ORGANIZATIONS = Service(
    name="organizations",
    signing_name="organizations",
    action_prefix="organizations",
    protocol=JsonProtocol("AWSOrganizationsV20161128"),
    rules={
        "ParentId": Pattern(f"{_ROOT}|{_UNIT}"),
        "ChildId": Pattern(rf"\d{{12}}|{_UNIT}"),
        "OrganizationalUnitId": Pattern(_UNIT),
        "ResourceId": Pattern(rf"\d{{12}}|{_ROOT}|{_UNIT}"),
        "ServicePrincipal": Pattern(r"[\w+=,.@-]{1,128}"),
        "MaxResults": WholeNumber(1, 20),
        "NextToken": Pattern(r"[\s\S]{1,100000}"),
    },
    invalid=_invalid_input,
    resource=lambda _: "*",
    throttled="TooManyRequestsException",
    internal="ServiceException",
    max_page_size=20,
)


@ORGANIZATIONS.operation("DescribeOrganization")
def describe_organization(call: Call) -> Answer:
    """Describe the organization to any of its accounts."""
    organization = _member_of(call).organization
    master = organization.management_account_id
    account = _member_of(call).accounts[master]
    return {
        "Organization": {
            "Id": organization.id,
            "Arn": _arn(call, "organization"),
            "FeatureSet": "ALL",
            "MasterAccountArn": _arn(call, "account", master),
            "MasterAccountId": master,
            "MasterAccountEmail": account.email,
            "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        }
    }


@ORGANIZATIONS.operation("ListAccounts", optional=_PAGED)
def list_accounts(call: Call) -> Answer:
    """List all accounts."""
    accounts, more = call.page(_administered(call).organization.accounts)
    return {"Accounts": [_account(call, account) for account in accounts], **more}


@ORGANIZATIONS.operation("ListAccountsForParent", "ParentId", optional=_PAGED)
def list_accounts_for_parent(call: Call) -> Answer:
    """List the accounts directly under a root or unit."""
    accounts, more = call.page(_administered(call).accounts_under.get(_parent(call), ()))
    return {"Accounts": [_account(call, account) for account in accounts], **more}


@ORGANIZATIONS.operation("ListRoots", optional=_PAGED)
def list_roots(call: Call) -> Answer:
    """List the root."""
    organization = _administered(call).organization
    roots, more = call.page((organization.root_id,))
    return {
        "Roots": [
            {"Id": root, "Arn": _arn(call, "root", root), "Name": organization.root_name, "PolicyTypes": []}
            for root in roots
        ],
        **more,
    }


@ORGANIZATIONS.operation("ListOrganizationalUnitsForParent", "ParentId", optional=_PAGED)
def list_organizational_units_for_parent(call: Call) -> Answer:
    """List the units directly under a root or unit."""
    units, more = call.page(_administered(call).units_under.get(_parent(call), ()))
    return {"OrganizationalUnits": [_unit(call, unit) for unit in units], **more}


@ORGANIZATIONS.operation("DescribeOrganizationalUnit", "OrganizationalUnitId")
def describe_organizational_unit(call: Call) -> Answer:
    """Describe one unit."""
    unit = _administered(call).units.get(call.request["OrganizationalUnitId"])
    if unit is None:
        raise ErrorResponse(
            "OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist."
        )
    return {"OrganizationalUnit": _unit(call, unit)}


@ORGANIZATIONS.operation("ListParents", "ChildId", optional=_PAGED)
def list_parents(call: Call) -> Answer:
    """List the parent of an account or unit."""
    index, child_id = _administered(call), call.request["ChildId"]
    child = index.accounts.get(child_id) or index.units.get(child_id)
    if child is None:
        raise ErrorResponse("ChildNotFoundException", "You specified a child that doesn't exist.")
    kind = "ROOT" if child.parent_id == index.organization.root_id else "ORGANIZATIONAL_UNIT"
    parents, more = call.page((child.parent_id,))
    return {"Parents": [{"Id": parent, "Type": kind} for parent in parents], **more}


@ORGANIZATIONS.operation("ListTagsForResource", "ResourceId", optional=("NextToken",))
def list_tags_for_resource(call: Call) -> Answer:
    """List the tags of an account; roots and units have none."""
    index, resource = _administered(call), call.request["ResourceId"]
    account = index.accounts.get(resource)
    if not (account or resource in index.units or resource == index.organization.root_id):
        raise ErrorResponse("TargetNotFoundException", "You specified a target that doesn't exist.")
    tags, more = call.page(account.tags if account else ())
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags], **more}


@ORGANIZATIONS.operation("ListDelegatedAdministrators", optional=("ServicePrincipal", *_PAGED))
def list_delegated_administrators(call: Call) -> Answer:
    """List the accounts to which Identity Center is delegated; no other service is."""
    index, principal = _administered(call), call.request.get("ServicePrincipal", _SERVICE_PRINCIPAL)
    if principal != _SERVICE_PRINCIPAL:
        raise _invalid_input(
            Violation("ServicePrincipal", "The service is unknown", "UNRECOGNIZED_SERVICE_PRINCIPAL")
        )
    delegated = index.organization.delegated_administrators
    administrators, more = call.page([index.accounts[id_] for id_ in delegated if id_ in index.accounts])
    return {
        "DelegatedAdministrators": [_administrator(call, account) for account in administrators],
        **more,
    }


def _member_of(call: Call) -> OrganizationIndex:
    if call.index is None:
        raise ErrorResponse(
            "AWSOrganizationsNotInUseException", "Your account is not a member of an organization."
        )
    return call.index


def _administered(call: Call) -> OrganizationIndex:
    index = _member_of(call)
    if call.caller.account_id not in index.administrators:
        raise ErrorResponse("AccessDeniedException", "You don't have permissions to access this resource.")
    return index


def _parent(call: Call) -> str:
    index, parent_id = _administered(call), str(call.request["ParentId"])
    if parent_id != index.organization.root_id and parent_id not in index.units:
        raise ErrorResponse("ParentNotFoundException", "You specified a parent that doesn't exist.")
    return parent_id


def _arn(call: Call, kind: str, *parts: str) -> str:
    organization = _member_of(call).organization
    owner = f"arn:{organization.partition}:organizations::{organization.management_account_id}"
    return f"{owner}:{kind}/" + "/".join((organization.id, *parts))


def _unit(call: Call, unit: OrganizationalUnit) -> dict[str, Any]:
    return {
        "Id": unit.id,
        "Arn": _arn(call, "ou", unit.id),
        "Name": unit.name,
        "Path": _member_of(call).path(unit.id),
    }


def _account(call: Call, account: Account) -> dict[str, Any]:
    path = _member_of(call).path(account.parent_id)
    members = {
        "Id": account.id,
        "Arn": _arn(call, "account", account.id),
        "Email": account.email,
        "Name": account.name,
        "Status": _OLDER_STATUS.get(account.state, account.state),
        "State": account.state,
        "Paths": [f"{path}{account.id}/" if call.behaviour.account_id_in_paths else path],
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": _JOINED,
    }
    return {
        name: value for name, value in members.items() if name not in call.behaviour.omitted_account_members
    }


def _administrator(call: Call, account: Account) -> dict[str, Any]:
    members = {name: value for name, value in _account(call, account).items() if name != "Paths"}
    return {**members, "DelegationEnabledDate": _DELEGATED}
