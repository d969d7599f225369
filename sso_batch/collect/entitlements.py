"""Account access: the IAM roles that users and groups are entitled to, beside all permission sets."""

from collections import Counter, defaultdict
from functools import partial

from sso_batch.aws.api import AccountAccessApi
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.response_parsing import Unexamined
from sso_batch.collect.accounts import Accounts
from sso_batch.collect.deletions import Deletions
from sso_batch.collect.grants import Grants
from sso_batch.collect.work_queue import Lane
from sso_batch.model import Gap, GapKind, Grant, Subject

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
        self._instance = Subject(GapKind.ENTITLEMENTS, instance_arn)
        self._accounts = accounts
        self._grants = grants
        self._to_ask_by_account: list[str] = []
        self.unexamined: Counter[Unexamined] = Counter()
        self._listed: set[str] = set()
        self._read: defaultdict[str, set[Grant]] = defaultdict(set)
        self._deletions = Deletions(
            "ListApplications", api.application_arns, lane, known=self._listed, delete=self._delete
        )

    def start(self) -> None:
        """Ask for the applications of this account."""
        self._lane.ask(self._instance, self._list_applications)

    def go_on(self) -> None:
        """Ask by account what must be, once all accounts are known; to be called whenever more are."""
        if not self._accounts.ended:
            return
        for application_arn in self._to_ask_by_account:
            for account_id in self._accounts.found:
                self._lane.ask(
                    _entitlements(application_arn, account_id),
                    partial(self._list_by_account, application_arn, account_id),
                )
            if not self._accounts.complete:
                self._lane.gaps.append(_unknown_accounts(application_arn))
        self._to_ask_by_account.clear()

    def verify(self) -> None:
        """Once nothing is left to ask: ask again whether applications that are not found still exist."""
        self._deletions.verify(self._instance)

    def _delete(self, application_arn: str) -> None:
        """Forget the entitlements of an application that no longer exists."""
        deleted = self._read.pop(application_arn, set())
        self._grants.found -= deleted.difference(*self._read.values())

    async def _list_applications(self) -> None:
        async for page in self._api.application_arns():
            self._listed.update(page)
            for arn in page:
                self._lane.ask(_entitlements(arn), partial(self._read_application, arn))

    async def _read_application(self, arn: str) -> None:
        try:
            instance_arn = await self._api.instance_of(arn)
            if isinstance(instance_arn, Unexamined):
                self.unexamined[instance_arn] += 1
            elif instance_arn == self._instance_arn:
                await self._list(arn, None)
        except AwsFailure as failure:
            if (failure.operation, failure.code) != ("ListEntitlements", _REFUSED_FILTER):
                self._deletions.not_found(arn, failure, _entitlements(arn))
                return
            self._to_ask_by_account.append(arn)
            self.go_on()

    async def _list_by_account(self, application_arn: str, account_id: str) -> None:
        try:
            await self._list(application_arn, account_id)
        except AwsFailure as failure:
            self._deletions.not_found(application_arn, failure, _entitlements(application_arn, account_id))

    async def _list(self, application_arn: str, account_id: str | None) -> None:
        async for page in self._api.entitlements(application_arn, account_id):
            for grant in page:
                if isinstance(grant, Unexamined):
                    self.unexamined[grant] += 1
                else:
                    self._read[application_arn].add(grant)
                    self._grants.add(grant)


def _entitlements(*ids: str) -> Subject:
    return Subject(GapKind.ENTITLEMENTS, " ".join(ids))


def _unknown_accounts(application_arn: str) -> Gap:
    return Gap(
        GapKind.ENTITLEMENTS,
        "ListEntitlements",
        application_arn,
        "AccountsNotRead",
        "entitlements can be asked for by account alone, and not every account is known",
        "allow the role the IAM action organizations:ListAccounts",
    )
