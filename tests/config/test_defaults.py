"""`defaults` in each organization."""

import pytest

from sso_batch.config import Organization
from tests.config.conftest import Load, Told

CHAIN = "AWS limits the sessions of a chain of roles to 3600 seconds: write at most that"
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
    problems = told("defaults: {region: '${R:?ask Ann}'}\norganizations: [{name: a}, {name: b}]\n")

    assert problems == ["orgs.yaml:1: defaults.region: the variable R is not set or empty: ask Ann"]


def test_a_default_that_does_not_fit_an_organization_is_told_there(told: Told) -> None:
    """Where a default is right alone and wrong beside an organization's key, that organization is named."""
    text = f"""\
defaults: {{duration_seconds: 7200}}
organizations:
  - name: a
  - name: b
    role_arn: [{ROLE}, {ROLE}]
"""

    assert told(text) == [f"orgs.yaml:4: organizations[1].duration_seconds: {CHAIN}"]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("defaults: {region: here}\norganizations: acme\n", ["defaults.region", "organizations"]),
        (
            "defaults: {region: here}\norganizations: [acme, {name: a}]\n",
            ["defaults.region", "organizations[0]"],
        ),
        ("defaults: {tags: {a: x}}\norganizations: [{name: a, tags: b}]\n", ["organizations[0].tags"]),
        (
            "defaults: {tags: b}\norganizations: [{name: a, tags: {a: 1}}]\n",
            ["defaults.tags", "organizations[0].tags.a"],
        ),
    ],
)
def test_what_is_of_another_kind_is_left_to_be_told(told: Told, text: str, paths: list[str]) -> None:
    """Where nothing can be merged, what is wrong is told all the same."""
    assert [line.split(": ")[1] for line in told(text)] == paths


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
