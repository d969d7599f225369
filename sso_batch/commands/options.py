"""The options that commands share, each with its environment variable."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Listed(click.types.StringParamType):
    """A repeatable option's value; in the environment, several are separated by commas."""

    envvar_list_splitter = ","


class ListedChoice(click.Choice[str]):
    """The same for a choice."""

    envvar_list_splitter = ","


def option(*names: str, **settings: Any) -> Decorator:  # noqa: ANN401 - click's
    """An option with its environment variable: SSO_BATCH_ and the option's name."""
    long = next(name for name in names if name.startswith("--")).split("/")[0]
    variable = "SSO_BATCH_" + long.removeprefix("--").replace("-", "_").upper()
    return click.option(*names, envvar=variable, show_envvar=True, **settings)


def config(words: str, *, required: bool = False) -> Decorator:
    """The configuration file."""
    path = click.Path(path_type=Path)
    return option("-c", "--config", "config_file", type=path, required=required, help=words)


def shown_as(*formats: str, words: str = "For people, or for programs.") -> Decorator:
    """The one format in which a command answers on stdout; the first is the default."""
    choice = click.Choice(formats)
    return option("--format", "format_", type=choice, default=formats[0], show_default=True, help=words)


CONFIG = config("The YAML file that lists the organizations.", required=True)
ONLY = option(
    "--only", type=Listed(), multiple=True, help="Only this organization, or tag:KEY=VALUE; repeatable."
)
EXCLUDE = option(
    "--exclude",
    type=Listed(),
    multiple=True,
    help="Leave out this organization, or tag:KEY=VALUE; repeatable.",
)
FORMATS = option(
    "--format",
    "formats",
    type=ListedChoice(("csv", "html", "xlsx")),
    multiple=True,
    help="Write this format; repeatable.",
)
FAIL_ON = option(
    "--fail-on",
    type=click.Choice(["off", "low", "medium", "high"]),
    help="Exit with 3 for findings from this severity on, instead of review.fail_on.",
)
