"""What a run would need and does not have, found in minutes and not in the middle of the night."""

from sso_batch.preflight.organization import Preflight
from sso_batch.preflight.record import OrganizationCheck, Permission, Verdict

__all__ = ["OrganizationCheck", "Permission", "Preflight", "Verdict"]
