"""Tests of the keys of an organization."""

import pytest

from tests.config.conftest import Load, Problems

CHAIN = "AWS limits the sessions of chained roles to 3600 seconds: use at most 3600"
BAD_NAMES = {
    "Acme": "uppercase letters are not allowed",
    "-a": "a name cannot begin with a hyphen",
    "a_b": "underscores are not allowed",
    "a/b": "not a valid name",
    "'..'": "not a valid name",
    "a" * 64: "the name has 64 characters",
}
ROLE = "arn:aws:iam::111122223333:role/A"
NEEDS_ROLE = "this key needs a role to assume: add role_arn, or remove this key"
ROLE_FORM = "write a role ARN such as arn:aws:iam::111122223333:role/SsoBatchAudit"
BAD_ROLES = {
    "audit": "this is a name, not the ARN of a role",
    "'111122223333'": "this is an account ID, not the ARN of a role",
    "arn:aws:iam::1111:role/A": "the account ID has 4 digits instead of 12",
    "arn:aws:iam::1111222233334:role/A": "the account ID has 13 digits instead of 12",
    "arn:aws:iam::111122223333:user/A": "this is the ARN of a user, not of a role",
    "arn:aws:iam::111122223333:policy/A": "this is the ARN of another resource, not of a role",
    "arn:aws:sts::111122223333:assumed-role/A/ann": "this is the ARN of a role session, not of the role",
    "arn:aws:iam:eu-west-1:111122223333:role/A": "the ARN of a role has no Region",
    "arn:aws-moon:iam::111122223333:role/A": "unknown AWS partition in the ARN",
    "arn:aws:s3:::bucket": "not the ARN of a role",
}
PARTITIONS = "role_arn and region are in different partitions: correct one of the two"
LINE_BREAK = "the value ends with a line break, which `echo` adds to secrets: remove it"
NAME_FORM = "use at most 63 lowercase letters, digits and hyphens, such as acme-prod"
REGION_FORM = "write a Region such as eu-west-1, or auto to detect it"
BAD_REGIONS = {
    "Auto": "auto is written in lowercase",
    "EU-WEST-1": "Region names are lowercase",
    "eu-west": "the number at the end is missing",
    "eu-west1": "the hyphen before the number is missing",
    "eu-west-1a": "this is an Availability Zone, not a Region",
    "any": "not a Region name",
}
ID_FORM = "write an ID such as o-a1b2c3d4e5"
BAD_IDS = {
    "o-A1B2C3D4E5": "organization IDs are lowercase",
    "o-1": "not an organization ID",
    "r-abcd": "this is the ID of a root, not of an organization",
    "ou-abcd-12345678": "this is the ID of an organizational unit, not of an organization",
    "'111122223333'": "this is an account ID, not an organization ID",
    "arn:aws:organizations::111122223333:organization/o-a1b2c3d4e5": "this is an ARN, not an organization ID",
}


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        *((f"name: {name}", f"name: {problem}: {NAME_FORM}") for name, problem in BAD_NAMES.items()),
        ('name: "a\\n"', f"name: not a valid name: {NAME_FORM}; {LINE_BREAK}"),
        (
            f"name: a, profile: p, role_arn: {ROLE}",
            (
                "role_arn: profile and role_arn cannot be combined: remove one of the two "
                "(to assume the role with a profile, use source_profile)"
            ),
        ),
        (
            "name: a, profile: ''",
            (
                "profile: not a profile name: "
                "write the name of a profile in ~/.aws/config, without brackets, "
                "such as acme-management"
            ),
        ),
        ("name: a, external_id: abc", f"external_id: {NEEDS_ROLE}"),
        ("name: a, source_profile: hub", f"source_profile: {NEEDS_ROLE}"),
        ("name: a, session_name: hub", f"session_name: {NEEDS_ROLE}"),
        ("name: a, profile: p, duration_seconds: 3600", f"duration_seconds: {NEEDS_ROLE}"),
        *(
            (f"name: a, role_arn: {role}", f"role_arn: {problem}: {ROLE_FORM}")
            for role, problem in BAD_ROLES.items()
        ),
        (f"name: a, role_arn: [{ROLE}, x]", f"role_arn[1]: {BAD_ROLES['audit']}: {ROLE_FORM}"),
        (
            "name: a, role_arn: []",
            (
                "role_arn: the list is empty: add at least one role ARN, "
                "such as arn:aws:iam::111122223333:role/SsoBatchAudit"
            ),
        ),
        (
            f"name: a, role_arn: [{ROLE}, 'arn:aws-cn:iam::111122223333:role/A']",
            (
                "role_arn: the roles are in different partitions: use roles of one partition, "
                "because AWS does not allow role chaining across partitions"
            ),
        ),
        (f"name: a, role_arn: {ROLE}, region: cn-north-1", f"role_arn: {PARTITIONS}"),
        (f"name: a, region: us-gov-west-1, role_arn: {ROLE}", f"role_arn: {PARTITIONS}"),
        (
            f"name: a, role_arn: {ROLE}, external_id: x",
            (
                "external_id: an external ID has at least 2 characters: "
                "use 2 to 1224 letters, digits and _ + = , . @ : / -"
            ),
        ),
        (
            f"name: a, role_arn: {ROLE}, session_name: a b",
            "session_name: not a valid session name: use 2 to 64 letters, digits and _ + = , . @ -",
        ),
        (
            f"name: a, role_arn: {ROLE}, session_name: zoë",
            "session_name: not a valid session name: use 2 to 64 letters, digits and _ + = , . @ -",
        ),
        (
            f"name: a, role_arn: {ROLE}, duration_seconds: 900",
            "duration_seconds: must be at least 1800",
        ),
        (
            f"name: a, role_arn: {ROLE}, duration_seconds: 43201",
            "duration_seconds: must be at most 43200",
        ),
        (
            f"name: a, role_arn: [{ROLE}, {ROLE}], duration_seconds: 3601",
            f"duration_seconds: {CHAIN}",
        ),
        *(
            (f"name: a, region: {region}", f"region: {problem}: {REGION_FORM}")
            for region, problem in BAD_REGIONS.items()
        ),
        *(
            (f"name: a, organization_id: {value}", f"organization_id: {problem}: {ID_FORM}")
            for value, problem in BAD_IDS.items()
        ),
        (
            "name: a, tags: {'a=b': c}",
            'tags["a=b"]: not a valid tag name: use at most 128 letters, digits and _ . : / + @ -',
        ),
        (
            "name: a, tags: {a: 'b,c'}",
            "tags.a: not a valid tag value: use one line of at most 256 characters, without commas",
        ),
    ],
)
def test_each_mistake(problems_of: Problems, keys: str, problem: str) -> None:
    """A mistake in an organization is reported at its key."""
    assert problems_of(f"organizations:\n  - {{{keys}}}\n") == [f"orgs.yaml:2: organizations[0].{problem}"]


def test_several_mistakes(problems_of: Problems) -> None:
    """An invalid key does not hide a conflict between other keys."""
    problems = problems_of(
        f"organizations:\n  - {{name: A, profile: p, role_arn: {ROLE}, organization_id: x}}\n"
    )

    assert [line.split(": ")[1] for line in problems] == [
        "organizations[0].name",
        "organizations[0].organization_id",
        "organizations[0].role_arn",
    ]


@pytest.mark.parametrize(
    ("written", "roles"),
    [
        (ROLE, (ROLE,)),
        (f"[{ROLE}]", (ROLE,)),
        (f"[{ROLE}, {ROLE}B]", (ROLE, f"{ROLE}B")),
        ("arn:aws-cn:iam::111122223333:role/path/to/A", ("arn:aws-cn:iam::111122223333:role/path/to/A",)),
        ("arn:aws-us-gov:iam::111122223333:role/A", ("arn:aws-us-gov:iam::111122223333:role/A",)),
        ("arn:aws-iso-b:iam::111122223333:role/A", ("arn:aws-iso-b:iam::111122223333:role/A",)),
    ],
)
def test_roles(load_text: Load, written: str, roles: tuple[str, ...]) -> None:
    """A single role and a chain of roles are valid in every partition."""
    config = load_text(f"organizations: [{{name: a, role_arn: {written}}}]")

    assert config.organizations[0].role_arns == roles


@pytest.mark.parametrize(
    ("partition", "region"),
    [
        ("aws", "eu-west-1"),
        ("aws", "ap-southeast-4"),
        ("aws", "auto"),
        ("aws-cn", "cn-northwest-1"),
        ("aws-us-gov", "us-gov-east-1"),
        ("aws-iso", "us-iso-east-1"),
        ("aws-iso-b", "us-isob-east-1"),
        ("aws-eusc", "eusc-de-east-1"),
    ],
)
def test_regions_and_their_partitions(load_text: Load, partition: str, region: str) -> None:
    """A role can be combined with the Regions of its own partition, and with auto."""
    role = f"arn:{partition}:iam::111122223333:role/A"

    config = load_text(f"organizations: [{{name: a, region: {region}, role_arn: {role}}}]")

    assert config.organizations[0].region == region
