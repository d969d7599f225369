"""Ostsee Logistik: several languages, an older identity store, and unit names with special characters."""

from sso_batch.emulator.world import Organization, PersonName
from sso_batch.emulator.world.builder import OrganizationBuilder

MANAGEMENT = "333344440001"
WAREHOUSE, ROUTES, CUSTOMS, HARBOUR = "444455550001", "444455550002", "444455550003", "004455550004"


def build() -> Organization:
    """Return the forwarder's organization."""
    ostsee = OrganizationBuilder(
        "ostsee-logistik",
        management_account_id=MANAGEMENT,
        region="eu-central-1",
        replica_regions=("eu-north-1",),
        domain="ostsee-logistik.example",
        prefixed_ids=True,
    )
    _open_accounts(ostsee)
    _hire(ostsee)
    _grant(ostsee)
    return ostsee.build()


def _open_accounts(ostsee: OrganizationBuilder) -> None:
    ostsee.account("Lager Rügen", WAREHOUSE, "Betrieb", "Lager/Umschlag")
    ostsee.account("Routenplanung", ROUTES, "Betrieb", "Planung; Disposition")
    ostsee.account("Zoll & Fracht", CUSTOMS, "Betrieb")
    ostsee.account("Hafen Gdańsk", HARBOUR, "Ausland", state="PENDING_CLOSURE")
    ostsee.account_instance(ROUTES)


def _hire(ostsee: OrganizationBuilder) -> None:
    ostsee.group("betrieb")
    ostsee.group("betrieb/schicht-nacht", "Nachtschicht, auch am Wochenende")
    ostsee.group("zoll")
    ostsee.group("praktikanten", "Zur Zeit niemand")

    ostsee.user("j.schroeder", "Jürgen Schröder", groups=("betrieb", "betrieb/schicht-nacht"))
    ostsee.user("k.wisniewska", "Katarzyna Wiśniewska", groups=("betrieb", "zoll"))
    ostsee.user("a.lindqvist", "Åsa Lindqvist", groups=("betrieb/schicht-nacht",))
    ostsee.user("m.tamm", name=PersonName(formatted="Tamm, Märt"), groups=("zoll",))
    # A name that a spreadsheet would evaluate as a formula.
    ostsee.user("x.test", '=HYPERLINK("https://phish.example/","Rechnung öffnen")', groups=("betrieb",))
    ostsee.user("scanner-07", None, email=None, status=None, groups=("betrieb/schicht-nacht",))


def _grant(ostsee: OrganizationBuilder) -> None:
    ostsee.permission_set("Administrator", session_duration="PT2H", managed=("AdministratorAccess",))
    ostsee.permission_set("Betrieb", "Lagerverwaltung und Scanner", session_duration="PT10H")
    ostsee.permission_set("Zoll", "Nur lesen", managed=("ReadOnlyAccess",), boundary="PowerUserAccess")

    ostsee.assign("Administrator", "USER", "j.schroeder", MANAGEMENT, WAREHOUSE)
    ostsee.assign("Administrator", "USER", "ehemaliger.admin", MANAGEMENT)
    ostsee.assign("Betrieb", "GROUP", "betrieb", WAREHOUSE, ROUTES)
    ostsee.assign("Betrieb", "GROUP", "betrieb/schicht-nacht", WAREHOUSE)
    ostsee.assign("Betrieb", "GROUP", "praktikanten", WAREHOUSE)
    ostsee.assign("Zoll", "GROUP", "zoll", CUSTOMS, HARBOUR)
