"""The services of the emulated AWS, one module each."""

from sso_batch.emulator.services.account_access import ACCOUNT_ACCESS
from sso_batch.emulator.services.cloudtrail import CLOUDTRAIL
from sso_batch.emulator.services.iam import IAM
from sso_batch.emulator.services.identity_store import IDENTITY_STORE
from sso_batch.emulator.services.organizations import ORGANIZATIONS
from sso_batch.emulator.services.sso_admin import SSO_ADMIN
from sso_batch.emulator.services.sts import STS

__all__ = [
    "ACCOUNT_ACCESS",
    "CLOUDTRAIL",
    "IAM",
    "IDENTITY_STORE",
    "ORGANIZATIONS",
    "SERVICES",
    "SSO_ADMIN",
    "STS",
]

SERVICES = (STS, IAM, ORGANIZATIONS, IDENTITY_STORE, SSO_ADMIN, ACCOUNT_ACCESS, CLOUDTRAIL)
