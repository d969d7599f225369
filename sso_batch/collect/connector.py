"""The connections of one organization to AWS, and the gateways that use them."""

from collections.abc import Callable

from sso_batch import open_files
from sso_batch.aws.backoff import TimeLimit
from sso_batch.aws.connection import ACCOUNT_ACCESS, CALLS_AT_ONCE, SERVICES, Connection
from sso_batch.aws.connection_pool import ConnectionPool
from sso_batch.aws.credential_source import CredentialSource
from sso_batch.aws.gateway import CallCounts, Gateway
from sso_batch.aws.operations import SSO_ADMIN, has_entitlements
from sso_batch.config import Collect, Organization
from sso_batch.config.field_types import partition_of_region
from sso_batch.daemon_threads import DaemonThreads
from sso_batch.model import EndpointOverride


class Connector:
    """Connects an organization to a Region; `close` closes all of its connections.

    `sessions` makes the connections of all organizations, `gateway` makes each gateway.
    """

    def __init__(
        self,
        organization: Organization,
        settings: Collect,
        *,
        sessions: ConnectionPool,
        deadline: TimeLimit | None,
        gateway: Callable[..., Gateway] = Gateway,
    ) -> None:
        self.tally = CallCounts()
        self.endpoint_overrides: tuple[EndpointOverride, ...] = ()
        self._source = CredentialSource.of_organization(organization)
        self._settings = settings
        self._sessions = sessions
        self._deadline = deadline
        self._gateway = gateway
        self._calls = DaemonThreads(open_files.calls_at_once(CALLS_AT_ONCE), f"aws-{organization.name}")
        self._connections: list[Connection] = []

    async def connect(self, region: str) -> Gateway:
        """Return a gateway to one Region; raise OrganizationError if the credentials cannot work."""
        entitled = has_entitlements(self._settings, partition_of_region(region))
        services = (*SERVICES, ACCOUNT_ACCESS) if entitled else SERVICES
        connection = await self._sessions.connect(self._source, region, services, deadline=self._deadline)
        self._connections.append(connection)
        self.endpoint_overrides = connection.endpoint_overrides
        return self._gateway(
            connection.client,
            self._calls,
            rates={SSO_ADMIN.name: self._settings.requests_per_second},
            counts=self.tally,
            deadline=self._deadline,
            renew=connection.renew,
            release=connection.close,
            secrets=self._source.secrets,
        )

    def close(self) -> None:
        """Close all connections and let the threads end."""
        self._calls.close()
        for connection in self._connections:
            connection.close()
