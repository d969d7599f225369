"""`sso-batch check`: a preflight of every organization, at once."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from structlog.typing import FilteringBoundLogger

from sso_batch import __version__, open_files
from sso_batch.aws.connection_pool import Sessions
from sso_batch.aws.time_limit import TimeLimit
from sso_batch.commands.run import RunOptions, with_options
from sso_batch.commands.storage import open_store, report_caveats
from sso_batch.config import Config, Organization, load
from sso_batch.console.terminal import Terminal
from sso_batch.errors import OrganizationError
from sso_batch.model import Gap
from sso_batch.preflight import OrganizationCheck, Preflight
from sso_batch.preflight.record import exit_code
from sso_batch.review.settings import wants_outdated
from sso_batch.runner.instance_claims import InstanceHolders
from sso_batch.runner.selection import select

_PATIENCE = 60.0
"""Seconds for one organization: a preflight is short."""

_ATTEMPTS = 3
"""To reach an endpoint, which take seconds."""


def check_command(
    terminal: Terminal, environ: Mapping[str, str], config_file: Path, options: RunOptions, *, format_: str
) -> int:
    """Say what a run would lack; raises UsageError as `run` does. Nothing is written."""
    open_files.raise_limit()
    config = with_options(load(config_file, environ), options)
    organizations = select(config.organizations, only=options.only, exclude=options.exclude)
    store = open_store(config.output)
    store.check()
    with terminal.watch() as (log, _):
        report_caveats(store, log)
        checks = _without_rivals(asyncio.run(_check(organizations, config, log)))
    code = exit_code(checks)
    if format_ == "json":
        click.echo(json.dumps(_document(checks, code), indent=2))
    else:
        from sso_batch.preflight.table import table  # noqa: PLC0415 - rich, for tables alone

        terminal.print(table(checks, config_file))
    return code


async def _check(
    organizations: Sequence[Organization], config: Config, log: FilteringBoundLogger
) -> list[OrganizationCheck]:
    sessions = Sessions(len(organizations))
    places = asyncio.Semaphore(open_files.organizations_at_once(config.run.max_parallel_organizations))

    async def one(organization: Organization) -> OrganizationCheck:
        async with places:
            return await _preflight(organization, config, sessions, log.bind(org=organization.name))

    try:
        return list(await asyncio.gather(*(one(organization) for organization in organizations)))
    finally:
        sessions.close()


async def _preflight(
    organization: Organization, config: Config, sessions: Sessions, log: FilteringBoundLogger
) -> OrganizationCheck:
    """One organization; whatever is raised in it ends here."""
    deadline = TimeLimit(
        asyncio.get_running_loop().time() + _PATIENCE,
        name=f"the {_PATIENCE:.0f} s that `sso-batch check` allows for each organization",
        hint="no setting changes this limit; a run allows run.deadline for all organizations",
        attempts=_ATTEMPTS,
    )
    preflight = Preflight(
        organization,
        config.collect,
        sessions=sessions,
        deadline=deadline,
        outdated=wants_outdated(config.review),
    )
    try:
        return await preflight.run()
    except OrganizationError as error:
        return preflight.failed(error.gap(organization.name))
    except Exception as error:
        log.exception("org.bug")
        message = f"a defect of sso-batch: {type(error).__name__}"
        gap = Gap("sso-batch", organization.name, "UnexpectedError", message, "please report it with the log")
        return preflight.failed(gap, bug=True)


def _without_rivals(checks: Sequence[OrganizationCheck]) -> tuple[OrganizationCheck, ...]:
    """Of two entries that reach the same instance the later one fails, as in a run."""
    holders = InstanceHolders()
    conflicts = [holders.claim(check.name, check.instance) for check in checks]
    return tuple(
        check.lost(conflict.gap(check.name)) if conflict else check
        for check, conflict in zip(checks, conflicts, strict=True)
    )


def _document(checks: Sequence[OrganizationCheck], code: int) -> dict[str, Any]:
    return {
        "schema": 1,
        "version": __version__,
        "exit_code": code,
        "organizations": [
            {
                "name": one.name,
                "status": one.status,
                "account_id": one.account_id,
                "account_kind": one.account_kind,
                **asdict(one),
            }
            for one in checks
        ],
    }
