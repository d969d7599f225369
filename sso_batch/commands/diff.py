"""`sso-batch diff`: the changes between two runs."""

from collections.abc import Iterator
from itertools import chain, islice

import click

from sso_batch.commands.difference_json import document
from sso_batch.commands.run_location import RunFinder
from sso_batch.console.streams import for_programs
from sso_batch.console.terminal import Terminal
from sso_batch.errors import UsageError
from sso_batch.exit_codes import ExitCode
from sso_batch.report import changes_csv
from sso_batch.run_files.stored_runs import StoredRun
from sso_batch.runner.run_diff import RunDiff

_BOTH = "pass OLD and NEW"


def runs_to_compare(finder: RunFinder, old: str | None, new: str | None) -> tuple[StoredRun, StoredRun]:
    """Return the old run and the new one, without names the two newest; raise UsageError."""
    if old is None:
        newer, older = finder.newest(2, otherwise=_BOTH)
        return older, newer
    if new is None:
        raise UsageError("only one run was given", hint=f"{_BOTH}, or neither for the newest two")
    return finder.named(old), finder.named(new)


def diff_command(
    terminal: Terminal, runs: tuple[StoredRun, StoredRun], *, format_: str, exit_code: bool
) -> int:
    """Print every change and return the exit code.

    It is 4 if an organization could not be compared, and 3 for changes if `exit_code` is set.
    Raises UsageError if a run cannot be read.
    """
    from sso_batch.commands.difference_table import remarks, tables  # noqa: PLC0415 - rich, for tables only

    difference = RunDiff(*runs)
    if format_ == "json":
        for part in document(difference):
            click.echo(part, nl=False)
    elif format_ == "csv":
        for_programs()
        for text in _csv(difference):
            click.echo(text, nl=False)
    else:
        terminal.print(tables(difference))
    if format_ == "table":
        terminal.say(remarks(difference))
    else:
        for line in remarks(difference):
            click.echo(line, err=True)
    if difference.failed:
        return ExitCode.INCOMPLETE
    return ExitCode.FINDINGS if exit_code and difference.changed else ExitCode.OK


def _csv(difference: RunDiff) -> Iterator[str]:
    """Yield the lines of the changes CSV; its columns are known once the first change is."""
    changes = iter(difference)
    first = list(islice(changes, 1))
    people = difference.people
    yield changes_csv.header(people)
    for text, _ in changes_csv.lines(chain(first, changes), escape=True, people=people):
        yield text
