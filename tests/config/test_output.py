"""Tests of the `output` section."""

import pytest

from sso_batch.config import Output, S3Place
from tests.config.conftest import Load, Problems

S3_ONLY = "this key applies to S3 only: set directory to s3://bucket/prefix, or remove this key"
PREFIX = "not a valid S3 prefix: write plain names between single slashes, such as s3://bucket/audits/nightly"
ARN = "this is an ARN: write s3://bucket/prefix; for an access point, use its alias as the bucket"
VARIABLE = "a variable was not expanded: write ${NAME} in the configuration, or expand it in the shell"
PLACE = "not a folder or S3 location: write a folder, or s3://bucket/prefix with a lowercase bucket name"
ROLE = "arn:aws:iam::111122223333:role/A"
ORGANIZATIONS = "\norganizations: [{name: acme}]\n"


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("directory: ''", "directory: the text is empty: write one line of text"),
        *(
            (f"directory: '{location}'", f"directory: {PLACE}")
            for location in (
                "s3://",
                "s3://Bucket/x",
                "s3://b",
                "s3:/bucket",
                "S3://bucket",
                "s3:bucket/p",
                "s3:",
                "s3//bucket",
                "S3//bucket/p",
                "s3a://bucket/p",
                "s3://arn:aws:s3:eu-west-1:111122223333:accesspoint/name",
                "gs://bucket/p",
                "gs:bucket",
                "az://container/p",
                "abfss://container@account.dfs.core.windows.net/p",
                "sftp://host/p",
            )
        ),
        *(
            (
                f"directory: '{location}'",
                f"directory: {ARN}",
            )
            for location in (
                "arn:aws:s3:::bucket/prefix",
                "arn:aws-us-gov:s3:::bucket",
                "arn:aws:s3:eu-west-1:111122223333:accesspoint/name/object/p",
                "ARN:aws:s3:::bucket",
            )
        ),
        *(
            (f"directory: '{location}'", "directory: this is a web address: write s3://bucket/prefix")
            for location in (
                "https://bucket/x",
                "https://bucket.s3.eu-west-1.amazonaws.com/prefix",
                "HTTP://s3.amazonaws.com/bucket",
                "bucket.s3.eu-west-1.amazonaws.com/prefix",
                "s3.eu-west-1.amazonaws.com/bucket",
                "s3-eu-west-1.amazonaws.com/bucket",
                "https:bucket",
            )
        ),
        *(
            (
                f"directory: '{location}'",
                f"directory: {VARIABLE}",
            )
            for location in (
                "$HOME/x",
                "/var/$USER/reports",
                "$$HOME/x",
                "$${HOME}/x",
                "$(pwd)/x",
                "s3://bucket/$TEAM/audits",
            )
        ),
        *(
            (
                f"directory: {location}",
                "directory: not a folder or S3 location; the value begins or ends with a space: remove it",
            )
            for location in ("' s3://bucket/p'", "'reports '")
        ),
        ("directory: '\"s3://bucket/p\"'", "directory: quotes around the value: remove them"),
        ("directory: 'file:///var/audits'", "directory: this is a URL: write the path of the folder"),
        *(
            (f"directory: '{location}'", f"directory: {PREFIX}")
            for location in (
                "s3://bucket//x",
                "s3://bucket/a//b",
                "s3://bucket/../x",
                "s3://bucket/a/.",
                "s3://bucket/#",
            )
        ),
        ("formats: [csv, pdf]", "formats[1]: expected csv, html, xlsx or ocsf"),
        ("formats: csv", "formats: expected a list, such as `[csv, html, xlsx, ocsf]`"),
        ("formats: [csv, csv]", "formats: duplicate format: list each format once"),
        (
            "escape_formulas: off",
            "escape_formulas: expected true or false: in YAML 1.2, yes, no, on and off are text",
        ),
        ("profile: p", f"profile: {S3_ONLY}"),
        (f"role_arn: {ROLE}", f"role_arn: {S3_ONLY}"),
        ("region: eu-west-1", f"region: {S3_ONLY}"),
        ("kms_key_id: alias/a", f"kms_key_id: {S3_ONLY}"),
        ("server_side_encryption: AES256", f"server_side_encryption: {S3_ONLY}"),
        ("acl: bucket-owner-full-control", f"acl: {S3_ONLY}"),
        (
            "directory: s3://bucket, server_side_encryption: aes256",
            "server_side_encryption: expected AES256, aws:kms or aws:kms:dsse: did you mean AES256?",
        ),
        ("directory: s3://bucket, acl: private", "acl: expected bucket-owner-full-control"),
        (
            "directory: s3://bucket, server_side_encryption: AES256, kms_key_id: alias/a",
            (
                "kms_key_id: AES256 does not use a KMS key: set server_side_encryption to aws:kms, "
                "or remove this key"
            ),
        ),
        (
            "directory: s3://bucket, region: auto",
            "region: not a Region name: write a Region such as eu-west-1",
        ),
        (
            "directory: s3://bucket, kms_key_id: k",
            "kms_key_id: not a KMS key: write its ID, its ARN, or an alias such as alias/audit-reports",
        ),
        (
            f"directory: s3://bucket, profile: p, role_arn: {ROLE}",
            "role_arn: profile and role_arn cannot be combined: remove one of the two",
        ),
    ],
)
def test_each_mistake(problems_of: Problems, keys: str, problem: str) -> None:
    """A mistake in the output section is reported at its key."""
    assert problems_of(f"output: {{{keys}}}{ORGANIZATIONS}") == [f"orgs.yaml:1: output.{problem}"]


@pytest.mark.parametrize(
    ("directory", "place"),
    [
        ("reports", None),
        ("/var/audits", None),
        ("C:/audits", None),
        ("C:audits", None),
        ("~/audits", None),
        ("./s3:bucket", None),
        ("s3/bucket", None),
        ("arn", None),
        ("reports/2026-11-26T10:00", None),
        ("a price in $", None),
        ("s3://bucket/100$", S3Place("bucket", "100$")),
        ("s3://bucket", S3Place("bucket", "")),
        ("s3://bucket/", S3Place("bucket", "")),
        ("s3://my.bucket-1/audits/nightly/", S3Place("my.bucket-1", "audits/nightly")),
    ],
)
def test_places(load_text: Load, directory: str, place: S3Place | None) -> None:
    """A folder is not an S3 location; an S3 location has a bucket and a prefix."""
    output = load_text(f"output: {{directory: '{directory}'}}{ORGANIZATIONS}").output

    assert (output.directory, output.s3) == (directory, place)


def test_all_keys(load_text: Load) -> None:
    """All keys of an S3 location are loaded."""
    text = f"""\
output:
  directory: s3://bucket/x
  formats: [xlsx, html, csv]
  escape_formulas: false
  role_arn: {ROLE}
  region: eu-west-1
  server_side_encryption: aws:kms
  kms_key_id: arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f
  acl: bucket-owner-full-control
"""

    assert load_text(text + ORGANIZATIONS).output == Output(
        directory="s3://bucket/x",
        formats=("xlsx", "html", "csv"),
        escape_formulas=False,
        role_arn=ROLE,
        region="eu-west-1",
        server_side_encryption="aws:kms",
        kms_key_id="arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
        acl="bucket-owner-full-control",
    )
