"""The provisioned pairs: which permission sets are provisioned in which accounts."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from functools import partial

from sso_batch.aws.error_codes import LIST_LEFT_OUT
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.instance_api import InstanceApi
from sso_batch.collect.accounts import Accounts
from sso_batch.collect.gaps import contradiction, unverified
from sso_batch.collect.listing import Listing, Stream
from sso_batch.collect.permission_sets import PermissionSets
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import GapKind, Subject

Pair = tuple[str, str]
"""An account's id and the ARN of a permission set that is provisioned in it."""


async def accounts_are_fewer(accounts: Listing, permission_sets: Listing) -> bool:
    """Return whether accounts are fewer than permission sets, as soon as that is certain.

    If one of the two could not be listed, the other one counts as fewer, so that no assignment is lost.
    """
    await permission_sets.done()
    if permission_sets.complete:
        async for _ in accounts.pages():
            if len(permission_sets) <= len(accounts):
                return False
    await accounts.done()
    return accounts.complete


class ProvisionedPairs(Stream[Pair]):
    """Lists the pairs with one listing for each account or for each permission set.

    `total` counts the listings, `remaining` those that have not ended. `status` is the ProvisioningStatus
    of the pairs to list; None lists all. A pair that was deleted during the run is in `deleted`.
    """

    def __init__(
        self,
        api: InstanceApi,
        queue: WorkQueue,
        accounts: Accounts,
        permission_sets: PermissionSets,
        *,
        status: str | None = None,
    ) -> None:
        super().__init__(queue.jobs)
        self.started = False
        self.total = self.remaining = 0
        self.deleted: set[Pair] = set()
        self._api = api
        self._queue = queue
        self._accounts = accounts
        self._permission_sets = permission_sets
        self._status = status
        self._by_account = False
        self._lists_permission_sets_too = False
        self._paused = False
        self._skipped: list[str] = []
        self._not_found: dict[Pair, AwsFailure] = {}

    @property
    def idle(self) -> bool:
        """Whether all listings have ended that were started."""
        return self.started and self.remaining == len(self._skipped)

    def start(self, *, by_account: bool, sample: int | None = None) -> None:
        """Start one listing for each account, or for each permission set.

        With `sample`, start only so many, evenly spread; `resume` starts the others.
        """
        self.started = True
        self._by_account = by_account
        resources = list(self._accounts.found if by_account else self._permission_sets.found)
        if sample is not None:
            chosen = resources[:: max(len(resources) // sample, 1)][:sample]
            self._skipped = [resource for resource in resources if resource not in chosen]
            self.total = self.remaining = len(self._skipped)
            resources = chosen
        self._add_listings(resources)
        if not self.remaining:
            self.end()

    def pause(self) -> None:
        """Start no further listing: those that are skipped are kept, in case that they are needed later."""
        self._paused = True

    def resume(self) -> None:
        """Make the listings that were skipped, and go on."""
        self._paused = False
        skipped, self._skipped = self._skipped, []
        self._add_jobs(skipped)

    def not_found(self, pair: Pair, failure: AwsFailure) -> None:
        """Record that the assignments of a pair are not found; raise any other failure."""
        if not failure.not_found:
            raise failure
        self._not_found[pair] = failure
        _, arn = pair
        self._permission_sets.listing.suspect(arn)

    def verify(self) -> None:
        """Repeat the listings of pairs that are not found, once the deleted permission sets are known."""
        repeated: defaultdict[str, list[Pair]] = defaultdict(list)
        for account_id, arn in self._not_found:
            if arn not in self._permission_sets.listing.deleted:
                repeated[account_id if self._by_account else arn].append((account_id, arn))
        for resource, pairs in repeated.items():
            self._queue.add(self._subject(resource), partial(self._verify, resource, pairs))

    def _add_listings(self, resources: Iterable[str]) -> None:
        added = list(resources)
        self.total += len(added)
        self.remaining += len(added)
        self._add_jobs(added)
        self._jobs.notify()

    def _add_jobs(self, resources: list[str]) -> None:
        for resource in resources:
            self._queue.add(self._subject(resource), partial(self._list, resource))

    async def _list(self, resource: str) -> None:
        if self._paused:
            self._skipped.append(resource)
            return
        try:
            async for pairs in self._pairs_of(resource):
                for _, arn in pairs:
                    self._permission_sets.add(arn)
                self.add(pairs)
        except AwsFailure as failure:
            of_account = self._is_account(resource)
            if failure.code == LIST_LEFT_OUT and of_account and self._permission_sets.listing.complete:
                self._list_by_permission_set_too()
            else:
                owner = self._accounts if of_account else self._permission_sets
                owner.listing.not_found(resource, failure, self._subject(resource))
        finally:
            self.remaining -= 1
            self._jobs.notify()
            if not self.remaining:
                self.end()

    def _list_by_permission_set_too(self) -> None:
        """Make the listings by permission set as well, once: they name the accounts that have any."""
        if not self._lists_permission_sets_too:
            self._lists_permission_sets_too = True
            self._add_listings(self._permission_sets.found)

    async def _pairs_of(self, resource: str) -> AsyncIterator[list[Pair]]:
        if self._is_account(resource):
            async for arns in self._api.permission_sets_provisioned_to(resource, status=self._status):
                yield [(resource, arn) for arn in arns]
        else:
            async for account_ids in self._api.accounts_provisioned_with(resource, status=self._status):
                yield [(account_id, resource) for account_id in account_ids]

    async def _verify(self, resource: str, pairs: list[Pair]) -> None:
        """Repeat the listing that named the pairs; a pair that is no longer listed was deleted."""
        failures = {pair: self._not_found[pair] for pair in pairs}
        listed: set[Pair] = set()
        try:
            async for page in self._pairs_of(resource):
                listed.update(page)
        except AwsFailure as failure:
            if failure.not_found and self._by_account:  # the account may have been deleted
                self._accounts.listing.suspect(
                    resource, *((failures[pair], assignments_of(pair)) for pair in pairs)
                )
                return
            self._queue.gaps.extend(unverified(failures[pair], assignments_of(pair)) for pair in pairs)
            if failure.not_found:
                return
            raise
        self.deleted.update(failures.keys() - listed)
        evidence = "the permission set is still provisioned in the account"
        self._queue.gaps.extend(
            contradiction(failures[pair], assignments_of(pair), evidence) for pair in pairs if pair in listed
        )

    def _is_account(self, resource: str) -> bool:
        return resource in self._accounts.listing

    def _subject(self, resource: str) -> Subject:
        """Return the pairs of an account or of a permission set as the subject of a call."""
        if self._status is not None:
            return Subject(GapKind.OUTDATED_PROVISIONING, f"{resource} {self._status}")
        return Subject(GapKind.PROVISIONING, resource, "" if self._is_account(resource) else resource)


def assignments_of(pair: Pair) -> Subject:
    """Return the assignments of a pair as the subject of a call."""
    _, permission_set_arn = pair
    return Subject(GapKind.ASSIGNMENTS, " ".join(pair), permission_set_arn)
