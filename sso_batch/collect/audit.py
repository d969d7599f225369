"""One organization from its credentials to its snapshot."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from sso_batch.aws.api import OrganizationApi
from sso_batch.aws.connection_pool import ConnectionPool
from sso_batch.aws.regions import first_region
from sso_batch.aws.required_operations import has_entitlements
from sso_batch.aws.time_limit import TimeLimit
from sso_batch.collect.collectors import Collection
from sso_batch.collect.connector import Connector
from sso_batch.collect.instance import find_instance
from sso_batch.collect.strategy import Known, Way
from sso_batch.collect.work_queue import Meter
from sso_batch.config import Collect, Organization
from sso_batch.config.field_types import partition_of_region
from sso_batch.coverage import (
    ACCOUNT_PATHS,
    ENTITLEMENTS,
    NOT_SEEN_BY_PRINCIPAL,
    OTHER_APPLICATIONS,
    PERMISSION_SET_DETAILS,
    of_unknown_kind,
)
from sso_batch.model import Gap, Instance, Snapshot
from sso_batch.sanitize.log import clean_message

T = TypeVar("T")


class Audit:
    """The audit of one organization; what it has learned so far outlives its failure.

    `sessions` makes the connections of all organizations. `claim` is told the instance before anything is
    read of it, and may refuse. With `outdated`, earlier versions of permission sets in accounts are asked
    for, too.
    """

    def __init__(  # noqa: PLR0913 - each is named where it is given
        self,
        organization: Organization,
        settings: Collect,
        *,
        sessions: ConnectionPool,
        deadline: TimeLimit | None,
        claim: Callable[[Instance], None],
        clock: Callable[[], datetime],
        meter: Meter,
        planned: Callable[[Way, Known], None],
        outdated: bool = False,
    ) -> None:
        self.region = None if organization.region == "auto" else organization.region
        self.instance: Instance | None = None
        self._organization = organization
        self._settings = settings
        self._connector = Connector(organization, settings, sessions=sessions, deadline=deadline)
        self.tally = self._connector.tally
        self._claim = claim
        self._clock = clock
        self._meter = meter
        self._planned = planned
        self._outdated = outdated

    @property
    def endpoint_overrides(self) -> tuple[str, ...]:
        """The services whose answers do not come from AWS's own endpoints, as `service=URL`."""
        return self._connector.endpoint_overrides

    async def run(self) -> Snapshot:
        """All that can be read; raises OrganizationError where that is nothing."""
        try:
            return await self._run()
        finally:
            self._connector.close()

    async def _run(self) -> Snapshot:
        organization = self._organization
        started_at = self._clock()
        region = self.region
        gateway = await self._connector.connect(first_region(organization))
        gaps: list[Gap] = []
        self.instance = await find_instance(
            OrganizationApi(gateway), region, expected_organization=organization.organization_id, gaps=gaps
        )
        self._claim(self.instance)
        if region is None:
            gateway = await self._connector.connect(self.instance.region)
        async with asyncio.TaskGroup() as group:
            collection = Collection(
                gateway,
                self.instance,
                self._settings,
                outdated=self._outdated,
                entitlements=has_entitlements(self._settings, partition_of_region(self.instance.region)),
                meter=self._meter,
                planned=self._planned,
                group=group,
            )
            collection.start()
        await collection.verify()
        collection.finish()
        return self._snapshot(self.instance, collection, gaps + collection.gaps, started_at)

    def _snapshot(
        self, instance: Instance, collection: Collection, gaps: list[Gap], started_at: datetime
    ) -> Snapshot:
        directory = collection.directory
        return Snapshot(
            organization=self._organization.name,
            instance=instance,
            started_at=started_at,
            finished_at=self._clock(),
            strategy=self._settings.strategy,
            users=_in_order(directory.users),
            groups=_in_order(directory.groups),
            memberships=_in_order(directory.memberships),
            missing=tuple(sorted(directory.missing)),
            accounts=_in_order(collection.accounts.found),
            accounts_complete=collection.accounts.complete,
            permission_sets=_in_order(collection.permission_sets.found),
            grants=tuple(sorted(collection.grants.found)),
            not_examined=self._not_examined(instance.region, collection),
            gaps=tuple(sorted(gaps, key=lambda gap: (gap.operation, gap.resource))),
            endpoint_overrides=self.endpoint_overrides,
            outdated=collection.outdated,
        )

    def _not_examined(self, region: str, collection: Collection) -> tuple[str, ...]:
        settings = self._settings
        entitled = has_entitlements(settings, partition_of_region(region))
        left_out = [
            (not settings.permission_set_details, PERMISSION_SET_DETAILS),
            (not settings.account_paths, ACCOUNT_PATHS),
            (not entitled, ENTITLEMENTS),
            (entitled, OTHER_APPLICATIONS),
        ]
        unseen = NOT_SEEN_BY_PRINCIPAL if collection.grants.way is Way.BY_PRINCIPAL else ()
        unknown = (
            of_unknown_kind(number, one.what, clean_message(one.kind))
            for one, number in sorted(collection.unexamined.items())
        )
        return (*(what for out, what in left_out if out), *unseen, *unknown)


def _in_order(records: Mapping[str, T]) -> tuple[T, ...]:
    """The records by their ids, bytewise."""
    return tuple(records[id_] for id_ in sorted(records))
