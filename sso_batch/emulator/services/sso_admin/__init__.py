"""IAM Identity Center: instances, permission sets, applications and assignments."""

from sso_batch.emulator.services.sso_admin import applications, permission_sets
from sso_batch.emulator.services.sso_admin.instances import SSO_ADMIN

# Importing the modules registers their operations with the service.
__all__ = ["SSO_ADMIN", "applications", "permission_sets"]
