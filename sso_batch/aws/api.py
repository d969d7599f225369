"""What an audit asks of AWS, a method a question, in records and not in response dicts.

Every method raises AwsFailure where there is no answer to be had.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sso_batch.aws import answers, operations
from sso_batch.aws.answers import Item, text
from sso_batch.aws.gateway import Gateway
from sso_batch.model import Account, Grant, Group, PermissionSet, User


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
        return await self._gateway.call(operations.GET_CALLER_IDENTITY, lambda answer: text(answer["Arn"]))

    async def organization(self) -> tuple[str, str]:
        """The id of the organization and of its management account."""
        return await self._gateway.call(
            operations.DESCRIBE_ORGANIZATION,
            lambda answer: (
                text(answer["Organization"]["Id"]),
                text(answer["Organization"]["MasterAccountId"]),
            ),
        )

    async def instances(self, *, all_regions: bool) -> list[ListedInstance]:
        """The instances that can be seen from this Region, or from anywhere."""
        scope = {"RegionScope": "ALL_REGIONS"} if all_regions else {}
        pages = self._gateway.pages(operations.LIST_INSTANCES, _listed_instance, **scope)
        return [instance async for page in pages for instance in page]

    def accounts(self) -> AsyncIterator[list[Account]]:
        """Every account of the organization, whatever its state."""
        return self._gateway.pages(operations.LIST_ACCOUNTS, answers.account)


class InstanceApi:
    """The questions about one instance of IAM Identity Center and its identity store."""

    def __init__(self, gateway: Gateway, instance_arn: str, identity_store_id: str) -> None:
        self._gateway = gateway
        self._instance = {"InstanceArn": instance_arn}
        self._store = {"IdentityStoreId": identity_store_id}

    def permission_set_arns(self) -> AsyncIterator[list[str]]:
        """The ARN of every permission set."""
        return self._gateway.pages(operations.LIST_PERMISSION_SETS, text, **self._instance)

    async def permission_set(self, arn: str) -> PermissionSet:
        """A permission set's name and session duration."""
        return await self._gateway.call(
            operations.DESCRIBE_PERMISSION_SET,
            lambda answer: answers.permission_set(arn, answer["PermissionSet"]),
            **self._instance,
            PermissionSetArn=arn,
        )

    def accounts_provisioned_with(self, permission_set_arn: str) -> AsyncIterator[list[str]]:
        """The ids of the accounts in which a permission set is provisioned, up to date or not."""
        return self._gateway.pages(
            operations.LIST_ACCOUNTS_FOR_PROVISIONED_PERMISSION_SET,
            text,
            **self._instance,
            PermissionSetArn=permission_set_arn,
        )

    def permission_sets_provisioned_to(self, account_id: str) -> AsyncIterator[list[str]]:
        """The ARNs of the permission sets that are provisioned in an account, up to date or not."""
        return self._gateway.pages(
            operations.LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT,
            text,
            **self._instance,
            AccountId=account_id,
        )

    def assignments(self, account_id: str, permission_set_arn: str) -> AsyncIterator[list[Grant]]:
        """The assignments of one permission set in one account."""
        return self._gateway.pages(
            operations.LIST_ACCOUNT_ASSIGNMENTS,
            answers.assignment,
            **self._instance,
            AccountId=account_id,
            PermissionSetArn=permission_set_arn,
        )

    def users(self) -> AsyncIterator[list[User]]:
        """Every user that the identity store lists; with Active Directory perhaps not everybody."""
        return self._gateway.pages(operations.LIST_USERS, answers.user, **self._store)

    def groups(self) -> AsyncIterator[list[Group]]:
        """Every group that the identity store lists; with Active Directory perhaps not all."""
        return self._gateway.pages(operations.LIST_GROUPS, answers.group, **self._store)

    def member_ids(self, group_id: str) -> AsyncIterator[list[str]]:
        """The ids of a group's members, some of whom may be users no more."""
        return self._gateway.pages(
            operations.LIST_GROUP_MEMBERSHIPS, answers.member_id, **self._store, GroupId=group_id
        )

    async def user(self, user_id: str) -> User:
        """One user by id."""
        return await self._gateway.call(operations.DESCRIBE_USER, answers.user, **self._store, UserId=user_id)

    async def group(self, group_id: str) -> Group:
        """One group by id."""
        return await self._gateway.call(
            operations.DESCRIBE_GROUP, answers.group, **self._store, GroupId=group_id
        )


def _listed_instance(item: Item) -> ListedInstance:
    return ListedInstance(
        arn=text(item["InstanceArn"]),
        identity_store_id=text(item["IdentityStoreId"]),
        owner_account_id=text(item.get("OwnerAccountId")),
        status=text(item.get("Status")),
        primary_region=text(item.get("PrimaryRegion")),
    )
