"""All that is asked about one organization's instance, and the parts that ask it."""

import asyncio
from collections import Counter
from collections.abc import Callable

from sso_batch.aws.api import AccountAccessApi, InstanceApi, OrganizationApi
from sso_batch.aws.gateway import Gateway
from sso_batch.aws.response_parsing import Unexamined
from sso_batch.collect.accounts import Accounts
from sso_batch.collect.entitlements import Entitlements
from sso_batch.collect.grants import Grants
from sso_batch.collect.identity_store import Directory
from sso_batch.collect.ou_paths import Paths
from sso_batch.collect.outdated_provisioning import Provisioning
from sso_batch.collect.permission_sets import PermissionSets
from sso_batch.collect.strategy import Known, Way
from sso_batch.collect.work_queue import Lane, Meter
from sso_batch.config import Collect
from sso_batch.model import Gap, GapKind, Instance, Outdated, Subject

_SSO_ADMIN_WIDTH = 10  # 20 a second at 300 ms are 6 under way; the rest are those that wait to try again
_IDENTITY_STORE_WIDTH = 8
_ORGANIZATIONS_WIDTH = 4
_ACCOUNT_ACCESS_WIDTH = 4


class Collection:
    """Asks until there is nothing left to ask; what fails is in `gaps`, each for its own resource."""

    def __init__(
        self,
        gateway: Gateway,
        instance: Instance,
        settings: Collect,
        *,
        entitlements: bool,
        outdated: bool,
        meter: Meter,
        planned: Callable[[Way, Known], None],
        group: asyncio.TaskGroup,
    ) -> None:
        organization_api = OrganizationApi(gateway)
        instance_api = InstanceApi(gateway, instance.arn, instance.identity_store_id)
        self.gaps: list[Gap] = []
        by_pair = settings.strategy == "complete"
        sso_admin = Lane(group, _SSO_ADMIN_WIDTH, self.gaps, meter)
        identity_store = Lane(group, _IDENTITY_STORE_WIDTH, self.gaps, meter)
        organizations = Lane(group, _ORGANIZATIONS_WIDTH, self.gaps, meter)
        account_access = Lane(group, _ACCOUNT_ACCESS_WIDTH, self.gaps, meter)
        self._lanes = (sso_admin, identity_store, organizations, account_access)
        paths = Paths(organization_api, organizations) if settings.account_paths else None
        self.accounts = Accounts(organization_api, organizations, self._moved, paths=paths)
        self.permission_sets = PermissionSets(
            instance_api, sso_admin, details=settings.permission_set_details, describe_all=by_pair
        )
        self.directory = Directory(instance_api, identity_store, self._moved)
        self.provisioning = (
            Provisioning(instance_api, sso_admin, self.accounts, self.permission_sets) if outdated else None
        )
        self.grants = Grants(
            instance_api,
            sso_admin,
            self.accounts,
            self.permission_sets,
            self.directory,
            way=Way.BY_PAIR if by_pair else None,
            planned=planned,
            beside=self._calls_beside,
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
        """Ask the first questions; the answers ask the rest, in tasks of the group."""
        instance = self._instance
        self.permission_sets.start(instance.arn, self._moved)
        self.accounts.start(instance.organization_id or "organization", instance.management_account_id)
        self.directory.start(instance.identity_store_id)
        if self._entitlements is not None:
            self._entitlements.start()

    async def verify(self) -> None:
        """Once the group has ended: ask again about what is not found, though it was listed or is in use.

        Each step needs the answers of the one before it. Where nothing was deleted there is nothing to ask.
        """
        for step in (
            self._verify_listings,
            self.grants.verify_pairs,
            self._verify_accounts,
            self._verify_paths,
        ):
            async with asyncio.TaskGroup() as group:
                for lane in self._lanes:
                    lane.continue_in(group)
                step()

    def finish(self) -> None:
        """Take stock once all is verified."""
        self.directory.finish()
        self.accounts.finish()
        if self.provisioning is not None:
            self.provisioning.finish()

    def _verify_listings(self) -> None:
        self.permission_sets.deletions.verify(Subject(GapKind.PERMISSION_SETS, self._instance.arn))
        self.directory.verify()
        if self._entitlements is not None:
            self._entitlements.verify()

    def _verify_accounts(self) -> None:
        self.accounts.verify({one.account_id for one in self.grants.found})

    def _verify_paths(self) -> None:
        self.grants.forget_accounts(self.accounts.deletions.deleted)
        self.accounts.verify_paths()

    @property
    def outdated(self) -> tuple[Outdated, ...] | None:
        """Earlier versions of permission sets in accounts; None where they were not asked for."""
        return None if self.provisioning is None else tuple(sorted(self.provisioning.found))

    @property
    def unexamined(self) -> Counter[Unexamined]:
        """How many items AWS named that this version cannot read, by their kinds."""
        entitlements = Counter[Unexamined]() if self._entitlements is None else self._entitlements.unexamined
        return self.directory.unexamined + entitlements

    def _calls_beside(self) -> int:
        return self.provisioning.calls if self.provisioning is not None else 0

    def _moved(self) -> None:
        if self.provisioning is not None:
            self.provisioning.go_on()
        self.grants.go_on()
        if self._entitlements is not None:
            self._entitlements.go_on()
