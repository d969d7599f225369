"""Find out in minutes what a run would lack: credentials, permissions, the instance."""

from sso_batch.preflight.organization import Preflight
from sso_batch.preflight.record import OrganizationCheck, Permission, Verdict

__all__ = ["OrganizationCheck", "Permission", "Preflight", "Verdict"]
