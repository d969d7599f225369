"""What tells two configurations apart."""

import hashlib
import json
from typing import Any

from sso_batch.config.models import Config
from sso_batch.config.organization import Organization

_WHOSE = {"name", "profile", "role_arns", "source_profile", "region", "organization_id"}
"""The keys of an organization that decide which rows it has; secrets do not, and are left out."""

_PACE = {"requests_per_second"}


def fingerprint(config: Config) -> str:
    """Give the SHA-256, in hex, of the configuration in canonical JSON, its secrets masked.

    `defaults` count where they hold, in the organizations: where a value is written makes no difference.
    """
    values = config.model_dump(mode="json", by_alias=True, exclude={"defaults"})
    return _sha256(values)


def reading_fingerprint(config: Config, organization: Organization, *, outdated: bool) -> str:
    """Give the SHA-256, in hex, of what decides one organization's rows and the bytes of its CSV.

    Two audits with the same one read the same of the same organization; `outdated` tells whether they ask for
    outdated versions of permission sets, too. The pace, the deadline, labels and
    sessions make no difference, and no secret is in it.
    """
    return _sha256(
        {
            "organization": organization.model_dump(mode="json", include=_WHOSE),
            "collect": config.collect.model_dump(mode="json", exclude=_PACE),
            "escape_formulas": config.output.escape_formulas,
            "outdated": outdated,
        }
    )


def _sha256(values: dict[str, Any]) -> str:
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
