"""`sso-batch verify`: compare the files of a run with its manifest."""

import click

from sso_batch.commands.run_location import read_run, unreadable
from sso_batch.exit_codes import ExitCode
from sso_batch.run_files.verification import FileState, verify


def verify_command(location: str) -> int:
    """Print the result for each file and return the exit code; raise UsageError without a manifest."""
    run = read_run(location)
    manifest = run.manifest
    click.echo(f"run {_shown(manifest.run_id)} of {_shown(manifest.ts)}, {manifest.status.value}")
    results = []
    try:
        for verified in verify(run.store, manifest):
            results.append(verified.state)
            reason = f"  ({_shown(verified.reason)})" if verified.reason else ""
            click.echo(f"{verified.state:<10}  {_shown(verified.name)}{reason}")
    except OSError as error:
        raise unreadable(run.store.name, error) from error
    unchanged = results.count(FileState.AS_WRITTEN)
    different = len(results) - unchanged
    click.echo(f"{unchanged} unchanged, {different} different")
    return ExitCode.NOT_VERIFIED if different else ExitCode.OK


def _shown(text: str) -> str:
    """Return the text with everything escaped that a terminal could interpret."""
    return text if text.isascii() and text.isprintable() else ascii(text)[1:-1]
