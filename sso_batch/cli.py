"""The commands: parse, call, exit code. What a command needs is imported when it runs."""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from sso_batch import __version__
from sso_batch.characters import printable_lines
from sso_batch.commands.terminal import Format, Level, Terminal
from sso_batch.errors import SsoBatchError

FORMATS = ("csv", "html", "xlsx")


class _Listed(click.types.StringParamType):
    """A repeatable option's value; in the environment, several are separated by commas."""

    envvar_list_splitter = ","


class _ListedChoice(click.Choice[str]):
    """The same for a choice."""

    envvar_list_splitter = ","


def _option(*names: str, **settings: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # noqa: ANN401
    """An option with its environment variable: SSO_BATCH_ and the option's name."""
    long = next(name for name in names if name.startswith("--")).split("/")[0]
    variable = "SSO_BATCH_" + long.removeprefix("--").replace("-", "_").upper()
    return click.option(*names, envvar=variable, show_envvar=True, **settings)


_CONFIG = _option(
    "-c",
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    required=True,
    help="The YAML file that lists the organizations.",
)

_ONLY = _option(
    "--only", type=_Listed(), multiple=True, help="Only this organization, or tag:KEY=VALUE; repeatable."
)
_EXCLUDE = _option(
    "--exclude",
    type=_Listed(),
    multiple=True,
    help="Leave out this organization, or tag:KEY=VALUE; repeatable.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@_option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="The least important events to log.",
)
@_option(
    "--log-format",
    type=click.Choice(["auto", "json", "console"]),
    default="auto",
    show_default=True,
    help="How to log to stderr; auto is JSON unless stderr is a terminal.",
)
@_option("--quiet", is_flag=True, help="No bars and no table, and of the logs only errors.")
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context, log_level: Level, log_format: Format, *, quiet: bool) -> None:
    """Audit AWS IAM Identity Center in many organizations.

    Who can reach which account, with what, and how do they come by it?
    """
    context.obj = Terminal(level="error" if quiet else log_level, log_format=log_format, quiet=quiet)


@cli.command()
@_CONFIG
@_option("-o", "--output", help="The folder for the files, instead of output.directory.")
@_ONLY
@_EXCLUDE
@_option(
    "--format", "formats", type=_ListedChoice(FORMATS), multiple=True, help="Write this format; repeatable."
)
@_option("--run-id", help="The run's id; by default its start.")
@click.pass_obj
def run(terminal: Terminal, /, config_file: Path, **options: Any) -> NoReturn:  # noqa: ANN401 - click's
    """Audit every organization and write the reports."""
    from sso_batch.commands.run import RunOptions, run_command  # noqa: PLC0415 - imports boto3

    sys.exit(run_command(terminal, os.environ, config_file, RunOptions(**options)))


@cli.command()
@_CONFIG
@_option("-o", "--output", help="The folder for the files of a run, instead of output.directory.")
@_ONLY
@_EXCLUDE
@_option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="For people, or for programs.",
)
@click.pass_obj
def check(terminal: Terminal, /, config_file: Path, *, format_: str, **options: Any) -> NoReturn:  # noqa: ANN401
    """Find out what a run would lack, with a few calls to each organization."""
    from sso_batch.commands.check import check_command  # noqa: PLC0415 - imports boto3
    from sso_batch.commands.run import RunOptions  # noqa: PLC0415 - likewise

    sys.exit(check_command(terminal, os.environ, config_file, RunOptions(**options), format_=format_))


@cli.command()
@_CONFIG
def validate(config_file: Path) -> NoReturn:
    """Check a configuration, without network or credentials."""
    from sso_batch.commands.validate import validate_command  # noqa: PLC0415 - imports pydantic

    sys.exit(validate_command(os.environ, config_file))


@cli.command()
def schema() -> NoReturn:
    """Print the JSON Schema of the configuration, for editors."""
    from sso_batch.commands.schema import schema_command  # noqa: PLC0415 - imports pydantic

    sys.exit(schema_command())


@cli.command()
@_option(
    "-c",
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="The YAML file that lists the organizations; without it, what the defaults need.",
)
@_option("--for", "holder", help="Print this policy alone: audited, runner, or a role's ARN.")
@_option(
    "--format",
    "format_",
    type=click.Choice(["json", "cloudformation"]),
    default="json",
    show_default=True,
    help="Policies, or a template of the audited role.",
)
@_option(
    "--kms-key-arn",
    "kms_key_arns",
    type=_Listed(),
    multiple=True,
    help="The customer managed key that encrypts an instance; repeatable.",
)
def policy(config_file: Path | None, **options: Any) -> NoReturn:  # noqa: ANN401 - click's
    """Print the least IAM policies that a configuration needs."""
    from sso_batch.commands.policy import policy_command  # noqa: PLC0415 - imports pydantic

    sys.exit(policy_command(os.environ, config_file, **options))


@cli.command()
@_option(
    "-o", "--output", help="The folder for the files, without other runs; by default a new one in reports."
)
@_option("--with-failure", is_flag=True, help="Show what an incomplete audit looks like.")
@click.pass_obj
def demo(terminal: Terminal, output: str | None, *, with_failure: bool) -> NoReturn:
    """Run a whole audit over made-up organizations; needs no AWS."""
    from sso_batch.commands.demo import demo_command  # noqa: PLC0415 - imports boto3

    sys.exit(demo_command(terminal, output, with_failure=with_failure))


def main() -> NoReturn:
    """Run a command; every error ends here in words and an exit code, a bug of ours as what it is."""
    try:
        cli(prog_name="sso-batch", standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except SsoBatchError as error:
        _say(error.message, error.hint)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the one boundary of the process
        traceback.print_tb(error.__traceback__)
        _say(
            f"a defect of sso-batch {__version__}: {type(error).__name__}",
            "please report it with the lines above, which hold no values of yours",
        )
        sys.exit(1)
    sys.exit(0)


def _say(message: str, hint: str) -> None:
    """Write to stderr what its encoding can hold; the rest as escapes."""
    encoding = sys.stderr.encoding or "ascii"
    text = printable_lines(f"sso-batch: {message}\n" + (f"  {hint}\n" if hint else ""))
    sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))
