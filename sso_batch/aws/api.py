"""What an audit asks of AWS, a method a question, in records and not in response dicts.

Every method raises AwsFailure where there is no answer to be had.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

from sso_batch.aws import operations, response_parsing
from sso_batch.aws.exceptions import AwsFailure, contradiction
from sso_batch.aws.gateway import Gateway
from sso_batch.aws.operations import Operation
from sso_batch.aws.response_parsing import Item, Unexamined, echoed, identifier, text
from sso_batch.model import Account, Grant, Group, PermissionSet, Principal, User

_LISTINGS = 2
"""How often a listing is made that contradicts what AWS has said before."""


@dataclass(frozen=True, slots=True)
class ListedInstance:
    """An instance as ListInstances gives it: the organization's own, or one of a single account."""

    arn: str
    identity_store_id: str
    owner_account_id: str
    status: str
    primary_region: str


class OrganizationApi:
    """The questions that come first: who asks, in which organization, of which instance."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def caller_arn(self) -> str:
        """The ARN whose credentials these are."""
        return await self._gateway.call(
            operations.GET_CALLER_IDENTITY, lambda answer: identifier(answer["Arn"])
        )

    async def organization(self) -> tuple[str, str]:
        """The id of the organization and of its management account."""
        return await self._gateway.call(
            operations.DESCRIBE_ORGANIZATION,
            lambda answer: (
                identifier(answer["Organization"]["Id"]),
                identifier(answer["Organization"]["MasterAccountId"]),
            ),
        )

    async def instances(self, *, all_regions: bool) -> list[ListedInstance]:
        """The instances that can be seen from this Region, or from anywhere."""
        scope = {"RegionScope": "ALL_REGIONS"} if all_regions else {}
        pages = self._gateway.pages(operations.LIST_INSTANCES, _listed_instance, **scope)
        return [instance async for page in pages for instance in page]

    async def accounts(
        self, management_account_id: str | None = None
    ) -> AsyncIterator[list[tuple[Account, tuple[str, ...] | None]]]:
        """Every account of the organization, whatever its state, with the ids of the OUs above it.

        A listing without the management account, where that is known, is made a second time, and then a
        failure: what it names is not everything.
        """
        for _ in range(_LISTINGS):
            known = management_account_id is None
            async for page in self._gateway.pages(
                operations.LIST_ACCOUNTS,
                lambda item: (response_parsing.account(item), response_parsing.ids_above(item)),
            ):
                known = known or any(account.id == management_account_id for account, _ in page)
                yield page
            if known:
                return
        raise contradiction(
            operations.LIST_ACCOUNTS,
            f"the listing does not name the organization's management account {management_account_id}",
        )

    def roots(self) -> AsyncIterator[list[tuple[str, str]]]:
        """The id and name of the tree's roots, of which AWS has one."""
        return self._gateway.pages(operations.LIST_ROOTS, response_parsing.unit)

    async def organizational_unit(self, unit_id: str) -> str:
        """The name of an organizational unit."""
        _, name = await self._gateway.call(
            operations.DESCRIBE_ORGANIZATIONAL_UNIT,
            lambda answer: response_parsing.unit(echoed(answer["OrganizationalUnit"], Id=unit_id)),
            OrganizationalUnitId=unit_id,
        )
        return name

    def organizational_units_of(self, parent_id: str) -> AsyncIterator[list[tuple[str, str]]]:
        """The id and name of each organizational unit right below a root or another one."""
        return self._gateway.pages(
            operations.LIST_ORGANIZATIONAL_UNITS_FOR_PARENT, response_parsing.unit, ParentId=parent_id
        )

    def account_ids_of(self, parent_id: str) -> AsyncIterator[list[str]]:
        """The ids of the accounts right below a root or an organizational unit."""
        return self._gateway.pages(
            operations.LIST_ACCOUNTS_FOR_PARENT, lambda item: identifier(item["Id"]), ParentId=parent_id
        )


class AccountAccessApi:
    """The questions about account access, which knows the applications of the asking account alone."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def application_arns(self) -> AsyncIterator[list[str]]:
        """The ARN of every application."""
        return self._gateway.pages(
            operations.LIST_APPLICATIONS, lambda item: identifier(item["applicationArn"])
        )

    async def instance_of(self, application_arn: str) -> str | Unexamined:
        """The ARN of the instance whose users and groups an application entitles."""
        return await self._gateway.call(
            operations.GET_APPLICATION,
            response_parsing.instance_of_application,
            applicationArn=application_arn,
        )

    def entitlements(
        self, application_arn: str, account_id: str | None
    ) -> AsyncIterator[list[Grant | Unexamined]]:
        """The entitlements of an application in one account, or in all where AWS lists them so."""
        wanted = {} if account_id is None else {"principalRole": {"account": account_id}}
        return self._gateway.pages(
            operations.LIST_ENTITLEMENTS,
            lambda item: response_parsing.entitlement(item, account_id),
            applicationArn=application_arn,
            filter=wanted,
        )


class InstanceApi:
    """The questions about one instance of IAM Identity Center and its identity store."""

    def __init__(self, gateway: Gateway, instance_arn: str, identity_store_id: str) -> None:
        self._gateway = gateway
        self._instance = {"InstanceArn": instance_arn}
        self._store = {"IdentityStoreId": identity_store_id}

    def permission_set_arns(self) -> AsyncIterator[list[str]]:
        """The ARN of every permission set."""
        return self._gateway.pages(operations.LIST_PERMISSION_SETS, identifier, **self._instance)

    async def permission_set(self, arn: str) -> PermissionSet:
        """A permission set's name and session duration."""
        return await self._gateway.call(
            operations.DESCRIBE_PERMISSION_SET,
            lambda answer: response_parsing.permission_set(arn, answer["PermissionSet"]),
            **self._instance,
            PermissionSetArn=arn,
        )

    def accounts_provisioned_with(
        self, permission_set_arn: str, *, status: str | None = None
    ) -> AsyncIterator[list[str]]:
        """The ids of the accounts in which a permission set is provisioned; of one status alone, if asked."""
        return self._gateway.pages(
            operations.LIST_ACCOUNTS_FOR_PROVISIONED_PERMISSION_SET,
            identifier,
            **self._instance,
            **_of_status(status),
            PermissionSetArn=permission_set_arn,
        )

    def permission_sets_provisioned_to(
        self, account_id: str, *, status: str | None = None
    ) -> AsyncIterator[list[str]]:
        """The ARNs of the permission sets that are provisioned in an account, likewise.

        Raises AwsFailure with the code LIST_LEFT_OUT where AWS sends no list, as it may for an account
        without permission sets: another listing has to confirm that there are none.
        """
        return self._gateway.pages(
            operations.LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT,
            identifier,
            **self._instance,
            **_of_status(status),
            AccountId=account_id,
        )

    def assignments(self, account_id: str, permission_set_arn: str) -> AsyncIterator[list[Grant]]:
        """The assignments of one permission set in one account."""
        return self._gateway.pages(
            operations.LIST_ACCOUNT_ASSIGNMENTS,
            lambda item: response_parsing.assignment(
                echoed(item, AccountId=account_id, PermissionSetArn=permission_set_arn)
            ),
            **self._instance,
            AccountId=account_id,
            PermissionSetArn=permission_set_arn,
        )

    def assignments_of(self, principal: Principal) -> AsyncIterator[list[Grant]]:
        """The assignments of one principal; for a user perhaps its groups' as well, as the groups' own."""
        return self._gateway.pages(
            operations.LIST_ACCOUNT_ASSIGNMENTS_FOR_PRINCIPAL,
            partial(response_parsing.assignment_of, principal),
            **self._instance,
            PrincipalType=principal.type,
            PrincipalId=principal.id,
        )

    async def managed_policies(self, permission_set_arn: str) -> tuple[str, ...]:
        """The ARNs of AWS's own policies in a permission set, sorted."""
        return await self._all_of(
            operations.LIST_MANAGED_POLICIES, lambda item: identifier(item["Arn"]), permission_set_arn
        )

    async def customer_managed_policies(self, permission_set_arn: str) -> tuple[str, ...]:
        """The customer managed policies of a permission set as path and name, sorted."""
        return await self._all_of(
            operations.LIST_CUSTOMER_MANAGED_POLICIES,
            response_parsing.customer_managed_policy,
            permission_set_arn,
        )

    async def inline_policy(self, permission_set_arn: str) -> str:
        """The JSON of a permission set's inline policy; empty where it has none."""
        return await self._gateway.call(
            operations.GET_INLINE_POLICY,
            lambda answer: text(answer.get("InlinePolicy")),
            **self._instance,
            PermissionSetArn=permission_set_arn,
        )

    async def permissions_boundary(self, permission_set_arn: str) -> str:
        """The policy that bounds a permission set; empty where none does, which AWS calls not found."""
        try:
            return await self._gateway.call(
                operations.GET_PERMISSIONS_BOUNDARY,
                lambda answer: response_parsing.permissions_boundary(answer["PermissionsBoundary"]),
                **self._instance,
                PermissionSetArn=permission_set_arn,
            )
        except AwsFailure as failure:
            if failure.not_found:
                return ""
            raise

    async def permission_set_tags(self, permission_set_arn: str) -> tuple[str, ...]:
        """The tags of a permission set as `key=value`, sorted."""
        pages = self._gateway.pages(
            operations.LIST_PERMISSION_SET_TAGS,
            response_parsing.tag,
            **self._instance,
            ResourceArn=permission_set_arn,
        )
        return tuple(sorted([tag async for page in pages for tag in page]))

    async def _all_of(
        self, operation: Operation, parse: Callable[[Item], str], permission_set_arn: str
    ) -> tuple[str, ...]:
        pages = self._gateway.pages(operation, parse, **self._instance, PermissionSetArn=permission_set_arn)
        return tuple(sorted([item async for page in pages for item in page]))

    def users(self) -> AsyncIterator[list[User]]:
        """Every user that the identity store lists; with Active Directory perhaps not everybody."""
        return self._gateway.pages(
            operations.LIST_USERS,
            lambda item: response_parsing.user(echoed(item, **self._store)),
            **self._store,
        )

    def groups(self) -> AsyncIterator[list[Group]]:
        """Every group that the identity store lists; with Active Directory perhaps not all."""
        return self._gateway.pages(
            operations.LIST_GROUPS,
            lambda item: response_parsing.group(echoed(item, **self._store)),
            **self._store,
        )

    def member_ids(self, group_id: str) -> AsyncIterator[list[str | Unexamined]]:
        """The ids of a group's members, some of whom may be users no more."""
        asked = {**self._store, "GroupId": group_id}
        return self._gateway.pages(
            operations.LIST_GROUP_MEMBERSHIPS,
            lambda item: response_parsing.member_id(echoed(item, **asked)),
            **asked,
        )

    async def user(self, user_id: str) -> User:
        """One user by id."""
        asked = {**self._store, "UserId": user_id}
        return await self._gateway.call(
            operations.DESCRIBE_USER, lambda answer: response_parsing.user(echoed(answer, **asked)), **asked
        )

    async def group(self, group_id: str) -> Group:
        """One group by id."""
        asked = {**self._store, "GroupId": group_id}
        return await self._gateway.call(
            operations.DESCRIBE_GROUP, lambda answer: response_parsing.group(echoed(answer, **asked)), **asked
        )


def _of_status(status: str | None) -> dict[str, str]:
    """The filter by ProvisioningStatus; without it AWS lists all."""
    return {} if status is None else {"ProvisioningStatus": status}


def _listed_instance(item: Item) -> ListedInstance:
    return ListedInstance(
        arn=identifier(item["InstanceArn"]),
        identity_store_id=identifier(item["IdentityStoreId"]),
        owner_account_id=text(item.get("OwnerAccountId")),
        status=text(item.get("Status")),
        primary_region=text(item.get("PrimaryRegion")),
    )
