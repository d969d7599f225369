"""Account access: the IAM roles that users and groups are entitled to, beside all permission sets."""

from collections import Counter
from functools import partial

from sso_batch.aws.answers import Unexamined
from sso_batch.aws.api import AccountAccessApi
from sso_batch.aws.failures import AwsFailure
from sso_batch.collect.accounts import Accounts
from sso_batch.collect.grants import Grants
from sso_batch.collect.lane import Lane
from sso_batch.model import Gap

_REFUSED_FILTER = "ValidationException"


class Entitlements:
    """Asks every application of the instance for its entitlements.

    AWS requires a filter and does not say whether an empty one lists all: it is tried, and where it is
    refused every account is asked for.
    """

    def __init__(
        self, api: AccountAccessApi, lane: Lane, instance_arn: str, accounts: Accounts, grants: Grants
    ) -> None:
        self._api = api
        self._lane = lane
        self._instance_arn = instance_arn
        self._accounts = accounts
        self._grants = grants
        self._to_ask_by_account: list[str] = []
        self.unexamined: Counter[Unexamined] = Counter()

    def start(self) -> None:
        """Ask for the applications of this account."""
        self._lane.ask(self._instance_arn, self._list_applications)

    def go_on(self) -> None:
        """Ask by account what must be, once all accounts are known; to be called whenever more are."""
        if not self._accounts.ended:
            return
        for application_arn in self._to_ask_by_account:
            for account_id in self._accounts.found:
                self._lane.ask(
                    f"{application_arn} {account_id}", partial(self._list, application_arn, account_id)
                )
            if not self._accounts.complete:
                self._lane.gaps.append(_unknown_accounts(application_arn))
        self._to_ask_by_account.clear()

    async def _list_applications(self) -> None:
        async for page in self._api.application_arns():
            for arn in page:
                self._lane.ask(arn, partial(self._read_application, arn))

    async def _read_application(self, arn: str) -> None:
        instance_arn = await self._api.instance_of(arn)
        if isinstance(instance_arn, Unexamined):
            self.unexamined[instance_arn] += 1
        if instance_arn != self._instance_arn:
            return
        try:
            await self._list(arn, None)
        except AwsFailure as failure:
            if failure.code != _REFUSED_FILTER:
                raise
            self._to_ask_by_account.append(arn)
            self.go_on()

    async def _list(self, application_arn: str, account_id: str | None) -> None:
        async for page in self._api.entitlements(application_arn, account_id):
            for grant in page:
                if isinstance(grant, Unexamined):
                    self.unexamined[grant] += 1
                else:
                    self._grants.add(grant)


def _unknown_accounts(application_arn: str) -> Gap:
    return Gap(
        "ListEntitlements",
        application_arn,
        "AccountsNotRead",
        "entitlements can be asked for by account alone, and not every account is known",
        "allow the role the IAM action organizations:ListAccounts",
    )
