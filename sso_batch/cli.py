"""The command line: options, exit codes, and the error boundary of the process.

What a command needs is imported when it runs, so that `--help` and `--version` stay fast.
"""

import os
import signal
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, NoReturn

import click

from sso_batch import __version__
from sso_batch.commands.options import (
    CONFIG,
    EXCLUDE,
    FAIL_ON,
    KMS_KEY_ARNS,
    LOG_FORMAT,
    LOG_LEVEL,
    ONLY,
    ORGANIZATION,
    PROCESSES,
    QUIET,
    RESUME,
    RUN,
    WAIT,
    config_option,
    list_option,
    option,
    output_format_option,
    output_option,
    report_format_option,
)
from sso_batch.console.streams import UnwritableError, guarded
from sso_batch.console.terminal import LogFormat, LogLevel, Terminal
from sso_batch.errors import ConfigurationError, SsoBatchError
from sso_batch.exit_codes import ExitCode, signal_exit_code
from sso_batch.machine import collect_less_garbage, end_process
from sso_batch.sanitize import escape_terminal_lines

_AUDIT_WORKER = "sso_batch.commands.audit_worker:audit_worker"
"""What the worker processes of a run do."""


class _Commands(click.Group):
    """The commands in the order in which a user needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of their definition."""
        del ctx
        return list(self.commands)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try it without AWS: sso-batch demo",
)
@LOG_LEVEL
@LOG_FORMAT
@QUIET
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context, log_level: LogLevel, log_format: LogFormat, *, quiet: bool) -> None:
    """Report who has access to which AWS account, with which permissions, and how.

    sso-batch audits AWS IAM Identity Center across many AWS organizations: assignments of permission sets to
    users and groups, group memberships, and account-access entitlements of IAM roles. It only reads.
    """
    context.obj = Terminal(level="error" if quiet else log_level, log_format=log_format, quiet=quiet)


@cli.command()
@output_option(
    "Folder for the reports, without other runs; by default a new one under reports/.",
    command="demo",
    metavar="DIR",
)
@option("--with-failure", is_flag=True, help="Show an incomplete audit: some calls are denied.")
@option(
    "--campaign", command="demo", is_flag=True, help="Show an access review, from the sheets to the proof."
)
@click.pass_obj
def demo(terminal: Terminal, output: str | None, *, with_failure: bool, campaign: bool) -> NoReturn:
    """Audit made-up organizations in a local emulator; no AWS needed."""
    from sso_batch.commands.demo import demo_command  # noqa: PLC0415 - imports boto3

    sys.exit(demo_command(terminal, output, with_failure=with_failure, campaign=campaign))


@cli.command()
@CONFIG
def validate(config: str) -> NoReturn:
    """Validate a configuration, without network or credentials unless it is in S3.

    Reports all errors at once, each with its line.
    """
    from sso_batch.commands.validate import validate_command  # noqa: PLC0415 - imports pydantic

    sys.exit(validate_command(os.environ, config))


@cli.command()
@config_option("Configuration; by default the policies for the default settings are printed.")
@option(
    "--for", "holder", metavar="NAME", help="Print a single policy: audited, runner, or the ARN of a role."
)
@output_format_option(
    "policy", "json", "cloudformation", help_text="IAM policies, or a template of the role to audit with."
)
@KMS_KEY_ARNS
def policy(config: str | None, **options: Any) -> NoReturn:  # noqa: ANN401 - click's
    """Print the minimum IAM policies that a configuration needs."""
    from sso_batch.commands.policy import policy_command  # noqa: PLC0415 - imports pydantic

    sys.exit(policy_command(os.environ, config, **options))


@cli.command()
@CONFIG
@output_option("Folder or s3://bucket/prefix to check; overrides output.directory.")
@ONLY
@EXCLUDE
@output_format_option("check", "table", "json")
@click.pass_obj
def check(terminal: Terminal, /, config: str, *, format_: str, **options: Any) -> NoReturn:  # noqa: ANN401
    """Check credentials and permissions before a run.

    Makes a few calls per organization and names every missing IAM action. Nothing is written.
    """
    from sso_batch.commands.check import check_command  # noqa: PLC0415 - imports boto3
    from sso_batch.commands.run import RunOptions  # noqa: PLC0415 - likewise

    sys.exit(check_command(terminal, os.environ, config, RunOptions(**options), format_=format_))


@cli.command()
@CONFIG
@output_option("Folder or s3://bucket/prefix for the reports; overrides output.directory.")
@ONLY
@EXCLUDE
@report_format_option("run")
@option(
    "--run-id",
    metavar="ID",
    help="ID of the run and name of its folder; by default its start time, such as 20261126-153145. %Y%m%d "
    "stands for the day in UTC, %H%M%S for the time.",
)
@RESUME
@PROCESSES
@option("--shard", metavar="I/N", help="Audit only shard I of N, such as 0/4. I counts from 0.")
@FAIL_ON
@click.pass_obj
def run(terminal: Terminal, /, config: str, **options: Any) -> NoReturn:  # noqa: ANN401 - click's
    """Audit the organizations and write the reports.

    \b
    Exit codes:
      0  every organization is complete
      1  internal error
      2  usage or configuration error; nothing was audited
      3  complete, with findings at or above --fail-on
      4  incomplete: something could not be read
      5  failed: every organization failed
    """  # noqa: D301 - click needs the character, not an escape
    from sso_batch.message_workers import (  # noqa: PLC0415 - multiprocessing, for this command alone
        Workers,
        probable_number_of_workers,
    )

    number = probable_number_of_workers(options["processes"], config, os.environ)
    with Workers(_AUDIT_WORKER, number) as workers:  # which import modules while this process does
        from sso_batch.commands.run import RunOptions, run_command  # noqa: PLC0415 - imports boto3

        sys.exit(run_command(terminal, os.environ, config, RunOptions(**options), workers))


@cli.command()
@CONFIG
@output_option("Folder or s3://bucket/prefix of the shards; overrides output.directory.")
@report_format_option("merge")
@option("--run-id", required=True, metavar="ID", help="ID of the run, as for run.")
@FAIL_ON
@WAIT
@click.pass_obj
def merge(terminal: Terminal, /, config: str, **options: Any) -> NoReturn:  # noqa: ANN401 - click's
    """Merge the shards of a run into its final reports."""
    from sso_batch.commands.merge import merge_command  # noqa: PLC0415 - imports boto3
    from sso_batch.commands.run import RunOptions  # noqa: PLC0415 - likewise

    wait = options.pop("wait")
    code = merge_command(terminal, os.environ, config, RunOptions(**options), wait=wait)
    sys.exit(code)


@cli.command()
@click.argument("old", required=False)
@click.argument("new", required=False)
@config_option("Configuration whose output place has the runs.")
@option("-o", "--output", metavar="LOCATION", help="Folder or s3://bucket/prefix that has the runs.")
@output_format_option("diff", "table", "csv", "json")
@option("--exit-code", is_flag=True, help="Exit with code 3 if there are changes.")
@click.pass_obj
def diff(
    terminal: Terminal,
    /,
    *,
    old: str | None,
    new: str | None,
    format_: str,
    exit_code: bool,
    **place: Any,  # noqa: ANN401 - click's
) -> NoReturn:
    """Show what access changed between two runs.

    OLD and NEW are the folders of two runs, in S3 or not, their manifests, or, with --config or --output,
    their run IDs. Without them, the two newest runs of the output place are compared.

    Exits with code 4 if an organization could not be compared.
    """
    from sso_batch.commands.diff import diff_command, runs_to_compare  # noqa: PLC0415 - imports pydantic
    from sso_batch.commands.run_location import RunFinder  # noqa: PLC0415 - likewise

    runs = runs_to_compare(RunFinder(os.environ, **place), old, new)
    sys.exit(diff_command(terminal, runs, format_=format_, exit_code=exit_code))


@cli.command()
@click.argument("run")
def verify(run: str) -> NoReturn:
    """Verify the files of a run against its manifest.

    RUN is the folder of a run, s3://bucket/prefix/RUN, or a manifest.

    Exits with code 6 if a file is missing, changed or extra.
    """
    from sso_batch.commands.verify import verify_command  # noqa: PLC0415 - imports pydantic

    sys.exit(verify_command(run))


@cli.command()
@click.argument("permission_set")
@RUN
@config_option("Configuration; explains the newest run in its output.")
@output_option("Folder or s3://bucket/prefix of the runs; explains the newest; overrides output.directory.")
@ORGANIZATION
@output_format_option("explain", "text", "json")
def explain(
    permission_set: str,
    *,
    run: str | None,
    organizations: tuple[str, ...],
    format_: str,
    **place: Any,  # noqa: ANN401 - click's
) -> NoReturn:
    """Explain what a permission set allows, and why.

    PERMISSION_SET is a name, a pattern with * and ?, or an ARN. Every match is explained: its policies, what
    it amounts to, in how many accounts and for how many people, the paths to more access, and which
    statements allow them.

    Everything comes from the snapshots of the run.
    """
    from sso_batch.commands.explain import explain_command  # noqa: PLC0415 - imports pydantic
    from sso_batch.commands.run_location import RunFinder  # noqa: PLC0415 - likewise

    finder = RunFinder(os.environ, **place)
    found = finder.named(run) if run is not None else finder.newest(1, otherwise="pass --run")[0]
    sys.exit(explain_command(permission_set, found, organizations=organizations, format_=format_))


@cli.command()
@config_option("Configuration whose severities are shown; by default the default severities.")
@output_format_option("checks", "table", "json")
@click.pass_obj
def checks(terminal: Terminal, config: str | None, *, format_: str) -> NoReturn:
    """List the checks: severity, why it matters, and what to do."""
    from sso_batch.commands.checks import checks_command  # noqa: PLC0415 - imports pydantic

    sys.exit(checks_command(terminal, os.environ, config, format_=format_))


@cli.group(cls=_Commands)
def campaign() -> None:
    """Review access: decisions out, decisions in, and the proof that they were carried out.

    A campaign works on files only: it calls no AWS service and changes nothing in AWS.
    """


@campaign.command("open")
@CONFIG
@option(
    "--run",
    command="campaign_open",
    required=True,
    metavar="RUN",
    help="Complete run to review: its folder, its manifest, or its ID.",
)
@option(
    "-o",
    "--output",
    command="campaign_open",
    required=True,
    metavar="DIR",
    help="New folder, or s3://bucket/prefix.",
)
@option(
    "--scope",
    type=click.Choice(["all", "privileged", "changed"]),
    default="all",
    show_default=True,
    help="All access, only privileged access, or only what is new, changed or not kept since --since.",
)
@option("--since", metavar="CAMPAIGN", help="Closed campaign to compare with.")
@list_option(
    "--organization",
    "organizations",
    metavar="NAME",
    help="Review only these organizations; repeatable or comma-separated.",
)
@click.pass_obj
def campaign_open(terminal: Terminal, /, config: str, **options: Any) -> NoReturn:  # noqa: ANN401 - click's
    """Open a campaign: write its population, and a sheet for each reviewer."""
    from sso_batch.commands.campaign_open import OpenOptions, campaign_open_command  # noqa: PLC0415 - pydantic

    sys.exit(campaign_open_command(terminal, os.environ, config, OpenOptions(**options)))


@campaign.command("status")
@click.argument("folder", metavar="DIR")
@output_format_option("campaign_status", "table", "json")
@click.pass_obj
def campaign_status(terminal: Terminal, folder: str, *, format_: str) -> NoReturn:
    """Show what is decided and what is open, and the problems of the sheets.

    DIR is the folder of a campaign, or s3://bucket/prefix.

    \b
    Exit codes:
      0  every item is decided
      2  usage error, or a sheet has problems
      7  items are open
    """  # noqa: D301 - click needs the character, not an escape
    from sso_batch.commands.campaign_status import campaign_status_command  # noqa: PLC0415 - imports pydantic

    sys.exit(campaign_status_command(terminal, folder, format_=format_, now=datetime.now(UTC)))


@campaign.command("close")
@click.argument("folder", metavar="DIR")
@option("--partial", is_flag=True, help="Close although items are open; the sign-off says so.")
@click.pass_obj
def campaign_close(terminal: Terminal, /, folder: str, *, partial: bool) -> NoReturn:
    """Close a campaign: write the decisions, what must be revoked, and the sign-off.

    DIR is the folder of the campaign, or s3://bucket/prefix. Exits with code 7 if items are open.
    """
    from sso_batch.commands.campaign_close import campaign_close_command  # noqa: PLC0415 - imports pydantic

    sys.exit(campaign_close_command(terminal, folder, partial=partial))


@campaign.command("prove")
@click.argument("folder", metavar="DIR")
@option(
    "--run",
    command="campaign_prove",
    required=True,
    metavar="RUN",
    help="Later run: its folder, s3://bucket/prefix/RUN, or its manifest.",
)
@click.pass_obj
def campaign_prove(terminal: Terminal, /, folder: str, *, run: str) -> NoReturn:
    """Prove with a later run that the revocations of a closed campaign were carried out.

    \b
    Exit codes:
      0  every revocation is proved
      3  access is still there, came back, or is reachable otherwise
      4  the run does not say of some
    """  # noqa: D301 - click needs the character, not an escape
    from sso_batch.commands.campaign_prove import campaign_prove_command  # noqa: PLC0415 - imports pydantic

    sys.exit(campaign_prove_command(terminal, folder, run))


@cli.command()
@click.argument("of", type=click.Choice(["configuration", "snapshot"]), default="configuration")
def schema(of: str) -> NoReturn:
    """Print the JSON Schema of the configuration or of snapshots."""
    from sso_batch.commands.schema import schema_command  # noqa: PLC0415 - imports pydantic

    sys.exit(schema_command(of))


def main() -> NoReturn:
    """Run the command in `sys.argv` and end the process with its exit code."""
    end_process(command_line())


def command_line() -> int:
    """Run the command in `sys.argv` and return its exit code; each exception becomes a message and a code."""
    collect_less_garbage()
    # Process 1 of a container ignores SIGTERM without a handler. A run installs its own handlers later.
    signal.signal(signal.SIGTERM, _exit_on_signal)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # set by nohup
        signal.signal(signal.SIGHUP, _exit_on_signal)
    with guarded():
        return _exit_code()


def _exit_on_signal(number: int, _frame: object) -> NoReturn:
    sys.exit(signal_exit_code(number))


def _exit_code() -> int:
    """Run a command and return its exit code, whatever it raises."""
    try:
        code = _run_command()
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        return signal_exit_code(signal.SIGINT)
    except SsoBatchError as error:
        _report(error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the error boundary of the process
        traceback.print_tb(error.__traceback__)
        _print_error(
            f"internal error in sso-batch {__version__}: {type(error).__name__}",
            "please report it with the traceback above (it contains none of your data)",
        )
        return ExitCode.INTERNAL_ERROR
    return code


def _run_command() -> int:
    """Run a command and return the code with which it exits."""
    try:
        cli(prog_name="sso-batch", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except SystemExit as end:
        return int(end.code or 0)
    return ExitCode.OK


def _report(error: SsoBatchError) -> None:
    """Write a user's error to stderr; each problem of a configuration has a line, as compilers do it."""
    if isinstance(error, ConfigurationError):
        sys.stderr.write(escape_terminal_lines("".join(f"{problem}\n" for problem in error.problems)))
    elif not (isinstance(error, UnwritableError) and error.reader_gone):
        _print_error(error.message, error.hint)


def _print_error(message: str, hint: str) -> None:
    """Write an error and what to do about it to stderr."""
    sys.stderr.write(escape_terminal_lines(f"sso-batch: {message}\n" + (f"  {hint}\n" if hint else "")))
