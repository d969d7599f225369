"""The text types of the configuration: names, ARNs, Regions and other identifiers.

Each type has a pattern, the near misses that users write, and what to write instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, SecretStr, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from sso_batch.config.base import form_error

_REGION = r"[a-z]{2,4}(-[a-z]+){1,2}-[0-9]{1,2}"
_PARTITIONS = {  # by the prefix of their Region names; every other Region belongs to partition aws
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
"""Every partition with a Region that is enabled in all its accounts. Source: botocore's partitions.json."""

_PARTITION = f"({'|'.join(DEFAULT_REGIONS)})"
_ROLE_ARN = rf"arn:{_PARTITION}:iam::[0-9]{{12}}:role/[\x21-\x7e]{{1,576}}"
_WRONG_ACCOUNT_ID = r"([0-9]{1,11}|[0-9]{13,})"


@dataclass(frozen=True, slots=True)
class TextForm:
    """The form of a text: `pattern` must match the whole text.

    The error names the first of `near_misses` that matches, or else `problem`, and then the remedy. It never
    repeats the text, which may be a secret. `{length}` in a near miss is the length of its group's match.
    """

    pattern: str
    problem: str
    remedy: str
    near_misses: tuple[tuple[str, str], ...] = ()

    def check(self, value: str | SecretStr) -> str | SecretStr:
        """Return `value` if it has this form; raise PydanticCustomError otherwise."""
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if re.fullmatch(self.pattern, text, re.ASCII) is None:
            raise form_error(f"{self._problem(text)}: {self.remedy}")
        return value

    def _problem(self, text: str) -> str:
        for pattern, problem in self.near_misses:
            if match := re.fullmatch(pattern, text, re.ASCII | re.DOTALL):
                return problem.format(length=len(match[match.lastindex or 0]))
        return self.problem

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Mapping[str, Any]:
        return {**handler(core), "pattern": f"^(?:{self.pattern})$"}


def partition_of_arn(arn: str) -> str:
    """Return the partition of an ARN, such as aws or aws-cn."""
    return arn.split(":", 2)[1]


def partition_of_region(region: str) -> str:
    """Return the partition of a Region."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def is_region(text: str) -> bool:
    """Return whether a text has the form of a Region name."""
    return re.fullmatch(_REGION, text, re.ASCII) is not None


def as_list(value: object) -> object:
    """Accept a single text as a list of one."""
    return (value,) if isinstance(value, str) else value


def _parse_date(value: object) -> object:
    """Return the date of a text such as 2026-12-31."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value, re.ASCII):
        raise form_error("not a date: write year-month-day, such as 2026-12-31")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise form_error("not a valid calendar date: correct the month or the day") from None


_TOO_LONG = (r".{1025,}", "the text has {length} characters, and at most 1024 are allowed")
_NOT_ONE_LINE = (r".*[\x00-\x1f\x7f-\x9f].*", "the text contains a line break or another control character")

Text = Annotated[
    str,
    TextForm(
        r"[^\x00-\x1f\x7f-\x9f]{1,1024}",
        "the text is empty",
        "write one line of text",
        (_TOO_LONG, _NOT_ONE_LINE),
    ),
]
TagKey = Annotated[
    str,
    TextForm(
        r"[A-Za-z0-9_.:/+@-]{1,128}",
        "not a valid tag name",
        "use at most 128 letters, digits and _ . : / + @ -",
    ),
]
TagValue = Annotated[
    str,
    TextForm(
        r"[^\x00-\x1f\x7f-\x9f,]{0,256}",
        "not a valid tag value",
        "use one line of at most 256 characters, without commas",
    ),
]
Name = Annotated[
    str,
    TextForm(
        r"[a-z0-9][a-z0-9-]{0,62}",
        "not a valid name",
        "use at most 63 lowercase letters, digits and hyphens, such as acme-prod",
        (
            (r"[A-Za-z0-9-]*[A-Z][A-Za-z0-9-]*", "uppercase letters are not allowed"),
            (r"[A-Za-z0-9_-]*_[A-Za-z0-9_-]*", "underscores are not allowed"),
            (r"-[a-z0-9-]*", "a name cannot begin with a hyphen"),
            (r"[a-z0-9-]{64,}", "the name has {length} characters"),
        ),
    ),
]
ProfileName = Annotated[
    str,
    TextForm(
        r"[^\x00-\x1f\x7f-\x9f\]\[]{1,256}",
        "not a profile name",
        "write the name of a profile in ~/.aws/config, without brackets, such as acme-management",
    ),
]
RoleArn = Annotated[
    str,
    TextForm(
        _ROLE_ARN,
        "not the ARN of a role",
        "write a role ARN such as arn:aws:iam::111122223333:role/SsoBatchAudit",
        (
            (
                r"arn:[^:]*:sts::[0-9]*:assumed-role/.*",
                "this is the ARN of a role session, not of the role",
            ),
            (
                rf"arn:[^:]*:iam::{_WRONG_ACCOUNT_ID}:.*",
                "the account ID has {length} digits instead of 12",
            ),
            (r"arn:[^:]*:iam:[a-z0-9-]+:.*", "the ARN of a role has no Region"),
            (r"arn:[^:]*:iam::[0-9]{12}:user/.*", "this is the ARN of a user, not of a role"),
            (r"arn:[^:]*:iam::[0-9]{12}:(?!role/).*", "this is the ARN of another resource, not of a role"),
            (r"arn:[^:]*:iam::[0-9]{12}:role/[\x21-\x7e]{1,576}", "unknown AWS partition in the ARN"),
            (r"[0-9]{12}", "this is an account ID, not the ARN of a role"),
            (r"(role/)?[\w+=,.@/-]+", "this is a name, not the ARN of a role"),
        ),
    ),
]
RoleChain = Annotated[
    tuple[RoleArn, ...],
    BeforeValidator(as_list),
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
    TextForm(
        r"[\w+=,.@:/-]{2,1224}",
        "not a valid external ID",
        "use 2 to 1224 letters, digits and _ + = , . @ : / -",
        ((r".", "an external ID has at least 2 characters"),),
    ),
]
SessionName = Annotated[
    str,
    TextForm(
        r"[\w+=,.@-]{2,64}", "not a valid session name", "use 2 to 64 letters, digits and _ + = , . @ -"
    ),
]
_REGION_NEAR_MISSES = (
    (rf"(?i:{_REGION})", "Region names are lowercase"),
    (r"[a-z]{2,4}(-[a-z]+){1,2}[0-9]{1,2}", "the hyphen before the number is missing"),
    (rf"{_REGION}[a-z]", "this is an Availability Zone, not a Region"),
    (r"[a-z]{2,4}(-[a-z]+){1,2}", "the number at the end is missing"),
)
Region = Annotated[
    str, TextForm(_REGION, "not a Region name", "write a Region such as eu-west-1", _REGION_NEAR_MISSES)
]
RegionOrAuto = Annotated[
    str,
    TextForm(
        rf"auto|{_REGION}",
        "not a Region name",
        "write a Region such as eu-west-1, or auto to detect it",
        ((r"(?i:auto)", "auto is written in lowercase"), *_REGION_NEAR_MISSES),
    ),
]
OrganizationId = Annotated[
    str,
    TextForm(
        r"o-[a-z0-9]{10,32}",
        "not an organization ID",
        "write an ID such as o-a1b2c3d4e5",
        (
            (r"[0-9]{12}", "this is an account ID, not an organization ID"),
            (r"r-[a-z0-9]{4,32}", "this is the ID of a root, not of an organization"),
            (r"ou-[a-z0-9-]+", "this is the ID of an organizational unit, not of an organization"),
            (r"(?i:o-[a-z0-9]{10,32})", "organization IDs are lowercase"),
            (r"arn:.*", "this is an ARN, not an organization ID"),
        ),
    ),
]
KmsKey = Annotated[
    str,
    TextForm(
        rf"arn:{_PARTITION}:kms:[a-z0-9-]+:[0-9]{{12}}:(key|alias)/[\w/-]+|alias/[\w/-]+|(mrk-)?[0-9a-f-]{{32,36}}",
        "not a KMS key",
        "write its ID, its ARN, or an alias such as alias/audit-reports",
        (
            (
                rf"arn:[^:]*:kms:[^:]*:{_WRONG_ACCOUNT_ID}:.*",
                "the account ID has {length} digits instead of 12",
            ),
        ),
    ),
]
TopicArn = Annotated[
    str,
    TextForm(
        rf"arn:{_PARTITION}:sns:[a-z0-9-]+:[0-9]{{12}}:[\w-]{{1,256}}(\.fifo)?",
        "not the ARN of an SNS topic",
        "write a topic ARN such as arn:aws:sns:eu-west-1:111122223333:audits",
        (
            (
                rf"arn:[^:]*:sns:[^:]*:{_WRONG_ACCOUNT_ID}:.*",
                "the account ID has {length} digits instead of 12",
            ),
            (
                r"arn:[^:]*:sns:[^:]*:[0-9]{12}:[^:]+:[^:]+",
                "this is the ARN of a subscription, not of a topic",
            ),
        ),
    ),
]
MANAGER = "manager"
"""The reviewer that stands for the manager of each user."""

_ADDRESS_CHARACTER = r"[^@\s\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u2069,;<>\"]"
_ADDRESS = rf"{_ADDRESS_CHARACTER}{{1,64}}@{_ADDRESS_CHARACTER}{{1,253}}"
_NAMED_ADDRESS = (r".*<[^>]*>\s*", "a name before the address is not allowed")
Address = Annotated[
    str,
    TextForm(
        _ADDRESS,
        "not an email address",
        "write an address such as security@example.com",
        (_NAMED_ADDRESS,),
    ),
]
AddressOrManager = Annotated[
    str,
    TextForm(
        f"{MANAGER}|{_ADDRESS}",
        "not an email address",
        f"write an address such as security@example.com, or {MANAGER} for the manager of each user",
        ((f"(?i:{MANAGER}s?)", f"the word is {MANAGER}, in lowercase"), _NAMED_ADDRESS),
    ),
]


def is_address(text: str) -> bool:
    """Return whether a text has the form of an email address."""
    return re.fullmatch(_ADDRESS, text, re.ASCII) is not None


Day = Annotated[date, BeforeValidator(_parse_date), WithJsonSchema({"type": "string", "format": "date"})]
