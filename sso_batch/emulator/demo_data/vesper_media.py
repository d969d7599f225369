"""Vesper Media: its audit role trusts another account, so it cannot be audited."""

from sso_batch.emulator.world import Organization
from sso_batch.emulator.world.builder import OrganizationBuilder

MANAGEMENT = "999900001111"
# The account of a former auditor.
TRUSTED = ("123412341234",)


def build() -> Organization:
    """Return the publisher's organization."""
    publisher = OrganizationBuilder(
        "vesper-media", management_account_id=MANAGEMENT, region="eu-central-1", domain="vesper.example"
    )
    publisher.user("l.moreau", "Léa Moreau")
    publisher.permission_set("Editor", managed=("PowerUserAccess",))
    publisher.assign("Editor", "USER", "l.moreau", MANAGEMENT)
    return publisher.build()
