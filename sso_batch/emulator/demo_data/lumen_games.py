"""Lumen Games: a fast-growing studio; its users are synchronized from Active Directory."""

from sso_batch.emulator.world import Organization
from sso_batch.emulator.world.builder import OrganizationBuilder

MANAGEMENT = "555566660001"
LIVE, STAGING, ANALYTICS, JAM = "666677770001", "666677770002", "666677770003", "666677770004"


def build() -> Organization:
    """Return the studio's organization."""
    studio = OrganizationBuilder(
        "lumen-games", management_account_id=MANAGEMENT, region="us-east-1", domain="lumen.example"
    )
    studio.account("live", LIVE, "Studio", "Live")
    studio.account("staging", STAGING, "Studio")
    studio.account("player-analytics", ANALYTICS, "Studio")
    studio.account("game-jam", JAM)
    studio.delegated_administrators = (STAGING,)
    _hire(studio)
    _grant(studio)
    return studio.build()


def _hire(studio: OrganizationBuilder) -> None:
    studio.group("engineers")
    studio.group("engineers/live-ops")
    studio.group("data")
    # ListUsers and ListGroups omit these two; only the Describe calls find them.
    studio.group("LUMEN\\Domain Admins", listed=False)
    studio.user("svc-deploy", "Deployment service", listed=False, groups=("LUMEN\\Domain Admins",))

    studio.user("noor.haddad", "Noor Haddad", groups=("engineers", "engineers/live-ops"))
    studio.user("diego.fuentes", "Diego Fuentes", groups=("engineers",))
    studio.user("yuki.tanaka", "田中 由紀", groups=("engineers", "data"))
    studio.user("freya", "Freya", email="freya@contractor.example", groups=("data",))
    studio.user("intern-2024", "Sam Rivers", status="DISABLED", groups=("engineers",))


def _grant(studio: OrganizationBuilder) -> None:
    studio.permission_set("Admin", session_duration="PT12H", managed=("AdministratorAccess",))
    studio.permission_set(
        "Engineer", "Builds and ships", session_duration="PT8H", managed=("PowerUserAccess",)
    )
    studio.permission_set("Analyst", managed=("AmazonAthenaFullAccess",), tags={"owner": "data"})

    studio.assign("Admin", "GROUP", "LUMEN\\Domain Admins", MANAGEMENT, LIVE)
    studio.assign("Admin", "GROUP", "engineers/live-ops", LIVE)
    studio.assign("Admin", "USER", "svc-deploy", STAGING)
    studio.assign("Engineer", "GROUP", "engineers", STAGING, JAM)
    studio.assign("Analyst", "GROUP", "data", ANALYTICS)
    studio.assign("Analyst", "USER", "freya", ANALYTICS)
    studio.entitle("USER", "noor.haddad", "LiveOpsBreakGlass", LIVE)
