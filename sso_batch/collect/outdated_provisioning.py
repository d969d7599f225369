"""Where permission sets are provisioned in an earlier version: asked for only where a check wants to know."""

from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial

from sso_batch.aws.api import InstanceApi
from sso_batch.aws.error_codes import LIST_LEFT_OUT
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.collect.accounts import Accounts
from sso_batch.collect.deletions import Deletions
from sso_batch.collect.permission_sets import PermissionSets
from sso_batch.collect.work_queue import Lane
from sso_batch.model import OUTDATED, Outdated

Listing = Callable[[], AsyncIterator[list[Outdated]]]


class Provisioning:
    """Lists the outdated, by permission set or by account, whichever are fewer.

    `calls` is what that costs, as far as is known.
    """

    def __init__(
        self, api: InstanceApi, lane: Lane, accounts: Accounts, permission_sets: PermissionSets
    ) -> None:
        self.found: set[Outdated] = set()
        self.calls = 0
        self._confirmed = False
        self._api = api
        self._lane = lane
        self._accounts = accounts
        self._permission_sets = permission_sets

    def go_on(self) -> None:
        """Ask, once it is known what there is; to be called whenever more is."""
        accounts, permission_sets = self._accounts, self._permission_sets
        if self.calls or not (accounts.ended and permission_sets.ended):
            return
        fewer = accounts.complete and (
            len(accounts.found) < len(permission_sets.found) or not permission_sets.complete
        )
        if fewer:
            listings = {one: partial(self._in_account, one) for one in accounts.found}
        else:
            listings = {one: partial(self._of_permission_set, one) for one in permission_sets.found}
        self._ask(listings, accounts.deletions if fewer else permission_sets.deletions)

    def _ask(self, listings: Mapping[str, Listing], owner: Deletions) -> None:
        self.calls += len(listings)
        for resource, listing in listings.items():
            self._lane.ask(f"{resource} {OUTDATED}", partial(self._list, resource, listing, owner))

    def finish(self) -> None:
        """Forget permission sets and accounts that were deleted during the run."""
        sets, accounts = self._permission_sets.deletions.deleted, self._accounts.deletions.deleted
        self.found = {
            one for one in self.found if one.permission_set_arn not in sets and one.account_id not in accounts
        }

    async def _list(self, resource: str, listing: Listing, owner: Deletions) -> None:
        try:
            async for page in listing():
                self.found.update(page)
        except AwsFailure as failure:
            owner.not_found(resource, failure, f"{resource} {OUTDATED}")

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
            self._confirm()

    def _confirm(self) -> None:
        """Make the listings by permission set, too, once: they name the accounts that have any."""
        if not self._confirmed:
            self._confirmed = True
            listings = {arn: partial(self._of_permission_set, arn) for arn in self._permission_sets.found}
            self._ask(listings, self._permission_sets.deletions)
