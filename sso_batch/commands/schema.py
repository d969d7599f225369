"""`sso-batch schema`."""

import click

from sso_batch.config.json_schema import schema_text
from sso_batch.console.streams import for_programs
from sso_batch.exit_codes import ExitCode


def schema_command(of: str) -> int:
    """Print the JSON Schema of the configuration, or of a record of a snapshot."""
    for_programs()
    if of == "snapshot":
        from sso_batch.run_files.snapshot_schema import snapshot_schema_text  # noqa: PLC0415 - only one is needed

        click.echo(snapshot_schema_text())
    else:
        click.echo(schema_text())
    return ExitCode.OK
