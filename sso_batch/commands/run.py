"""`sso-batch run`."""

import shlex
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sso_batch import open_files
from sso_batch.commands.config_source import read_source
from sso_batch.commands.finding_lines import finding_lines
from sso_batch.commands.roster_file import roster_of
from sso_batch.commands.step_summary import append_step_summary
from sso_batch.commands.storage import open_place, output_named, report_caveats
from sso_batch.config import Config, fingerprint, parse
from sso_batch.console.summary import RunPlace
from sso_batch.console.terminal import Terminal
from sso_batch.message_workers import Workers, number_of_workers
from sso_batch.review.roster import Roster, roster_sha256
from sso_batch.review.rules import Rules
from sso_batch.run_files.file_names import MANIFEST, FileNames
from sso_batch.run_files.results import RunOutcome
from sso_batch.run_files.run import RunFacts
from sso_batch.runner.context import RunContext
from sso_batch.runner.previous_runs import PreviousRuns
from sso_batch.runner.run import Run
from sso_batch.runner.selection import select
from sso_batch.runner.start import begin, require_format_libraries
from sso_batch.sharding import Shard, shard_of


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of a run on the command line; None and () mean the configuration's value."""

    output: str | None = None
    only: Sequence[str] = ()
    exclude: Sequence[str] = ()
    formats: Sequence[str] = ()
    run_id: str | None = None
    resume: bool = False
    processes: int | Literal["auto"] | None = None
    shard: str | None = None
    fail_on: str | None = None


def run_command(
    terminal: Terminal,
    environ: Mapping[str, str],
    location: str,
    options: RunOptions,
    workers: Workers | None = None,
) -> int:
    """Audit the organizations of the configuration at a location and return the exit code.

    `workers` are the processes that audit, as far as they are needed; some may have been started.

    Raises UsageError before the first call to an organization.
    """
    shard = shard_of(options.shard, environ)
    source = read_source(location, environ)
    config = with_options(parse(source, environ), options)
    roster = roster_of(config, source)
    outcome, names = execute(terminal, environ, config, options, shard=shard, roster=roster, workers=workers)
    manifest = MANIFEST if shard is None else names.shard_manifest(shard.index)
    resume = _resume(location, names.run_id, options)
    terminal.show_summary(
        outcome,
        RunPlace(run_location(config, names.run_id), manifest, resume),
        findings=lambda: finding_lines(outcome, open_place(config.output).run(names.run_id)),
    )
    return outcome.exit_code


def run_location(config: Config, run_id: str) -> str:
    """Return the location of a run's files, as the configuration writes the output place."""
    return f"{config.output.directory.rstrip('/')}/{run_id}"


def _resume(location: str, run_id: str, options: RunOptions) -> str:
    """Return the command that resumes a run."""
    words = ["sso-batch", "run", "--config", location, "--run-id", run_id, "--resume"]
    for name, value in (
        ("--output", options.output),
        ("--only", ",".join(options.only)),
        ("--exclude", ",".join(options.exclude)),
        ("--format", ",".join(options.formats)),
        ("--processes", str(options.processes or "")),
        ("--shard", options.shard),
        ("--fail-on", options.fail_on),
    ):
        words += [name, value] if value else []
    return shlex.join(words)


def execute(
    terminal: Terminal,
    environ: Mapping[str, str],
    config: Config,
    options: RunOptions,
    *,
    shard: Shard | None = None,
    roster: Roster | None = None,
    workers: Workers | None = None,
) -> tuple[RunOutcome, FileNames]:
    """Run the audit, without `workers` in this process; return its outcome and the names of its files."""
    open_files.raise_limit()
    require_format_libraries(config)
    organizations = select(config.organizations, only=options.only, exclude=options.exclude)
    stop = threading.Event()
    place = open_place(config.output, stop)
    max_age = config.run.resume_max_age
    names, started_at, store = begin(
        place, options.run_id, now, resume=options.resume, shard=shard, max_age=max_age
    )
    facts = RunFacts(
        names=names,
        config_sha256=fingerprint(config, roster_sha256(roster)),
        strategy=config.collect.strategy,
        not_selected=tuple(entry.name for entry in config.organizations if entry not in organizations),
        shard=shard,
        checks=tuple(Rules.from_config(config.review, today=names.day).severities),
    )
    if shard is not None:
        part = shard.part([organization.name for organization in organizations])
        organizations = tuple(organization for organization in organizations if organization.name in part)
    if workers is not None:
        workers.resize(number_of_workers(config.run.processes, len(organizations)))
    with terminal.watch(len(organizations)) as watch:
        report_caveats(place, watch.log)
        previous = PreviousRuns(place, names, started_at, stop)
        context = RunContext(config, facts, started_at, place, store, watch.log, now, stop, previous, roster)
        outcome = Run(context, organizations, watch, workers=workers, resume=options.resume).run()
        append_step_summary(environ, outcome, names.run_id, watch.log)
    return outcome, names


def with_options(config: Config, options: RunOptions) -> Config:
    """Return the configuration with the options of the command line; raise UsageError for a wrong one."""
    output: dict[str, object] = {}
    if options.output is not None:
        output["directory"] = output_named(options.output).directory
    if options.formats:
        output["formats"] = tuple(dict.fromkeys(options.formats))
    run = {} if options.processes is None else {"processes": options.processes}
    review = {} if options.fail_on is None else {"fail_on": options.fail_on}
    return config.model_copy(
        update={
            "output": config.output.model_copy(update=output),
            "run": config.run.model_copy(update=run),
            "review": config.review.model_copy(update=review),
        }
    )


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)
