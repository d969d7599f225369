"""Account access: the IAM roles that users and groups are entitled to, in addition to permission sets."""

from collections import Counter, defaultdict
from functools import partial

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.organization_api import AccountAccessApi
from sso_batch.aws.response_parsing import Unexamined
from sso_batch.collect.accounts import Accounts
from sso_batch.collect.gaps import unknown_accounts
from sso_batch.collect.listing import Listing, Stream
from sso_batch.collect.work_queue import Batch, WorkQueue
from sso_batch.model import GapKind, Grant, Instance, Subject

_FILTER_REFUSED = "ValidationException"


class Entitlements:
    """Adds the entitlements of every application of the instance to `grants`.

    ListEntitlements requires a filter, and AWS does not document whether an empty one lists all
    entitlements. It is tried first; if AWS refuses it, the entitlements of each account are listed.
    """

    def __init__(
        self,
        api: AccountAccessApi,
        queue: WorkQueue,
        instance: Instance,
        accounts: Accounts,
        grants: Stream[Grant],
    ) -> None:
        self.unexamined: Counter[Unexamined] = Counter()
        self._api = api
        self._queue = queue
        self._calls = Batch(queue)
        self._instance = instance
        self._accounts = accounts
        self._grants = grants
        self._read: defaultdict[str, set[Grant]] = defaultdict(set)
        subject = Subject(GapKind.ENTITLEMENTS, instance.arn)
        self.applications = Listing(queue, subject, "ListApplications", api.application_arns)
        self._refused: list[str] = []

    @property
    def deleted(self) -> set[Grant]:
        """The entitlements of applications that were deleted during the run."""
        deleted, remaining = set[Grant](), set[Grant]()
        for arn, grants in self._read.items():
            (deleted if arn in self.applications.deleted else remaining).update(grants)
        return deleted - remaining

    async def list(self) -> None:
        """List all entitlements; those that AWS lists only by account, once all accounts are known."""
        async for arns in self.applications.pages():
            for arn in arns:
                self._calls.add(_entitlements_of(arn), partial(self._read_application, arn))
        await self._calls.done()
        if self._refused:
            await self._accounts.listing.done()
        for arn in self._refused:
            for account_id in self._accounts.found:
                subject = _entitlements_of(arn, account_id)
                self._calls.add(subject, partial(self._list_by_account, arn, account_id, subject))
            if not self._accounts.listing.complete:
                self._queue.gaps.append(unknown_accounts(arn))
        await self._calls.done()

    async def _read_application(self, arn: str) -> None:
        try:
            instance_arn = await self._api.instance_of(arn)
            if isinstance(instance_arn, Unexamined):
                self.unexamined[instance_arn] += 1
            elif instance_arn == self._instance.arn:
                await self._list(arn, None)
        except AwsFailure as failure:
            if (failure.operation, failure.code) == ("ListEntitlements", _FILTER_REFUSED):
                self._refused.append(arn)
            else:
                self.applications.not_found(arn, failure, _entitlements_of(arn))

    async def _list_by_account(self, arn: str, account_id: str, subject: Subject) -> None:
        try:
            await self._list(arn, account_id)
        except AwsFailure as failure:
            self.applications.not_found(arn, failure, subject)

    async def _list(self, arn: str, account_id: str | None) -> None:
        async for page in self._api.entitlements(arn, account_id):
            self.unexamined.update(item for item in page if isinstance(item, Unexamined))
            grants = [item for item in page if isinstance(item, Grant)]
            self._read[arn].update(grants)
            self._grants.add(grants)


def _entitlements_of(*ids: str) -> Subject:
    return Subject(GapKind.ENTITLEMENTS, " ".join(ids))
