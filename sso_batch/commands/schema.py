"""`sso-batch schema`."""

import click

from sso_batch.config.json_schema import schema_text


def schema_command() -> int:
    """Print the JSON Schema of the configuration."""
    click.echo(schema_text())
    return 0
