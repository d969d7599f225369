"""Fingerprints of configurations: equal for configurations that mean the same."""

import hashlib
import json
from typing import Any

from sso_batch.config.models import Config
from sso_batch.config.organization import Organization

_IDENTITY_KEYS = {"name", "profile", "role_arns", "source_profile", "region", "organization_id"}
"""The keys of an organization that decide which rows it has; secrets do not, and are left out."""

_RATE_KEYS = {"requests_per_second"}

_WITHOUT_EFFECT: dict[str, Any] = {"defaults": True, "run": {"processes"}}


def fingerprint(config: Config, roster: str = "") -> str:
    """Return the SHA-256, in hex, of the configuration in canonical JSON, with secrets masked.

    `defaults` count in the organizations that use them: where a value is written makes no difference. The
    number of processes makes none, either. `roster` is the SHA-256 of the roster's file, if there is one.
    """
    values = config.model_dump(mode="json", by_alias=True, exclude=_WITHOUT_EFFECT)
    return _sha256(values | ({"roster": roster} if roster else {}))


def reading_fingerprint(
    config: Config, organization: Organization, *, outdated: bool, roster: str = ""
) -> str:
    """Return the SHA-256, in hex, of everything that decides the bytes of one organization's CSV.

    Audits with the same fingerprint read the same data of the same organization; `outdated` is whether they
    also ask for outdated provisioning, and `roster` the SHA-256 of the roster if its values are reported.
    Rate, deadline, tags and role sessions make no difference, and secrets
    are not included.
    """
    return _sha256(
        {
            "organization": organization.model_dump(mode="json", include=_IDENTITY_KEYS),
            "collect": config.collect.model_dump(mode="json", exclude=_RATE_KEYS),
            "escape_formulas": config.output.escape_formulas,
            "outdated": outdated,
            **({"roster": roster} if roster else {}),
        }
    )


def _sha256(values: dict[str, Any]) -> str:
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
