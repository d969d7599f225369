"""`sso-batch validate`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from sso_batch.config import load
from sso_batch.console.terminal import unread
from sso_batch.exit_codes import ExitCode
from sso_batch.review.settings import rules
from sso_batch.review.useless_waivers import elsewhere, expired
from sso_batch.sanitize.terminal import printable


def validate_command(environ: Mapping[str, str], config_file: Path) -> int:
    """Say that a configuration is right; raises ConfigurationError with all that is wrong with it.

    What is valid and has no effect is a warning.
    """
    config = load(config_file, environ)
    today = datetime.now(UTC).date()
    waivers = rules(config.review, today=today).waivers
    names = [one.name for one in config.organizations]
    for one in sorted((*expired(waivers, today), *elsewhere(waivers, names)), key=lambda one: one.number):
        click.echo(printable(f"{config_file}: warning: {one.path}: {one.reason}: {one.hint}"), err=True)
    with unread():
        click.echo(f"{config_file}: valid, {len(names)} organizations")
    return ExitCode.OK
