"""`sso-batch policy`."""

import json
from collections.abc import Mapping, Sequence

import click

from sso_batch.commands.config_source import read_source
from sso_batch.config import Config, S3Place, Source, parse, s3_object
from sso_batch.errors import UsageError
from sso_batch.exit_codes import ExitCode
from sso_batch.iam.policies import build_policies
from sso_batch.iam.template import render_template

_DEFAULT = Config.model_validate({"organizations": ({"name": "any"},)})
"""The configuration whose policies are printed by default: the default settings."""


def policy_command(
    environ: Mapping[str, str],
    location: str | None,
    *,
    holder: str | None,
    format_: str,
    kms_key_arns: Sequence[str],
) -> int:
    """Print the minimum policies that a configuration needs, one of them, or the template of the role."""
    source = None if location is None else read_source(location, environ)
    config = _DEFAULT if source is None else parse(source, environ)
    if format_ == "cloudformation":
        click.echo(render_template(config.collect), nl=False)
        return ExitCode.OK
    found = build_policies(config, kms_key_arns=kms_key_arns, read_first=_objects(config, source))
    if holder is not None and holder not in found:
        raise UsageError(
            f"unknown policy name {holder}",
            hint=f"use --for {' or --for '.join(found)}",
        )
    click.echo(json.dumps(found if holder is None else found[holder], indent=2))
    return ExitCode.OK


def _objects(config: Config, source: Source | None) -> list[S3Place]:
    """Return the objects in S3 that a run reads first: its configuration and the roster."""
    if source is None:
        return []
    roster = config.review.roster and source.resolve(config.review.roster)
    return [place for location in (source.name, roster) if location and (place := s3_object(location))]
