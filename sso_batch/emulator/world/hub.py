"""The hub account whose key starts a run, and the audit roles that trust it."""

from sso_batch.emulator.world import AccessKey, Organization, Role
from sso_batch.emulator.world.identifiers import digest

HUB = AccessKey(
    id="AKIAEXAMPLEHUB000001",
    secret=digest(40, "hub", "secret"),
    user_arn="arn:aws:iam::111122223333:user/sso-batch",
)
AUDIT_ROLE = "SsoBatchAudit"


def audit_role(
    organization: Organization,
    *,
    trusted: tuple[str, ...] = (HUB.user_arn,),
    external_id: str | None = None,
    denied: tuple[str, ...] = (),
    max_session_seconds: int = 3600,
) -> Role:
    """Return the audit role in an organization's management account; by default it trusts the hub."""
    arn = f"arn:{organization.partition}:iam::{organization.management_account_id}:role/{AUDIT_ROLE}"
    return Role(arn, trusted, external_id, denied, max_session_seconds)
