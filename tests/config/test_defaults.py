"""`defaults` in each organization."""

import pytest

from sso_batch.config import Organization
from tests.config.conftest import Load, Told

ROLE = "arn:aws:iam::111122223333:role/A"


def test_a_mistake_in_a_default_is_told_once_and_there(told: Told) -> None:
    """However many organizations take a bad default, it is told at its own line."""
    text = """\
defaults:
  region: here
  external_id: 5
organizations:
  - {name: a}
  - {name: b, role_arn: x}
"""

    assert [line.split(": ")[:2] for line in told(text)] == [
        ["orgs.yaml:2", "defaults.region"],
        ["orgs.yaml:3", "defaults.external_id"],
        ["orgs.yaml:6", "organizations[1].role_arn"],
    ]


def test_an_unread_default_is_told_once(told: Told) -> None:
    """A variable that is missing in a default makes no further trouble."""
    assert told("defaults: {region: '${R}'}\norganizations: [{name: a}, {name: b}]\n") == [
        "orgs.yaml:1: defaults.region: the variable R is not set: set it, or give a default with ${R:-default}"
    ]


def test_a_default_that_does_not_fit_an_organization_is_told_there(told: Told) -> None:
    """Where a default is right alone and wrong beside an organization's key, that organization is named."""
    text = f"""\
defaults: {{duration_seconds: 7200}}
organizations:
  - name: a
  - name: b
    role_arn: [{ROLE}, {ROLE}]
"""

    assert told(text) == [
        "orgs.yaml:4: organizations[1].duration_seconds: "
        "AWS limits the sessions of a chain of roles to 3600 seconds: write at most that"
    ]


@pytest.mark.parametrize("defaults", ["[]", "text", "{unknown: 1}", "{name: a}"])
def test_defaults_of_another_kind(told: Told, defaults: str) -> None:
    """What is no set of an organization's keys is told once, and not for each organization."""
    problems = told(f"defaults: {defaults}\norganizations: [{{name: a}}, {{name: b}}]\n")

    assert len(problems) == 1
    assert problems[0].startswith("orgs.yaml:1: defaults")


@pytest.mark.parametrize(
    ("defaults", "own", "expected"),
    [
        ("region: eu-west-1", "", {"region": "eu-west-1"}),
        ("region: eu-west-1", "region: us-east-1", {"region": "us-east-1"}),
        ("profile: p", "", {"profile": "p"}),
        ("profile: p", f"role_arn: {ROLE}", {"role_arn": (ROLE,)}),
        (f"role_arn: {ROLE}", "profile: p", {"profile": "p"}),
        (f"role_arn: {ROLE}, duration_seconds: 1800, source_profile: hub", "profile: p", {"profile": "p"}),
        ("source_profile: hub", "", {}),
        ("source_profile: hub", f"role_arn: {ROLE}", {"role_arn": (ROLE,), "source_profile": "hub"}),
        ("tags: {a: x, b: y}", "tags: {b: z, c: z}", {"tags": {"a": "x", "b": "z", "c": "z"}}),
        ("tags: {a: x}", "", {"tags": {"a": "x"}}),
        ("tags: {a: x}", "tags: {}", {"tags": {"a": "x"}}),
    ],
)
def test_merging(load_text: Load, defaults: str, own: str, expected: dict[str, object]) -> None:
    """An organization's own keys win, profile and role replace each other, and tags are joined."""
    text = f"defaults: {{{defaults}}}\norganizations: [{{name: a{', ' if own else ''}{own}}}]\n"

    assert load_text(text).organizations == (Organization.model_validate({"name": "a", **expected}),)
