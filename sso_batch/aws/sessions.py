"""The connections of all organizations: made at once, none waiting for another's credentials."""

import asyncio
from collections.abc import Sequence

from sso_batch import open_files
from sso_batch.aws.connection import Connection, Sources
from sso_batch.aws.exceptions import OPEN_FILES, OPEN_FILES_CODE, lacks_descriptors
from sso_batch.aws.failures import DEADLINE
from sso_batch.aws.time_limit import TimeLimit
from sso_batch.config import Organization
from sso_batch.errors import OrganizationError
from sso_batch.workers import Workers

PATIENCE = 120.0
"""Seconds in which whatever gives credentials has to give them."""

_PAUSE = 0.2  # seconds, until other organizations may have closed a file

_HINT = (
    "check what supplies this organization's credentials, first of all the profile's credential_process: it "
    "must answer without asking anybody for input"
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
        self, organization: Organization, region: str, services: Sequence[str], *, deadline: TimeLimit | None
    ) -> Connection:
        """Connect an organization in a Region; raises OrganizationError as Connection does.

        No credentials before the end of `deadline`, or for long, is an OrganizationError, too.
        """
        end = asyncio.get_running_loop().time() + PATIENCE
        patience = TimeLimit(end, f"the {PATIENCE:.0f} s in which credentials must be available", "")
        limit = min(patience, deadline or patience, key=lambda limit: limit.end)
        timeout = asyncio.timeout_at(limit.end)
        exhausted = False
        try:
            async with timeout:
                while True:
                    try:
                        return await self._workers.run(
                            lambda: Connection(organization, region, services, self._sources)
                        )
                    except OrganizationError as error:
                        exhausted = lacks_descriptors(error)
                        if not exhausted:
                            raise
                    open_files.free()
                    await asyncio.sleep(_PAUSE)
        except TimeoutError:
            if not timeout.expired():
                raise
        if exhausted:
            raise OrganizationError(OPEN_FILES, code=OPEN_FILES_CODE, hint=open_files.hint())
        raise OrganizationError(
            f"no credentials before the end of {limit.name}",
            code="CredentialsTimeout" if limit is patience else DEADLINE,
            hint="; or ".join(filter(None, (_HINT, limit.hint))),
        )

    def close(self) -> None:
        """Close what all of them share, and let the threads end."""
        self._workers.close()
        self._sources.close()
