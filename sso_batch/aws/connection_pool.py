"""The connections of all organizations: made at once, none waiting for another's credentials."""

import asyncio
from collections.abc import Sequence
from itertools import count

from sso_batch import open_files
from sso_batch.aws.connection import Connection, Sources
from sso_batch.aws.credential_providers import LateCredentialsError
from sso_batch.aws.error_mapping import OPEN_FILES, OPEN_FILES_CODE, lacks_descriptors
from sso_batch.aws.exceptions import DEADLINE
from sso_batch.aws.gateway import pause_after
from sso_batch.aws.time_limit import TimeLimit
from sso_batch.config import Organization
from sso_batch.daemon_threads import DaemonThreads
from sso_batch.errors import OrganizationError

PATIENCE = 120.0
"""Seconds in which whatever gives credentials has to give them."""


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
        self._workers = DaemonThreads(organizations, "sessions")
        self._sources = Sources()

    async def connect(
        self, organization: Organization, region: str, services: Sequence[str], *, deadline: TimeLimit | None
    ) -> Connection:
        """Connect an organization in a Region; raises OrganizationError as Connection does.

        Credentials that are late are asked for again. No credentials before the end of `deadline`, or for
        long, is an OrganizationError, too.
        """
        end = asyncio.get_running_loop().time() + PATIENCE
        patience = TimeLimit(end, f"the {PATIENCE:.0f} s in which credentials must be available", "")
        limit = min(patience, deadline or patience, key=lambda limit: limit.end)
        timeout = asyncio.timeout_at(limit.end)
        last: OrganizationError | None = None
        try:
            async with timeout:
                for attempt in count():
                    try:
                        return await self._workers.run(
                            lambda: Connection(organization, region, services, self._sources)
                        )
                    except OrganizationError as error:
                        if lacks_descriptors(error):
                            open_files.free()
                        elif not isinstance(error, LateCredentialsError):
                            raise
                        last = error
                    await asyncio.sleep(pause_after(attempt))
        except TimeoutError:
            if not timeout.expired():
                raise
        message = f"no credentials before the end of {limit.name}"
        code = "CredentialsTimeout" if limit is patience else DEADLINE
        if last is None:
            raise OrganizationError(message, code=code, hint="; or ".join(filter(None, (_HINT, limit.hint))))
        if lacks_descriptors(last):
            raise OrganizationError(OPEN_FILES, code=OPEN_FILES_CODE, hint=open_files.hint())
        raise OrganizationError(
            f"{message}; the last error: {last.message}",
            code=last.code if limit is patience else code,
            hint="; or ".join(filter(None, (last.hint, limit.hint))),
        )

    def close(self) -> None:
        """Close what all of them share, and let the threads end."""
        self._workers.close()
        self._sources.close()
