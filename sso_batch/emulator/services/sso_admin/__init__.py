"""IAM Identity Center: instances, permission sets and assignments."""

from sso_batch.emulator.services.sso_admin import permission_sets
from sso_batch.emulator.services.sso_admin.instances import SSO_ADMIN

# Importing the module registers its operations with the service.
__all__ = ["SSO_ADMIN", "permission_sets"]
