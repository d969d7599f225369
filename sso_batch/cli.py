"""The commands: parse, call, exit code. What a command needs is imported when it runs."""

import gc
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import click

from sso_batch import __version__
from sso_batch.commands.options import (
    CONFIG,
    EXCLUDE,
    FAIL_ON,
    ONLY,
    config,
    formats,
    listed,
    option,
    shown_as,
)
from sso_batch.console.streams import UnwritableError, guarded
from sso_batch.console.terminal import Format, Level, Terminal
from sso_batch.errors import SsoBatchError
from sso_batch.exit_codes import ExitCode, signal_exit_code
from sso_batch.sanitize.terminal import printable_lines

_OBJECTS_BETWEEN_COLLECTIONS = 50_000


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="The least important events to log.",
)
@option(
    "--log-format",
    type=click.Choice(["auto", "json", "console"]),
    default="auto",
    show_default=True,
    help="How to log to stderr; auto is JSON unless stderr is a terminal.",
)
@option("--quiet", is_flag=True, help="No bars and no table, and of the logs only errors.")
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context, log_level: Level, log_format: Format, *, quiet: bool) -> None:
    """Audit AWS IAM Identity Center in many organizations.

    Who can reach which account, with what, and how do they come by it?
    """
    context.obj = Terminal(level="error" if quiet else log_level, log_format=log_format, quiet=quiet)


@cli.command()
@CONFIG
@option("-o", "--output", help="The folder or s3://bucket/prefix for the files, instead of output.directory.")
@ONLY
@EXCLUDE
@formats("run")
@option("--run-id", help="The run's id; by default its start.")
@option("--resume", is_flag=True, help="Go on with the run of that id, or begin it: do what is not complete.")
@option("--shard", metavar="I/N", help="Audit one of N parts of the organizations; I counts from 0.")
@FAIL_ON
@click.pass_obj
def run(terminal: Terminal, /, config_file: Path, **options: Any) -> NoReturn:  # noqa: ANN401 - click's
    """Audit every organization and write the reports."""
    from sso_batch.commands.run import RunOptions, run_command  # noqa: PLC0415 - imports boto3

    sys.exit(run_command(terminal, os.environ, config_file, RunOptions(**options)))


@cli.command()
@CONFIG
@option("-o", "--output", help="The place with the shards' files, instead of output.directory.")
@formats("merge")
@option("--run-id", required=True, help="The id of the run whose shards are joined.")
@FAIL_ON
@option("--wait", metavar="TIME", help="How long to wait for shards, such as 2h; by default not at all.")
@click.pass_obj
def merge(terminal: Terminal, /, config_file: Path, **options: Any) -> NoReturn:  # noqa: ANN401 - click's
    """Join the shards of one run to the files of the whole."""
    from sso_batch.commands.merge import merge_command  # noqa: PLC0415 - imports boto3
    from sso_batch.commands.run import RunOptions  # noqa: PLC0415 - likewise

    wait = options.pop("wait")
    code = merge_command(terminal, os.environ, config_file, RunOptions(**options), wait=wait)
    sys.exit(code)


@cli.command()
@CONFIG
@option("-o", "--output", help="The folder or s3://bucket/prefix of a run, instead of output.directory.")
@ONLY
@EXCLUDE
@shown_as("check", "table", "json")
@click.pass_obj
def check(terminal: Terminal, /, config_file: Path, *, format_: str, **options: Any) -> NoReturn:  # noqa: ANN401
    """Find out what a run would lack, with a few calls to each organization."""
    from sso_batch.commands.check import check_command  # noqa: PLC0415 - imports boto3
    from sso_batch.commands.run import RunOptions  # noqa: PLC0415 - likewise

    sys.exit(check_command(terminal, os.environ, config_file, RunOptions(**options), format_=format_))


@cli.command()
@CONFIG
def validate(config_file: Path) -> NoReturn:
    """Check a configuration, without network or credentials."""
    from sso_batch.commands.validate import validate_command  # noqa: PLC0415 - imports pydantic

    sys.exit(validate_command(os.environ, config_file))


@cli.command()
@click.argument("of", type=click.Choice(["configuration", "snapshot"]), default="configuration")
def schema(of: str) -> NoReturn:
    """Print the JSON Schema of the configuration, for editors, or of a snapshot's records."""
    from sso_batch.commands.schema import schema_command  # noqa: PLC0415 - imports pydantic

    sys.exit(schema_command(of))


@cli.command()
@config("The YAML file whose severities to show; without it, the defaults.")
@shown_as("checks", "table", "json")
@click.pass_obj
def checks(terminal: Terminal, config_file: Path | None, *, format_: str) -> NoReturn:
    """List what a review looks for, why it matters and what to do about it."""
    from sso_batch.commands.checks import checks_command  # noqa: PLC0415 - imports pydantic

    sys.exit(checks_command(terminal, os.environ, config_file, format_=format_))


@cli.command()
@click.argument("old")
@click.argument("new")
@shown_as("diff", "table", "csv", "json")
@option("--exit-code", is_flag=True, help="Exit with 3 where something changed.")
@click.pass_obj
def diff(terminal: Terminal, old: str, new: str, *, format_: str, exit_code: bool) -> NoReturn:
    """Tell what access was added, removed or changed from the run OLD to the run NEW.

    Each is a run's manifest, or a folder that holds one run.
    """
    from sso_batch.commands.diff import diff_command  # noqa: PLC0415 - imports pydantic

    sys.exit(diff_command(terminal, old, new, format_=format_, exit_code=exit_code))


@cli.command()
@config("The YAML file that lists the organizations; without it, what the defaults need.")
@option("--for", "holder", help="Print this policy alone: audited, runner, or a role's ARN.")
@shown_as("policy", "json", "cloudformation", words="Policies, or a template of the audited role.")
@listed(
    "--kms-key-arn",
    "kms_key_arns",
    help="The customer managed key that encrypts an instance; repeatable, or separated by commas.",
)
def policy(config_file: Path | None, **options: Any) -> NoReturn:  # noqa: ANN401 - click's
    """Print the least IAM policies that a configuration needs."""
    from sso_batch.commands.policy import policy_command  # noqa: PLC0415 - imports pydantic

    sys.exit(policy_command(os.environ, config_file, **options))


@cli.command()
@option(
    "-o",
    "--output",
    command="demo",
    help="The folder for the files, without other runs; by default a new one in reports.",
)
@option("--with-failure", is_flag=True, help="Show what an incomplete audit looks like.")
@click.pass_obj
def demo(terminal: Terminal, output: str | None, *, with_failure: bool) -> NoReturn:
    """Run a whole audit over made-up organizations; needs no AWS."""
    from sso_batch.commands.demo import demo_command  # noqa: PLC0415 - imports boto3

    sys.exit(demo_command(terminal, output, with_failure=with_failure))


@cli.command()
@click.argument("run")
def verify(run: str) -> NoReturn:
    """Hold a run's files against its manifest.

    RUN is the manifest, or a folder or s3://bucket/prefix that holds one run.
    """
    from sso_batch.commands.verify import verify_command  # noqa: PLC0415 - imports pydantic

    sys.exit(verify_command(run))


def main() -> NoReturn:
    """Run a command; every error ends here in words and an exit code, a bug of ours as what it is."""
    # Records and AWS's answers come and go by the thousand and hardly ever hold one another in a circle. To
    # look for circles as often as Python does by itself took a seventh of an audit's processor time.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    # A container's first process ignores SIGTERM unless it says otherwise. A run hears it its own way later.
    signal.signal(signal.SIGTERM, _end)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup sets it
        signal.signal(signal.SIGHUP, _end)
    with guarded():
        code = _exit_code()
    sys.exit(code)


def _end(number: int, _frame: object) -> NoReturn:
    sys.exit(signal_exit_code(number))


def _exit_code() -> int:
    """Run a command and give its exit code, whatever it raises."""
    try:
        code = _command()
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        return signal_exit_code(signal.SIGINT)
    except UnwritableError as error:
        if not error.reader_gone:
            _say(error.message, error.hint)
        return error.exit_code
    except SsoBatchError as error:
        _say(error.message, error.hint)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the one boundary of the process
        traceback.print_tb(error.__traceback__)
        _say(
            f"a defect of sso-batch {__version__}: {type(error).__name__}",
            "please report it with the lines above, which hold no values of yours",
        )
        return ExitCode.INTERNAL_ERROR
    return code


def _command() -> int:
    """Run a command; every command exits."""
    try:
        cli(prog_name="sso-batch", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except SystemExit as end:
        return int(end.code or 0)
    return ExitCode.OK


def _say(message: str, hint: str) -> None:
    """Write to stderr."""
    sys.stderr.write(printable_lines(f"sso-batch: {message}\n" + (f"  {hint}\n" if hint else "")))
