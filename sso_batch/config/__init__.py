"""The configuration: a YAML text with its variables and defaults, loaded into an immutable `Config`."""

from sso_batch.config.campaign import Campaign, Decision, ItemKind, ReviewerRule
from sso_batch.config.fingerprint import fingerprint, reading_fingerprint
from sso_batch.config.json_schema import schema, schema_text
from sso_batch.config.loading import load, parse
from sso_batch.config.models import Collect, Config, Notify, RunSettings
from sso_batch.config.organization import Defaults, Organization
from sso_batch.config.output import Format, Output, S3Place, s3_object
from sso_batch.config.review import (
    CHECK_IDS,
    Checks,
    CheckSettings,
    DormantUserSettings,
    LongSessionSettings,
    NewUserAdminSettings,
    Review,
    Severity,
    WaiverSettings,
)
from sso_batch.config.source import Source

__all__ = [
    "CHECK_IDS",
    "Campaign",
    "CheckSettings",
    "Checks",
    "Collect",
    "Config",
    "Decision",
    "Defaults",
    "DormantUserSettings",
    "Format",
    "ItemKind",
    "LongSessionSettings",
    "NewUserAdminSettings",
    "Notify",
    "Organization",
    "Output",
    "Review",
    "ReviewerRule",
    "RunSettings",
    "S3Place",
    "Severity",
    "Source",
    "WaiverSettings",
    "fingerprint",
    "load",
    "parse",
    "reading_fingerprint",
    "s3_object",
    "schema",
    "schema_text",
]
