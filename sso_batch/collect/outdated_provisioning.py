"""Accounts with outdated versions of permission sets: listed only if a check needs them."""

from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial

from sso_batch.aws.api import InstanceApi
from sso_batch.aws.error_codes import LIST_LEFT_OUT
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.collect.accounts import Accounts
from sso_batch.collect.deletions import Deletions
from sso_batch.collect.permission_sets import PermissionSets
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import OUTDATED, GapKind, Outdated, Subject

Listing = Callable[[], AsyncIterator[list[Outdated]]]


class OutdatedProvisioning:
    """Lists what is outdated, by permission set or by account, whichever are fewer.

    `calls` is how many calls that takes, as far as is known.
    """

    def __init__(
        self, api: InstanceApi, queue: WorkQueue, accounts: Accounts, permission_sets: PermissionSets
    ) -> None:
        self.found: set[Outdated] = set()
        self.calls = 0
        self._lists_permission_sets_too = False
        self._api = api
        self._queue = queue
        self._accounts = accounts
        self._permission_sets = permission_sets

    def advance(self) -> None:
        """Start the listings once all accounts and permission sets are known; does nothing before."""
        accounts, permission_sets = self._accounts, self._permission_sets
        if self.calls or not (accounts.ended and permission_sets.ended):
            return
        by_account = accounts.complete and (
            len(accounts.found) < len(permission_sets.found) or not permission_sets.complete
        )
        if by_account:
            listings = {account_id: partial(self._in_account, account_id) for account_id in accounts.found}
        else:
            listings = {arn: partial(self._of_permission_set, arn) for arn in permission_sets.found}
        self._add(listings, accounts.deletions if by_account else permission_sets.deletions)

    def _add(self, listings: Mapping[str, Listing], owner: Deletions) -> None:
        self.calls += len(listings)
        for resource, listing in listings.items():
            self._queue.add(_versions_of(resource), partial(self._list, resource, listing, owner))

    def finish(self) -> None:
        """Remove the records of permission sets and accounts that were deleted during the run."""
        arns, account_ids = self._permission_sets.deletions.deleted, self._accounts.deletions.deleted
        self.found = {
            record
            for record in self.found
            if record.permission_set_arn not in arns and record.account_id not in account_ids
        }

    async def _list(self, resource: str, listing: Listing, owner: Deletions) -> None:
        try:
            async for page in listing():
                self.found.update(page)
        except AwsFailure as failure:
            owner.not_found(resource, failure, _versions_of(resource))

    async def _of_permission_set(self, arn: str) -> AsyncIterator[list[Outdated]]:
        async for page in self._api.accounts_provisioned_with(arn, status=OUTDATED):
            yield [Outdated(account_id, arn) for account_id in page]

    async def _in_account(self, account_id: str) -> AsyncIterator[list[Outdated]]:
        try:
            async for page in self._api.permission_sets_provisioned_to(account_id, status=OUTDATED):
                yield [Outdated(account_id, arn) for arn in page]
        except AwsFailure as failure:
            if failure.code != LIST_LEFT_OUT or not self._permission_sets.complete:
                raise
            self._list_by_permission_set_too()

    def _list_by_permission_set_too(self) -> None:
        """Make the listings by permission set as well, once: they name the accounts that have any."""
        if not self._lists_permission_sets_too:
            self._lists_permission_sets_too = True
            listings = {arn: partial(self._of_permission_set, arn) for arn in self._permission_sets.found}
            self._add(listings, self._permission_sets.deletions)


def _versions_of(resource: str) -> Subject:
    return Subject(GapKind.OUTDATED_PROVISIONING, f"{resource} {OUTDATED}")
