"""The options of the commands, each with its environment variable."""

from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from sso_batch.machine import MOST_PROCESSES

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Option(click.Option):
    """An option whose errors name where its value comes from: the flag or the environment variable."""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Return the name of the flag, or of the variable that holds the wrong value."""
        if ctx is not None and self.name is not None:
            source = ctx.get_parameter_source(self.name)
            if source is ParameterSource.ENVIRONMENT and isinstance(self.envvar, str):
                return f"'{self.envvar}'"
        return " / ".join(f"'{name}'" for name in self.opts)


class ListOption(Option):
    """A repeatable option; each value can be a comma-separated list."""

    def value_from_envvar(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        """Return the variable as one value."""
        value = self.resolve_envvar_value(ctx)
        return None if value is None else (value,)

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:  # noqa: ANN401 - click's
        """Split the values at commas and convert each part."""
        if isinstance(value, tuple | list):
            value = tuple(part.strip() for each in value for part in each.split(","))
        return super().type_cast_value(ctx, value)


class Processes(click.ParamType[int | str]):
    """A number of processes, or auto."""

    name = "processes"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int | str:
        """Return the number or "auto"; fail for anything else."""
        text = str(value)
        if text == "auto":
            return text
        if text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST_PROCESSES:
            return int(text)
        return self.fail(f"{text!r} is neither a number from 1 to {MOST_PROCESSES} nor auto", param, ctx)


def option(*names: str, command: str = "", **settings: Any) -> Decorator:  # noqa: ANN401 - click's
    """Return an option with its environment variable: SSO_BATCH_ and the name of the option.

    `command` is part of the variable of an option that has another meaning in another command.
    """
    long = next(name for name in names if name.startswith("--")).split("/")[0]
    words = "_".join(filter(None, ("SSO_BATCH", command, long.removeprefix("--"))))
    variable = words.replace("-", "_").upper()
    return click.option(*names, envvar=variable, show_envvar=True, **{"cls": Option, **settings})


def list_option(*names: str, **settings: Any) -> Decorator:  # noqa: ANN401 - click's
    """Return a repeatable option."""
    return option(*names, cls=ListOption, multiple=True, **settings)


def config_option(help_text: str, *, required: bool = False) -> Decorator:
    """Return the option for the location of the configuration."""
    return option("-c", "--config", required=required, metavar="LOCATION", help=help_text)


def output_option(help_text: str, *, command: str = "", metavar: str = "LOCATION") -> Decorator:
    """Return the option for the place of the files."""
    return option("-o", "--output", command=command, metavar=metavar, help=help_text)


def report_format_option(command: str) -> Decorator:
    """Return the option for the formats of the reports that a command writes."""
    choice = click.Choice(("csv", "html", "xlsx", "ocsf"))
    help_text = "Format of the reports; repeatable or comma-separated. Overrides output.formats."
    return list_option("--format", "formats", command=command, type=choice, help=help_text)


def output_format_option(
    command: str, *formats: str, help_text: str = "Format of the output on stdout."
) -> Decorator:
    """Return the option for the format of a command's output on stdout; the first format is the default."""
    return option(
        "--format",
        "format_",
        command=command,
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help=help_text,
    )


LOG_LEVEL = option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="Minimum level of the log events on stderr.",
)
LOG_FORMAT = option(
    "--log-format",
    type=click.Choice(["auto", "json", "console"]),
    default="auto",
    show_default=True,
    help="Format of the log; auto is console on a terminal, otherwise JSON.",
)
QUIET = option("--quiet", is_flag=True, help="Suppress progress bars and the summary; show only what failed.")
CONFIG = config_option("Configuration (YAML): a file, s3://bucket/key or env:NAME.", required=True)
ONLY = list_option(
    "--only",
    metavar="NAME|TAG",
    help="Audit only these organizations: a name or tag:KEY=VALUE; repeatable or comma-separated.",
)
EXCLUDE = list_option(
    "--exclude",
    metavar="NAME|TAG",
    help="Skip these organizations: a name or tag:KEY=VALUE; repeatable or comma-separated.",
)
ORGANIZATION = list_option(
    "--organization",
    "organizations",
    metavar="NAME",
    help="Explain only in these organizations; repeatable or comma-separated.",
)
RUN = option(
    "--run",
    metavar="RUN",
    help="Run to explain: a manifest, or a folder or s3://bucket/prefix that contains one run.",
)
FAIL_ON = option(
    "--fail-on",
    type=click.Choice(["off", "low", "medium", "high"]),
    help="Exit with code 3 for findings of this severity or higher. Overrides review.fail_on.",
)
KMS_KEY_ARNS = list_option(
    "--kms-key-arn",
    "kms_key_arns",
    metavar="ARN",
    help="Customer managed KMS key that encrypts an Identity Center instance; repeatable or comma-separated.",
)
PROCESSES = option(
    "--processes",
    type=Processes(),
    metavar="N|auto",
    help="How many worker processes audit, 1 for none; auto is one for each CPU that the container may use, "
    "if it has the memory and there are enough organizations. Overrides run.processes.",
)


RESUME = option(
    "--resume",
    is_flag=True,
    help="Resume the run with this ID, or start it: audit only what is not complete yet.",
)
WAIT = option(
    "--wait",
    metavar="DURATION",
    help="How long to wait for missing shards, such as 2h; by default not at all.",
)
