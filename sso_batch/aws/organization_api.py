"""The calls about an organization and its account access, one method each, which return records.

Every method raises AwsFailure without an answer.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sso_batch.aws import operations, response_parsing
from sso_batch.aws.exceptions import contradiction
from sso_batch.aws.gateway import Gateway
from sso_batch.aws.response_parsing import Item, Unexamined, check_echo, parse_id, parse_text
from sso_batch.model import Account, Grant, PolicyDocument

IDENTITY_CENTER = "sso.amazonaws.com"
"""The service principal whose delegated administrators are listed."""

_LISTINGS = 2
"""How often a listing is made that contradicts an earlier answer."""


@dataclass(frozen=True, slots=True)
class ListedInstance:
    """An instance of ListInstances: the organization's, or an account instance."""

    arn: str
    identity_store_id: str
    owner_account_id: str
    status: str
    primary_region: str
    regions: tuple[str, ...] = ()


class OrganizationApi:
    """The calls about an organization: the caller, the instances, the accounts and their tree."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def caller_arn(self) -> str:
        """Return the ARN of the caller."""
        return await self._gateway.call(
            operations.GET_CALLER_IDENTITY, lambda answer: parse_id(answer["Arn"])
        )

    async def organization(self) -> tuple[str, str]:
        """Return the ids of the organization and of its management account."""
        return await self._gateway.call(
            operations.DESCRIBE_ORGANIZATION,
            lambda answer: (
                parse_id(answer["Organization"]["Id"]),
                parse_id(answer["Organization"]["MasterAccountId"]),
            ),
        )

    async def instances(self, *, all_regions: bool) -> list[ListedInstance]:
        """Return the instances that are visible from this Region, or in all Regions, each once."""
        scope = {"RegionScope": "ALL_REGIONS"} if all_regions else {}
        pages = self._gateway.pages(operations.LIST_INSTANCES, _parse_instance, **scope)
        return list(dict.fromkeys([instance async for page in pages for instance in page]))

    async def accounts(
        self, management_account_id: str | None = None
    ) -> AsyncIterator[list[tuple[Account, tuple[str, ...] | None]]]:
        """Yield pages of all accounts in any state, each with the ids of the root and the OUs above it.

        A listing without the management account, if that is known, is incomplete: it is made a second time,
        and then it is a failure.
        """
        for _ in range(_LISTINGS):
            known = management_account_id is None
            async for page in self._gateway.pages(
                operations.LIST_ACCOUNTS,
                lambda item: (response_parsing.parse_account(item), response_parsing.parse_parent_ids(item)),
            ):
                known = known or any(account.id == management_account_id for account, _ in page)
                yield page
            if known:
                return
        raise contradiction(
            operations.LIST_ACCOUNTS,
            f"the listing does not name the organization's management account {management_account_id}",
        )

    async def delegated_administrators(self) -> tuple[str, ...]:
        """Return the ids of the member accounts that administer Identity Center."""
        pages = self._gateway.pages(
            operations.LIST_DELEGATED_ADMINISTRATORS,
            lambda item: parse_id(item["Id"]),
            ServicePrincipal=IDENTITY_CENTER,
        )
        return tuple(sorted({account_id async for page in pages for account_id in page}))

    def roots(self) -> AsyncIterator[list[tuple[str, str]]]:
        """Yield pages of the ids and names of the tree's roots; AWS has one."""
        return self._gateway.pages(operations.LIST_ROOTS, response_parsing.parse_unit)

    async def organizational_unit(self, unit_id: str) -> str:
        """Return the name of an organizational unit."""
        _, name = await self._gateway.call(
            operations.DESCRIBE_ORGANIZATIONAL_UNIT,
            lambda answer: response_parsing.parse_unit(check_echo(answer["OrganizationalUnit"], Id=unit_id)),
            OrganizationalUnitId=unit_id,
        )
        return name

    def organizational_units_of(self, parent_id: str) -> AsyncIterator[list[tuple[str, str]]]:
        """Yield pages of the ids and names of the units directly below a root or an organizational unit."""
        return self._gateway.pages(
            operations.LIST_ORGANIZATIONAL_UNITS_FOR_PARENT, response_parsing.parse_unit, ParentId=parent_id
        )

    def account_ids_of(self, parent_id: str) -> AsyncIterator[list[str]]:
        """Yield pages of the ids of the accounts directly below a root or an organizational unit."""
        return self._gateway.pages(
            operations.LIST_ACCOUNTS_FOR_PARENT, lambda item: parse_id(item["Id"]), ParentId=parent_id
        )


class PolicyApi:
    """The calls about AWS managed policies, which are the same in every account of a partition."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def policy_document(self, arn: str) -> PolicyDocument:
        """Return the document of a policy, in the version that is in force."""
        version_id = await self._gateway.call(
            operations.GET_POLICY,
            lambda answer: parse_id(check_echo(answer["Policy"], Arn=arn)["DefaultVersionId"]),
            PolicyArn=arn,
        )
        return await self._gateway.call(
            operations.GET_POLICY_VERSION,
            lambda answer: response_parsing.parse_policy_version(arn, version_id, answer["PolicyVersion"]),
            PolicyArn=arn,
            VersionId=version_id,
        )


class AccountAccessApi:
    """The calls about account access, which shows only the applications of the caller's account."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def application_arns(self) -> AsyncIterator[list[str]]:
        """Yield pages of the ARNs of all applications."""
        return self._gateway.pages(
            operations.LIST_APPLICATIONS, lambda item: parse_id(item["applicationArn"])
        )

    async def instance_of(self, application_arn: str) -> str | Unexamined:
        """Return the ARN of the instance whose users and groups an application entitles."""
        return await self._gateway.call(
            operations.GET_APPLICATION,
            response_parsing.parse_application_instance,
            applicationArn=application_arn,
        )

    def entitlements(
        self, application_arn: str, account_id: str | None
    ) -> AsyncIterator[list[Grant | Unexamined]]:
        """Yield pages of the entitlements of an application, in one account or, for None, in all."""
        filter_ = {} if account_id is None else {"principalRole": {"account": account_id}}
        return self._gateway.pages(
            operations.LIST_ENTITLEMENTS,
            lambda item: response_parsing.parse_entitlement(item, account_id),
            applicationArn=application_arn,
            filter=filter_,
        )


def _parse_instance(item: Item) -> ListedInstance:
    return ListedInstance(
        arn=parse_id(item["InstanceArn"]),
        identity_store_id=parse_id(item["IdentityStoreId"]),
        owner_account_id=parse_text(item.get("OwnerAccountId")),
        status=parse_text(item.get("Status")),
        primary_region=parse_text(item.get("PrimaryRegion")),
        regions=tuple(parse_id(region["RegionName"]) for region in item.get("Regions") or ()),
    )
