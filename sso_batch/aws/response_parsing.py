"""AWS's answers as records: the edge where response dicts end.

What an answer must hold is taken by key, so that a broken one is noticed; what it may hold, by `get`. Where
AWS repeats what it was asked for, the answer must be about that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sso_batch.model import (
    GROUP,
    IAM_ROLE,
    PERMISSION_SET,
    USER,
    Account,
    Grant,
    Group,
    PermissionSet,
    Principal,
    User,
)

Item = Mapping[str, Any]

_UNKNOWN = "SDK_UNKNOWN_MEMBER"  # botocore's name for a member of a union that AWS added later


@dataclass(frozen=True, slots=True, order=True)
class Unexamined:
    """What this version cannot read: what it is of, and the name that AWS gives to its kind."""

    what: str
    kind: str


def _unexamined(what: str, union: Item) -> Unexamined | None:
    """The kind of a union that this version does not know; None where it does."""
    unknown = union.get(_UNKNOWN)
    return None if unknown is None else Unexamined(what, text(unknown.get("name")))


def text(value: object) -> str:
    """A value as text that every file can hold: half of a surrogate pair becomes U+FFFD.

    Raises TypeError for what is no text.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where AWS promises text")
    if value.isascii():
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def identifier(value: object) -> str:
    """A value as an id: text that is not empty; raises TypeError or ValueError for anything else."""
    id_ = text(value)
    if not id_.strip():
        raise ValueError("an id is empty")
    return id_


def echoed(item: Item, **asked: str) -> Item:
    """The item, whose members repeat what was `asked`; raises ValueError where one says something else."""
    for name, value in asked.items():
        if item.get(name, value) != value:
            raise ValueError(f"another {name} than was asked for")
    return item


def user(item: Item) -> User:
    """A user of ListUsers or DescribeUser.

    The email is the primary address, else the first; the name DisplayName, else Name.Formatted, else the
    given and the family name.
    """
    emails = [email for email in item.get("Emails", ()) if email.get("Value")]
    primary = next((email for email in emails if email.get("Primary")), emails[0] if emails else {})
    name = item.get("Name", {})
    given_and_family = " ".join(part for key in ("GivenName", "FamilyName") if (part := name.get(key)))
    return User(
        id=identifier(item["UserId"]),
        login=text(item.get("UserName")),
        name=text(item.get("DisplayName") or name.get("Formatted") or given_and_family),
        email=text(primary.get("Value")),
        status=text(item.get("UserStatus")),
    )


def group(item: Item) -> Group:
    """A group of ListGroups or DescribeGroup."""
    return Group(id=identifier(item["GroupId"]), name=text(item.get("DisplayName")))


def member_id(item: Item) -> str | Unexamined:
    """The user of a membership."""
    member = item["MemberId"]
    return _unexamined("group members", member) or identifier(member["UserId"])


def account(item: Item) -> Account:
    """An account of ListAccounts: `State`, or the `Status` that it replaced in 2026."""
    return Account(
        id=identifier(item["Id"]),
        name=text(item.get("Name")),
        state=text(item.get("State") or item.get("Status")),
    )


def ids_above(item: Item) -> tuple[str, ...] | None:
    """The ids of the root and the OUs above an account of ListAccounts; None where AWS did not say.

    A path begins with the organization's id and, by its pattern, may end with the account's own.
    """
    path = next(iter(item.get("Paths") or ()), None)
    if path is None:
        return None
    return tuple(id_ for id_ in text(path).split("/") if id_.startswith(("r-", "ou-")))


def unit(item: Item) -> tuple[str, str]:
    """The id and the name of a root or an organizational unit."""
    return identifier(item["Id"]), text(item["Name"])


def permission_set(arn: str, item: Item) -> PermissionSet:
    """A permission set of DescribePermissionSet."""
    echoed(item, PermissionSetArn=arn)
    return PermissionSet(
        arn=arn,
        name=text(item["Name"]),
        description=text(item.get("Description")),
        session_duration=text(item.get("SessionDuration")),
    )


def customer_managed_policy(item: Item) -> str:
    """A reference to a policy that each account has under the same path and name: `/path/name`."""
    return text(item.get("Path") or "/") + identifier(item["Name"])


def permissions_boundary(item: Item) -> str:
    """The one policy that bounds a permission set: AWS's by its ARN, the customer's as path and name."""
    if "ManagedPolicyArn" in item:
        return identifier(item["ManagedPolicyArn"])
    return customer_managed_policy(item["CustomerManagedPolicyReference"])


def tag(item: Item) -> str:
    """A tag as `key=value`."""
    return f"{text(item['Key'])}={text(item['Value'])}"


def assignment(item: Item) -> Grant:
    """A grant of ListAccountAssignments."""
    return Grant(
        account_id=identifier(item["AccountId"]),
        access_type=PERMISSION_SET,
        permission_set_arn=identifier(item["PermissionSetArn"]),
        role_arn="",
        principal=Principal(identifier(item["PrincipalType"]), identifier(item["PrincipalId"])),
    )


def assignment_of(principal: Principal, item: Item) -> Grant:
    """A grant of ListAccountAssignmentsForPrincipal: the principal's own, or that of a user's group."""
    grant = assignment(item)
    if grant.principal != principal and (principal.type, grant.principal.type) != (USER, GROUP):
        raise ValueError("another PrincipalId than was asked for")
    return grant


def entitlement(item: Item, account_id: str | None = None) -> Grant | Unexamined:
    """A grant of ListEntitlements; of one account, if that was asked for."""
    of_role = item["entitlement"]
    unknown = _unexamined("entitlements", of_role)
    if unknown:
        return unknown
    role = of_role["principalRole"]
    if account_id is not None:
        echoed(role, account=account_id)
    of_identity_center = role["principal"]
    unknown = _unexamined("entitlements of a principal", of_identity_center)
    if unknown:
        return unknown
    principal = of_identity_center["identityCenter"]
    unknown = _unexamined("entitlements of an Identity Center principal", principal)
    if unknown:
        return unknown
    return Grant(
        account_id=identifier(role["account"]),
        access_type=IAM_ROLE,
        permission_set_arn="",
        role_arn=identifier(role["roleArn"]),
        principal=Principal(USER, identifier(principal["userId"]))
        if principal.get("userId")
        else Principal(GROUP, identifier(principal["groupId"])),
    )


def instance_of_application(item: Item) -> str | Unexamined:
    """The instance whose users and groups the application of GetApplication entitles."""
    source = item["identitySource"]
    return _unexamined("applications of an identity source", source) or identifier(
        source["identityCenter"]["instanceArn"]
    )
