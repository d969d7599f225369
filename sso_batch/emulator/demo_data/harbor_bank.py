"""Harbor Bank: regulated and well kept, with some leftovers of the past years."""

from sso_batch.emulator.world import Organization, PersonName, PolicyReference
from sso_batch.emulator.world.builder import OrganizationBuilder

MANAGEMENT = "111122220001"
LEDGER, LEDGER_TEST, CARDS, ARCHIVE, SANDBOX, BRANCHES = (
    "222233330001",
    "222233330002",
    "222233330003",
    "222233330004",
    "222233330005",
    "012345670006",
)


def build() -> Organization:
    """Return the bank's organization."""
    bank = OrganizationBuilder(
        "harbor-bank", management_account_id=MANAGEMENT, region="eu-west-1", domain="harborbank.example"
    )
    _open_accounts(bank)
    _hire(bank)
    _write_permission_sets(bank)
    _grant(bank)
    return bank.build()


def _open_accounts(bank: OrganizationBuilder) -> None:
    bank.account("ledger-prod", LEDGER, "Workloads", "Prod", tags={"data": "confidential"})
    bank.account("ledger-test", LEDGER_TEST, "Workloads", "Test")
    bank.account("cards-prod", CARDS, "Workloads", "Prod", tags={"data": "pci"})
    bank.account("branches", BRANCHES, "Workloads", "Prod")
    bank.account("archive-2019", ARCHIVE, "Suspended", state="SUSPENDED")
    bank.account("old-sandbox", SANDBOX, "Suspended", state="CLOSED")


def _hire(bank: OrganizationBuilder) -> None:
    bank.group("platform", "Builds the platform for all teams")
    bank.group("platform/platform-oncall", "Engineers on call")
    bank.group("ledger-developers")
    bank.group("auditors", "Internal audit, read only")
    bank.group("contractors", "External staff")
    bank.group("cards-migration-2023", "Finished project; the group has no members")

    bank.user("amara.okafor", "Amara Okafor", groups=("platform", "platform/platform-oncall"))
    bank.user("siobhan.ni.bhriain", "Siobhán Ní Bhriain", groups=("platform", "platform/platform-oncall"))
    bank.user("tomas.vinter", "Tomáš Vinter", groups=("ledger-developers",))
    bank.user(
        "mei.lin", name=PersonName(given="Mei", family="Lin"), groups=("ledger-developers", "contractors")
    )
    bank.user("o.brien", 'Patrick "Paddy" O\'Brien, ACA', groups=("auditors",))
    bank.user("grace.hall", "Grace Hall", status="DISABLED", groups=("auditors", "ledger-developers"))
    bank.user("break.glass", "Emergency access", email=None)
    bank.member("contractors", "left.in.march")


def _write_permission_sets(bank: OrganizationBuilder) -> None:
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


def _grant(bank: OrganizationBuilder) -> None:
    everywhere = (MANAGEMENT, LEDGER, LEDGER_TEST, CARDS, BRANCHES, ARCHIVE)
    bank.assign("AdministratorAccess", "GROUP", "platform/platform-oncall", LEDGER, CARDS, BRANCHES)
    bank.assign("AdministratorAccess", "USER", "break.glass", *everywhere)
    bank.assign("LedgerDeveloper", "GROUP", "ledger-developers", LEDGER_TEST)
    bank.assign("LedgerDeveloper", "USER", "tomas.vinter", LEDGER)
    bank.assign("LedgerDeveloper", "GROUP", "contractors", LEDGER_TEST)
    bank.assign("Auditor", "GROUP", "auditors", *everywhere, SANDBOX)
    bank.assign("CardsMigration", "GROUP", "cards-migration-2023", CARDS)
    bank.assign("CardsMigration", "GROUP", "cards-vendors", CARDS)
    bank.provision("LedgerDeveloper", SANDBOX, latest=False)
    bank.entitle("GROUP", "platform", "operations/DatabaseOperator", LEDGER, CARDS)
    bank.entitle("USER", "o.brien", "AuditEvidence", ARCHIVE)
