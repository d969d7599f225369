"""What tells two configurations apart."""

import hashlib
import json

from sso_batch.config.models import Config


def fingerprint(config: Config) -> str:
    """Give the SHA-256, in hex, of the configuration in canonical JSON, its secrets masked.

    `defaults` count where they hold, in the organizations: where a value is written makes no difference.
    """
    values = config.model_dump(mode="json", by_alias=True, exclude={"defaults"})
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
