"""`sso-batch check`: the preflight of all organizations, in parallel."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click

from sso_batch import __version__, open_files
from sso_batch.commands.config_source import read_source
from sso_batch.commands.roster_file import roster_of
from sso_batch.commands.run import RunOptions, with_options
from sso_batch.commands.storage import open_place, report_caveats
from sso_batch.config import parse
from sso_batch.console.terminal import Terminal
from sso_batch.preflight import OrganizationCheck
from sso_batch.preflight.record import exit_code
from sso_batch.preflight.run import check_organizations
from sso_batch.runner.selection import select


def check_command(
    terminal: Terminal, environ: Mapping[str, str], location: str, options: RunOptions, *, format_: str
) -> int:
    """Print what a run would lack, and return the exit code; raise UsageError as `run` does."""
    open_files.raise_limit()
    source = read_source(location, environ)
    config = with_options(parse(source, environ), options)
    roster_of(config, source)
    organizations = select(config.organizations, only=options.only, exclude=options.exclude)
    place = open_place(config.output)
    place.check()
    with terminal.watch(len(organizations), check=True) as watch:
        report_caveats(place, watch.log)
        checks = asyncio.run(check_organizations(organizations, config, watch.log, watch.progress))
    code = exit_code(checks)
    if format_ == "json":
        click.echo(json.dumps(_as_json(checks, code), indent=2))
    else:
        from sso_batch.preflight.table import table  # noqa: PLC0415 - rich, for tables only

        terminal.print(table(checks, location))
    return code


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
