"""Where the files of a run go, and which are written."""

import re
from typing import Literal, NamedTuple

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from sso_batch.config.base import MayBeLeftOut, Section
from sso_batch.config.field_types import KmsKey, ProfileName, Region, RoleArn, Text
from sso_batch.config.organization import together

Format = Literal["csv", "html", "xlsx"]

Encryption = Literal["AES256", "aws:kms", "aws:kms:dsse"]
Acl = Literal["bucket-owner-full-control"]

_S3 = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?", re.ASCII)
_PREFIX = re.compile(r"(?:[\w!.*'()+=,@:&$ -]+/)*[\w!.*'()+=,@:&$ -]*", re.ASCII)

_FORM = "write a folder, or s3://bucket/prefix with the bucket's name in lower case"
_NO_FOLDER = (
    (r"""\s|["'`]|.*[\s"'`]$""", "remove the quotes and blanks around it"),
    (
        r".*\$[\w{(]",
        "a variable in it was not expanded: write ${NAME} in the configuration, or expand it in the shell",
    ),
    (
        r"arn:",
        "this is an ARN: write s3://bucket/prefix; for an access point, its alias in place of the bucket",
    ),
    (r"s3[an]?(:|//)", _FORM),
    (r"file:", "this is a URL: write the folder's path alone"),
    (r"https?(:|//)|[^/]*\bs3[.-][^/]*amazonaws\.com", "this is a web address: write s3://bucket/prefix"),
    (r"[a-z][a-z0-9+.-]+:/|(gs|gcs|az|abfss?|wasbs?|s?ftp|hdfs|oss|r2|swift|minio)(:|//)", _FORM),
)
"""What looks like a place that is no folder, and what to write: it would become a folder of that name."""


class S3Place(NamedTuple):
    """A place in S3; the prefix has no slash at its ends, and is empty for the bucket itself."""

    bucket: str
    prefix: str


class Output(Section):
    """The `output` part: the place, the formats, and who writes."""

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["profile", "role_arn"]}})

    directory: Text = Field("reports", description="A folder (~ is your home folder), or s3://bucket/prefix.")
    formats: tuple[Format, ...] = Field(
        ("csv",), description="The reports to write: csv, html, xlsx. The snapshots are always written."
    )
    escape_formulas: bool = Field(
        default=True, description="Put ' before cells that a spreadsheet would run as a formula."
    )
    profile: MayBeLeftOut[ProfileName] = Field(
        None, description="For S3: the AWS profile that writes; by default the environment's credentials."
    )
    role_arn: MayBeLeftOut[RoleArn] = Field(None, description="For S3: the role to assume for writing.")
    region: MayBeLeftOut[Region] = Field(None, description="For S3: the bucket's Region.")
    server_side_encryption: MayBeLeftOut[Encryption] = Field(
        None,
        description="For S3: the encryption to ask for, where the bucket's policy demands one: AES256, "
        "aws:kms, aws:kms:dsse.",
    )
    kms_key_id: MayBeLeftOut[KmsKey] = Field(
        None, description="For S3: the KMS key that encrypts the files; by default the bucket decides."
    )
    acl: MayBeLeftOut[Acl] = Field(
        None, description="For S3: the ACL of the files, where another account's bucket demands it."
    )

    @property
    def s3(self) -> S3Place | None:
        """The place in S3, or None where the files go to a folder."""
        place = _S3.fullmatch(self.directory)
        return S3Place(place["bucket"], (place["prefix"] or "").strip("/")) if place else None

    @field_validator("directory")
    @classmethod
    def _folder_or_s3(cls, directory: str) -> str:
        place = _S3.fullmatch(directory)
        for pattern, sentence in _NO_FOLDER:
            is_s3 = place is not None and sentence == _FORM
            if not is_s3 and re.match(pattern, directory, re.ASCII | re.IGNORECASE):
                raise PydanticCustomError("form", "{say}", {"say": sentence})
        if place and not _is_prefix(place["prefix"] or ""):
            raise PydanticCustomError(
                "form",
                "write a prefix of plain parts between single slashes, such as s3://bucket/audits/nightly",
            )
        return directory

    @field_validator("formats")
    @classmethod
    def _each_once(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(formats)) < len(formats):
            raise PydanticCustomError("form", "a format is named twice: write each once")
        return formats

    @field_validator("role_arn")
    @classmethod
    def _instead_of_profile(cls, role: str, info: ValidationInfo) -> str:
        if info.data.get("profile") is not None:
            raise together("profile and role_arn exclude each other: keep one")
        return role

    @field_validator("kms_key_id")
    @classmethod
    def _for_kms_only(cls, key: str, info: ValidationInfo) -> str:
        if info.data.get("server_side_encryption") == "AES256":
            raise together("AES256 uses no KMS key: write server_side_encryption: aws:kms, or remove the key")
        return key

    @field_validator("profile", "role_arn", "region", "server_side_encryption", "kms_key_id", "acl")
    @classmethod
    def _for_s3_only(cls, value: str, info: ValidationInfo) -> str:
        if not info.data.get("directory", "s3://").startswith("s3://"):
            raise together("this is for S3 only: write s3://bucket/prefix as directory, or take it away")
        return value


def _is_prefix(prefix: str) -> bool:
    """Tell whether files can stand below `prefix` under a name that every tool reads alike."""
    return _PREFIX.fullmatch(prefix) is not None and not {".", ".."} & set(prefix.split("/"))
