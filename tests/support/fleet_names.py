"""The names in the made-up fleet: organizations, people, accounts, teams and policies."""

from dataclasses import dataclass

from sso_batch.model import PolicyDocument


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ORGANIZATIONS = _words("""
tyrell-labs northwind-retail acme-robotics kestrel-health ostsee-logistik harbor-bank lumen-games
vesper-media aurora-energy borealis-insurance contoso-foods delphi-pharma ember-mobility fjord-seafood
globex-steel helios-solar initech-software juniper-travel kiruna-mining lakeside-hotels
meridian-shipping nimbus-telecom orchid-cosmetics pelican-airlines quartz-analytics redwood-furniture
stellar-education tamarind-foods ursa-security verdant-farms wayne-foundation xylo-instruments
yarrow-textiles zephyr-wind alpine-rail bluebird-publishing cobalt-chemicals drift-automotive
evergreen-homes foxglove-biotech
""")

FIRST_NAMES = _words("""
Ada Béla Chloë Dana Émile Fatima Gül Håkon Ines Jürgen Kofi Lucía Mehmet Ngozi Oisín Priya Quentin Rosa
Søren Tomás Uchenna Valérie Wiremu Xiomara Yuki Zofia
""")

LAST_NAMES = _words("""
Okafor Vinter Schröder Lin Haddad O'Brien Nakamura Kowalska Ferreira Lindqvist Demir Moreau Adeyemi
Rossi Novák Patel Öztürk Guðmundsdóttir
""")

CONTRACTORS = (
    "Mateo Quiroga",
    "Camila Sosa",
    "Joaquín Ferrari",
    "Lautaro Giménez",
    "Martina Acosta",
    "Nicolás Romero",
    "Paula Ibáñez",
)

PRODUCTS = _words("""
checkout payments orders catalog identity search billing shipping loyalty pricing media messaging
reports ledger gateway mobile
""")

REGIONS = ("eu-central-1", "us-east-1", "eu-west-1", "ap-southeast-2")

PROD, STAGING, DEV = "Workloads/Prod", "Workloads/Staging", "Workloads/Dev"
MANAGEMENT, SECURITY, SANDBOX = "management", "Security", "Sandbox"

ACCOUNTS: dict[str, tuple[str, ...]] = {
    "": (MANAGEMENT,),
    SECURITY: ("log-archive", "audit", "security-tooling"),
    PROD: tuple(f"{product}-prod" for product in PRODUCTS),
    STAGING: tuple(f"{product}-staging" for product in PRODUCTS),
    DEV: tuple(f"{product}-dev" for product in PRODUCTS),
    SANDBOX: tuple(f"sandbox-{number:02}" for number in range(1, 9)),
}
"""The names of the 60 accounts by OU."""


@dataclass(frozen=True, slots=True)
class Team:
    """A group: its number of members, and its permission sets with where it has them."""

    name: str
    size: int
    access: dict[str, tuple[str, ...]]


TEAMS = (
    Team("cloud-admins", 4, {"AdministratorAccess": ("",)}),
    Team("sre", 11, {"PowerUserAccess": (PROD, STAGING)}),
    Team("developers", 47, {"PowerUserAccess": (DEV,), "ReadOnlyAccess": (STAGING,)}),
    Team("data-engineering", 14, {"PowerUserAccess": (DEV,), "ReadOnlyAccess": (PROD,)}),
    Team("support", 12, {"ReadOnlyAccess": (PROD,)}),
    Team("security-auditors", 5, {"ReadOnlyAccess": ("",)}),
    Team("dba", 6, {"DatabaseAdmin": (PROD, STAGING)}),
    Team("contractors-globant", 7, {"ReadOnlyAccess": (STAGING,), "PowerUserAccess": (SANDBOX,)}),
    Team("finance", 8, {"Billing": (MANAGEMENT,)}),
    Team("legacy-operations", 3, {"LegacyOps": (f"{PROD}/ledger", f"{PROD}/billing", f"{PROD}/reports")}),
    Team("incident-response", 0, {"ReadOnlyAccess": (SECURITY,)}),
)
"""A place is the beginning of an account's OU and name; the empty one is everywhere."""


def _policy(allowed: str) -> str:
    return f'{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{allowed},"Resource":"*"}}]}}'


AWS_POLICIES = {
    "PowerUserAccess": _policy('"NotAction":["iam:*","organizations:*","account:*"]'),
    "ReadOnlyAccess": _policy('"Action":["ec2:Describe*","rds:Describe*","s3:Get*","s3:List*"]'),
    "Billing": _policy('"Action":["billing:Get*","ce:Get*"]'),
}
INLINE_POLICIES = {
    "DatabaseAdmin": _policy('"Action":["rds:*","dynamodb:*","elasticache:*"]'),
    "LegacyOps": _policy('"Action":"*:*"'),
}
PERMISSION_SETS = {
    "AdministratorAccess": "PT4H",
    "PowerUserAccess": "PT8H",
    "ReadOnlyAccess": "PT8H",
    "DatabaseAdmin": "PT4H",
    "Billing": "PT4H",
    "LegacyOps": "PT12H",
}
"""The session durations of the permission sets."""

_AWS = "arn:aws:iam::aws:policy/"
DOCUMENTS = tuple(PolicyDocument(f"{_AWS}{name}", "v12", text) for name, text in AWS_POLICIES.items())


def managed_policies(permission_set: str) -> tuple[str, ...]:
    """Return the ARNs of a permission set's AWS managed policies."""
    return () if permission_set in INLINE_POLICIES else (f"{_AWS}{permission_set}",)
