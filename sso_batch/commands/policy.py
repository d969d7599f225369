"""`sso-batch policy`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from sso_batch.config import Config, load
from sso_batch.errors import UsageError
from sso_batch.exit_codes import ExitCode
from sso_batch.iam.policies import policies
from sso_batch.iam.template import template

_ANY = Config.model_validate({"organizations": ({"name": "any"},)})
"""What is printed for where no configuration is named: the defaults."""


def policy_command(
    environ: Mapping[str, str],
    config_file: Path | None,
    *,
    holder: str | None,
    format_: str,
    kms_key_arns: Sequence[str],
) -> int:
    """Print the least policies that a configuration needs, one of them, or the role's template."""
    config = _ANY if config_file is None else load(config_file, environ)
    if format_ == "cloudformation":
        click.echo(template(config.collect), nl=False)
        return ExitCode.OK
    found = policies(config, kms_key_arns=kms_key_arns)
    if holder is not None and holder not in found:
        raise UsageError(
            f"nobody is called {holder} here, or needs a policy",
            hint=f"write --for {', or '.join(found)}",
        )
    click.echo(json.dumps(found if holder is None else found[holder], indent=2))
    return ExitCode.OK
