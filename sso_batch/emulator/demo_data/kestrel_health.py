"""Kestrel Health: its audit role lacks a permission, so its audit is incomplete."""

from sso_batch.emulator.world import Organization
from sso_batch.emulator.world.builder import OrganizationBuilder

MANAGEMENT = "777788880001"
RECORDS, RESEARCH = "888899990001", "888899990002"
DENIED = ("identitystore:ListGroupMemberships",)


def build() -> Organization:
    """Return the clinic's organization."""
    clinic = OrganizationBuilder(
        "kestrel-health", management_account_id=MANAGEMENT, region="us-east-1", domain="kestrel.example"
    )
    clinic.account("records", RECORDS, "Clinical")
    clinic.account("research", RESEARCH, "Science")
    clinic.group("clinicians")
    clinic.user("dr.adeyemi", "Dr. Folasade Adeyemi", groups=("clinicians",))
    clinic.user("r.castellanos", "Raúl Castellanos", groups=("clinicians",))
    clinic.permission_set("Records", session_duration="PT9H", managed=("AmazonDynamoDBReadOnlyAccess",))
    clinic.permission_set("Research", managed=("AmazonSageMakerFullAccess",))
    clinic.assign("Records", "GROUP", "clinicians", RECORDS)
    clinic.assign("Research", "USER", "dr.adeyemi", RESEARCH)
    return clinic.build()
