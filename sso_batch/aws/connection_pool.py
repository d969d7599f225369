"""The connections of all organizations: made in parallel, so that none waits for another's credentials."""

import asyncio
from collections.abc import Sequence

from sso_batch import open_files
from sso_batch.aws.backoff import Backoff, TimeLimit
from sso_batch.aws.connection import (
    ACCOUNT_ACCESS,
    CALLS_AT_ONCE,
    CLOUDTRAIL,
    IAM,
    SERVICES,
    Connection,
    SourceClients,
)
from sso_batch.aws.credential_hints import NO_CREDENTIALS_IN_TIME
from sso_batch.aws.credential_providers import LateCredentialsError
from sso_batch.aws.credential_source import CredentialSource
from sso_batch.aws.error_codes import CREDENTIALS_TIMEOUT, DEADLINE, TOO_MANY_OPEN_FILES
from sso_batch.aws.error_mapping import OPEN_FILES, ran_out_of_files
from sso_batch.aws.gateway import CallCounts, Gateway
from sso_batch.aws.operations import SSO_ADMIN, has_entitlements, has_policy_documents
from sso_batch.config import Collect, Organization
from sso_batch.config.field_types import partition_of_region
from sso_batch.daemon_threads import DaemonThreads
from sso_batch.errors import OrganizationError
from sso_batch.model import EndpointOverride

PATIENCE = 120.0
"""Seconds to wait for credentials."""


class ConnectionPool:
    """Makes up to `size` connections at once.

    Each has its own thread, because a source of credentials can block forever: a program that asks for
    input, or a server that does not answer.
    """

    def __init__(self, size: int) -> None:
        self._workers = DaemonThreads(size, "connections")
        self._source_clients = SourceClients()

    async def connect(
        self,
        source: CredentialSource,
        region: str,
        services: Sequence[str],
        *,
        deadline: TimeLimit | None,
    ) -> Connection:
        """Connect in a Region with the credentials of a source; raise OrganizationError as Connection does.

        Retries while credentials are late or file descriptors are missing, until the end of `deadline` or
        for two minutes, whichever is shorter.
        """
        end = asyncio.get_running_loop().time() + PATIENCE
        patience = TimeLimit(end, f"the {PATIENCE:.0f} s in which credentials must be available", "")
        limit = min(patience, deadline or patience, key=lambda limit: limit.end)
        timeout = asyncio.timeout_at(limit.end)
        backoff = Backoff()
        last: OrganizationError | None = None
        try:
            async with timeout:
                while True:
                    try:
                        return await self._workers.run(
                            lambda: Connection(source, region, services, self._source_clients)
                        )
                    except OrganizationError as error:
                        if ran_out_of_files(error):
                            open_files.release_garbage()
                        elif not isinstance(error, LateCredentialsError):
                            raise
                        last = error
                    await asyncio.sleep(backoff.next_pause())
        except TimeoutError:
            if not timeout.expired():
                raise
        raise _timed_out(limit, CREDENTIALS_TIMEOUT if limit is patience else DEADLINE, last)

    def close(self) -> None:
        """Close what the connections share, and let the threads end."""
        self._workers.close()
        self._source_clients.close()


class Connector:
    """Connects one organization to a Region; `close` closes all of its connections."""

    def __init__(
        self,
        organization: Organization,
        settings: Collect,
        *,
        sessions: ConnectionPool,
        deadline: TimeLimit | None,
    ) -> None:
        self.tally = CallCounts()
        self.endpoint_overrides: tuple[EndpointOverride, ...] = ()
        self._source = CredentialSource.of_organization(organization)
        self._settings = settings
        self._sessions = sessions
        self._deadline = deadline
        self._calls = DaemonThreads(open_files.calls_at_once(CALLS_AT_ONCE), f"aws-{organization.name}")
        self._connections: list[Connection] = []

    async def connect(self, region: str) -> Gateway:
        """Return a gateway to one Region; raise OrganizationError if the credentials cannot work."""
        entitled = has_entitlements(self._settings, partition_of_region(region))
        services = [*SERVICES]
        services += [ACCOUNT_ACCESS] if entitled else []
        services += [IAM] if has_policy_documents(self._settings) else []
        services += [CLOUDTRAIL] if self._settings.activity else []
        connection = await self._sessions.connect(self._source, region, services, deadline=self._deadline)
        self._connections.append(connection)
        self.endpoint_overrides = connection.endpoint_overrides
        return Gateway(
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


def _timed_out(limit: TimeLimit, code: str, last: OrganizationError | None) -> OrganizationError:
    """Return the error for credentials that did not come in time; `last` is the last attempt's."""
    message = f"no credentials before the end of {limit.name}"
    if last is None:
        hint = "; or ".join(filter(None, (NO_CREDENTIALS_IN_TIME, limit.hint)))
        return OrganizationError(message, code=code, hint=hint)
    if ran_out_of_files(last):
        return OrganizationError(OPEN_FILES, code=TOO_MANY_OPEN_FILES, hint=open_files.hint())
    return OrganizationError(
        f"{message}; the last error: {last.message}",
        code=last.code if code == CREDENTIALS_TIMEOUT else code,
        hint="; or ".join(filter(None, (last.hint, limit.hint))),
    )
