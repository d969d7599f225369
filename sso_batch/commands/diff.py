"""`sso-batch diff`: what changed between two runs."""

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
from sso_batch.store import trouble


def diff_command(terminal: Terminal, old: str, new: str, *, format_: str, exit_code: bool) -> int:
    """Print every change; 4 where an organization could not be compared, 3 for changes if asked for.

    Raises UsageError where there is no run to compare.
    """
    from sso_batch.commands.difference_table import remarks, tables  # noqa: PLC0415 - rich, for tables

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
    """The run that a manifest's path names, or the one run of a folder; raises UsageError."""
    try:
        store, name = open_manifest(location)
        manifest = read_manifest(b"".join(store.read(name)))
    except (OSError, ManifestError) as error:
        reason = trouble(error).message if isinstance(error, OSError) else str(error)
        raise UsageError(
            f"there is no run to compare at {location}: {reason}",
            hint="name a run's manifest, or a place that holds one run",
        ) from error
    if manifest.shard is not None:
        raise UsageError(
            f"{location} is the manifest of a shard, which is a part of a run",
            hint="join the shards with `sso-batch merge`, and name the run's own manifest",
        )
    return RunFiles(store, manifest)
