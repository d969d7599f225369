"""AWS's answers as records: response dicts go no further than this module.

Required fields are read by key, so that a malformed answer is noticed; optional ones by `get`. Where AWS
repeats a parameter of the call, the answer must repeat it exactly.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sso_batch.aws.botocore_internals import UNKNOWN_UNION_MEMBER
from sso_batch.model import (
    GROUP,
    IAM_ROLE,
    PERMISSION_SET,
    USER,
    Account,
    Application,
    ApplicationAssignment,
    Grant,
    PermissionSet,
    PolicyDocument,
    Principal,
)

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Unexamined:
    """Something that this version cannot read: what it belongs to, and AWS's name for its kind."""

    what: str
    kind: str


def find_unexamined(what: str, union: Item) -> Unexamined | None:
    """Return the kind of a union that AWS added after this version; None for a known one."""
    unknown = union.get(UNKNOWN_UNION_MEMBER)
    return None if unknown is None else Unexamined(what, parse_text(unknown.get("name")))


def parse_text(value: object) -> str:
    """Return a value as text that any file can contain: an unpaired surrogate becomes U+FFFD.

    Raise TypeError for a value that is not text.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where AWS promises text")
    if value.isascii():
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def parse_id(value: object) -> str:
    """Return a value as an id: text that is not empty. Raise TypeError or ValueError for anything else."""
    id_ = parse_text(value)
    if not id_.strip():
        raise ValueError("an id is empty")
    return id_


def check_echo(item: Item, **parameters: str) -> Item:
    """Return the item if it repeats the call's parameters; raise ValueError if it has another value."""
    for name, value in parameters.items():
        if item.get(name, value) != value:
            raise ValueError(f"another {name} than requested")
    return item


def parse_account(item: Item) -> Account:
    """Return an account of ListAccounts, with its `State`, or the `Status` that it replaced in 2026."""
    return Account(
        id=parse_id(item["Id"]),
        name=parse_text(item.get("Name")),
        state=parse_text(item.get("State") or item.get("Status")),
    )


def parse_parent_ids(item: Item) -> tuple[str, ...] | None:
    """Return the ids of the root and the OUs above an account of ListAccounts; None if AWS gives no path.

    A path starts with the organization's id and, by its pattern, may end with the account's own.
    """
    path = next(iter(item.get("Paths") or ()), None)
    if path is None:
        return None
    return tuple(id_ for id_ in parse_text(path).split("/") if id_.startswith(("r-", "ou-")))


def parse_unit(item: Item) -> tuple[str, str]:
    """Return the id and name of a root or an organizational unit."""
    return parse_id(item["Id"]), parse_text(item["Name"])


def parse_permission_set(arn: str, item: Item) -> PermissionSet:
    """Return a permission set of DescribePermissionSet."""
    check_echo(item, PermissionSetArn=arn)
    return PermissionSet(
        arn=arn,
        name=parse_text(item["Name"]),
        description=parse_text(item.get("Description")),
        session_duration=parse_text(item.get("SessionDuration")),
    )


def parse_customer_managed_policy(item: Item) -> str:
    """Return a reference to a policy in each account as path and name: `/path/name`."""
    return parse_text(item.get("Path") or "/") + parse_id(item["Name"])


def parse_permissions_boundary(item: Item) -> str:
    """Return the policy of a boundary: an AWS managed one by ARN, a customer managed one as path and name."""
    if "ManagedPolicyArn" in item:
        return parse_id(item["ManagedPolicyArn"])
    return parse_customer_managed_policy(item["CustomerManagedPolicyReference"])


def parse_policy_version(arn: str, version_id: str, item: Item) -> PolicyDocument:
    """Return the document of a policy's version in compact JSON; botocore decodes it."""
    check_echo(item, VersionId=version_id)
    document = item["Document"]
    if not isinstance(document, dict):
        raise TypeError("a policy's document is not an object")
    return PolicyDocument(arn, version_id, json.dumps(document, separators=(",", ":")))


def parse_tag(item: Item) -> str:
    """Return a tag as `key=value`."""
    return f"{parse_text(item['Key'])}={parse_text(item['Value'])}"


def parse_assignment(item: Item) -> Grant:
    """Return an assignment of ListAccountAssignments."""
    return Grant(
        account_id=parse_id(item["AccountId"]),
        access_type=PERMISSION_SET,
        permission_set_arn=parse_id(item["PermissionSetArn"]),
        role_arn="",
        principal=Principal(parse_id(item["PrincipalType"]), parse_id(item["PrincipalId"])),
    )


def parse_application(item: Item) -> Application:
    """Return an application of Identity Center's ListApplications; its assignments are not in the answer."""
    return Application(
        arn=parse_id(item["ApplicationArn"]),
        name=parse_text(item.get("Name")),
        account_id=parse_text(item.get("ApplicationAccount")),
        provider_arn=parse_text(item.get("ApplicationProviderArn")),
        status=parse_text(item.get("Status")),
    )


def parse_application_assignment(item: Item) -> ApplicationAssignment:
    """Return an assignment of ListApplicationAssignments."""
    return ApplicationAssignment(
        application_arn=parse_id(item["ApplicationArn"]),
        principal=Principal(parse_id(item["PrincipalType"]), parse_id(item["PrincipalId"])),
    )


def parse_assignment_required(item: Item) -> bool:
    """Return whether only assigned users have access to an application."""
    required = item["AssignmentRequired"]
    if not isinstance(required, bool):
        raise TypeError(f"{type(required).__name__} where AWS promises true or false")
    return required


def parse_principal_assignment(principal: Principal, item: Item) -> Grant:
    """Return an assignment of the principal, or of a user's group, as AWS lists it for a principal."""
    grant = parse_assignment(item)
    if grant.principal != principal and (principal.type, grant.principal.type) != (USER, GROUP):
        raise ValueError("another PrincipalId than requested")
    return grant


def parse_entitlement(item: Item, account_id: str | None = None) -> Grant | Unexamined:
    """Return an entitlement of ListEntitlements; `account_id` is the account of the request, if any."""
    of_role = item["entitlement"]
    unknown = find_unexamined("entitlements", of_role)
    if unknown:
        return unknown
    role = of_role["principalRole"]
    if account_id is not None:
        check_echo(role, account=account_id)
    of_identity_center = role["principal"]
    unknown = find_unexamined("entitlements of a principal", of_identity_center)
    if unknown:
        return unknown
    principal = of_identity_center["identityCenter"]
    unknown = find_unexamined("entitlements of an Identity Center principal", principal)
    if unknown:
        return unknown
    return Grant(
        account_id=parse_id(role["account"]),
        access_type=IAM_ROLE,
        permission_set_arn="",
        role_arn=parse_id(role["roleArn"]),
        principal=Principal(USER, parse_id(principal["userId"]))
        if principal.get("userId")
        else Principal(GROUP, parse_id(principal["groupId"])),
    )


def parse_application_instance(item: Item) -> str | Unexamined:
    """Return the ARN of the instance whose users and groups an application of GetApplication entitles."""
    source = item["identitySource"]
    return find_unexamined("applications of an identity source", source) or parse_id(
        source["identityCenter"]["instanceArn"]
    )
