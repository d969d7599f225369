"""The collectors of one organization's instance, and the order in which they call AWS."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sso_batch.aws.instance_api import InstanceApi
from sso_batch.aws.organization_api import AccountAccessApi, OrganizationApi
from sso_batch.aws.response_parsing import Unexamined
from sso_batch.collect.accounts import Accounts
from sso_batch.collect.assignments import Assignments
from sso_batch.collect.entitlements import Entitlements
from sso_batch.collect.identity_store import IdentityStore
from sso_batch.collect.listing import Stream
from sso_batch.collect.permission_sets import PermissionSets
from sso_batch.collect.provisioned_pairs import ProvisionedPairs, accounts_are_fewer
from sso_batch.collect.strategy import ListingStrategy, Workload, choose_strategy
from sso_batch.collect.work_queue import Jobs, WorkQueue, run_together
from sso_batch.config import Collect
from sso_batch.model import OUTDATED, Grant, Instance, Outdated


@dataclass(frozen=True, slots=True)
class Apis:
    """The calls of one organization; `account_access` is None if entitlements are not collected."""

    organization: OrganizationApi
    instance: InstanceApi
    account_access: AccountAccessApi | None


@dataclass(frozen=True, slots=True)
class Widths:
    """How many calls to each service are made at a time."""

    sso_admin: int = 10  # 20 calls per second of 300 ms keep 6 in flight; the others wait for a retry
    identity_store: int = 8
    organizations: int = 4
    account_access: int = 4


class Collectors:
    """Reads everything about an instance; what fails is in the gaps of `jobs`, each for its own resource.

    With `outdated`, accounts with outdated versions of permission sets are listed, too. `on_strategy` is
    called once, with the strategy and the numbers known then: when it is chosen, or with `strategy:
    complete` when all numbers are known.
    """

    def __init__(
        self,
        apis: Apis,
        instance: Instance,
        settings: Collect,
        jobs: Jobs,
        *,
        outdated: bool,
        on_strategy: Callable[[ListingStrategy, Workload], None],
        widths: Widths = Widths(),
    ) -> None:
        sso_admin = WorkQueue(jobs, widths.sso_admin)
        identity_store = WorkQueue(jobs, widths.identity_store)
        organizations = WorkQueue(jobs, widths.organizations)
        account_access = WorkQueue(jobs, widths.account_access)
        grants = Stream[Grant](jobs)
        accounts = Accounts(apis.organization, organizations, instance, paths=settings.account_paths)
        permission_sets = PermissionSets(
            apis.instance, sso_admin, instance, details=settings.permission_set_details
        )
        self.strategy = ListingStrategy.BY_PAIR
        self.accounts = accounts
        self.permission_sets = permission_sets
        self.identity_store = IdentityStore(apis.instance, identity_store, instance)
        self._pairs = ProvisionedPairs(apis.instance, sso_admin, accounts, permission_sets)
        self._outdated = (
            ProvisionedPairs(apis.instance, sso_admin, accounts, permission_sets, status=OUTDATED)
            if outdated
            else None
        )
        self._assignments = Assignments(
            apis.instance,
            sso_admin,
            pairs=self._pairs,
            permission_sets=permission_sets,
            identity_store=self.identity_store,
            grants=grants,
        )
        self._entitlements = (
            Entitlements(apis.account_access, account_access, instance, accounts, grants)
            if apis.account_access is not None
            else None
        )
        self._grants = grants
        self._jobs = jobs
        self._fastest = settings.strategy == "fastest"
        self._on_strategy = on_strategy

    async def collect(self) -> None:
        """Make all calls, in the order in which their answers allow the next ones."""
        async with self._jobs.running():
            self._start_listings()
            await run_together(
                self._list_provisioned_pairs(),
                self._list_grants(),
                self.identity_store.read_principals(self._grants),
                self.accounts.read_paths(),
            )
        # What is not found although it was listed or is in use: each step needs the previous one's answers.
        for verify in (
            self._verify_listings,
            self._pairs.verify,
            self._verify_accounts,
            self.accounts.verify_paths,
        ):
            async with self._jobs.running():
                verify()
        self.permission_sets.finish()
        self.identity_store.finish()
        self.accounts.finish()

    @property
    def grants(self) -> set[Grant]:
        """The assignments and entitlements, without those that were deleted during the run."""
        permission_sets, accounts = self.permission_sets.listing.deleted, self.accounts.listing.deleted
        pairs = self._pairs.deleted
        entitlements = set[Grant]() if self._entitlements is None else self._entitlements.deleted
        return {
            grant
            for grant in self._grants
            if grant.permission_set_arn not in permission_sets
            and grant.account_id not in accounts
            and (grant.account_id, grant.permission_set_arn) not in pairs
            and grant not in entitlements
        }

    @property
    def outdated(self) -> tuple[Outdated, ...] | None:
        """Accounts with outdated versions of permission sets; None if they were not listed."""
        if self._outdated is None:
            return None
        permission_sets, accounts = self.permission_sets.listing.deleted, self.accounts.listing.deleted
        return tuple(
            Outdated(account_id, arn)
            for account_id, arn in sorted(self._outdated)
            if account_id not in accounts and arn not in permission_sets
        )

    @property
    def unexamined(self) -> Counter[Unexamined]:
        """How many items AWS named that this version cannot read, by their kinds."""
        entitlements = Counter[Unexamined]() if self._entitlements is None else self._entitlements.unexamined
        return self.identity_store.unexamined + entitlements

    def _start_listings(self) -> None:
        self.permission_sets.listing.start()
        self.accounts.listing.start()
        self.identity_store.users.listing.start()
        self.identity_store.groups.listing.start()
        if self._entitlements is not None:
            self._entitlements.applications.start()

    async def _list_provisioned_pairs(self) -> None:
        by_account = await accounts_are_fewer(self.accounts.listing, self.permission_sets.listing)
        if self._outdated is not None:
            self._outdated.start(by_account=by_account)
        self._pairs.start(by_account=by_account)

    async def _list_grants(self) -> None:
        assignments = self._list_cheaper() if self._fastest else self._list_by_pair()
        if self._entitlements is None:
            await assignments
        else:
            await run_together(assignments, self._entitlements.list())
        self._grants.end()

    async def _list_by_pair(self) -> None:
        await run_together(self._assignments.list_by_pair(), self._report_strategy())

    async def _list_cheaper(self) -> None:
        """List by pair or by principal, whichever costs fewer calls.

        Listings of pairs that are skipped by principal are made if AWS refuses the calls by principal.
        """
        await self._report_strategy()
        if self.strategy is ListingStrategy.BY_PRINCIPAL:
            self._pairs.pause()
            if await self._assignments.list_by_principal():
                return
            self.strategy = ListingStrategy.BY_PAIR
            self._pairs.resume()
        await self._assignments.list_by_pair()

    async def _report_strategy(self) -> None:
        self.strategy, workload = await self._jobs.until(self._settled_strategy)
        self._on_strategy(self.strategy, workload)

    def _settled_strategy(self) -> tuple[ListingStrategy, Workload] | None:
        """Return the strategy and the numbers known by now, if they are certain enough."""
        if not self._pairs.started:
            return None
        workload, identity_store = self._workload(), self.identity_store
        strategy: ListingStrategy | None = ListingStrategy.BY_PAIR
        if not self._fastest:
            certain = workload.pairs_final and identity_store.ended
            strategy = ListingStrategy.BY_PAIR if certain else None
        elif not identity_store.ended or identity_store.complete:
            strategy = choose_strategy(workload)
        return None if strategy is None else (strategy, workload)

    def _workload(self) -> Workload:
        pairs, permission_sets, identity_store = self._pairs, self.permission_sets, self.identity_store
        return Workload(
            listings=pairs.remaining,
            pairs=len(pairs),
            principals=len(identity_store.users.found) + len(identity_store.groups.found),
            pairs_final=pairs.ended,
            principals_final=identity_store.complete,
            common=pairs.total
            - pairs.remaining
            + permission_sets.calls_each * len(permission_sets.found)
            + (0 if self._outdated is None else self._outdated.total),
        )

    def _verify_listings(self) -> None:
        self.permission_sets.listing.verify()
        self.identity_store.verify()
        if self._entitlements is not None:
            self._entitlements.applications.verify()

    def _verify_accounts(self) -> None:
        self.accounts.verify({grant.account_id for grant in self.grants})
