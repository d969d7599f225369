"""The collectors of one organization's instance, and the order in which they work."""

import asyncio
from collections import Counter
from collections.abc import Callable

from sso_batch.aws.api import AccountAccessApi, InstanceApi, OrganizationApi
from sso_batch.aws.gateway import Gateway
from sso_batch.aws.response_parsing import Unexamined
from sso_batch.collect.accounts import Accounts
from sso_batch.collect.entitlements import Entitlements
from sso_batch.collect.grants import Grants
from sso_batch.collect.identity_store import IdentityStore
from sso_batch.collect.ou_paths import OuPaths
from sso_batch.collect.outdated_provisioning import OutdatedProvisioning
from sso_batch.collect.permission_sets import PermissionSets
from sso_batch.collect.strategy import ListingStrategy, Workload
from sso_batch.collect.work_queue import JobCount, WorkQueue
from sso_batch.config import Collect
from sso_batch.model import Gap, GapKind, Instance, Outdated, Subject

_SSO_ADMIN_WIDTH = 10  # 20 calls per second of 300 ms keep 6 in flight; the others wait for a retry
_IDENTITY_STORE_WIDTH = 8
_ORGANIZATIONS_WIDTH = 4
_ACCOUNT_ACCESS_WIDTH = 4


class Collectors:
    """Reads everything about an instance; what fails is in `gaps`, each for its own resource."""

    def __init__(
        self,
        gateway: Gateway,
        instance: Instance,
        settings: Collect,
        *,
        entitlements: bool,
        outdated: bool,
        job_count: JobCount,
        on_strategy: Callable[[ListingStrategy, Workload], None],
        group: asyncio.TaskGroup,
    ) -> None:
        organization_api = OrganizationApi(gateway)
        instance_api = InstanceApi(gateway, instance.arn, instance.identity_store_id)
        self.gaps: list[Gap] = []
        by_pair = settings.strategy == "complete"
        sso_admin = WorkQueue(group, _SSO_ADMIN_WIDTH, self.gaps, job_count)
        identity_store = WorkQueue(group, _IDENTITY_STORE_WIDTH, self.gaps, job_count)
        organizations = WorkQueue(group, _ORGANIZATIONS_WIDTH, self.gaps, job_count)
        account_access = WorkQueue(group, _ACCOUNT_ACCESS_WIDTH, self.gaps, job_count)
        self._queues = (sso_admin, identity_store, organizations, account_access)
        paths = OuPaths(organization_api, organizations) if settings.account_paths else None
        self.accounts = Accounts(organization_api, organizations, self._advance, paths=paths)
        self.permission_sets = PermissionSets(
            instance_api, sso_admin, details=settings.permission_set_details, describe_all=by_pair
        )
        self.identity_store = IdentityStore(instance_api, identity_store, self._advance)
        self.outdated_provisioning = (
            OutdatedProvisioning(instance_api, sso_admin, self.accounts, self.permission_sets)
            if outdated
            else None
        )
        self.grants = Grants(
            instance_api,
            sso_admin,
            self.accounts,
            self.permission_sets,
            self.identity_store,
            strategy=ListingStrategy.BY_PAIR if by_pair else None,
            on_strategy=on_strategy,
            common_calls=self._outdated_calls,
        )
        self._entitlements = (
            Entitlements(
                AccountAccessApi(gateway),
                account_access,
                instance.arn,
                self.accounts,
                self.grants,
            )
            if entitlements
            else None
        )
        self._instance = instance

    def start(self) -> None:
        """Start the first listings; their answers add all other calls, in tasks of the group."""
        instance = self._instance
        self.permission_sets.start(instance.arn, self._advance)
        self.accounts.start(instance.organization_id or "organization", instance.management_account_id)
        self.identity_store.start(instance.identity_store_id)
        if self._entitlements is not None:
            self._entitlements.start()

    async def verify(self) -> None:
        """Read again what is not found although it was listed or is in use, once the group has ended.

        Each step needs the answers of the previous one. If nothing was deleted, no call is made.
        """
        for step in (
            self._verify_listings,
            self.grants.verify_pairs,
            self._verify_accounts,
            self._verify_paths,
        ):
            async with asyncio.TaskGroup() as group:
                for queue in self._queues:
                    queue.use_group(group)
                step()

    def finish(self) -> None:
        """Complete the records once everything is verified."""
        self.identity_store.finish()
        self.accounts.finish()
        if self.outdated_provisioning is not None:
            self.outdated_provisioning.finish()

    def _verify_listings(self) -> None:
        self.permission_sets.deletions.verify(Subject(GapKind.PERMISSION_SETS, self._instance.arn))
        self.identity_store.verify()
        if self._entitlements is not None:
            self._entitlements.verify()

    def _verify_accounts(self) -> None:
        self.accounts.verify({grant.account_id for grant in self.grants.found})

    def _verify_paths(self) -> None:
        self.grants.forget_accounts(self.accounts.deletions.deleted)
        self.accounts.verify_paths()

    @property
    def outdated(self) -> tuple[Outdated, ...] | None:
        """Accounts with outdated versions of permission sets; None if they were not listed."""
        collector = self.outdated_provisioning
        return None if collector is None else tuple(sorted(collector.found))

    @property
    def unexamined(self) -> Counter[Unexamined]:
        """How many items AWS named that this version cannot read, by their kinds."""
        entitlements = Counter[Unexamined]() if self._entitlements is None else self._entitlements.unexamined
        return self.identity_store.unexamined + entitlements

    def _outdated_calls(self) -> int:
        return 0 if self.outdated_provisioning is None else self.outdated_provisioning.calls

    def _advance(self) -> None:
        """Let each collector add the calls that have become possible."""
        if self.outdated_provisioning is not None:
            self.outdated_provisioning.advance()
        self.grants.advance()
        if self._entitlements is not None:
            self._entitlements.advance()
