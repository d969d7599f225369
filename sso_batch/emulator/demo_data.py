"""The demo's organizations, and the hub account from which they are audited."""

import json

from sso_batch.emulator.demo_history import record_harbor_bank, record_lumen_games, record_ostsee_logistik
from sso_batch.emulator.world import (
    Authored,
    Organization,
    PersonName,
    PolicyReference,
    Profile,
    World,
)
from sso_batch.emulator.world.builder import HUB, OrganizationBuilder, audit_role
from sso_batch.emulator.world.provenance import external_id, provisioned, session

_FORMER_AUDITOR = "123412341234"
"""The account that the publisher's audit role trusts."""


def demo_world(*, with_failure: bool = False, now: float | None = None) -> World:
    """Return three organizations; with failure, also an incomplete one and one that denies access.

    Their CloudTrail history ends at `now`, in seconds since 1970; without it they have none.
    """
    bank, ostsee, studio = harbor_bank(now), ostsee_logistik(now), lumen_games(now)
    organizations = [bank, ostsee, studio]
    roles = [
        audit_role(bank),
        audit_role(ostsee, external_id="hafen-42/ostsee"),
        audit_role(studio),
    ]
    if with_failure:
        clinic, publisher = kestrel_health(), vesper_media()
        organizations += [clinic, publisher]
        roles += [
            audit_role(clinic, denied=("identitystore:ListGroupMemberships",)),
            audit_role(publisher, trusted=(_FORMER_AUDITOR,)),
        ]
    return World(tuple(organizations), (HUB,), tuple(roles))


def harbor_bank(now: float | None = None) -> Organization:
    """Return Harbor Bank: regulated and well kept, with some leftovers of the past years.

    Its identity provider provisions users and groups. A break-glass user and a membership were made by hand.
    """
    management = "111122220001"
    ledger, ledger_test, cards, archive, sandbox, branches = (
        "222233330001",
        "222233330002",
        "222233330003",
        "222233330004",
        "222233330005",
        "012345670006",
    )
    bank = OrganizationBuilder(
        "harbor-bank", management_account_id=management, region="eu-west-1", domain="harborbank.example"
    )
    bank.account("ledger-prod", ledger, "Workloads", "Prod", tags={"data": "confidential"})
    bank.account("ledger-test", ledger_test, "Workloads", "Test")
    bank.account("cards-prod", cards, "Workloads", "Prod", tags={"data": "pci"})
    bank.account("branches", branches, "Workloads", "Prod")
    bank.account("archive-2019", archive, "Suspended", state="SUSPENDED")
    bank.account("old-sandbox", sandbox, "Suspended", state="CLOSED")

    bank.group("platform", "Builds the platform for all teams")
    bank.group("platform/platform-oncall", "Engineers on call")
    bank.group("ledger-developers")
    bank.group("auditors", "Internal audit, read only")
    bank.group("contractors", "External staff")
    bank.group("cards-migration-2023", "Finished project; the group has no members")

    amara = external_id(bank.store_id, bank.principal_id("USER", "amara.okafor"))[0].id
    bank.user(
        "amara.okafor",
        "Amara Okafor",
        groups=("platform", "platform/platform-oncall"),
        profile=_employee("Head of Platform", department="Platform", costCenter="0410"),
    )
    bank.user(
        "siobhan.ni.bhriain",
        "Siobhán Ní Bhriain",
        groups=("platform", "platform/platform-oncall"),
        profile=_employee(
            "Platform Engineer",
            department="Platform",
            costCenter="0410",
            manager={"value": amara, "displayName": "Amara Okafor"},
        ),
    )
    bank.user(
        "tomas.vinter",
        "Tomáš Vinter",
        groups=("ledger-developers",),
        profile=_employee(
            "Developer",
            department="Ledger",
            costCenter="0420",
            manager={"value": amara, "displayName": "Amara Okafor"},
        ),
    )
    bank.user(
        "mei.lin",
        name=PersonName(given="Mei", family="Lin"),
        groups=("ledger-developers",),
        profile=Profile(
            title="Developer",
            user_type="Contractor",
            extensions={"department": "Ledger", "manager": {"value": "tomas.vinter"}},
        ),
    )
    bank.member(
        "contractors",
        "mei.lin",
        Authored(
            created_at="2026-03-02T09:14:05Z", created_by=session("AdministratorAccess", "siobhan.ni.bhriain")
        ),
    )
    bank.user(
        "o.brien",
        'Patrick "Paddy" O\'Brien, ACA',
        groups=("auditors",),
        profile=_employee("Internal Auditor", department="Internal Audit", costCenter="0900"),
    )
    bank.user(
        "grace.hall",
        "Grace Hall",
        status="DISABLED",
        groups=("auditors", "ledger-developers"),
        profile=_employee("Auditor", department="Internal Audit", manager={"value": "o.brien"}),
    )
    bank.user(
        "break.glass",
        "Emergency access",
        email=None,
        # The root user of the management account made it.
        profile=Profile(created_at="2024-05-21T16:02:48Z", created_by=management),
    )
    bank.member("contractors", "left.in.march")

    bank.permission_set(
        "AdministratorAccess",
        "Full access for an hour",
        managed=("AdministratorAccess",),
        tags={"tier": "0"},
    )
    bank.permission_set(
        "LedgerDeveloper",
        "Deploys the ledger",
        session_duration="PT8H",
        managed=("AWSCodePipeline_FullAccess", "CloudWatchLogsReadOnlyAccess"),
        customer_managed=(PolicyReference("LedgerDeploy", "/ledger/"),),
        boundary=PolicyReference("DeveloperBoundary", "/security/"),
    )
    bank.permission_set(
        "Auditor",
        "Read access without customer data",
        session_duration="PT4H",
        managed=("SecurityAudit", "job-function/ViewOnlyAccess"),
        inline='{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}]}',
    )
    bank.permission_set("CardsMigration", session_duration="PT12H", managed=("PowerUserAccess",))

    everywhere = (management, ledger, ledger_test, cards, branches, archive)
    bank.assign("AdministratorAccess", "GROUP", "platform/platform-oncall", ledger, cards, branches)
    bank.assign("AdministratorAccess", "USER", "break.glass", *everywhere)
    bank.assign("LedgerDeveloper", "GROUP", "ledger-developers", ledger_test)
    bank.assign("LedgerDeveloper", "USER", "tomas.vinter", ledger)
    bank.assign("LedgerDeveloper", "GROUP", "contractors", ledger_test)
    bank.assign("Auditor", "GROUP", "auditors", *everywhere, sandbox)
    bank.assign("CardsMigration", "GROUP", "cards-migration-2023", cards)
    bank.assign("CardsMigration", "GROUP", "cards-vendors", cards)
    bank.provision("LedgerDeveloper", sandbox, latest=False)
    bank.entitle("GROUP", "platform", "operations/DatabaseOperator", ledger, cards)
    bank.entitle("USER", "o.brien", "AuditEvidence", archive)

    bank.sso_application(
        "Ledger Console", users=("tomas.vinter", "grace.hall"), groups=("ledger-developers",)
    )
    bank.sso_application("Expense Reports", provider="custom-saml", assignment_required=False)
    bank.sso_application(
        "Branch Figures", provider="redshift", owner_account_id=branches, groups=("auditors", "cards-vendors")
    )

    if now is not None:
        record_harbor_bank(bank, now)
    return provisioned(bank.build())


def ostsee_logistik(now: float | None = None) -> Organization:
    """Return Ostsee Logistik: several languages, an older identity store, and hostile names.

    It manages its users by hand. Most are older than the dates that AWS has of them.
    """
    management = "333344440001"
    warehouse, routes, customs, harbour = "444455550001", "444455550002", "444455550003", "004455550004"
    ostsee = OrganizationBuilder(
        "ostsee-logistik",
        management_account_id=management,
        region="eu-central-1",
        replica_regions=("eu-north-1",),
        domain="ostsee-logistik.example",
        prefixed_ids=True,
    )
    ostsee.account("Lager Rügen", warehouse, "Betrieb", "Lager/Umschlag")
    ostsee.account("Routenplanung", routes, "Betrieb", "Planung; Disposition")
    ostsee.account("Zoll & Fracht", customs, "Betrieb")
    ostsee.account("Hafen Gdańsk", harbour, "Ausland", state="PENDING_CLOSURE")
    ostsee.account_instance(routes)

    ostsee.group("betrieb")
    ostsee.group("betrieb/schicht-nacht", "Nachtschicht, auch am Wochenende")
    ostsee.group("zoll")
    ostsee.group("praktikanten", "Zur Zeit niemand")

    ostsee.user(
        "j.schroeder",
        "Jürgen Schröder",
        groups=("betrieb", "betrieb/schicht-nacht"),
        profile=_employee("Betriebsleiter", Department="Betrieb", EmployeeNumber="00017"),
    )
    schroeder = {"Name": "Jürgen Schröder", "UserName": "j.schroeder"}
    ostsee.user(
        "k.wisniewska",
        "Katarzyna Wiśniewska",
        groups=("betrieb", "zoll"),
        profile=_employee("Specjalistka ds. ceł", Department="Zoll", Manager=schroeder),
    )
    ostsee.user(
        "a.lindqvist",
        "Åsa Lindqvist",
        groups=("betrieb/schicht-nacht",),
        profile=_employee("Skiftledare", Department="Betrieb", Manager=schroeder),
    )
    ostsee.user("m.tamm", name=PersonName(formatted="Tamm, Märt"), groups=("zoll",))
    # Names that a spreadsheet would evaluate as a formula.
    ostsee.user(
        "x.test",
        '=HYPERLINK("https://phish.example/","Rechnung öffnen")',
        profile=Profile(
            title='=HYPERLINK("https://phish.example/","Lohn")',
            created_at="2026-09-14T21:40:10Z",
            created_by=session("Zugangsverwaltung", "k.wisniewska"),
        ),
    )
    ostsee.member(
        "betrieb",
        "x.test",
        Authored(created_at="2026-09-14T21:41:32Z", created_by=session("Zugangsverwaltung", "k.wisniewska")),
    )
    ostsee.user("scanner-07", None, email=None, status=None, groups=("betrieb/schicht-nacht",))

    ostsee.permission_set("Administrator", session_duration="PT2H", managed=("AdministratorAccess",))
    ostsee.permission_set("Betrieb", "Lagerverwaltung und Scanner", session_duration="PT10H")
    ostsee.permission_set("Zoll", "Nur lesen", managed=("ReadOnlyAccess",), boundary="PowerUserAccess")

    ostsee.permission_set(
        "Zugangsverwaltung",
        "Vergibt Zugänge",
        inline=_allow(
            "sso:CreateAccountAssignment",
            "sso:DeleteAccountAssignment",
            "sso:DescribePermissionSet",
            "sso:ListPermissionSets",
            "identitystore:ListGroups",
        ),
    )

    ostsee.assign("Administrator", "USER", "j.schroeder", management, warehouse)
    ostsee.assign("Administrator", "USER", "ehemaliger.admin", management)
    ostsee.assign("Betrieb", "GROUP", "betrieb", warehouse, routes)
    ostsee.assign("Betrieb", "GROUP", "betrieb/schicht-nacht", warehouse)
    ostsee.assign("Betrieb", "GROUP", "praktikanten", warehouse)
    ostsee.assign("Zoll", "GROUP", "zoll", customs, harbour)
    ostsee.assign("Zugangsverwaltung", "USER", "k.wisniewska", management)

    ostsee.sso_application(
        "Schichtplan", provider="custom-saml", groups=("betrieb/schicht-nacht", "praktikanten")
    )
    ostsee.sso_application("=Frachtbörse", status="DISABLED")

    if now is not None:
        record_ostsee_logistik(ostsee, now)
    return ostsee.build()


def lumen_games(now: float | None = None) -> Organization:
    """Return Lumen Games: a fast-growing studio; its users are synchronized from Active Directory."""
    management = "555566660001"
    live, staging, analytics, jam = "666677770001", "666677770002", "666677770003", "666677770004"
    studio = OrganizationBuilder(
        "lumen-games", management_account_id=management, region="us-east-1", domain="lumen.example"
    )
    studio.account("live", live, "Studio", "Live")
    studio.account("staging", staging, "Studio")
    studio.account("player-analytics", analytics, "Studio")
    studio.account("game-jam", jam)
    studio.delegated_administrators = (staging,)

    studio.group("engineers")
    studio.group("engineers/live-ops")
    studio.group("data")
    # ListUsers and ListGroups omit these two; only the Describe calls find them.
    studio.group("LUMEN\\Domain Admins", listed=False)
    studio.user("svc-deploy", "Deployment service", listed=False, groups=("LUMEN\\Domain Admins",))

    studio.user(
        "noor.haddad",
        "Noor Haddad",
        groups=("engineers", "engineers/live-ops"),
        profile=_employee("Technical Director", department="Engineering"),
    )
    studio.user(
        "diego.fuentes",
        "Diego Fuentes",
        groups=("engineers",),
        profile=_employee("Gameplay Engineer", department="Engineering", manager="noor.haddad@lumen.example"),
    )
    studio.user(
        "yuki.tanaka",
        "田中 由紀",
        groups=("engineers", "data"),
        profile=_employee("Data Engineer", department="Analytics", manager="noor.haddad@lumen.example"),
    )
    studio.user("freya", "Freya", email="freya@contractor.example", groups=("data",))
    studio.user("intern-2024", "Sam Rivers", status="DISABLED", groups=("engineers",))

    studio.permission_set("Admin", session_duration="PT12H", managed=("AdministratorAccess",))
    studio.permission_set(
        "Engineer", "Builds and ships", session_duration="PT8H", managed=("PowerUserAccess",)
    )
    studio.permission_set(
        "Analyst",
        managed=("AmazonAthenaFullAccess",),
        # For Athena's connectors, which are functions; with any role, they make analysts administrators.
        inline=_allow("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"),
        tags={"owner": "data"},
    )

    studio.assign("Admin", "GROUP", "LUMEN\\Domain Admins", management, live)
    studio.assign("Admin", "GROUP", "engineers/live-ops", live)
    studio.assign("Admin", "USER", "svc-deploy", staging)
    studio.assign("Engineer", "GROUP", "engineers", staging, jam)
    studio.assign("Analyst", "GROUP", "data", analytics)
    studio.assign("Analyst", "USER", "freya", analytics)
    studio.entitle("USER", "noor.haddad", "LiveOpsBreakGlass", live)

    studio.sso_application(
        "Player Insights", provider="redshift", owner_account_id=analytics, users=("freya",), groups=("data",)
    )
    studio.sso_application("Build Dashboard", users=("svc-deploy", "intern-2024"), groups=("engineers",))
    studio.sso_application("Wiki", provider="custom-saml", assignment_required=False, groups=("engineers",))

    if now is not None:
        record_lumen_games(studio, now)
    return studio.build()


def kestrel_health() -> Organization:
    """Return Kestrel Health, whose audit role lacks a permission, so that its audit is incomplete."""
    management = "777788880001"
    records, research = "888899990001", "888899990002"
    clinic = OrganizationBuilder(
        "kestrel-health", management_account_id=management, region="us-east-1", domain="kestrel.example"
    )
    clinic.account("records", records, "Clinical")
    clinic.account("research", research, "Science")
    clinic.group("clinicians")
    clinic.user("dr.adeyemi", "Dr. Folasade Adeyemi", groups=("clinicians",))
    clinic.user("r.castellanos", "Raúl Castellanos", groups=("clinicians",))
    clinic.permission_set("Records", session_duration="PT9H", managed=("AmazonDynamoDBReadOnlyAccess",))
    clinic.permission_set("Research", managed=("AmazonSageMakerFullAccess",))
    clinic.assign("Records", "GROUP", "clinicians", records)
    clinic.assign("Research", "USER", "dr.adeyemi", research)
    clinic.sso_application(
        "Clinical Notebooks", provider="sso", groups=("clinicians",), refusal="AccessDeniedException"
    )
    return provisioned(clinic.build())


def vesper_media() -> Organization:
    """Return Vesper Media, whose audit role trusts another account, so that it cannot be audited."""
    management = "999900001111"
    publisher = OrganizationBuilder(
        "vesper-media", management_account_id=management, region="eu-central-1", domain="vesper.example"
    )
    publisher.user("l.moreau", "Léa Moreau")
    publisher.permission_set("Editor", managed=("PowerUserAccess",))
    publisher.assign("Editor", "USER", "l.moreau", management)
    return publisher.build()


def _employee(title: str, **extension: object) -> Profile:
    """Return what an identity provider says of an employee."""
    return Profile(title=title, user_type="Employee", extensions=extension)


def _allow(*actions: str) -> str:
    """Return a policy that allows actions on all resources."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
