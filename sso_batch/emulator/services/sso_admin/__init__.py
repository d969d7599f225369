"""IAM Identity Center: instances, permission sets, and who is assigned to what."""

from sso_batch.emulator.services.sso_admin import assignments, instances, permission_sets
from sso_batch.emulator.services.sso_admin.api import SSO_ADMIN

# Each of these modules puts its operations into the service.
__all__ = ["SSO_ADMIN", "assignments", "instances", "permission_sets"]
