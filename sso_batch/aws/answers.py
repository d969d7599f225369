"""AWS's answers as records: the edge where response dicts end.

What an answer must hold is taken by key, so that a broken one is noticed; what it may hold, by `get`.
"""

from collections.abc import Mapping
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
        id=text(item["UserId"]),
        login=text(item.get("UserName")),
        name=text(item.get("DisplayName") or name.get("Formatted") or given_and_family),
        email=text(primary.get("Value")),
        status=text(item.get("UserStatus")),
    )


def group(item: Item) -> Group:
    """A group of ListGroups or DescribeGroup."""
    return Group(id=text(item["GroupId"]), name=text(item.get("DisplayName")))


def member_id(item: Item) -> str:
    """The user of a membership."""
    return text(item["MemberId"]["UserId"])


def account(item: Item) -> Account:
    """An account of ListAccounts: `State`, or the `Status` that it replaced in 2026."""
    return Account(
        id=text(item["Id"]),
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
    return text(item["Id"]), text(item["Name"])


def permission_set(arn: str, item: Item) -> PermissionSet:
    """A permission set of DescribePermissionSet."""
    return PermissionSet(
        arn=arn,
        name=text(item["Name"]),
        description=text(item.get("Description")),
        session_duration=text(item.get("SessionDuration")),
    )


def customer_managed_policy(item: Item) -> str:
    """A reference to a policy that each account has under the same path and name: `/path/name`."""
    return text(item.get("Path") or "/") + text(item["Name"])


def permissions_boundary(item: Item) -> str:
    """The one policy that bounds a permission set: AWS's by its ARN, the customer's as path and name."""
    if "ManagedPolicyArn" in item:
        return text(item["ManagedPolicyArn"])
    return customer_managed_policy(item["CustomerManagedPolicyReference"])


def tag(item: Item) -> str:
    """A tag as `key=value`."""
    return f"{text(item['Key'])}={text(item['Value'])}"


def assignment(item: Item) -> Grant:
    """A grant of ListAccountAssignments."""
    return Grant(
        account_id=text(item["AccountId"]),
        access_type=PERMISSION_SET,
        permission_set_arn=text(item["PermissionSetArn"]),
        role_arn="",
        principal=Principal(text(item["PrincipalType"]), text(item["PrincipalId"])),
    )


def entitlement(item: Item) -> Grant:
    """A grant of ListEntitlements."""
    role = item["entitlement"]["principalRole"]
    principal = role["principal"]["identityCenter"]
    return Grant(
        account_id=text(role["account"]),
        access_type=IAM_ROLE,
        permission_set_arn="",
        role_arn=text(role["roleArn"]),
        principal=Principal(USER, text(principal["userId"]))
        if principal.get("userId")
        else Principal(GROUP, text(principal["groupId"])),
    )
