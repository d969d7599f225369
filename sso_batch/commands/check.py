"""`sso-batch check`: the preflight of all organizations, in parallel."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from structlog.typing import FilteringBoundLogger

from sso_batch import __version__, open_files
from sso_batch.aws.backoff import TimeLimit
from sso_batch.aws.connection_pool import ConnectionPool
from sso_batch.commands.run import RunOptions, with_options
from sso_batch.commands.storage import open_place, report_caveats
from sso_batch.config import Config, Organization, load
from sso_batch.console.terminal import Terminal
from sso_batch.errors import OrganizationError
from sso_batch.model import Gap, GapKind
from sso_batch.preflight import OrganizationCheck, Preflight
from sso_batch.preflight.record import exit_code
from sso_batch.review.rules import needs_outdated_provisioning
from sso_batch.runner.instance_claims import InstanceHolders
from sso_batch.runner.selection import select

_TIME_LIMIT = 60.0
"""The time limit for each organization, in seconds."""

_ATTEMPTS = 3
"""The number of attempts to reach an endpoint; they take a few seconds."""


def check_command(
    terminal: Terminal, environ: Mapping[str, str], config_file: Path, options: RunOptions, *, format_: str
) -> int:
    """Print what a run would lack, and return the exit code; raise UsageError as `run` does."""
    open_files.raise_limit()
    config = with_options(load(config_file, environ), options)
    organizations = select(config.organizations, only=options.only, exclude=options.exclude)
    place = open_place(config.output)
    place.check()
    with terminal.watch() as (log, _):
        report_caveats(place, log)
        checks = _with_unique_instances(asyncio.run(_check(organizations, config, log)))
    code = exit_code(checks)
    if format_ == "json":
        click.echo(json.dumps(_as_json(checks, code), indent=2))
    else:
        from sso_batch.preflight.table import table  # noqa: PLC0415 - rich, for tables only

        terminal.print(table(checks, config_file))
    return code


async def _check(
    organizations: Sequence[Organization], config: Config, log: FilteringBoundLogger
) -> list[OrganizationCheck]:
    sessions = ConnectionPool(len(organizations))
    slots = asyncio.Semaphore(open_files.organizations_at_once(config.run.max_parallel_organizations))

    async def check(organization: Organization) -> OrganizationCheck:
        async with slots:
            return await _preflight(organization, config, sessions, log.bind(org=organization.name))

    try:
        return list(await asyncio.gather(*map(check, organizations)))
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


def _as_json(checks: Sequence[OrganizationCheck], code: int) -> dict[str, Any]:
    return {
        "schema": 1,
        "version": __version__,
        "exit_code": code,
        "organizations": [
            {
                "name": check.name,
                "status": check.status,
                "account_id": check.account_id,
                "account_kind": check.account_kind,
                **asdict(check),
                "endpoint_overrides": [str(override) for override in check.endpoint_overrides],
            }
            for check in checks
        ],
    }
