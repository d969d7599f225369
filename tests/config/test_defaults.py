"""Merging `defaults` into each organization."""

import pytest

from sso_batch.config import Organization
from tests.config.conftest import Load, Problems

CHAIN = "AWS limits the sessions of chained roles to 3600 seconds: use at most 3600"
ROLE = "arn:aws:iam::111122223333:role/A"


def test_problem_in_a_default_is_reported_once(problems_of: Problems) -> None:
    """A wrong default is reported once, at its own line, however many organizations inherit it."""
    text = """\
defaults:
  region: here
  external_id: 5
organizations:
  - {name: a}
  - {name: b, role_arn: x}
"""

    assert [line.split(": ")[:2] for line in problems_of(text)] == [
        ["orgs.yaml:2", "defaults.region"],
        ["orgs.yaml:3", "defaults.external_id"],
        ["orgs.yaml:6", "organizations[1].role_arn"],
    ]


def test_unset_variable_in_a_default_is_reported_once(problems_of: Problems) -> None:
    """An unset variable in a default causes no further problem."""
    problems = problems_of("defaults: {region: '${R:?ask Ann}'}\norganizations: [{name: a}, {name: b}]\n")

    assert problems == ["orgs.yaml:1: defaults.region: the variable R is not set or empty: ask Ann"]


def test_default_that_conflicts_with_an_organization(problems_of: Problems) -> None:
    """A valid default that conflicts with an organization's own key is reported at that organization."""
    text = f"""\
defaults: {{duration_seconds: 7200}}
organizations:
  - name: a
  - name: b
    role_arn: [{ROLE}, {ROLE}]
"""

    assert problems_of(text) == [f"orgs.yaml:4: organizations[1].duration_seconds: {CHAIN}"]


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
def test_wrong_types_are_reported(problems_of: Problems, text: str, paths: list[str]) -> None:
    """Where defaults cannot be merged, validation still reports every problem."""
    assert [line.split(": ")[1] for line in problems_of(text)] == paths


@pytest.mark.parametrize("defaults", ["[]", "text", "{unknown: 1}", "{name: a}"])
def test_invalid_defaults_are_reported_once(problems_of: Problems, defaults: str) -> None:
    """Invalid defaults are reported once, and not for each organization."""
    problems = problems_of(f"defaults: {defaults}\norganizations: [{{name: a}}, {{name: b}}]\n")

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
def test_precedence(load_text: Load, defaults: str, own: str, expected: dict[str, object]) -> None:
    """An organization's own keys win, profile and role_arn replace each other, and tags are merged."""
    text = f"defaults: {{{defaults}}}\norganizations: [{{name: a{', ' if own else ''}{own}}}]\n"

    assert load_text(text).organizations == (Organization.model_validate({"name": "a", **expected}),)
