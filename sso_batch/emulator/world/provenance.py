"""Who made the objects of an identity store, and when: authors, dates and external ids, derived from ids.

AWS documents no form of an author: it is "the identifier of the user or system". The forms here are:

- `SCIM` for what an identity provider provisions: the console shows it as the creator
  (https://github.com/boto/boto3/issues/3691).
- The caller's principal id for a call by an AWS identity. A recorded CloudTrail event of CreateGroup has it
  as `createdBy`: there the account's number, for a root user. A role's would be `AROA…:session`.

The issuer of an external id is that of recorded answers: `https://scim.aws.com/` and the SCIM tenant's id.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sso_batch.emulator.world.identifiers import digest, plain_uuid
from sso_batch.emulator.world.records import Authored, ExternalId, Group, Membership, Organization, User

SCIM = "SCIM"
"""The author of everything that an identity provider provisions."""

Record = TypeVar("Record", bound=Authored)
AnyPrincipal = TypeVar("AnyPrincipal", User, Group)

_FIRST = datetime(2023, 1, 2, 6, tzinfo=UTC)
_LAST = datetime(2026, 10, 30, 18, tzinfo=UTC)


def session(role: str, name: str) -> str:
    """Return the principal id of a role's session, the author of what is made in it."""
    return f"AROA{digest(17, role, 'role').upper()}:{name}"


def external_id(store_id: str, object_id: str) -> tuple[ExternalId, ...]:
    """Return the external id of an object that SCIM provisions."""
    tenant = plain_uuid(store_id, "SCIM tenant")
    return (ExternalId(f"https://scim.aws.com/{tenant}", plain_uuid(object_id, "external id")),)


def provisioned(
    organization: Organization, author_of: Callable[[str], str | None] = lambda _: SCIM
) -> Organization:
    """Return the organization with authors, dates and external ids of its users, groups and memberships.

    `author_of` returns the author of an object by id, or None for an object without one, as old objects are.
    An object that already has an author is not changed.
    """
    store_id = organization.identity_store_id
    users = tuple(_principal(user, author_of(user.id), store_id) for user in organization.users)
    groups = tuple(_principal(group, author_of(group.id), store_id) for group in organization.groups)
    created = {user.id: user.created_at for user in users}
    created |= {group.id: group.created_at for group in groups}

    def membership_of(record: Membership) -> Membership:
        object_id = plain_uuid(record.group_id, record.user_id)
        after = max(created.get(id_) or "" for id_ in (record.group_id, record.user_id))
        return _authored(record, author_of(object_id), object_id, after=after)

    memberships = tuple(map(membership_of, organization.memberships))
    return replace(organization, users=users, groups=groups, memberships=memberships)


def _principal(record: AnyPrincipal, author: str | None, store_id: str) -> AnyPrincipal:
    external_ids = external_id(store_id, record.id) if author == SCIM else record.external_ids
    return (
        record
        if record.created_by
        else replace(_authored(record, author, record.id), external_ids=external_ids)
    )


def _authored(record: Record, author: str | None, object_id: str, *, after: str = "") -> Record:
    """Return the record with its author and dates; a third of all objects was updated later."""
    if author is None or record.created_by:
        return record
    created_at = _date(object_id, "created", after=after)
    is_updated = int(digest(2, object_id, "is updated"), 16) % 3 == 0
    updated_at = _date(object_id, "updated", after=created_at) if is_updated else created_at
    return replace(record, created_at=created_at, created_by=author, updated_at=updated_at, updated_by=author)


def _date(*names: str, after: str) -> str:
    """Return a date after another one, in milliseconds, as AWS has it."""
    first = datetime.fromisoformat(after) if after else _FIRST
    share = int(digest(12, *names), 16) / 16**12
    date = first + share * (max(_LAST, first + timedelta(days=1)) - first)
    return f"{date:%Y-%m-%dT%H:%M:%S}.{date.microsecond // 1000:03}Z"
