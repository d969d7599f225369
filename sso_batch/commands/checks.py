"""`sso-batch checks`: the list of checks."""

import json
from collections.abc import Mapping

import click

from sso_batch.commands.config_source import read_config
from sso_batch.config import Review
from sso_batch.console.terminal import Terminal
from sso_batch.exit_codes import ExitCode
from sso_batch.review.checks import CHECKS
from sso_batch.review.rules import severity_by_check


def checks_command(
    terminal: Terminal, environ: Mapping[str, str], location: str | None, *, format_: str
) -> int:
    """Print every check, with the severities of a configuration or the default ones."""
    review = Review() if location is None else read_config(location, environ).review
    severity = severity_by_check(review)
    if format_ == "json":
        records = [
            {"id": check.id, "severity": severity[check.id], "why": check.why, "remedy": check.remedy}
            for check in CHECKS
        ]
        click.echo(json.dumps(records, indent=2))
        return ExitCode.OK
    from rich import box  # noqa: PLC0415 - for tables only
    from rich.table import Table  # noqa: PLC0415 - likewise

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Check", no_wrap=True)
    table.add_column("Severity", no_wrap=True)
    table.add_column("Why it matters, and what to do", overflow="fold")
    for check in CHECKS:
        table.add_row(check.id, severity[check.id], f"{check.why} {check.remedy}\n")
    terminal.print([table])
    return ExitCode.OK
