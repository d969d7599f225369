"""The configuration: a YAML file, its variables and its defaults, as one strict and frozen `Config`."""

from sso_batch.config.fingerprint import fingerprint, reading_fingerprint
from sso_batch.config.json_schema import schema, schema_text
from sso_batch.config.loading import load
from sso_batch.config.models import Collect, Config, Notify, Run
from sso_batch.config.organization import Defaults, Organization
from sso_batch.config.output import Format, Output, S3Place
from sso_batch.config.review import CHECK_IDS, Check, Checks, LongSession, Review, Severity, Waiver

__all__ = [
    "CHECK_IDS",
    "Check",
    "Checks",
    "Collect",
    "Config",
    "Defaults",
    "Format",
    "LongSession",
    "Notify",
    "Organization",
    "Output",
    "Review",
    "Run",
    "S3Place",
    "Severity",
    "Waiver",
    "fingerprint",
    "load",
    "reading_fingerprint",
    "schema",
    "schema_text",
]
