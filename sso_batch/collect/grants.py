"""The assignments of permission sets: which principal has which permission set in which account.

Each call is made once, in an order that never leaves the rate limit of sso-admin unused while calls wait.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection
from functools import partial

from sso_batch.aws.api import InstanceApi
from sso_batch.aws.error_codes import LIST_LEFT_OUT
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.collect.accounts import Accounts
from sso_batch.collect.contradictions import contradiction, unverified
from sso_batch.collect.identity_store import IdentityStore
from sso_batch.collect.permission_sets import PermissionSets
from sso_batch.collect.strategy import ListingStrategy, Workload, choose_strategy
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import GROUP, USER, GapKind, Grant, Principal, Subject

Pair = tuple[str, str]
"""An account's id and the ARN of a permission set that is provisioned in it."""

Listing = Callable[[], AsyncIterator[list[Pair]]]


class Grants:
    """Finds every assignment, by pair or by principal (see `strategy`).

    With `strategy: complete` the listing strategy is BY_PAIR from the start. With `fastest` it is None until
    the numbers show which one is cheaper. `on_strategy` is called once, with the strategy and the numbers
    known then: when the strategy is chosen, or when all numbers are known. `common_calls` returns how many
    other calls to sso-admin are made with either strategy.
    """

    def __init__(
        self,
        api: InstanceApi,
        queue: WorkQueue,
        accounts: Accounts,
        permission_sets: PermissionSets,
        identity_store: IdentityStore,
        *,
        strategy: ListingStrategy | None,
        on_strategy: Callable[[ListingStrategy, Workload], None],
        common_calls: Callable[[], int] = lambda: 0,
    ) -> None:
        self.found: set[Grant] = set()
        self.strategy = strategy
        self._api = api
        self._queue = queue
        self._accounts = accounts
        self._permission_sets = permission_sets
        self._identity_store = identity_store
        self._on_strategy = on_strategy
        self._common_calls = common_calls
        self._strategy_reported = False
        self._pairs: set[Pair] = set()
        self._listings: dict[str, Listing] | None = None
        """The listings of pairs that are not made yet, by resource; None before they are chosen."""
        self._listings_made = 0
        self._by_account = False
        """Whether pairs are listed by account, and not by permission set."""
        self._lists_permission_sets_too = False
        """Whether pairs are listed by permission set as well, to confirm the listings by account."""
        self._not_found: dict[Pair, AwsFailure] = {}

    def advance(self) -> None:
        """Add the calls that have become possible; to be called whenever more is known."""
        if self._listings is not None:
            self._choose_strategy()
            return
        self._listings = self._choose_listings()
        if self._listings is not None:
            self._choose_strategy()
            if self.strategy is not ListingStrategy.BY_PRINCIPAL:
                self._list_pairs()

    def add(self, grant: Grant) -> None:
        """Add an assignment or entitlement, and have its principal read."""
        self.found.add(grant)
        self._identity_store.add_principal(grant.principal)

    # What was deleted during the run

    def verify_pairs(self) -> None:
        """Repeat the listings of pairs that are not found, once the deleted permission sets are known."""
        deleted = self._permission_sets.deletions.deleted
        if deleted:
            self.found = {grant for grant in self.found if grant.permission_set_arn not in deleted}
        repeated: defaultdict[str, list[Pair]] = defaultdict(list)
        for account_id, arn in self._not_found:
            if arn not in deleted:
                repeated[account_id if self._by_account else arn].append((account_id, arn))
        for resource, pairs in repeated.items():
            self._queue.add(self._pairs_of(resource), partial(self._verify, resource, pairs))

    def forget_accounts(self, account_ids: Collection[str]) -> None:
        """Remove what is assigned in accounts that were deleted."""
        if account_ids:
            self.found = {grant for grant in self.found if grant.account_id not in account_ids}

    async def _verify(self, resource: str, pairs: list[Pair]) -> None:
        """Repeat the listing that named the pairs; a pair that is no longer listed was deleted."""
        listed: set[Pair] = set()
        listing = self._pairs_of_account if self._by_account else self._pairs_of_permission_set
        try:
            async for page in listing(resource):
                listed.update(page)
        except AwsFailure as failure:
            if failure.not_found and self._by_account:  # the account may have been deleted
                for pair in pairs:
                    self._accounts.deletions.not_found(resource, self._not_found[pair], _assignments(pair))
                return
            self._queue.gaps.extend(unverified(self._not_found[pair], _assignments(pair)) for pair in pairs)
            if failure.not_found:
                return
            raise
        for pair in pairs:
            if pair in listed:
                evidence = "the permission set is still provisioned in the account"
                self._queue.gaps.append(contradiction(self._not_found[pair], _assignments(pair), evidence))
            else:
                self.found -= {
                    grant for grant in self.found if (grant.account_id, grant.permission_set_arn) == pair
                }

    # The pairs, listed by account or by permission set, whichever are fewer

    def _choose_listings(self) -> dict[str, Listing] | None:
        """Return the listings of pairs, as soon as it is known whether accounts or permission sets are fewer.

        If one of the two could not be listed, the other one is used, so that no assignment is lost.
        """
        accounts, permission_sets = self._accounts, self._permission_sets
        if not permission_sets.ended:
            return None
        if permission_sets.complete and len(permission_sets.found) <= len(accounts.found):
            return self._by_permission_set()
        if not accounts.ended:
            return None
        if accounts.complete:
            self._by_account = True
            return {account_id: partial(self._pairs_of_account, account_id) for account_id in accounts.found}
        return self._by_permission_set()

    def _by_permission_set(self) -> dict[str, Listing]:
        return {arn: partial(self._pairs_of_permission_set, arn) for arn in self._permission_sets.found}

    async def _pairs_of_permission_set(self, arn: str) -> AsyncIterator[list[Pair]]:
        async for page in self._api.accounts_provisioned_with(arn):
            yield [(account_id, arn) for account_id in page]

    async def _pairs_of_account(self, account_id: str) -> AsyncIterator[list[Pair]]:
        async for page in self._api.permission_sets_provisioned_to(account_id):
            yield [(account_id, arn) for arn in page]

    def _list_by_permission_set_too(self) -> None:
        """Make the listings by permission set as well, once: they name the accounts that have any."""
        if self._listings is not None and not self._lists_permission_sets_too:
            self._lists_permission_sets_too = True
            listings = self._by_permission_set()
            self._listings |= listings
            for resource, listing in listings.items():
                self._add_listing(resource, listing)

    def _list_pairs(self) -> None:
        for resource, listing in tuple((self._listings or {}).items()):
            self._add_listing(resource, listing)

    def _add_listing(self, resource: str, listing: Listing) -> None:
        job = partial(self._list, resource, listing)
        self._queue.add(self._pairs_of(resource), job, then=self._choose_strategy)

    def _pairs_of(self, resource: str) -> Subject:
        """Return the pairs of an account or of a permission set as the subject of a call."""
        arn = "" if resource in self._accounts.found else resource
        return Subject(GapKind.PROVISIONING, resource, arn)

    async def _list(self, resource: str, listing: Listing) -> None:
        """Make one listing of pairs.

        With BY_PRINCIPAL it is skipped and kept: it is made if AWS refuses the calls by principal later.
        """
        try:
            if self.strategy is not ListingStrategy.BY_PRINCIPAL:
                async for page in listing():
                    for pair in page:
                        self._add_pair(pair)
                    self._choose_strategy()
        except AwsFailure as failure:
            of_account = resource in self._accounts.found
            if failure.code == LIST_LEFT_OUT and of_account and self._permission_sets.complete:
                self._list_by_permission_set_too()
            else:
                owner = self._accounts if of_account else self._permission_sets
                owner.deletions.not_found(resource, failure, self._pairs_of(resource))
        finally:
            if self.strategy is not ListingStrategy.BY_PRINCIPAL and self._listings is not None:
                self._listings.pop(resource, None)
                self._listings_made += 1

    def _add_pair(self, pair: Pair) -> None:
        if pair not in self._pairs:
            self._pairs.add(pair)
            _, arn = pair
            self._permission_sets.add(arn)
            if self.strategy is ListingStrategy.BY_PAIR:
                self._permission_sets.describe(arn)
                self._list_pair(pair)

    # The strategy

    def _choose_strategy(self) -> None:
        """Report the strategy as soon as the numbers allow it; with `fastest`, choose it and use it."""
        if self._strategy_reported:
            return
        workload, identity_store = self._workload(), self._identity_store
        if self.strategy is not None:
            strategy = self.strategy if workload.pairs_final and identity_store.ended else None
        elif identity_store.ended and not identity_store.complete:
            strategy = ListingStrategy.BY_PAIR  # not every principal is known
        else:
            strategy = choose_strategy(workload)
        if strategy is not None:
            self._strategy_reported = True
            self._on_strategy(strategy, workload)
            if self.strategy is None:
                self._use(strategy)

    def _workload(self) -> Workload:
        permission_sets, identity_store = self._permission_sets, self._identity_store
        return Workload(
            listings=len(self._listings or ()),
            pairs=len(self._pairs),
            principals=len(identity_store.users) + len(identity_store.groups),
            pairs_final=not self._listings,
            principals_final=identity_store.complete,
            common=self._listings_made
            + permission_sets.calls_each * len(permission_sets.found)
            + self._common_calls(),
        )

    def _use(self, strategy: ListingStrategy) -> None:
        self.strategy = strategy
        if strategy is ListingStrategy.BY_PAIR:
            for arn in tuple(self._permission_sets.found):
                self._permission_sets.describe(arn)
            for pair in self._pairs:
                self._list_pair(pair)
        else:
            store = self._identity_store
            for principal_type, known in ((GROUP, store.groups), (USER, store.users)):
                for id_ in known:
                    job = partial(self._list_assignments_of, Principal(principal_type, id_))
                    self._queue.add(Subject(GapKind.ASSIGNMENTS, id_), job)

    def _list_pair(self, pair: Pair) -> None:
        self._queue.add(_assignments(pair), partial(self._list_assignments, *pair))

    async def _list_assignments(self, account_id: str, permission_set_arn: str) -> None:
        try:
            async for page in self._api.assignments(account_id, permission_set_arn):
                for grant in page:
                    self.add(grant)
        except AwsFailure as failure:
            if not failure.not_found:
                raise
            self._not_found[account_id, permission_set_arn] = failure
            self._permission_sets.deletions.suspect(permission_set_arn)

    async def _list_assignments_of(self, principal: Principal) -> None:
        """List the assignments of one principal; a user's answer can name those of the user's groups.

        The call is documented for the management account only. If AWS refuses it, switch to BY_PAIR.
        """
        if self.strategy is not ListingStrategy.BY_PRINCIPAL:
            return
        try:
            async for page in self._api.assignments_of(principal):
                for grant in page:
                    self.add(grant)
                    self._permission_sets.describe(grant.permission_set_arn)
        except AwsFailure as failure:
            if not failure.denied:
                self._identity_store.not_found(principal, failure)
                return
            if self.strategy is ListingStrategy.BY_PRINCIPAL:
                self._use(ListingStrategy.BY_PAIR)
                self._list_pairs()


def _assignments(pair: Pair) -> Subject:
    _, permission_set_arn = pair
    return Subject(GapKind.ASSIGNMENTS, " ".join(pair), permission_set_arn)
