"""`sso-batch diff`: the changes between two runs."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import click

from sso_batch.commands.difference_json import document
from sso_batch.commands.run import RunOptions, with_options
from sso_batch.commands.run_location import read_run, read_run_in
from sso_batch.commands.storage import open_place, output_named
from sso_batch.config import load
from sso_batch.console.streams import for_programs
from sso_batch.console.terminal import Terminal
from sso_batch.errors import UsageError
from sso_batch.exit_codes import ExitCode
from sso_batch.report import changes_csv
from sso_batch.run_files.stored_runs import StoredRun, UnreadableRun, newest_first
from sso_batch.runner.run_diff import RunDiff
from sso_batch.store import RUN_ID, Place

_OUTPUT = "pass the output place of the runs with --output or --config"


@dataclass(frozen=True, slots=True)
class RunsToCompare:
    """What a command line says about two runs: each by its location or its id, and their output place."""

    environ: Mapping[str, str]
    old: str | None
    new: str | None
    config_file: Path | None
    output: str | None

    def read(self) -> tuple[StoredRun, StoredRun]:
        """Return the old run and the new one; raise UsageError if one cannot be read."""
        if self.old is None:
            return self._newest()
        if self.new is None:
            raise UsageError("only one run was given", hint="pass OLD and NEW, or neither for the newest two")
        return self._named(self.old), self._named(self.new)

    def _newest(self) -> tuple[StoredRun, StoredRun]:
        """Return the two newest runs of the output place; one that cannot be read is an error."""
        place = self._place()
        if place is None:
            raise UsageError("no runs to compare were given", hint=f"pass OLD and NEW, or {_OUTPUT}")
        runs: list[StoredRun] = []
        for run in islice(newest_first(place), 2):
            if isinstance(run, UnreadableRun):
                raise UsageError(
                    f"{run.file} in {place.name} cannot be read: {run.message}",
                    hint=run.hint or "pass the two runs to compare: OLD and NEW",
                )
            runs.append(run)
        if len(runs) < 2:  # noqa: PLR2004 - two runs make a difference
            raise UsageError(
                f"{place.name} contains {len(runs) or 'no'} finished run{'s' if not runs else ''}, "
                "and a comparison needs two",
                hint="pass OLD and NEW, or another output place with --output or --config",
            )
        return runs[1], runs[0]

    def _named(self, name: str) -> StoredRun:
        """Return the run at a location or, where there is no such file or folder, with this id."""
        if not RUN_ID.fullmatch(name) or os.path.lexists(name):
            run = read_run(name)
        else:
            place = self._place()
            if place is None:
                raise UsageError(
                    f"{name} is neither a folder nor a manifest", hint=f"to name a run by its id, {_OUTPUT}"
                )
            run = read_run_in(place.run(name))
        if run.manifest.shard is not None:
            raise UsageError(
                f"{name} is the manifest of a shard, not of a run",
                hint="merge the shards with `sso-batch merge`, and pass the run",
            )
        return run

    def _place(self) -> Place | None:
        if self.config_file is not None:
            config = with_options(load(self.config_file, self.environ), RunOptions(output=self.output))
            return open_place(config.output)
        return None if self.output is None else open_place(output_named(self.output))


def diff_command(terminal: Terminal, runs: RunsToCompare, *, format_: str, exit_code: bool) -> int:
    """Print every change and return the exit code.

    It is 4 if an organization could not be compared, and 3 for changes if `exit_code` is set.
    Raises UsageError if a run cannot be read.
    """
    from sso_batch.commands.difference_table import remarks, tables  # noqa: PLC0415 - rich, for tables only

    difference = RunDiff(*runs.read())
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
