"""IAM Identity Center: instances, permission sets and assignments."""

from sso_batch.emulator.services.sso_admin import assignments, instances, permission_sets
from sso_batch.emulator.services.sso_admin.api import SSO_ADMIN

# Importing these modules registers their operations with the service.
__all__ = ["SSO_ADMIN", "assignments", "instances", "permission_sets"]
