"""Where the files go."""

import pytest

from sso_batch.config import Output, S3Place
from tests.config.conftest import Load, Told

S3_ONLY = "this is for S3 only: write s3://bucket/prefix as directory, or take it away"
PREFIX = "write a prefix of plain parts between single slashes, such as s3://bucket/audits/nightly"
ARN = "this is an ARN: write s3://bucket/prefix; for an access point, its alias in place of the bucket"
VARIABLE = "a variable in it was not expanded: write ${NAME} in the configuration, or expand it in the shell"
PLACE = "write a folder, or s3://bucket/prefix with the bucket's name in lower case"
ROLE = "arn:aws:iam::111122223333:role/A"
ORGANIZATIONS = "\norganizations: [{name: acme}]\n"


@pytest.mark.parametrize(
    ("keys", "told_of_it"),
    [
        ("directory: ''", "directory: write one line of text, not empty"),
        *(
            (f"directory: '{place}'", f"directory: {PLACE}")
            for place in (
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
                f"directory: '{place}'",
                f"directory: {ARN}",
            )
            for place in (
                "arn:aws:s3:::bucket/prefix",
                "arn:aws-us-gov:s3:::bucket",
                "arn:aws:s3:eu-west-1:111122223333:accesspoint/name/object/p",
                "ARN:aws:s3:::bucket",
            )
        ),
        *(
            (f"directory: '{place}'", "directory: this is a web address: write s3://bucket/prefix")
            for place in (
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
                f"directory: '{place}'",
                f"directory: {VARIABLE}",
            )
            for place in (
                "$HOME/x",
                "/var/$USER/reports",
                "$$HOME/x",
                "$${HOME}/x",
                "$(pwd)/x",
                "s3://bucket/$TEAM/audits",
            )
        ),
        *(
            (f"directory: {place}", "directory: remove the quotes and blanks around it")
            for place in ("' s3://bucket/p'", "'reports '", "'\"s3://bucket/p\"'")
        ),
        ("directory: 'file:///var/audits'", "directory: this is a URL: write the folder's path alone"),
        *(
            (f"directory: '{place}'", f"directory: {PREFIX}")
            for place in (
                "s3://bucket//x",
                "s3://bucket/a//b",
                "s3://bucket/../x",
                "s3://bucket/a/.",
                "s3://bucket/#",
            )
        ),
        ("formats: [csv, pdf]", "formats[1]: write csv, html or xlsx"),
        ("formats: csv", "formats: write a list, an item a line after `- `"),
        ("formats: [csv, csv]", "formats: a format is named twice: write each once"),
        ("escape_formulas: off", "escape_formulas: write true or false"),
        ("profile: p", f"profile: {S3_ONLY}"),
        (f"role_arn: {ROLE}", f"role_arn: {S3_ONLY}"),
        ("region: eu-west-1", f"region: {S3_ONLY}"),
        ("kms_key_id: alias/a", f"kms_key_id: {S3_ONLY}"),
        ("server_side_encryption: AES256", f"server_side_encryption: {S3_ONLY}"),
        ("acl: bucket-owner-full-control", f"acl: {S3_ONLY}"),
        (
            "directory: s3://bucket, server_side_encryption: aes256",
            "server_side_encryption: write AES256, aws:kms or aws:kms:dsse",
        ),
        ("directory: s3://bucket, acl: private", "acl: write bucket-owner-full-control"),
        (
            "directory: s3://bucket, server_side_encryption: AES256, kms_key_id: alias/a",
            "kms_key_id: AES256 uses no KMS key: write server_side_encryption: aws:kms, or remove the key",
        ),
        ("directory: s3://bucket, region: auto", "region: write a Region's name such as eu-west-1"),
        ("directory: s3://bucket, kms_key_id: k", "kms_key_id: write a KMS key's id, its ARN or alias/NAME"),
        (
            f"directory: s3://bucket, profile: p, role_arn: {ROLE}",
            "role_arn: profile and role_arn exclude each other: keep one",
        ),
    ],
)
def test_each_mistake(told: Told, keys: str, told_of_it: str) -> None:
    """A mistake in the output is told at its key."""
    assert told(f"output: {{{keys}}}{ORGANIZATIONS}") == [f"orgs.yaml:1: output.{told_of_it}"]


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
    """A folder is a folder, and a place in S3 is taken apart."""
    output = load_text(f"output: {{directory: '{directory}'}}{ORGANIZATIONS}").output

    assert (output.directory, output.s3) == (directory, place)


def test_all_keys(load_text: Load) -> None:
    """Everything that can be said of a place in S3 is kept."""
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
