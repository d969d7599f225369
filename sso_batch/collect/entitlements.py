"""Account access: the IAM roles that users and groups are entitled to, in addition to permission sets."""

from collections import Counter, defaultdict
from functools import partial

from sso_batch.aws.api import AccountAccessApi
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.response_parsing import Unexamined
from sso_batch.collect.accounts import Accounts
from sso_batch.collect.deletions import Deletions
from sso_batch.collect.grants import Grants
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import Gap, GapKind, Grant, Subject

_FILTER_REFUSED = "ValidationException"


class Entitlements:
    """Lists the entitlements of every application of the instance.

    ListEntitlements requires a filter, and AWS does not document whether an empty one lists all
    entitlements. It is tried first; if AWS refuses it, the entitlements of each account are listed.
    """

    def __init__(
        self, api: AccountAccessApi, queue: WorkQueue, instance_arn: str, accounts: Accounts, grants: Grants
    ) -> None:
        self._api = api
        self._queue = queue
        self._instance_arn = instance_arn
        self._instance = Subject(GapKind.ENTITLEMENTS, instance_arn)
        self._accounts = accounts
        self._grants = grants
        self._applications_by_account: list[str] = []
        self.unexamined: Counter[Unexamined] = Counter()
        self._listed: set[str] = set()
        self._read: defaultdict[str, set[Grant]] = defaultdict(set)
        self._deletions = Deletions(
            "ListApplications", api.application_arns, queue, known=self._listed, delete=self._delete
        )

    def start(self) -> None:
        """List the applications of the calling account."""
        self._queue.add(self._instance, self._list_applications)

    def advance(self) -> None:
        """List by account what AWS lists in no other way, once all accounts are known."""
        if not self._accounts.ended:
            return
        for application_arn in self._applications_by_account:
            for account_id in self._accounts.found:
                self._queue.add(
                    _entitlements_of(application_arn, account_id),
                    partial(self._list_by_account, application_arn, account_id),
                )
            if not self._accounts.complete:
                self._queue.gaps.append(_unknown_accounts(application_arn))
        self._applications_by_account.clear()

    def verify(self) -> None:
        """Check whether applications that are not found still exist, once all other calls are made."""
        self._deletions.verify(self._instance)

    def _delete(self, application_arn: str) -> None:
        """Remove the entitlements of an application that no longer exists."""
        deleted = self._read.pop(application_arn, set())
        self._grants.found -= deleted.difference(*self._read.values())

    async def _list_applications(self) -> None:
        async for page in self._api.application_arns():
            unread = [arn for arn in page if arn not in self._listed]
            self._listed.update(unread)
            for arn in unread:
                self._queue.add(_entitlements_of(arn), partial(self._read_application, arn))

    async def _read_application(self, arn: str) -> None:
        try:
            instance_arn = await self._api.instance_of(arn)
            if isinstance(instance_arn, Unexamined):
                self.unexamined[instance_arn] += 1
            elif instance_arn == self._instance_arn:
                await self._list(arn, None)
        except AwsFailure as failure:
            if (failure.operation, failure.code) != ("ListEntitlements", _FILTER_REFUSED):
                self._deletions.not_found(arn, failure, _entitlements_of(arn))
                return
            self._applications_by_account.append(arn)
            self.advance()

    async def _list_by_account(self, application_arn: str, account_id: str) -> None:
        try:
            await self._list(application_arn, account_id)
        except AwsFailure as failure:
            subject = _entitlements_of(application_arn, account_id)
            self._deletions.not_found(application_arn, failure, subject)

    async def _list(self, application_arn: str, account_id: str | None) -> None:
        async for page in self._api.entitlements(application_arn, account_id):
            for grant in page:
                if isinstance(grant, Unexamined):
                    self.unexamined[grant] += 1
                else:
                    self._read[application_arn].add(grant)
                    self._grants.add(grant)


def _entitlements_of(*ids: str) -> Subject:
    return Subject(GapKind.ENTITLEMENTS, " ".join(ids))


def _unknown_accounts(application_arn: str) -> Gap:
    return Gap(
        GapKind.ENTITLEMENTS,
        "ListEntitlements",
        application_arn,
        "AccountsNotRead",
        "entitlements can only be listed by account, and not every account is known",
        "allow the role the IAM action organizations:ListAccounts",
    )
