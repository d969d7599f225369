"""AWS's answers about users, groups and memberships as records.

AWS's model does not describe the extension with the enterprise attributes. Its public consumers disagree on
the case of its keys and on the form of a manager: all of their forms are read.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from sys import intern

from sso_batch.aws.response_parsing import Item, Unexamined, find_unexamined, parse_id, parse_text
from sso_batch.model import ExternalId, Group, Member, User

EXTENSION = "aws:identitystore:enterprise"
"""The only extension of a user that AWS supports."""

_STANDARD = {"title": "Title", "user_type": "UserType"}
"""Members of every user, by attribute."""

_ENTERPRISE = {
    "department": "department",
    "division": "division",
    "cost_center": "costcenter",
    "employee_number": "employeenumber",
    "manager": "manager",
}
"""Keys of the extension in lower case, by attribute."""

_MANAGER = ("value", "username", "displayname", "name")
"""Keys of a manager in lower case: those that identify a user first."""


def needs_extension(people: Iterable[str]) -> bool:
    """Return whether AWS must be asked for the extension to learn these attributes."""
    return not _ENTERPRISE.keys().isdisjoint(people)


def parse_user(item: Item, people: Sequence[str] = ()) -> User:
    """Return a user of ListUsers or DescribeUser, with the attributes that `people` names and no others.

    The email is the primary address, else the first. The name is DisplayName, else Name.Formatted, else the
    given and family names. An attribute of an unknown form is left out: it was not read.
    """
    emails = [email for email in item.get("Emails", ()) if email.get("Value")]
    primary = next((email for email in emails if email.get("Primary")), emails[0] if emails else {})
    name = item.get("Name", {})
    given_and_family = " ".join(part for key in ("GivenName", "FamilyName") if (part := name.get(key)))
    return User(
        id=parse_id(item["UserId"]),
        login=parse_text(item.get("UserName")),
        name=parse_text(item.get("DisplayName") or name.get("Formatted") or given_and_family),
        email=parse_text(primary.get("Value")),
        status=parse_text(item.get("UserStatus")),
        external_ids=_external_ids(item),
        attributes=_attributes(item, people) if people else (),
        **_origin(item),
    )


def parse_group(item: Item) -> Group:
    """Return a group of ListGroups or DescribeGroup."""
    return Group(
        id=parse_id(item["GroupId"]),
        name=parse_text(item.get("DisplayName")),
        external_ids=_external_ids(item),
        **_origin(item),
    )


def parse_member(item: Item) -> Member | Unexamined:
    """Return the user of a membership."""
    member = item["MemberId"]
    return find_unexamined("group members", member) or Member(
        user_id=parse_id(member["UserId"]),
        membership_id=parse_text(item.get("MembershipId")),
        **_origin(item),
    )


def _origin(item: Item) -> dict[str, str]:
    """Return when and by whom an object was created and updated; AWS has none of it for old objects.

    Equal values share memory: there can be millions of memberships, with few authors.
    """
    created_at, updated_at = parse_date(item.get("CreatedAt")), parse_date(item.get("UpdatedAt"))
    return {
        "created_at": created_at,
        "created_by": intern(parse_text(item.get("CreatedBy"))),
        "updated_at": created_at if updated_at == created_at else updated_at,
        "updated_by": intern(parse_text(item.get("UpdatedBy"))),
    }


def parse_date(value: object) -> str:
    """Return a date as `YYYY-MM-DDTHH:MM:SSZ`; raise TypeError or ValueError for anything else."""
    if value is None:
        return ""
    if not isinstance(value, datetime):
        raise TypeError(f"{type(value).__name__} where AWS promises a date")
    try:
        return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
    except OverflowError as error:
        raise ValueError("a date out of range") from error


def _external_ids(item: Item) -> tuple[ExternalId, ...]:
    """Return the ids that identity providers gave to a user or group; an empty one is none."""
    external_ids = (
        ExternalId(intern(parse_text(entry.get("Issuer"))), parse_text(entry["Id"]))
        for entry in item.get("ExternalIds") or ()
    )
    return tuple(external_id for external_id in external_ids if external_id.id.strip())


def _attributes(item: Item, people: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the attributes that `people` names, in this order."""
    extension = _lower_keys((item.get("Extensions") or {}).get(EXTENSION))
    found = []
    for name in people:
        value: str | None
        if name in _STANDARD:
            value = parse_text(item.get(_STANDARD[name]))
        elif extension is None:
            value = None
        else:
            value = _value(extension.get(_ENTERPRISE[name]), nested=_MANAGER if name == "manager" else ())
        if value is not None:
            found.append((name, value))
    return tuple(found)


def _lower_keys(value: object) -> Mapping[str, object] | None:
    """Return an object with its keys in lower case, without empty values; None if it is not an object."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return None
    return {str(key).lower(): entry for key, entry in value.items() if entry not in (None, "")}


def _value(value: object, *, nested: Iterable[str] = ()) -> str | None:
    """Return a text or a whole number as text, or the first of an object's `nested` values; else None."""
    if value is None:
        return ""
    if isinstance(value, str):
        return parse_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if nested and isinstance(value, Mapping):
        entries = _lower_keys(value) or {}
        return next((_value(entries[key]) for key in nested if key in entries), None if entries else "")
    return None
