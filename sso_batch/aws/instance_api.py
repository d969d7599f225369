"""The calls about one instance of IAM Identity Center, one method each, which return records.

Every method raises AwsFailure without an answer.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from sso_batch.aws import operations, response_parsing
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.gateway import Gateway
from sso_batch.aws.identity_store_parsing import (
    EXTENSION,
    needs_extension,
    parse_group,
    parse_member,
    parse_user,
)
from sso_batch.aws.operations import Operation
from sso_batch.aws.response_parsing import Item, Unexamined, check_echo, parse_id, parse_text
from sso_batch.model import (
    Application,
    ApplicationAssignment,
    Grant,
    Group,
    Member,
    PermissionSet,
    Principal,
    User,
)


class InstanceApi:
    """The calls about one instance of IAM Identity Center and its identity store.

    `people` names the attributes of users that are read.
    """

    def __init__(
        self, gateway: Gateway, instance_arn: str, identity_store_id: str, *, people: Sequence[str] = ()
    ) -> None:
        self._gateway = gateway
        self._instance = {"InstanceArn": instance_arn}
        self._store = {"IdentityStoreId": identity_store_id}
        self._people = people
        self._extensions = {"Extensions": [EXTENSION]} if needs_extension(people) else {}

    def permission_set_arns(self) -> AsyncIterator[list[str]]:
        """Yield pages of the ARNs of all permission sets."""
        return self._gateway.pages(operations.LIST_PERMISSION_SETS, parse_id, **self._instance)

    async def permission_set(self, arn: str) -> PermissionSet:
        """Return a permission set with its name, description and session duration."""
        return await self._gateway.call(
            operations.DESCRIBE_PERMISSION_SET,
            lambda answer: response_parsing.parse_permission_set(arn, answer["PermissionSet"]),
            **self._instance,
            PermissionSetArn=arn,
        )

    def accounts_provisioned_with(
        self, permission_set_arn: str, *, status: str | None = None
    ) -> AsyncIterator[list[str]]:
        """Yield pages of the ids of the accounts with a permission set; `status` filters them."""
        return self._gateway.pages(
            operations.LIST_ACCOUNTS_FOR_PROVISIONED_PERMISSION_SET,
            parse_id,
            **self._instance,
            **_status_filter(status),
            PermissionSetArn=permission_set_arn,
        )

    def permission_sets_provisioned_to(
        self, account_id: str, *, status: str | None = None
    ) -> AsyncIterator[list[str]]:
        """Yield pages of the ARNs of the permission sets that are provisioned in an account.

        Raise AwsFailure with the code LIST_LEFT_OUT if AWS sends no list, as it may for an account without
        permission sets: another listing must confirm that there are none.
        """
        return self._gateway.pages(
            operations.LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT,
            parse_id,
            **self._instance,
            **_status_filter(status),
            AccountId=account_id,
        )

    def assignments(self, account_id: str, permission_set_arn: str) -> AsyncIterator[list[Grant]]:
        """Yield pages of the assignments of one permission set in one account."""
        return self._gateway.pages(
            operations.LIST_ACCOUNT_ASSIGNMENTS,
            lambda item: response_parsing.parse_assignment(
                check_echo(item, AccountId=account_id, PermissionSetArn=permission_set_arn)
            ),
            **self._instance,
            AccountId=account_id,
            PermissionSetArn=permission_set_arn,
        )

    def assignments_of(self, principal: Principal) -> AsyncIterator[list[Grant]]:
        """Yield pages of a principal's assignments; for a user, AWS may include those of its groups."""
        return self._gateway.pages(
            operations.LIST_ACCOUNT_ASSIGNMENTS_FOR_PRINCIPAL,
            partial(response_parsing.parse_principal_assignment, principal),
            **self._instance,
            PrincipalType=principal.type,
            PrincipalId=principal.id,
        )

    def applications(self) -> AsyncIterator[list[Application]]:
        """Yield pages of the applications of Identity Center in all accounts."""
        return self._gateway.pages(
            operations.LIST_SSO_APPLICATIONS,
            lambda item: response_parsing.parse_application(check_echo(item, **self._instance)),
            **self._instance,
        )

    def application_assignments(self, application_arn: str) -> AsyncIterator[list[ApplicationAssignment]]:
        """Yield pages of the assignments of users and groups to an application."""
        parameters = {"ApplicationArn": application_arn}
        return self._gateway.pages(
            operations.LIST_APPLICATION_ASSIGNMENTS,
            lambda item: response_parsing.parse_application_assignment(check_echo(item, **parameters)),
            **parameters,
        )

    async def assignment_required(self, application_arn: str) -> bool:
        """Return whether only users who are assigned to an application have access to it."""
        return await self._gateway.call(
            operations.GET_APPLICATION_ASSIGNMENT_CONFIGURATION,
            response_parsing.parse_assignment_required,
            ApplicationArn=application_arn,
        )

    async def managed_policies(self, permission_set_arn: str) -> tuple[str, ...]:
        """Return the ARNs of the AWS managed policies in a permission set, sorted."""
        return await self._sorted_items(
            operations.LIST_MANAGED_POLICIES,
            lambda item: parse_id(item["Arn"]),
            PermissionSetArn=permission_set_arn,
        )

    async def customer_managed_policies(self, permission_set_arn: str) -> tuple[str, ...]:
        """Return the customer managed policies of a permission set as path and name, sorted."""
        return await self._sorted_items(
            operations.LIST_CUSTOMER_MANAGED_POLICIES,
            response_parsing.parse_customer_managed_policy,
            PermissionSetArn=permission_set_arn,
        )

    async def inline_policy(self, permission_set_arn: str) -> str:
        """Return the JSON of a permission set's inline policy; empty if it has none."""
        return await self._gateway.call(
            operations.GET_INLINE_POLICY,
            lambda answer: parse_text(answer.get("InlinePolicy")),
            **self._instance,
            PermissionSetArn=permission_set_arn,
        )

    async def permissions_boundary(self, permission_set_arn: str) -> str:
        """Return the policy of a permission set's boundary; empty if AWS does not find one."""
        try:
            return await self._gateway.call(
                operations.GET_PERMISSIONS_BOUNDARY,
                lambda answer: response_parsing.parse_permissions_boundary(answer["PermissionsBoundary"]),
                **self._instance,
                PermissionSetArn=permission_set_arn,
            )
        except AwsFailure as failure:
            if failure.not_found:
                return ""
            raise

    async def permission_set_tags(self, permission_set_arn: str) -> tuple[str, ...]:
        """Return the tags of a permission set as `key=value`, sorted."""
        return await self._sorted_items(
            operations.LIST_PERMISSION_SET_TAGS, response_parsing.parse_tag, ResourceArn=permission_set_arn
        )

    async def _sorted_items(
        self, operation: Operation, parse: Callable[[Item], str], **parameters: str
    ) -> tuple[str, ...]:
        """Return the items of a listing, each once, although a token can lead to the first page again."""
        pages = self._gateway.pages(operation, parse, **self._instance, **parameters)
        return tuple(sorted({item async for page in pages for item in page}))

    def users(self) -> AsyncIterator[list[User]]:
        """Yield pages of the users; with Active Directory, the identity store may list only some."""
        return self._gateway.pages(
            operations.LIST_USERS,
            lambda item: parse_user(check_echo(item, **self._store), self._people),
            **self._store,
            **self._extensions,
        )

    def groups(self) -> AsyncIterator[list[Group]]:
        """Yield pages of the groups; with Active Directory, the identity store may list only some."""
        return self._gateway.pages(
            operations.LIST_GROUPS,
            lambda item: parse_group(check_echo(item, **self._store)),
            **self._store,
        )

    def members(self, group_id: str) -> AsyncIterator[list[Member | Unexamined]]:
        """Yield pages of a group's members, some of whom may have been deleted."""
        parameters = {**self._store, "GroupId": group_id}
        return self._gateway.pages(
            operations.LIST_GROUP_MEMBERSHIPS,
            lambda item: parse_member(check_echo(item, **parameters)),
            **parameters,
        )

    async def user(self, user_id: str) -> User:
        """Return a user by id."""
        parameters = {**self._store, "UserId": user_id}
        return await self._gateway.call(
            operations.DESCRIBE_USER,
            lambda answer: parse_user(check_echo(answer, **parameters), self._people),
            **parameters,
            **self._extensions,
        )

    async def group(self, group_id: str) -> Group:
        """Return a group by id."""
        parameters = {**self._store, "GroupId": group_id}
        return await self._gateway.call(
            operations.DESCRIBE_GROUP,
            lambda answer: parse_group(check_echo(answer, **parameters)),
            **parameters,
        )


def _status_filter(status: str | None) -> dict[str, str]:
    """Return the filter by ProvisioningStatus; without it AWS lists all."""
    return {} if status is None else {"ProvisioningStatus": status}
