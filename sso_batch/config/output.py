"""The `output` section: where the files of a run are written, and which."""

import re
from typing import Literal, NamedTuple

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from sso_batch.config.base import OptionalKey, Section, conflict_error, form_error
from sso_batch.config.field_types import KmsKey, ProfileName, Region, RoleArn, Text

Format = Literal["csv", "html", "xlsx", "ocsf"]

Encryption = Literal["AES256", "aws:kms", "aws:kms:dsse"]
Acl = Literal["bucket-owner-full-control"]

_S3 = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?", re.ASCII)
_PREFIX = re.compile(r"(?:[\w!.*'()+=,@:&$ -]+/)*[\w!.*'()+=,@:&$ -]*", re.ASCII)

_NOT_A_LOCATION = (
    "not a folder or S3 location: write a folder, or s3://bucket/prefix with a lowercase bucket name"
)
_NOT_A_FOLDER = (
    (r"\s|.*\s$", "not a folder or S3 location"),  # validation adds that there are spaces around it
    (r"""["'`]|.*["'`]$""", "quotes around the value: remove them"),
    (
        r".*\$[\w{(]",
        "a variable was not expanded: write ${NAME} in the configuration, or expand it in the shell",
    ),
    (r"arn:", "this is an ARN: write s3://bucket/prefix; for an access point, use its alias as the bucket"),
    (r"s3[an]?(:|//)", _NOT_A_LOCATION),
    (r"file:", "this is a URL: write the path of the folder"),
    (r"https?(:|//)|[^/]*\bs3[.-][^/]*amazonaws\.com", "this is a web address: write s3://bucket/prefix"),
    (
        r"[a-z][a-z0-9+.-]+:/|(gs|gcs|az|abfss?|wasbs?|s?ftp|hdfs|oss|r2|swift|minio)(:|//)",
        _NOT_A_LOCATION,
    ),
)
"""Values that look like another kind of location, and would otherwise become folders of that name."""


class S3Place(NamedTuple):
    """A location in S3; the prefix has no slash at its ends, and is empty for the bucket itself."""

    bucket: str
    prefix: str

    def object_arn(self, partition: str) -> str:
        """Return the ARN of the object whose key is the prefix."""
        return f"arn:{partition}:s3:::{self.bucket}/{self.prefix}"


def s3_object(location: str) -> S3Place | None:
    """Return the bucket of an object and its key, as the prefix; None if the location names no object."""
    place = _S3.fullmatch(location)
    key = place["prefix"] if place else ""
    if place is None or not key or key.endswith("/") or not _is_prefix(key):
        return None
    return S3Place(place["bucket"], key)


class Output(Section):
    """The `output` section: location, formats, and credentials for S3."""

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["profile", "role_arn"]}})

    example = "directory: reports"

    directory: Text = Field(
        "reports",
        description="The folder of the reports (~ is your home folder), or an S3 location.",
        examples=["s3://bucket/prefix"],
    )
    formats: tuple[Format, ...] = Field(
        ("csv",),
        description="The reports to write. Snapshots and the manifest are always written.",
        examples=[["csv", "html", "xlsx", "ocsf"]],
    )
    escape_formulas: bool = Field(
        default=True,
        description="Put ' before cells that a spreadsheet would run as a formula.",
    )
    profile: OptionalKey[ProfileName] = Field(
        None,
        description="S3 only: the AWS profile that writes the files; by default the credentials of the "
        "environment. Cannot be combined with role_arn.",
        examples=["audit-writer"],
    )
    role_arn: OptionalKey[RoleArn] = Field(
        None,
        description="S3 only: the role to assume to write the files. Cannot be combined with profile.",
        examples=["arn:aws:iam::111122223333:role/SsoBatchWriter"],
    )
    region: OptionalKey[Region] = Field(
        None, description="S3 only: the Region of the bucket.", examples=["eu-west-1"]
    )
    server_side_encryption: OptionalKey[Encryption] = Field(
        None,
        description="S3 only: the encryption to request; by default the bucket's own setting applies.",
    )
    kms_key_id: OptionalKey[KmsKey] = Field(
        None,
        description="S3 only: the KMS key that encrypts the files: its ID, ARN or alias. By default the "
        "bucket's own setting applies.",
        examples=["alias/audit-reports"],
    )
    acl: OptionalKey[Acl] = Field(
        None,
        description="S3 only: the ACL of the files, if a bucket in another account requires it.",
    )

    @property
    def s3(self) -> S3Place | None:
        """The location in S3, or None if the files are written to a folder."""
        place = _S3.fullmatch(self.directory)
        return S3Place(place["bucket"], (place["prefix"] or "").strip("/")) if place else None

    @field_validator("directory")
    @classmethod
    def _folder_or_s3(cls, directory: str) -> str:
        place = _S3.fullmatch(directory)
        for pattern, text in _NOT_A_FOLDER:
            is_s3 = place is not None and text == _NOT_A_LOCATION
            if not is_s3 and re.match(pattern, directory, re.ASCII | re.IGNORECASE):
                raise form_error(text)
        if place and not _is_prefix(place["prefix"] or ""):
            raise form_error(
                "not a valid S3 prefix: write plain names between single slashes, "
                "such as s3://bucket/audits/nightly"
            )
        return directory

    @field_validator("formats")
    @classmethod
    def _each_once(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(formats)) < len(formats):
            raise form_error("duplicate format: list each format once")
        return formats

    @field_validator("role_arn")
    @classmethod
    def _not_with_profile(cls, role: str, info: ValidationInfo) -> str:
        if info.data.get("profile") is not None:
            raise conflict_error("profile and role_arn cannot be combined: remove one of the two")
        return role

    @field_validator("kms_key_id")
    @classmethod
    def _only_with_kms(cls, key: str, info: ValidationInfo) -> str:
        if info.data.get("server_side_encryption") == "AES256":
            raise conflict_error(
                "AES256 does not use a KMS key: set server_side_encryption to aws:kms, or remove this key"
            )
        return key

    @field_validator("profile", "role_arn", "region", "server_side_encryption", "kms_key_id", "acl")
    @classmethod
    def _only_with_s3(cls, value: str, info: ValidationInfo) -> str:
        if not info.data.get("directory", "s3://").startswith("s3://"):
            raise conflict_error(
                "this key applies to S3 only: set directory to s3://bucket/prefix, or remove this key"
            )
        return value


def _is_prefix(prefix: str) -> bool:
    """Return whether every tool reads the names of files below `prefix` alike."""
    return _PREFIX.fullmatch(prefix) is not None and not {".", ".."} & set(prefix.split("/"))
