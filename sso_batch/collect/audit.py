"""One organization from its credentials to its snapshot."""

from collections.abc import Callable
from datetime import datetime

from sso_batch.aws.api import InstanceApi, OrganizationApi
from sso_batch.aws.connection import CALLS_AT_ONCE, Connection
from sso_batch.aws.gateway import Gateway, Tally
from sso_batch.aws.operations import SSO_ADMIN
from sso_batch.collect.complete import Collection
from sso_batch.collect.instance import find_instance
from sso_batch.collect.lane import Meter
from sso_batch.config import Collect, Organization
from sso_batch.config.patterns import partition_of_arn
from sso_batch.model import Gap, Instance, Snapshot
from sso_batch.workers import Workers

NOT_BUILT = (
    "permission set policies, permissions boundaries and tags",
    "account-access entitlements",
    "account paths",
)
"""What this version does not read, whatever the configuration says."""

_FIRST_REGIONS = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
"""Where `region: auto` asks for the primary Region, by partition."""


class Audit:
    """The audit of one organization; what it has learned so far outlives its failure.

    `sessions` is the one thread in which all organizations' sessions are made. `deadline` is a time of the
    event loop's clock. `claim` is told the instance before anything is read of it, and may refuse.
    """

    def __init__(
        self,
        organization: Organization,
        settings: Collect,
        *,
        sessions: Workers,
        deadline: float | None,
        claim: Callable[[Instance], None],
        clock: Callable[[], datetime],
        meter: Meter,
    ) -> None:
        self.region = None if organization.region == "auto" else organization.region
        self.instance: Instance | None = None
        self.tally = Tally()
        self.endpoint_overrides: tuple[str, ...] = ()
        self._organization = organization
        self._settings = settings
        self._sessions = sessions
        self._deadline = deadline
        self._claim = claim
        self._clock = clock
        self._meter = meter
        self._calls = Workers(CALLS_AT_ONCE, f"aws-{organization.name}")
        self._connections: list[Connection] = []

    async def run(self) -> Snapshot:
        """All that can be read; raises OrganizationError where that is nothing."""
        try:
            return await self._run()
        finally:
            self._calls.close()
            for connection in self._connections:
                connection.close()

    async def _run(self) -> Snapshot:
        organization = self._organization
        started_at = self._clock()
        region = self.region
        gateway = await self._connect(region or _first_region(organization))
        gaps: list[Gap] = []
        self.instance = await find_instance(
            OrganizationApi(gateway), region, expected_organization=organization.organization_id, gaps=gaps
        )
        self._claim(self.instance)
        if region is None:
            gateway = await self._connect(self.instance.region)
        collection = Collection(
            OrganizationApi(gateway),
            InstanceApi(gateway, self.instance.arn, self.instance.identity_store_id),
            self.instance,
            self._meter,
        )
        await collection.run()
        return Snapshot(
            organization=organization.name,
            instance=self.instance,
            started_at=started_at,
            finished_at=self._clock(),
            strategy="complete",
            users=tuple(sorted(collection.users.values(), key=lambda user: user.id)),
            groups=tuple(sorted(collection.groups.values(), key=lambda group: group.id)),
            memberships=tuple(sorted(collection.memberships.values(), key=lambda one: one.group_id)),
            missing=tuple(sorted(collection.missing)),
            accounts=tuple(sorted(collection.accounts.values(), key=lambda account: account.id)),
            accounts_complete=collection.accounts_complete,
            permission_sets=tuple(sorted(collection.permission_sets.values(), key=lambda one: one.arn)),
            grants=tuple(sorted(collection.grants)),
            not_examined=NOT_BUILT,
            gaps=tuple(sorted(gaps + collection.gaps, key=lambda gap: (gap.operation, gap.resource))),
        )

    async def _connect(self, region: str) -> Gateway:
        connection = await self._sessions.run(lambda: Connection(self._organization, region))
        self._connections.append(connection)
        self.endpoint_overrides = connection.endpoint_overrides()
        secret = self._organization.external_id
        return Gateway(
            connection.client,
            self._calls,
            rates={SSO_ADMIN.name: self._settings.requests_per_second},
            tally=self.tally,
            deadline=self._deadline,
            secrets=(secret.get_secret_value(),) if secret else (),
        )


def _first_region(organization: Organization) -> str:
    role = next(iter(organization.role_arns), None)
    return _FIRST_REGIONS.get(partition_of_arn(role) if role else "aws", "us-east-1")
