"""`sso-batch verify`: compare the files of a run with its manifest."""

import shutil
import sys

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
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    try:
        for verified in verify(run.store, manifest):
            results.append(verified.state)
            reason = f"  ({_shown(verified.reason)})" if verified.reason else ""
            click.echo(_line(verified.state, _shown(verified.name), reason, width))
    except OSError as error:
        raise unreadable(run.store.name, error) from error
    unchanged = results.count(FileState.AS_WRITTEN)
    different = len(results) - unchanged
    click.echo(f"{unchanged} unchanged, {different} different")
    return ExitCode.NOT_VERIFIED if different else ExitCode.OK


def _line(state: FileState, name: str, reason: str, width: int | None) -> str:
    """Return the line of a file; on a terminal where it does not fit, folder, name and reason have their own.

    In a pipe, each file is one line.
    """
    line = f"{state:<10}  {name}{reason}"
    if width is None or len(line) <= width:
        return line
    folder, slash, file = name.rpartition("/")
    parts = [f"{state:<10}  {folder}{slash}{file}"]
    if slash and len(parts[0]) > width:
        parts = [f"{state:<10}  {folder}/", f"{'':<10}  {file}"]
    return "\n".join([*parts, *([f"{'':<10} {reason}"] if reason else [])])


def _shown(text: str) -> str:
    """Return the text with everything escaped that a terminal could interpret."""
    return text if text.isascii() and text.isprintable() else ascii(text)[1:-1]
