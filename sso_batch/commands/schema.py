"""`sso-batch schema`."""

import json

import click

from sso_batch.config.json_schema import schema


def schema_command() -> int:
    """Print the JSON Schema of the configuration."""
    click.echo(json.dumps(schema(), indent=2))
    return 0
