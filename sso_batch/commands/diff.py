"""`sso-batch diff`: the changes between two runs."""

import click

from sso_batch.commands.difference_json import document
from sso_batch.commands.storage import open_manifest
from sso_batch.console.streams import for_programs
from sso_batch.console.terminal import Terminal
from sso_batch.errors import UsageError
from sso_batch.exit_codes import ExitCode
from sso_batch.report import changes_csv
from sso_batch.run_files.manifest import ManifestError, read_manifest
from sso_batch.runner.run_diff import RunDiff, RunFiles
from sso_batch.store import explain_error


def diff_command(terminal: Terminal, old: str, new: str, *, format_: str, exit_code: bool) -> int:
    """Print every change and return the exit code.

    It is 4 if an organization could not be compared, and 3 for changes if `exit_code` is set.
    Raises UsageError if a run cannot be read.
    """
    from sso_batch.commands.difference_table import remarks, tables  # noqa: PLC0415 - rich, for tables only

    difference = RunDiff(_run(old), _run(new))
    if format_ == "json":
        for part in document(difference):
            click.echo(part, nl=False)
    elif format_ == "csv":
        for_programs()
        click.echo(changes_csv.HEADER, nl=False)
        for text, _ in changes_csv.lines(difference, escape=True):
            click.echo(text, nl=False)
    else:
        terminal.print(tables(difference))
    for line in remarks(difference):
        click.echo(line, err=format_ != "table")
    if difference.failed:
        return ExitCode.INCOMPLETE
    return ExitCode.FINDINGS if exit_code and difference.changed else ExitCode.OK


def _run(location: str) -> RunFiles:
    """Return the run of a manifest, or the only run of a folder; raise UsageError if it cannot be read."""
    try:
        store, name = open_manifest(location)
        manifest = read_manifest(b"".join(store.read(name)))
    except (OSError, ManifestError) as error:
        reason = explain_error(error).message if isinstance(error, OSError) else str(error)
        raise UsageError(
            f"cannot read a run at {location}: {reason}",
            hint="pass the manifest of a run, or a folder that contains one run",
        ) from error
    if manifest.shard is not None:
        raise UsageError(
            f"{location} is the manifest of a shard, not of a run",
            hint="merge the shards with `sso-batch merge`, and pass the manifest of the run",
        )
    return RunFiles(store, manifest)
