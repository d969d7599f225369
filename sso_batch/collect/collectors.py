"""The collectors of one organization's instance, and the order in which they call AWS."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sso_batch.aws.instance_api import InstanceApi
from sso_batch.aws.operations import has_policy_documents
from sso_batch.aws.organization_api import AccountAccessApi, OrganizationApi, PolicyApi
from sso_batch.aws.response_parsing import Unexamined
from sso_batch.collect.accounts import Accounts
from sso_batch.collect.assignments import Assignments
from sso_batch.collect.entitlements import Entitlements
from sso_batch.collect.group_coverage import GroupCoverage
from sso_batch.collect.identity_store import IdentityStore
from sso_batch.collect.listing import Stream
from sso_batch.collect.permission_sets import PermissionSets
from sso_batch.collect.policy_documents import PolicyDocuments, PolicyLibrary
from sso_batch.collect.provisioned_pairs import ProvisionedPairs, accounts_are_fewer
from sso_batch.collect.sso_applications import SsoApplications
from sso_batch.collect.strategy import SAMPLE, Workload, choose_strategy
from sso_batch.collect.work_queue import Jobs, WorkQueue, run_together
from sso_batch.config import Collect
from sso_batch.model import OUTDATED, Grant, Instance, ListingStrategy, Outdated

_SSO_ADMIN_WIDTH = 10  # 20 calls per second of 300 ms keep 6 in flight; the others wait for a retry
_IDENTITY_STORE_WIDTH = 8
_ORGANIZATIONS_WIDTH = 4
_ACCOUNT_ACCESS_WIDTH = 4
_IAM_WIDTH = 4


@dataclass(frozen=True, slots=True)
class Apis:
    """The calls about one organization and its instance."""

    organization: OrganizationApi
    instance: InstanceApi
    account_access: AccountAccessApi
    policies: PolicyApi


class Collectors:
    """Reads everything about an instance; what fails is in the gaps of `jobs`, each for its own resource.

    `library` has the documents of policies that other organizations have read. `entitlements` and `outdated`
    say whether entitlements and outdated versions of permission sets are listed. `started_at` is the start
    of the audit. `on_strategy` is called once, with the strategy and the numbers known then: when it is
    chosen, or with `strategy: complete` when all numbers are known.
    """

    def __init__(  # noqa: PLR0913 - most are named where they are given
        self,
        apis: Apis,
        instance: Instance,
        settings: Collect,
        jobs: Jobs,
        *,
        library: PolicyLibrary,
        entitlements: bool,
        outdated: bool,
        started_at: datetime,
        on_strategy: Callable[[ListingStrategy, Workload], None],
    ) -> None:
        sso_admin = WorkQueue(jobs, _SSO_ADMIN_WIDTH)
        identity_store = WorkQueue(jobs, _IDENTITY_STORE_WIDTH)
        organizations = WorkQueue(jobs, _ORGANIZATIONS_WIDTH)
        account_access = WorkQueue(jobs, _ACCOUNT_ACCESS_WIDTH)
        grants = Stream[Grant](jobs)
        accounts = Accounts(apis.organization, organizations, instance, paths=settings.account_paths)
        self.documents = PolicyDocuments(apis.policies, WorkQueue(jobs, _IAM_WIDTH), library)
        self._reads_documents = has_policy_documents(settings)
        permission_sets = PermissionSets(
            apis.instance,
            sso_admin,
            instance,
            details=settings.permission_set_details,
            documents=self.documents if self._reads_documents else None,
        )
        listed_pairs = partial(ProvisionedPairs, apis.instance, sso_admin, accounts, permission_sets)
        self.strategy = ListingStrategy.BY_PAIR
        self.accounts = accounts
        self.permission_sets = permission_sets
        self.identity_store = IdentityStore(apis.instance, identity_store, instance)
        self._pairs = listed_pairs()
        self._outdated = listed_pairs(status=OUTDATED)
        self._entitlements = Entitlements(apis.account_access, account_access, instance, accounts, grants)
        self._assignments = Assignments(
            apis.instance,
            sso_admin,
            self._pairs,
            permission_sets,
            self.identity_store,
            GroupCoverage(started_at),
            grants,
        )
        self.applications = SsoApplications(apis.instance, sso_admin, instance)
        self._grants = grants
        self._jobs = jobs
        self._lists_entitlements = entitlements
        self._lists_outdated = outdated
        self._lists_applications = settings.applications
        self._fastest = settings.strategy == "fastest"
        self._on_strategy = on_strategy

    async def collect(self) -> None:
        """Make all calls: each as soon as the answers that it needs are there."""
        async with self._jobs.running():  # until every call has been made
            self._start_listings()  # of permission sets, accounts, users, groups and applications
            await run_together(
                self._list_grants(),  # assignments by pair or by principal, entitlements by application
                self.applications.read(),  # assignments and configuration of each application
                self.identity_store.read_principals(  # group members, unlisted principals
                    self._grants, self.applications.assigned
                ),
                self.accounts.read_paths(),  # the organizational units above all accounts
            )
        # What was not found may have been deleted: each step needs the answers of the previous one.
        for verify in (
            self._verify_listings,
            self._pairs.verify,
            self._verify_accounts,
            self.accounts.verify_paths,
        ):
            async with self._jobs.running():
                verify()
        for collector in (self.permission_sets, self.identity_store, self.accounts):
            collector.finish()

    @property
    def grants(self) -> set[Grant]:
        """The assignments and entitlements, without those that were deleted during the run."""
        pairs, entitlements = self._pairs.deleted, self._entitlements.deleted
        return {
            grant
            for grant in self._grants
            if self._exist(grant.account_id, grant.permission_set_arn)
            and (grant.account_id, grant.permission_set_arn) not in pairs
            and grant not in entitlements
        }

    @property
    def outdated(self) -> tuple[Outdated, ...] | None:
        """Accounts with outdated versions of permission sets; None if they were not listed."""
        if not self._lists_outdated:
            return None
        return tuple(Outdated(*pair) for pair in sorted(self._outdated) if self._exist(*pair))

    @property
    def unexamined(self) -> Counter[Unexamined]:
        """How many items AWS named that this version cannot read, by their kinds."""
        return self.identity_store.unexamined + self._entitlements.unexamined

    def _exist(self, account_id: str, permission_set_arn: str) -> bool:
        """Return whether neither of the two was deleted during the run."""
        return (
            account_id not in self.accounts.listing.deleted
            and permission_set_arn not in self.permission_sets.listing.deleted
        )

    def _start_listings(self) -> None:
        users, groups = self.identity_store.users, self.identity_store.groups
        for collector in (self.permission_sets, self.accounts, users, groups):
            collector.listing.start()
        if self._fastest:
            self.identity_store.members.hold()  # by principal, they are listed late
        if self._reads_documents:
            self.accounts.start_delegated_administrators()
        if self._lists_entitlements:
            self._entitlements.applications.start()
        else:
            self._entitlements.applications.end()
        if self._lists_applications:
            self.applications.listing.start()
        else:
            self.applications.listing.end()

    async def _list_grants(self) -> None:
        assignments = self._list_cheaper() if self._fastest else self._list_by_pair()
        await run_together(assignments, self._entitlements.list())
        self._grants.end()

    async def _list_by_pair(self) -> None:
        await run_together(self._start_pairs(), self._assignments.list_by_pair(), self._report_strategy())

    async def _list_cheaper(self) -> None:
        """List by pair or by principal, as soon as it is known which one costs fewer calls.

        A sample of the listings of pairs comes first: by principal, each further one would cost time.
        Listings of pairs that are skipped by principal are made if AWS refuses the calls by principal.
        """
        await self._start_pairs(sample=SAMPLE)
        if await self._jobs.until(self._sampled) is ListingStrategy.BY_PAIR:
            self._pairs.resume()
        await self._report_strategy()
        if self.strategy is ListingStrategy.BY_PRINCIPAL:
            self._pairs.pause()
            if seen := await self._assignments.list_by_principal():
                self.strategy = seen
                return
            self.strategy = ListingStrategy.BY_PAIR
            self._pairs.resume()
        self.identity_store.members.release()
        await self._assignments.list_by_pair()

    async def _start_pairs(self, *, sample: int | None = None) -> None:
        """Start to list pairs by account or by permission set, as soon as it is certain which are fewer."""
        by_account = await accounts_are_fewer(self.accounts.listing, self.permission_sets.listing)
        if self._lists_outdated:
            self._outdated.start(by_account=by_account)
        self._pairs.start(by_account=by_account, sample=sample)

    def _sampled(self) -> ListingStrategy | None:
        """Return by pair as soon as further pairs should be listed, by principal if that is chosen already.

        They should not while the users that are known so far would be fewer: their listing has not ended.
        """
        workload = self._workload()
        if settled := self._settled_strategy():
            return settled[0]
        undecided = self.identity_store.ended or workload.by_user >= workload.by_pair_estimate
        return ListingStrategy.BY_PAIR if self._pairs.idle and undecided else None

    async def _report_strategy(self) -> None:
        self.strategy, workload = await self._jobs.until(self._settled_strategy)
        self._on_strategy(self.strategy, workload)

    def _settled_strategy(self) -> tuple[ListingStrategy, Workload] | None:
        """Return the strategy and the numbers known by now, as soon as they are certain enough."""
        identity_store, workload = self.identity_store, self._workload()
        if not self._pairs.started:
            return None
        if not self._fastest:
            certain = workload.pairs_final and identity_store.ended
            return (ListingStrategy.BY_PAIR, workload) if certain else None
        if identity_store.ended and not identity_store.complete:  # not every principal is known
            return ListingStrategy.BY_PAIR, workload
        strategy = choose_strategy(workload)
        return None if strategy is None else (strategy, workload)

    def _workload(self) -> Workload:
        pairs, permission_sets, identity_store = self._pairs, self.permission_sets, self.identity_store
        return Workload(
            listings=pairs.remaining,
            pairs=len(pairs),
            made=pairs.total - pairs.remaining,
            users=len(identity_store.users.found),
            groups=len(identity_store.groups.found),
            pairs_final=pairs.ended,
            principals_final=identity_store.complete,
            common=pairs.total
            - pairs.remaining
            + permission_sets.calls_each * len(permission_sets.found)
            + self.applications.calls
            + self._outdated.total,
        )

    def _verify_listings(self) -> None:
        self.permission_sets.listing.verify()
        self.identity_store.verify()
        self._entitlements.applications.verify()
        self.applications.listing.verify()

    def _verify_accounts(self) -> None:
        self.accounts.verify({grant.account_id for grant in self.grants})
