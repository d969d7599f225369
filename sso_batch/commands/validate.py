"""`sso-batch validate`."""

from collections.abc import Mapping
from pathlib import Path

import click

from sso_batch.commands.terminal import unread
from sso_batch.config import load


def validate_command(environ: Mapping[str, str], config_file: Path) -> int:
    """Say that a configuration is right; raises ConfigurationError with all that is wrong with it."""
    config = load(config_file, environ)
    with unread():
        click.echo(f"{config_file}: valid, {len(config.organizations)} organizations")
    return 0
