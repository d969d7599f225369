"""The connections of all organizations: made at once, none waiting for another's credentials."""

import asyncio
from collections.abc import Sequence
from itertools import count

from sso_batch.aws.connection import Connection, Sources
from sso_batch.aws.failures import DEADLINE
from sso_batch.aws.gateway import pause_after
from sso_batch.aws.providers import LateCredentialsError
from sso_batch.config import Organization
from sso_batch.errors import OrganizationError
from sso_batch.workers import Workers

PATIENCE = 120.0
"""Seconds in which whatever gives credentials has to give them."""

_HINT = (
    "look at what gives this organization's credentials, a profile's credential_process above all: it has to "
    "answer by itself, with nobody there to type"
)


class Sessions:
    """Makes the connections of up to `organizations`.

    Each has a thread to itself, since what gives credentials may keep it waiting for ever: a program that
    asks a person, or a server that does not answer.
    """

    def __init__(self, organizations: int) -> None:
        self._workers = Workers(organizations, "sessions")
        self._sources = Sources()

    async def connect(
        self, organization: Organization, region: str, services: Sequence[str], *, deadline: float | None
    ) -> Connection:
        """Connect an organization in a Region; raises OrganizationError as Connection does.

        Credentials that are late are asked for again. `deadline` is a time of the event loop's clock. Without
        credentials by then, or for long, that is an OrganizationError, too.
        """
        end = asyncio.get_running_loop().time() + PATIENCE
        at_deadline = deadline is not None and deadline < end
        timeout = asyncio.timeout_at(deadline if at_deadline else end)
        late: LateCredentialsError | None = None
        try:
            async with timeout:
                for attempt in count():
                    try:
                        return await self._workers.run(
                            lambda: Connection(organization, region, services, self._sources)
                        )
                    except LateCredentialsError as error:
                        late = error
                    await asyncio.sleep(pause_after(attempt))
        except TimeoutError:
            if not timeout.expired():
                raise
        when = "at the deadline" if at_deadline else f"after {PATIENCE:.0f} seconds"
        code = DEADLINE if at_deadline else "CredentialsTimeout"
        if late is None:
            raise OrganizationError(f"there were no credentials {when}", code=code, hint=_HINT)
        raise OrganizationError(
            f"there were no credentials {when}; the last error: {late.message}",
            code=code if at_deadline else late.code,
            hint=late.hint,
        )

    def close(self) -> None:
        """Close what all of them share, and let the threads end."""
        self._workers.close()
        self._sources.close()
