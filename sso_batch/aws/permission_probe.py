"""One cheap call for each permission that an audit needs: it returns a first page, a record, or a refusal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sso_batch.aws import operations
from sso_batch.aws.gateway import Gateway
from sso_batch.aws.operations import Operation
from sso_batch.aws.organization_api import IDENTITY_CENTER
from sso_batch.aws.response_parsing import parse_id, parse_parent_ids
from sso_batch.config.field_types import partition_of_arn
from sso_batch.model import EventName, Instance

_NO_ID = "00000000-0000-0000-0000-000000000000"
_IDS: Mapping[Operation, str | None] = {
    operations.LIST_PERMISSION_SETS: None,
    operations.LIST_ACCOUNTS_FOR_PROVISIONED_PERMISSION_SET: None,
    operations.LIST_ACCOUNTS: "Id",
    operations.LIST_USERS: "UserId",
    operations.LIST_GROUPS: "GroupId",
    operations.LIST_ROOTS: "Id",
    operations.LIST_ORGANIZATIONAL_UNITS_FOR_PARENT: "Id",
    operations.LIST_APPLICATIONS: "applicationArn",
    operations.LIST_SSO_APPLICATIONS: "ApplicationArn",
}
"""Listings whose ids are used: the key of an item's id, or None if the item is the id."""


@dataclass(frozen=True, slots=True)
class FirstPages:
    """The ids of a listing's first pages, and whether there are `more`.

    `parents` has the ids of the root and the OUs above each account, None where AWS gives no path; it is
    empty for every other listing. `span` is the time from the newest to the oldest event of a look-up.
    """

    ids: tuple[str, ...]
    more: bool
    parents: tuple[tuple[str, ...] | None, ...] = ()
    span: timedelta = timedelta()

    @property
    def first(self) -> str | None:
        """The first id, or None."""
        return self.ids[0] if self.ids else None


@dataclass(slots=True)
class ProbeSubjects:
    """The resources to ask about: existing ones, or else ids of the right form that do not exist.

    AWS checks permissions before it looks up the resource, so that `not found` means that the call is
    allowed. None where not even an id of the right form is possible.
    """

    instance: Instance
    account_id: str
    permission_set_arn: str
    sso_application_arn: str
    user_id: str = _NO_ID
    group_id: str = _NO_ID
    root_id: str | None = None
    unit_id: str | None = None
    application_arn: str | None = None

    @property
    def policy_arn(self) -> str:
        """An AWS managed policy, which every partition has."""
        return f"arn:{partition_of_arn(self.instance.arn)}:iam::aws:policy/ReadOnlyAccess"

    @classmethod
    def placeholders(cls, instance: Instance) -> "ProbeSubjects":
        """Return placeholders for an instance whose resources are not known yet."""
        account_id = instance.management_account_id or instance.caller_arn.split(":")[4]
        arn = f"{instance.arn.replace(':instance/', ':permissionSet/')}/ps-{'0' * 16}"
        owned = instance.arn.replace(":::instance/", f"::{account_id}:application/")
        return cls(instance, account_id, arn, f"{owned}/apl-{'0' * 16}")


_Parameters = Callable[[ProbeSubjects], Mapping[str, Any] | None]


def _subject(parameter: str, attribute: str) -> _Parameters:
    """Return a function that gives one parameter, or None if there is no such subject."""

    def parameters(subjects: ProbeSubjects) -> Mapping[str, Any] | None:
        value = getattr(subjects, attribute)
        return None if value is None else {parameter: value}

    return parameters


def _pair(subjects: ProbeSubjects) -> Mapping[str, Any]:
    return {"AccountId": subjects.account_id, "PermissionSetArn": subjects.permission_set_arn}


def _principal(subjects: ProbeSubjects) -> Mapping[str, Any]:
    return {"PrincipalType": "USER", "PrincipalId": subjects.user_id}


def _policy_version(subjects: ProbeSubjects) -> Mapping[str, Any]:
    return {"PolicyArn": subjects.policy_arn, "VersionId": "v1"}


def _sign_ins(_: ProbeSubjects) -> Mapping[str, Any]:
    return {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": EventName.SIGN_IN.value}]}


def _entitlements(subjects: ProbeSubjects) -> Mapping[str, Any] | None:
    application = subjects.application_arn
    in_account = {"principalRole": {"account": subjects.account_id}}
    return None if application is None else {"applicationArn": application, "filter": in_account}


_PERMISSION_SET = _subject("PermissionSetArn", "permission_set_arn")
_SSO_APPLICATION = _subject("ApplicationArn", "sso_application_arn")
_UNIT = _subject("ParentId", "root_id")
_PARAMETERS: Mapping[Operation, _Parameters] = {
    operations.DESCRIBE_PERMISSION_SET: _PERMISSION_SET,
    operations.LIST_ACCOUNTS_FOR_PROVISIONED_PERMISSION_SET: _PERMISSION_SET,
    operations.LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT: _subject("AccountId", "account_id"),
    operations.LIST_ACCOUNT_ASSIGNMENTS: _pair,
    operations.LIST_ACCOUNT_ASSIGNMENTS_FOR_PRINCIPAL: _principal,
    operations.LIST_MANAGED_POLICIES: _PERMISSION_SET,
    operations.LIST_CUSTOMER_MANAGED_POLICIES: _PERMISSION_SET,
    operations.GET_INLINE_POLICY: _PERMISSION_SET,
    operations.GET_PERMISSIONS_BOUNDARY: _PERMISSION_SET,
    operations.LIST_PERMISSION_SET_TAGS: _subject("ResourceArn", "permission_set_arn"),
    operations.LIST_APPLICATION_ASSIGNMENTS: _SSO_APPLICATION,
    operations.GET_APPLICATION_ASSIGNMENT_CONFIGURATION: _SSO_APPLICATION,
    operations.LIST_GROUP_MEMBERSHIPS: _subject("GroupId", "group_id"),
    operations.DESCRIBE_USER: _subject("UserId", "user_id"),
    operations.DESCRIBE_GROUP: _subject("GroupId", "group_id"),
    operations.LIST_ORGANIZATIONAL_UNITS_FOR_PARENT: _UNIT,
    operations.LIST_ACCOUNTS_FOR_PARENT: _UNIT,
    operations.DESCRIBE_ORGANIZATIONAL_UNIT: _subject("OrganizationalUnitId", "unit_id"),
    operations.LIST_DELEGATED_ADMINISTRATORS: lambda _: {"ServicePrincipal": IDENTITY_CENTER},
    operations.GET_POLICY: _subject("PolicyArn", "policy_arn"),
    operations.GET_POLICY_VERSION: _policy_version,
    operations.LOOKUP_EVENTS: _sign_ins,
    operations.GET_APPLICATION: _subject("applicationArn", "application_arn"),
    operations.LIST_ENTITLEMENTS: _entitlements,
}
"""The parameters of each operation that asks about something."""


_WITHOUT_INSTANCE = (operations.LIST_INSTANCES, *operations.OF_ONE_APPLICATION)
"""Calls to sso-admin that do not name the instance."""


class PermissionProbe:
    """Makes one call to see whether it is allowed."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def ask(
        self, operation: Operation, subjects: ProbeSubjects, *, pages: int = 1
    ) -> FirstPages | None:
        """Return the first pages of a listing, empty for other operations; None without a subject.

        Raise AwsFailure without an answer.
        """
        about: Mapping[str, Any] | None = {}
        if operation in _PARAMETERS:
            about = _PARAMETERS[operation](subjects)
        if about is None:
            return None
        parameters = {**_scope(operation, subjects.instance), **about}
        if operation.page is not None:
            parameters[operation.page_size_key] = operation.page
        listed = FirstPages((), more=False)
        for _ in range(pages):
            page, token = await self._gateway.call(operation, partial(_parse_page, operation), **parameters)
            listed = FirstPages(
                listed.ids + page.ids, page.more, listed.parents + page.parents, listed.span + page.span
            )
            if token is None:
                break
            parameters[operation.token_key] = token
        return listed


def _parse_page(operation: Operation, answer: Mapping[str, Any]) -> tuple[FirstPages, str | None]:
    """Return the ids of a page and the token of the next one; nothing if the operation lists no ids."""
    if operation is operations.LOOKUP_EVENTS:
        times = [item["EventTime"] for item in answer[operation.items]]
        span = max(times) - min(times) if times else timedelta()
        return FirstPages((), more=bool(answer.get(operation.token_key)), span=span), None
    if operation not in _IDS:
        return FirstPages((), more=False), None
    key, token = _IDS[operation], answer.get(operation.token_key)
    items = answer[operation.items]
    ids = tuple(parse_id(item if key is None else item[key]) for item in items)
    parents = tuple(map(parse_parent_ids, items)) if operation is operations.LIST_ACCOUNTS else ()
    return FirstPages(ids, token is not None, parents), token


def _scope(operation: Operation, instance: Instance) -> Mapping[str, str]:
    if operation.service == "identitystore":
        return {"IdentityStoreId": instance.identity_store_id}
    if operation.service == "sso-admin" and operation not in _WITHOUT_INSTANCE:
        return {"InstanceArn": instance.arn}
    return {}
