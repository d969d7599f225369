"""Texts of a known form: AWS's names and ours, each with the sentence that says what to write."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, SecretStr, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_REGION = r"[a-z]{2,4}(-[a-z]+){1,2}-[0-9]{1,2}"
_PARTITIONS = {  # by how the names of their Regions begin; all others are of partition aws
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
}
DEFAULT_REGIONS = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-f": "us-isof-south-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-eusc": "eusc-de-east-1",
}
"""Every partition with a Region that is on in all of its accounts. Source: botocore's partitions.json."""

_PARTITION = f"({'|'.join(DEFAULT_REGIONS)})"
_ROLE_ARN = rf"arn:{_PARTITION}:iam::[0-9]{{12}}:role/[\x21-\x7e]{{1,576}}"


@dataclass(frozen=True, slots=True)
class Form:
    """Makes a text type strict: all of it must match `pattern`, otherwise `say` tells what to write."""

    pattern: str
    say: str

    def check(self, value: str | SecretStr) -> str | SecretStr:
        """Let a text of this form pass; the sentence of another one never repeats it."""
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if re.fullmatch(self.pattern, text, re.ASCII) is None:
            raise PydanticCustomError("form", "{say}", {"say": self.say})
        return value

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Mapping[str, Any]:
        return {**handler(core), "pattern": f"^(?:{self.pattern})$"}


def partition_of_arn(arn: str) -> str:
    """Give the partition that an ARN names, such as aws or aws-cn."""
    return arn.split(":", 2)[1]


def partition_of_region(region: str) -> str:
    """Give the partition that a Region belongs to."""
    return next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")


def is_region(text: str) -> bool:
    """Tell whether a text has the form of a Region's name."""
    return re.fullmatch(_REGION, text, re.ASCII) is not None


def _one_or_more(written: object) -> object:
    """Take one text for a list of one."""
    return (written,) if isinstance(written, str) else written


def _iso_date(written: object) -> object:
    """Read a date written as 2026-12-31."""
    if isinstance(written, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", written, re.ASCII):
        try:
            return date.fromisoformat(written)
        except ValueError:
            raise PydanticCustomError("day", "there is no such day: write one of the calendar") from None
    if isinstance(written, date):
        return written
    raise PydanticCustomError("day", "write a date as year-month-day, such as 2026-12-31")


Text = Annotated[str, Form(r"[^\x00-\x1f\x7f-\x9f]{1,1024}", "write one line of text, not empty")]
Label = Annotated[
    str, Form(r"[A-Za-z0-9_.:/+@-]{1,128}", "name a tag with letters, digits and _ . : / + @ - only")
]
LabelValue = Annotated[str, Form(r"[^\x00-\x1f\x7f-\x9f,]{0,256}", "write one line of text without commas")]
Name = Annotated[
    str,
    Form(
        r"[a-z0-9][a-z0-9-]{0,62}",
        "write a name of lower-case letters, digits and hyphens, at most 63, such as acme-prod",
    ),
]
ProfileName = Annotated[
    str, Form(r"[^\x00-\x1f\x7f-\x9f\]\[]{1,256}", "write a profile's name as it stands in ~/.aws/config")
]
RoleArn = Annotated[
    str, Form(_ROLE_ARN, "write a role's ARN such as arn:aws:iam::111122223333:role/SsoBatchAudit")
]
RoleChain = Annotated[
    tuple[RoleArn, ...],
    BeforeValidator(_one_or_more),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": f"^{_ROLE_ARN}$"},
                {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": f"^{_ROLE_ARN}$"}},
            ]
        }
    ),
]
ExternalId = Annotated[
    SecretStr,
    Form(
        r"[\w+=,.@:/-]{2,1224}",
        "write an external id of 2 to 1224 letters, digits and _ + = , . @ : / -",
    ),
]
SessionName = Annotated[
    str, Form(r"[\w+=,.@-]{2,64}", "write a session name of 2 to 64 letters, digits and _ + = , . @ -")
]
Region = Annotated[str, Form(_REGION, "write a Region's name such as eu-west-1")]
RegionOrAuto = Annotated[
    str, Form(rf"auto|{_REGION}", "write a Region's name such as eu-west-1, or auto to have it found")
]
OrganizationId = Annotated[str, Form(r"o-[a-z0-9]{10,32}", "write an organization's id such as o-a1b2c3d4e5")]
KmsKey = Annotated[
    str,
    Form(
        rf"arn:{_PARTITION}:kms:[a-z0-9-]+:[0-9]{{12}}:(key|alias)/[\w/-]+|alias/[\w/-]+|(mrk-)?[0-9a-f-]{{32,36}}",
        "write a KMS key's id, its ARN or alias/NAME",
    ),
]
TopicArn = Annotated[
    str,
    Form(
        rf"arn:{_PARTITION}:sns:[a-z0-9-]+:[0-9]{{12}}:[\w-]{{1,256}}(\.fifo)?",
        "write a topic's ARN such as arn:aws:sns:eu-west-1:111122223333:audits",
    ),
]
Day = Annotated[date, BeforeValidator(_iso_date), WithJsonSchema({"type": "string", "format": "date"})]
