"""sso-admin's side of an organization: who is granted which permission set in which account.

Each question is asked once, in an order in which sso-admin's one bucket is never idle while it has work.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection
from functools import partial

from sso_batch.aws.api import InstanceApi
from sso_batch.aws.error_codes import LIST_LEFT_OUT
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.collect.accounts import Accounts
from sso_batch.collect.contradictions import contradiction, unverified
from sso_batch.collect.identity_store import Directory
from sso_batch.collect.permission_sets import PermissionSets
from sso_batch.collect.strategy import Known, Way, decide
from sso_batch.collect.work_queue import Lane
from sso_batch.model import GROUP, USER, Grant, Principal

Pair = tuple[str, str]
"""An account's id and a permission set's ARN."""

Listing = Callable[[], AsyncIterator[list[Pair]]]


class Grants:
    """Finds every grant, by pair or by principal (see `plan`).

    The strategy `complete` goes by pair from the start; `fastest` leaves `way` open until the numbers
    tell. `planned` is told once, with what was known: as soon as it is decided, or all of it is known.
    `beside` tells of calls on the same bucket that are made either way.
    """

    def __init__(
        self,
        api: InstanceApi,
        lane: Lane,
        accounts: Accounts,
        permission_sets: PermissionSets,
        directory: Directory,
        *,
        way: Way | None,
        planned: Callable[[Way, Known], None],
        beside: Callable[[], int] = lambda: 0,
    ) -> None:
        self.found: set[Grant] = set()
        self.way = way
        self._api = api
        self._lane = lane
        self._accounts = accounts
        self._permission_sets = permission_sets
        self._directory = directory
        self._planned = planned
        self._beside = beside
        self._told = False
        self._pairs: set[Pair] = set()
        self._listings: dict[str, Listing] | None = None
        """Of pairs, by resource: those not made yet; None before it is known which to make."""
        self._listings_made = 0
        self._by_account = False
        """Whether the listings of pairs are those of accounts, or else of permission sets."""
        self._confirmed = False
        """Whether those of permission sets confirm those of accounts."""
        self._not_found: dict[Pair, AwsFailure] = {}

    def go_on(self) -> None:
        """Ask what can be asked by now; to be called whenever more is known."""
        if self._listings is not None:
            self._decide()
            return
        self._listings = self._choose_listings()
        if self._listings is not None:
            self._decide()
            if self.way is not Way.BY_PRINCIPAL:
                self._list_pairs()

    def add(self, grant: Grant) -> None:
        """Take in a grant, and learn of its principal."""
        self.found.add(grant)
        self._directory.saw(grant.principal)

    # What was deleted during the run

    def verify_pairs(self) -> None:
        """Once it is known which permission sets were deleted: ask again for the other pairs not found."""
        deleted = self._permission_sets.deletions.deleted
        if deleted:
            self.found = {one for one in self.found if one.permission_set_arn not in deleted}
        again: defaultdict[str, list[Pair]] = defaultdict(list)
        for account_id, arn in self._not_found:
            if arn not in deleted:
                again[account_id if self._by_account else arn].append((account_id, arn))
        for resource, pairs in again.items():
            self._lane.ask(resource, partial(self._verify, resource, pairs))

    def forget_accounts(self, account_ids: Collection[str]) -> None:
        """Forget what is granted in accounts that were deleted."""
        if account_ids:
            self.found = {one for one in self.found if one.account_id not in account_ids}

    async def _verify(self, resource: str, pairs: list[Pair]) -> None:
        """Repeat the listing that named the pairs; a pair that it no longer has was deleted."""
        listed: set[Pair] = set()
        listing = self._pairs_of_account if self._by_account else self._pairs_of_permission_set
        try:
            async for page in listing(resource):
                listed.update(page)
        except AwsFailure as failure:
            if failure.not_found and self._by_account:  # the account may have been deleted
                for pair in pairs:
                    self._accounts.deletions.not_found(resource, self._not_found[pair], " ".join(pair))
                return
            self._lane.gaps.extend(unverified(self._not_found[pair], " ".join(pair)) for pair in pairs)
            if failure.not_found:
                return
            raise
        for account_id, arn in pairs:
            if (account_id, arn) in listed:
                evidence = "the permission set is still provisioned in the account"
                gap = contradiction(self._not_found[account_id, arn], f"{account_id} {arn}", evidence)
                self._lane.gaps.append(gap)
            else:
                self.found -= {
                    one for one in self.found if (one.account_id, one.permission_set_arn) == (account_id, arn)
                }

    # The pairs, listed by whichever there are fewer of

    def _choose_listings(self) -> dict[str, Listing] | None:
        """The listings of pairs, as soon as it is known which are fewer: one an account or a permission set.

        Where one of the two could not be listed, the other one serves: no grant is lost for it.
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

    def _confirm_bare_accounts(self) -> None:
        """Make the listings by permission set, too, once: they name the accounts that have any."""
        if self._listings is not None and not self._confirmed:
            self._confirmed = True
            listings = self._by_permission_set()
            self._listings |= listings
            for resource, listing in listings.items():
                self._lane.ask(resource, partial(self._list, resource, listing), then=self._decide)

    def _list_pairs(self) -> None:
        for resource, listing in tuple((self._listings or {}).items()):
            self._lane.ask(resource, partial(self._list, resource, listing), then=self._decide)

    async def _list(self, resource: str, listing: Listing) -> None:
        """Make one listing; once the principals are asked instead it stays to be made, should they refuse."""
        try:
            if self.way is not Way.BY_PRINCIPAL:
                async for page in listing():
                    for pair in page:
                        self._saw_pair(pair)
                    self._decide()
        except AwsFailure as failure:
            of_account = resource in self._accounts.found
            if failure.code == LIST_LEFT_OUT and of_account and self._permission_sets.complete:
                self._confirm_bare_accounts()
            else:
                owner = self._accounts if of_account else self._permission_sets
                owner.deletions.not_found(resource, failure, resource)
        finally:
            if self.way is not Way.BY_PRINCIPAL and self._listings is not None:
                self._listings.pop(resource, None)
                self._listings_made += 1

    def _saw_pair(self, pair: Pair) -> None:
        if pair not in self._pairs:
            self._pairs.add(pair)
            _, arn = pair
            self._permission_sets.saw(arn)
            if self.way is Way.BY_PAIR:
                self._permission_sets.describe(arn)
                self._ask_pair(pair)

    # The way

    def _decide(self) -> None:
        if self._told:
            return
        known, directory = self._known(), self._directory
        if self.way is not None:
            way = self.way if known.pairs_final and directory.ended else None
        else:
            unlistable = directory.ended and not directory.complete
            way = Way.BY_PAIR if unlistable else decide(known)
        if way is not None:
            self._told = True
            self._planned(way, known)
            if self.way is None:
                self._take(way)

    def _known(self) -> Known:
        permission_sets, directory = self._permission_sets, self._directory
        return Known(
            listings=len(self._listings or ()),
            pairs=len(self._pairs),
            principals=len(directory.users) + len(directory.groups),
            pairs_final=not self._listings,
            principals_final=directory.complete,
            common=self._listings_made
            + permission_sets.calls_each * len(permission_sets.found)
            + self._beside(),
        )

    def _take(self, way: Way) -> None:
        self.way = way
        if way is Way.BY_PAIR:
            for arn in tuple(self._permission_sets.found):
                self._permission_sets.describe(arn)
            for pair in self._pairs:
                self._ask_pair(pair)
        else:
            for principal_type, known in ((GROUP, self._directory.groups), (USER, self._directory.users)):
                for id_ in known:
                    principal = Principal(principal_type, id_)
                    self._lane.ask(id_, partial(self._ask_principal, principal))

    def _ask_pair(self, pair: Pair) -> None:
        self._lane.ask(" ".join(pair), partial(self._list_assignments, *pair))

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

    async def _ask_principal(self, principal: Principal) -> None:
        """One principal's grants; a user's answer may name those of groups, which are the groups' own.

        The call is documented for the management account alone: where it is refused, go by pair.
        """
        if self.way is not Way.BY_PRINCIPAL:
            return
        try:
            async for page in self._api.assignments_of(principal):
                for grant in page:
                    self.add(grant)
                    self._permission_sets.describe(grant.permission_set_arn)
        except AwsFailure as failure:
            if not failure.denied:
                self._directory.not_found(principal, failure)
                return
            if self.way is Way.BY_PRINCIPAL:
                self._take(Way.BY_PAIR)
                self._list_pairs()
