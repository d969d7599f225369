"""One cheap call for each permission that an audit needs: a first page, a first record, or a refusal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sso_batch.aws import operations
from sso_batch.aws.gateway import Gateway
from sso_batch.aws.operations import Operation
from sso_batch.aws.response_parsing import identifier, ids_above
from sso_batch.model import Instance

_NOBODY = "00000000-0000-0000-0000-000000000000"
_IDS: Mapping[Operation, str | None] = {
    operations.LIST_PERMISSION_SETS: None,
    operations.LIST_ACCOUNTS_FOR_PROVISIONED_PERMISSION_SET: None,
    operations.LIST_ACCOUNTS: "Id",
    operations.LIST_USERS: "UserId",
    operations.LIST_GROUPS: "GroupId",
    operations.LIST_ROOTS: "Id",
    operations.LIST_ORGANIZATIONAL_UNITS_FOR_PARENT: "Id",
    operations.LIST_APPLICATIONS: "applicationArn",
}
"""Listings whose ids are of use: the key of an item's id, None where the item is one."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The ids of a listing's first pages, and whether there are `more`.

    `above` has the ids of the root and the OUs above each account, None where AWS did not say; it is empty
    for every other listing.
    """

    ids: tuple[str, ...]
    more: bool
    above: tuple[tuple[str, ...] | None, ...] = ()

    @property
    def first(self) -> str | None:
        """One of them."""
        return self.ids[0] if self.ids else None


@dataclass(slots=True)
class Subjects:
    """What to ask about: something that is there, or else what could be and is not.

    AWS decides whether a caller may ask before it looks for what is asked about, so that `not found` is an
    answer that permits. None where even that cannot be made up.
    """

    instance: Instance
    account_id: str
    permission_set_arn: str
    user_id: str = _NOBODY
    group_id: str = _NOBODY
    root_id: str | None = None
    unit_id: str | None = None
    application_arn: str | None = None

    @classmethod
    def made_up(cls, instance: Instance) -> "Subjects":
        """Subjects of an instance of which nothing is known yet."""
        account_id = instance.management_account_id or instance.caller_arn.split(":")[4]
        arn = f"{instance.arn.replace(':instance/', ':permissionSet/')}/ps-{'0' * 16}"
        return cls(instance, account_id, arn)


_Question = Callable[[Subjects], Mapping[str, Any] | None]


def _about(parameter: str, subject: str) -> _Question:
    """A question with one parameter; None where its subject is not there."""

    def parameters(subjects: Subjects) -> Mapping[str, Any] | None:
        value = getattr(subjects, subject)
        return None if value is None else {parameter: value}

    return parameters


def _pair(subjects: Subjects) -> Mapping[str, Any]:
    return {"AccountId": subjects.account_id, "PermissionSetArn": subjects.permission_set_arn}


def _principal(subjects: Subjects) -> Mapping[str, Any]:
    return {"PrincipalType": "USER", "PrincipalId": subjects.user_id}


def _entitlements(subjects: Subjects) -> Mapping[str, Any] | None:
    application = subjects.application_arn
    in_account = {"principalRole": {"account": subjects.account_id}}
    return None if application is None else {"applicationArn": application, "filter": in_account}


_PERMISSION_SET = _about("PermissionSetArn", "permission_set_arn")
_UNIT = _about("ParentId", "root_id")
_QUESTIONS: Mapping[Operation, _Question] = {
    operations.DESCRIBE_PERMISSION_SET: _PERMISSION_SET,
    operations.LIST_ACCOUNTS_FOR_PROVISIONED_PERMISSION_SET: _PERMISSION_SET,
    operations.LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT: _about("AccountId", "account_id"),
    operations.LIST_ACCOUNT_ASSIGNMENTS: _pair,
    operations.LIST_ACCOUNT_ASSIGNMENTS_FOR_PRINCIPAL: _principal,
    operations.LIST_MANAGED_POLICIES: _PERMISSION_SET,
    operations.LIST_CUSTOMER_MANAGED_POLICIES: _PERMISSION_SET,
    operations.GET_INLINE_POLICY: _PERMISSION_SET,
    operations.GET_PERMISSIONS_BOUNDARY: _PERMISSION_SET,
    operations.LIST_PERMISSION_SET_TAGS: _about("ResourceArn", "permission_set_arn"),
    operations.LIST_GROUP_MEMBERSHIPS: _about("GroupId", "group_id"),
    operations.DESCRIBE_USER: _about("UserId", "user_id"),
    operations.DESCRIBE_GROUP: _about("GroupId", "group_id"),
    operations.LIST_ORGANIZATIONAL_UNITS_FOR_PARENT: _UNIT,
    operations.LIST_ACCOUNTS_FOR_PARENT: _UNIT,
    operations.DESCRIBE_ORGANIZATIONAL_UNIT: _about("OrganizationalUnitId", "unit_id"),
    operations.GET_APPLICATION: _about("applicationArn", "application_arn"),
    operations.LIST_ENTITLEMENTS: _entitlements,
}
"""What to ask with; operations that are not here ask for nothing in particular."""


class ProbeApi:
    """Asks about subjects; every method raises AwsFailure where there is no answer to be had."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def ask(self, operation: Operation, subjects: Subjects, *, pages: int = 1) -> Listed | None:
        """The first pages of a listing, or an empty one for what is none; None where nothing can be asked.

        An operation with a subject is asked about that.
        """
        question: Mapping[str, Any] | None = {}
        if operation in _QUESTIONS:
            question = _QUESTIONS[operation](subjects)
        if question is None:
            return None
        parameters = {**_place(operation, subjects.instance), **question}
        if operation.page is not None:
            parameters[operation.page_size_key] = operation.page
        listed = Listed((), more=False)
        for _ in range(pages):
            page, token = await self._gateway.call(operation, partial(_page, operation), **parameters)
            listed = Listed(listed.ids + page.ids, page.more, listed.above + page.above)
            if token is None:
                break
            parameters[operation.token_key] = token
        return listed


def _page(operation: Operation, answer: Mapping[str, Any]) -> tuple[Listed, str | None]:
    """The ids of a page, and the token of the next one; of what is no listing, nothing."""
    if operation not in _IDS:
        return Listed((), more=False), None
    key, token = _IDS[operation], answer.get(operation.token_key)
    items = answer[operation.items]
    ids = tuple(identifier(item if key is None else item[key]) for item in items)
    above = tuple(map(ids_above, items)) if operation is operations.LIST_ACCOUNTS else ()
    return Listed(ids, token is not None, above), token


def _place(operation: Operation, instance: Instance) -> Mapping[str, str]:
    if operation.service == "identitystore":
        return {"IdentityStoreId": instance.identity_store_id}
    if operation.service == "sso-admin" and operation is not operations.LIST_INSTANCES:
        return {"InstanceArn": instance.arn}
    return {}
