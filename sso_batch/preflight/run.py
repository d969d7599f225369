"""The preflight of all organizations, in parallel and apart from one another."""

import asyncio
from collections.abc import Sequence

from structlog.typing import FilteringBoundLogger

from sso_batch import open_files
from sso_batch.aws.backoff import TimeLimit
from sso_batch.aws.connection_pool import ConnectionPool
from sso_batch.config import Config, Organization
from sso_batch.errors import OrganizationError
from sso_batch.model import Gap, GapKind
from sso_batch.preflight.organization import Preflight
from sso_batch.preflight.record import OrganizationCheck
from sso_batch.progress import Progress
from sso_batch.review.rules import needs_outdated_provisioning
from sso_batch.runner.instance_claims import InstanceHolders

_TIME_LIMIT = 60.0
"""The time limit for each organization, in seconds."""

_ATTEMPTS = 3
"""The number of attempts to reach an endpoint; they take a few seconds."""


async def check_organizations(
    organizations: Sequence[Organization], config: Config, log: FilteringBoundLogger, progress: Progress
) -> tuple[OrganizationCheck, ...]:
    """Return the result of each organization; no failure of one affects another."""
    sessions = ConnectionPool(len(organizations))
    slots = asyncio.Semaphore(open_files.organizations_at_once(config.run.max_parallel_organizations))

    async def check(organization: Organization) -> OrganizationCheck:
        async with slots:
            checked = await _preflight(organization, config, sessions, log.bind(org=organization.name))
        progress.checked(organization.name)
        return checked

    try:
        return _with_unique_instances(await asyncio.gather(*map(check, organizations)))
    finally:
        sessions.close()


async def _preflight(
    organization: Organization, config: Config, sessions: ConnectionPool, log: FilteringBoundLogger
) -> OrganizationCheck:
    """Check one organization; every exception becomes its failure here."""
    deadline = TimeLimit(
        asyncio.get_running_loop().time() + _TIME_LIMIT,
        name=f"the {_TIME_LIMIT:.0f} s that `sso-batch check` allows for each organization",
        hint="no setting changes this limit; a run allows run.deadline for all organizations",
        attempts=_ATTEMPTS,
    )
    preflight = Preflight(
        organization,
        config.collect,
        sessions=sessions,
        deadline=deadline,
        outdated=needs_outdated_provisioning(config.review),
    )
    try:
        return await preflight.run()
    except OrganizationError as error:
        return preflight.failed(error.gap(organization.name))
    except Exception as error:
        log.exception("org.bug")
        message = f"internal error in sso-batch: {type(error).__name__}"
        hint = "please report it with the log"
        gap = Gap(GapKind.BUG, "sso-batch", organization.name, "UnexpectedError", message, hint)
        return preflight.failed(gap, bug=True)


def _with_unique_instances(checks: Sequence[OrganizationCheck]) -> tuple[OrganizationCheck, ...]:
    """Fail the later of two entries that reach the same instance, as a run does."""
    holders = InstanceHolders()
    conflicts = [holders.claim(check.name, check.instance) for check in checks]
    return tuple(
        check.with_failure(conflict.gap(check.name)) if conflict else check
        for check, conflict in zip(checks, conflicts, strict=True)
    )
