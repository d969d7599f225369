"""The services of the emulated AWS, one module each."""

from sso_batch.emulator.service import Service
from sso_batch.emulator.services.account_access import ACCOUNT_ACCESS
from sso_batch.emulator.services.identity_store import IDENTITY_STORE
from sso_batch.emulator.services.organizations import ORGANIZATIONS
from sso_batch.emulator.services.sso_admin import SSO_ADMIN
from sso_batch.emulator.services.sts import STS
from sso_batch.emulator.wire.http import Request

SERVICES = (STS, ORGANIZATIONS, IDENTITY_STORE, SSO_ADMIN, ACCOUNT_ACCESS)

_BY_TARGET = {
    "AWSOrganizationsV20161128": ORGANIZATIONS,
    "AWSIdentityStore": IDENTITY_STORE,
    "SWBExternalService": SSO_ADMIN,
}


def find_service(http: Request) -> Service | None:
    """Return the service of a request, by its target header, content type or path."""
    target = http.headers.get("x-amz-target")
    if target is not None:
        return _BY_TARGET.get(target.partition(".")[0])
    if http.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return STS
    return ACCOUNT_ACCESS if http.path != "/" else None
