"""An organization: who we are in it, and where its instance lives."""

import pytest

from tests.config.conftest import Load, Told

CHAIN = "AWS limits the sessions of a chain of roles to 3600 seconds: write at most that"
BAD_NAMES = ("Acme", "-a", "a_b", "a/b", "'..'", "a" * 64)
ROLE = "arn:aws:iam::111122223333:role/A"
NEEDS_ROLE = "this needs a role to assume: write role_arn beside it, or take it away"
ROLE_FORM = "write a role's ARN such as arn:aws:iam::111122223333:role/SsoBatchAudit"
PARTITIONS = "the role and the Region are of different partitions: change one of the two"
LINE_BREAK = "the value ends with a line break, as secrets made with `echo` do: remove it"
NAME_FORM = "write a name of lower-case letters, digits and hyphens, at most 63, such as acme-prod"
REGION_FORM = "write a Region's name such as eu-west-1, or auto to have it found"
ID_FORM = "write an organization's id such as o-a1b2c3d4e5"


@pytest.mark.parametrize(
    ("keys", "told_of_it"),
    [
        *((f"name: {name}", f"name: {NAME_FORM}") for name in BAD_NAMES),
        ('name: "a\\n"', f"name: {NAME_FORM}; {LINE_BREAK}"),
        (
            f"name: a, profile: p, role_arn: {ROLE}",
            "role_arn: profile and role_arn exclude each other: keep one (source_profile assumes a role)",
        ),
        ("name: a, profile: ''", "profile: write a profile's name as it stands in ~/.aws/config"),
        ("name: a, external_id: abc", f"external_id: {NEEDS_ROLE}"),
        ("name: a, source_profile: hub", f"source_profile: {NEEDS_ROLE}"),
        ("name: a, session_name: hub", f"session_name: {NEEDS_ROLE}"),
        ("name: a, profile: p, duration_seconds: 3600", f"duration_seconds: {NEEDS_ROLE}"),
        ("name: a, role_arn: audit", f"role_arn: {ROLE_FORM}"),
        ("name: a, role_arn: arn:aws:iam::1111:role/A", f"role_arn: {ROLE_FORM}"),
        ("name: a, role_arn: arn:aws:iam::111122223333:user/A", f"role_arn: {ROLE_FORM}"),
        (f"name: a, role_arn: [{ROLE}, x]", f"role_arn[1]: {ROLE_FORM}"),
        ("name: a, role_arn: []", "role_arn: write a role's ARN, or a list of at least one"),
        (
            f"name: a, role_arn: [{ROLE}, 'arn:aws-cn:iam::111122223333:role/A']",
            "role_arn: the roles of a chain must be of one partition: no role reaches from one into another",
        ),
        (f"name: a, role_arn: {ROLE}, region: cn-north-1", f"role_arn: {PARTITIONS}"),
        (f"name: a, region: us-gov-west-1, role_arn: {ROLE}", f"role_arn: {PARTITIONS}"),
        (
            f"name: a, role_arn: {ROLE}, external_id: x",
            "external_id: write an external id of 2 to 1224 letters, digits and _ + = , . @ : / -",
        ),
        (
            f"name: a, role_arn: {ROLE}, session_name: a b",
            "session_name: write a session name of 2 to 64 letters, digits and _ + = , . @ -",
        ),
        (
            f"name: a, role_arn: {ROLE}, session_name: zoë",
            "session_name: write a session name of 2 to 64 letters, digits and _ + = , . @ -",
        ),
        (
            f"name: a, role_arn: {ROLE}, duration_seconds: 900",
            "duration_seconds: write a number of at least 1800",
        ),
        (
            f"name: a, role_arn: {ROLE}, duration_seconds: 43201",
            "duration_seconds: write a number of at most 43200",
        ),
        (
            f"name: a, role_arn: [{ROLE}, {ROLE}], duration_seconds: 3601",
            f"duration_seconds: {CHAIN}",
        ),
        *(
            (f"name: a, region: {region}", f"region: {REGION_FORM}")
            for region in ("Auto", "eu-west", "eu-west-1a", "any")
        ),
        *(
            (f"name: a, organization_id: {value}", f"organization_id: {ID_FORM}")
            for value in ("o-A1B2C3D4E5", "o-1", "r-abcd")
        ),
        ("name: a, tags: {'a=b': c}", 'tags["a=b"]: name a tag with letters, digits and _ . : / + @ - only'),
        ("name: a, tags: {a: 'b,c'}", "tags.a: write one line of text without commas"),
    ],
)
def test_each_mistake(told: Told, keys: str, told_of_it: str) -> None:
    """A mistake in an organization is told at its key."""
    assert told(f"organizations:\n  - {{{keys}}}\n") == [f"orgs.yaml:2: organizations[0].{told_of_it}"]


def test_mistakes_beside_each_other_are_all_told(told: Told) -> None:
    """A key that is wrong alone hides none that is wrong beside another."""
    problems = told(f"organizations:\n  - {{name: A, profile: p, role_arn: {ROLE}, organization_id: x}}\n")

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
    """One role and a chain are the same kind of thing, in every partition."""
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
    """A role goes with the Regions of its own partition, and with auto."""
    role = f"arn:{partition}:iam::111122223333:role/A"

    config = load_text(f"organizations: [{{name: a, region: {region}, role_arn: {role}}}]")

    assert config.organizations[0].region == region
