"""The AWS managed policies of `managed_policies.json`, as AWS published them.

Source: answers of GetPolicyVersion in the public archive zoph-io/MAMIP, of 2026-03-07. The file has the id
and the date of each version.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from sso_batch.emulator.world.records import ManagedPolicy


@cache
def aws_managed_policies() -> Mapping[str, ManagedPolicy]:
    """Return the policies by name with path; the file is read at the first use."""
    text = (files("sso_batch.emulator") / "managed_policies.json").read_text(encoding="utf-8")
    return {
        name: ManagedPolicy(
            json.dumps(version["Document"], indent=4), version["VersionId"], version["CreateDate"]
        )
        for name, version in json.loads(text).items()
    }
