"""`sso-batch policy`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from sso_batch.config import Config, load
from sso_batch.errors import UsageError
from sso_batch.exit_codes import ExitCode
from sso_batch.iam.policies import build_policies
from sso_batch.iam.template import render_template

_DEFAULT = Config.model_validate({"organizations": ({"name": "any"},)})
"""The configuration whose policies are printed by default: the default settings."""


def policy_command(
    environ: Mapping[str, str],
    config_file: Path | None,
    *,
    holder: str | None,
    format_: str,
    kms_key_arns: Sequence[str],
) -> int:
    """Print the minimum policies that a configuration needs, one of them, or the template of the role."""
    config = _DEFAULT if config_file is None else load(config_file, environ)
    if format_ == "cloudformation":
        click.echo(render_template(config.collect), nl=False)
        return ExitCode.OK
    found = build_policies(config, kms_key_arns=kms_key_arns)
    if holder is not None and holder not in found:
        raise UsageError(
            f"unknown policy name {holder}",
            hint=f"use --for {' or --for '.join(found)}",
        )
    click.echo(json.dumps(found if holder is None else found[holder], indent=2))
    return ExitCode.OK
