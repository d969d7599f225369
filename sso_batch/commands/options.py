"""The options that commands share, each with its environment variable."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Listed(click.Option):
    """A repeatable option; each value can be several, separated by commas."""

    def value_from_envvar(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        """Give the variable as one value."""
        value = self.resolve_envvar_value(ctx)
        return None if value is None else (value,)

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:  # noqa: ANN401 - click's
        """Split the values, then check each part."""
        if isinstance(value, tuple | list):
            value = tuple(part.strip() for each in value for part in each.split(","))
        return super().type_cast_value(ctx, value)


def option(*names: str, command: str = "", **settings: Any) -> Decorator:  # noqa: ANN401 - click's
    """An option with its environment variable: SSO_BATCH_ and the option's name.

    `command` stands in the variable of an option that means another thing in another command.
    """
    long = next(name for name in names if name.startswith("--")).split("/")[0]
    words = "_".join(filter(None, ("SSO_BATCH", command, long.removeprefix("--"))))
    return click.option(*names, envvar=words.replace("-", "_").upper(), show_envvar=True, **settings)


def listed(*names: str, **settings: Any) -> Decorator:  # noqa: ANN401 - click's
    """A repeatable option."""
    return option(*names, cls=Listed, multiple=True, **settings)


def config(words: str, *, required: bool = False) -> Decorator:
    """The configuration file."""
    path = click.Path(path_type=Path)
    return option("-c", "--config", "config_file", type=path, required=required, help=words)


def formats(command: str) -> Decorator:
    """The formats of the reports that a command writes."""
    choice = click.Choice(("csv", "html", "xlsx"))
    words = "Write these formats; repeatable, or separated by commas."
    return listed("--format", "formats", command=command, type=choice, help=words)


def shown_as(command: str, *formats: str, words: str = "For people, or for programs.") -> Decorator:
    """The one format in which a command answers on stdout; the first is the default."""
    choice = click.Choice(formats)
    return option(
        "--format",
        "format_",
        command=command,
        type=choice,
        default=formats[0],
        show_default=True,
        help=words,
    )


CONFIG = config("The YAML file that lists the organizations.", required=True)
ONLY = listed(
    "--only", help="Only these organizations, or tag:KEY=VALUE; repeatable, or separated by commas."
)
EXCLUDE = listed(
    "--exclude",
    help="Leave out these organizations, or tag:KEY=VALUE; repeatable, or separated by commas.",
)
FAIL_ON = option(
    "--fail-on",
    type=click.Choice(["off", "low", "medium", "high"]),
    help="Exit with 3 for findings from this severity on, instead of review.fail_on.",
)
