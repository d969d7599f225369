"""The identity store: users, groups and memberships."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sso_batch.emulator.organization_index import OrganizationIndex
from sso_batch.emulator.protocols import JsonProtocol, not_found
from sso_batch.emulator.request_validation import Choice, ListOf, Pattern, WholeNumber
from sso_batch.emulator.service import Answer, Call, Service, validation_exception
from sso_batch.emulator.world import Authored, ExternalId, Group, Membership, User
from sso_batch.emulator.world.identifiers import plain_uuid

_UUID = r"[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}"
_PRINCIPAL = Pattern(rf"([0-9a-f]{{10}}-|){_UUID}")
_PAGED = ("MaxResults", "NextToken")
_ENTERPRISE = "aws:identitystore:enterprise"


def _store_arn(call: Call) -> str:
    store_id = call.request.get("IdentityStoreId", "*")
    return f"arn:{call.caller.partition}:identitystore::{call.caller.account_id}:identitystore/{store_id}"


IDENTITY_STORE = Service(
    name="identitystore",
    signing_name="identitystore",
    action_prefix="identitystore",
    protocol=JsonProtocol("AWSIdentityStore"),
    rules={
        "IdentityStoreId": Pattern(rf"d-[0-9a-f]{{10}}|{_UUID}"),
        "UserId": _PRINCIPAL,
        "GroupId": _PRINCIPAL,
        "Extensions": ListOf(Choice((_ENTERPRISE,)), 1, 10),
        "MaxResults": WholeNumber(1, 100),
        "NextToken": Pattern(r"[-a-zA-Z0-9+=/:_]{1,65535}"),
    },
    invalid=validation_exception,
    resource=_store_arn,
)


@IDENTITY_STORE.operation("ListUsers", "IdentityStoreId", optional=("Extensions", *_PAGED))
def list_users(call: Call) -> Answer:
    """List the users, except those that the identity source does not list."""
    index = _store(call)
    users, more = call.page(index.listed_users)
    return {"Users": [_user(call, user) for user in users], **more}


@IDENTITY_STORE.operation("ListGroups", "IdentityStoreId", optional=_PAGED)
def list_groups(call: Call) -> Answer:
    """List the groups, except those that the identity source does not list."""
    index = _store(call)
    groups, more = call.page(index.listed_groups)
    return {"Groups": [_group(call, group) for group in groups], **more}


@IDENTITY_STORE.operation("ListGroupMemberships", "IdentityStoreId", "GroupId", optional=_PAGED)
def list_group_memberships(call: Call) -> Answer:
    """List the members of a group, including users that no longer exist."""
    index, group_id = _store(call), call.request["GroupId"]
    if group_id not in index.groups:
        raise not_found("GROUP not found.", ResourceType="GROUP", ResourceId=group_id)
    members, more = call.page(index.members.get(group_id, ()))
    return {"GroupMemberships": [_membership(call, membership) for membership in members], **more}


@IDENTITY_STORE.operation("DescribeUser", "IdentityStoreId", "UserId", optional=("Extensions",))
def describe_user(call: Call) -> Answer:
    """Describe one user, listed or not."""
    index, user_id = _store(call), call.request["UserId"]
    if user_id not in index.users:
        raise not_found("USER not found.", ResourceType="USER", ResourceId=user_id)
    return _user(call, index.users[user_id])


@IDENTITY_STORE.operation("DescribeGroup", "IdentityStoreId", "GroupId")
def describe_group(call: Call) -> Answer:
    """Describe one group, listed or not."""
    index, group_id = _store(call), call.request["GroupId"]
    if group_id not in index.groups:
        raise not_found("GROUP not found.", ResourceType="GROUP", ResourceId=group_id)
    return _group(call, index.groups[group_id])


def _store(call: Call) -> OrganizationIndex:
    """Return the index of the requested identity store; that of an account instance is empty."""
    index, store_id = call.index, call.request["IdentityStoreId"]
    if index is None:
        raise not_found("IDENTITY_STORE not found.", ResourceType="IDENTITY_STORE", ResourceId=store_id)
    organization = index.organization
    administrator = call.caller.account_id in index.administrators
    if store_id == organization.identity_store_id and call.region in index.regions:
        if not administrator:
            call.deny()
        return index
    for instance in organization.account_instances:
        known = administrator or instance.owner_account_id == call.caller.account_id
        if known and (instance.identity_store_id, instance.region) == (store_id, call.region):
            return OrganizationIndex(replace(organization, users=(), groups=(), memberships=()))
    raise not_found("IDENTITY_STORE not found.", ResourceType="IDENTITY_STORE", ResourceId=store_id)


def _arn(call: Call, kind: str, principal_id: str) -> str:
    return f"arn:{call.caller.partition}:identitystore:::{kind}/{principal_id}"


def _user(call: Call, user: User) -> dict[str, Any]:
    name = user.name and {
        "Formatted": user.name.formatted,
        "GivenName": user.name.given,
        "FamilyName": user.name.family,
    }
    emails = [{"Value": email.value, "Type": "work", "Primary": email.primary} for email in user.emails]
    return _present(
        IdentityStoreId=call.request["IdentityStoreId"],
        UserId=user.id,
        UserArn=_arn(call, "user", user.id),
        Revision="1",
        UserName=user.user_name,
        DisplayName=user.display_name,
        Name=name and _present(**name),
        Emails=emails or None,
        UserStatus=user.status,
        Title=user.title,
        UserType=user.user_type,
        ExternalIds=_external_ids(user.external_ids),
        Extensions={_ENTERPRISE: user.extensions}
        if call.request.get("Extensions") and user.extensions
        else None,
        **_authored(user),
    )


def _group(call: Call, group: Group) -> dict[str, Any]:
    return _present(
        IdentityStoreId=call.request["IdentityStoreId"],
        GroupId=group.id,
        GroupArn=_arn(call, "group", group.id),
        Revision="1",
        DisplayName=group.display_name,
        Description=group.description,
        ExternalIds=_external_ids(group.external_ids),
        **_authored(group),
    )


def _membership(call: Call, membership: Membership) -> dict[str, Any]:
    membership_id = plain_uuid(membership.group_id, membership.user_id)
    return _present(
        IdentityStoreId=call.request["IdentityStoreId"],
        MembershipId=membership_id,
        MembershipArn=_arn(call, "membership", membership_id),
        GroupId=membership.group_id,
        MemberId={"UserId": membership.user_id},
        **_authored(membership),
    )


def _authored(record: Authored) -> dict[str, Any]:
    return {
        "CreatedAt": _timestamp(record.created_at),
        "CreatedBy": record.created_by,
        "UpdatedAt": _timestamp(record.updated_at),
        "UpdatedBy": record.updated_by,
    }


def _timestamp(date: str | None) -> float | None:
    """Return a date as JSON 1.1 has it: seconds since 1970."""
    return datetime.fromisoformat(date).timestamp() if date else None


def _external_ids(external_ids: tuple[ExternalId, ...]) -> list[dict[str, str]] | None:
    return [{"Issuer": entry.issuer, "Id": entry.id} for entry in external_ids] or None


def _present(**members: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {name: value for name, value in members.items() if value is not None}
