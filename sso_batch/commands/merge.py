"""`sso-batch merge`."""

import threading
from collections.abc import Mapping
from datetime import timedelta

from pydantic_core import PydanticCustomError

from sso_batch import open_files
from sso_batch.commands.config_source import read_source
from sso_batch.commands.finding_lines import finding_lines
from sso_batch.commands.roster_file import roster_of
from sso_batch.commands.run import RunOptions, now, run_location, with_options
from sso_batch.commands.step_summary import append_step_summary
from sso_batch.commands.storage import open_place, report_caveats
from sso_batch.config import parse
from sso_batch.config.durations import parse_duration
from sso_batch.console.summary import RunPlace
from sso_batch.console.terminal import Terminal
from sso_batch.errors import UsageError
from sso_batch.runner.merge import Merge
from sso_batch.runner.start import check_run_id, expand_run_id, require_format_libraries


def merge_command(
    terminal: Terminal,
    environ: Mapping[str, str],
    location: str,
    options: RunOptions,
    *,
    wait: str | None,
) -> int:
    """Merge the shards of a run and return the exit code; raise UsageError before anything is written."""
    open_files.raise_limit()
    time_to_wait = _time_to_wait(wait)
    assert options.run_id is not None, "the command line requires it"  # noqa: S101 - for the type checker
    run_id = expand_run_id(options.run_id, now())
    check_run_id(run_id)
    source = read_source(location, environ)
    config = with_options(parse(source, environ), options)
    roster = roster_of(config, source)
    require_format_libraries(config)
    stop = threading.Event()
    place = open_place(config.output, stop)
    place.prepare()
    with terminal.watch() as watch:
        log = watch.log
        report_caveats(place, log)
        merge = Merge(
            config,
            run_id,
            place=place,
            log=log,
            clock=now,
            stop=stop,
            wait=time_to_wait,
            roster=roster,
        )
        outcome = merge.run()
        append_step_summary(environ, outcome, run_id, log)
    terminal.show_summary(
        outcome,
        RunPlace(run_location(config, run_id)),
        findings=lambda: finding_lines(outcome, place.run(run_id)),
    )
    return outcome.exit_code


def _time_to_wait(wait: str | None) -> timedelta:
    if not wait:
        return timedelta(0)
    try:
        return parse_duration(wait)
    except PydanticCustomError as error:
        raise UsageError(f"--wait {wait}: {error.message()}") from None
