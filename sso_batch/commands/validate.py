"""`sso-batch validate`."""

from collections.abc import Iterator, Mapping
from configparser import Error, RawConfigParser
from datetime import UTC, datetime
from pathlib import Path

import click

from sso_batch.commands.config_source import read_source
from sso_batch.commands.roster_file import roster_of
from sso_batch.config import Config, parse
from sso_batch.console.terminal import optional_output
from sso_batch.exit_codes import ExitCode
from sso_batch.review.rules import Rules
from sso_batch.review.waivers import expired_waivers, misplaced_waivers
from sso_batch.sanitize import escape_terminal

_AWS_FILES = {
    "AWS_CONFIG_FILE": "~/.aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
}
"""The files with profiles, by the variables that move them."""


def validate_command(environ: Mapping[str, str], location: str) -> int:
    """Print that a configuration is valid; raise ConfigurationError with every problem if it is not.

    What is valid and has no effect, or cannot work on this machine, is a warning.
    """
    source = read_source(location, environ)
    config = parse(source, environ)
    roster_of(config, source)
    for path, problem, remedy in (*_unknown_profiles(config, environ), *_ineffective_waivers(config)):
        click.echo(escape_terminal(f"{location}: warning: {path}: {problem}: {remedy}"), err=True)
    with optional_output():
        click.echo(f"{location}: valid, {len(config.organizations)} organizations")
    return ExitCode.OK


def _ineffective_waivers(config: Config) -> Iterator[tuple[str, str, str]]:
    today = datetime.now(UTC).date()
    waivers = Rules.from_config(config.review, today=today).waivers
    names = [organization.name for organization in config.organizations]
    found = (*expired_waivers(waivers, today), *misplaced_waivers(waivers, names))
    for waiver in sorted(found, key=lambda waiver: waiver.number):
        yield waiver.path, waiver.reason, waiver.hint


def _unknown_profiles(config: Config, environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield each profile that this machine does not have, if it has any: a CI job may have none at all."""
    known = _profiles(environ)
    if not known:
        return
    keys = [("output.profile", config.output.profile)]
    for number, organization in enumerate(config.organizations):
        keys += [
            (f"organizations[{number}].profile", organization.profile),
            (f"organizations[{number}].source_profile", organization.source_profile),
        ]
    for path, profile in keys:
        if profile is not None and profile not in known:
            yield (
                path,
                f"unknown AWS profile {profile}",
                "run `aws configure list-profiles` to list the profiles of this machine",
            )


def _profiles(environ: Mapping[str, str]) -> set[str]:
    """Return the names of the profiles in the AWS files, as far as these can be read."""
    profiles: set[str] = set()
    for variable, default in _AWS_FILES.items():
        parser = RawConfigParser(strict=False)
        try:
            path = Path(environ.get(variable) or default).expanduser()
            parser.read_string(path.read_text(encoding="utf-8"))
        except (OSError, RuntimeError, UnicodeError, Error):
            continue
        profiles |= {_profile_name(section) for section in parser.sections()}
    return profiles


def _profile_name(section: str) -> str:
    """Return the name of a profile: its section is `[NAME]`, or in ~/.aws/config `[profile NAME]`."""
    keyword, _, name = section.partition(" ")
    return name.strip(" \"'") if keyword == "profile" and name else section
