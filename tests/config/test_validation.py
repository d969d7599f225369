"""Tests of the error messages: what is wrong, at which line, and what to write."""

import pytest

from tests.config.conftest import Problems

ORGANIZATIONS = "\norganizations: [{name: acme}]\n"
DURATION = "not a duration: write a duration such as 45s, 90m, 2h, 1h30m or 1d"
SEVERITIES = "expected off, low, medium or high"
NO_VALUE = "missing value: provide one or remove the key"
REQUIRED = "missing value: this key is required"
RUN = "expected keys and values, such as `deadline: 2h`"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("outptu: {}", "outptu: unknown key: did you mean output?"),
        ("notify: {topic: x}", "notify.topic: unknown key: the keys of this section are sns_topic_arn"),
        ("version: 2", "version: expected 1"),
        ("version: '1'", "version: expected 1: remove the quotes"),
        ("run: fast", f"run: {RUN}"),
        ("run: [1]", f"run: {RUN}"),
        (
            "run: {max_parallel_organizations: many}",
            "run.max_parallel_organizations: expected a whole number",
        ),
        ("run: {max_parallel_organizations: 1.5}", "run.max_parallel_organizations: expected a whole number"),
        (
            "run: {max_parallel_organizations: true}",
            "run.max_parallel_organizations: expected a whole number",
        ),
        (
            "run: {max_parallel_organizations: 0}",
            "run.max_parallel_organizations: must be at least 1",
        ),
        (
            "run: {max_parallel_organizations: 201}",
            "run.max_parallel_organizations: must be at most 200",
        ),
        ("run: {max_parallel_organizations: }", f"run.max_parallel_organizations: {NO_VALUE}"),
        (
            "run: {deadline: 120}",
            "run.deadline: the unit is missing: write a duration such as 45s, 90m, 2h, 1h30m or 1d",
        ),
        ("run: {resume_max_age: 2 days}", f"run.resume_max_age: {DURATION}"),
        (
            "collect: {strategy: complet}",
            "collect.strategy: expected complete or fastest: did you mean complete?",
        ),
        (
            "collect: {entitlements: yes}",
            "collect.entitlements: expected true or false: in YAML 1.2, yes, no, on and off are text",
        ),
        (
            "collect: {entitlements: 'true'}",
            "collect.entitlements: expected true or false: remove the quotes",
        ),
        ("collect: {account_paths: 1}", "collect.account_paths: expected true or false"),
        ("collect: {requests_per_second: 0}", "collect.requests_per_second: must be greater than 0"),
        ("collect: {requests_per_second: .inf}", "collect.requests_per_second: expected a number"),
        ("collect: {requests_per_second: .nan}", "collect.requests_per_second: expected a number"),
        ("collect: {requests_per_second: fast}", "collect.requests_per_second: expected a number"),
        ("review: {fail_on: warn}", f"review.fail_on: {SEVERITIES}"),
        ("review: {fail_on: false}", f"review.fail_on: {SEVERITIES}"),
        ("review: {waivers: none}", "review.waivers: expected a list, such as `- check: direct-grant`"),
        (
            "notify: {sns_topic_arn: audits}",
            (
                "notify.sns_topic_arn: not the ARN of an SNS topic: "
                "write a topic ARN such as arn:aws:sns:eu-west-1:111122223333:audits"
            ),
        ),
        ("defaults: {tags: [a]}", "defaults.tags: expected keys and values, such as `tier: prod`"),
        ("defaults: {tags: {a: 1}}", "defaults.tags.a: expected text: put the value in quotes"),
        ("defaults: {tags: {a: [b]}}", "defaults.tags.a: expected text"),
        ("defaults: {tags: {a: }}", f"defaults.tags.a: {NO_VALUE}"),
        ("output: {directory: }", f"output.directory: {NO_VALUE}"),
        (
            "review: {waivers: [{check: , reason: x, until: 2026-12-31}]}",
            f"review.waivers[0].check: {REQUIRED}, such as `check: direct-grant`",
        ),
    ],
)
def test_each_mistake(problems_of: Problems, text: str, problem: str) -> None:
    """A mistake is reported once, with what to write."""
    assert problems_of("# a comment\n" + text + ORGANIZATIONS) == [f"orgs.yaml:2: {problem}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "organizations: []",
            "organizations: the list is empty: add at least one organization, such as `- name: acme`",
        ),
        ("organizations: ", f"organizations: {REQUIRED}, such as `organizations: [{{name: acme}}]`"),
        ("organizations: [{name: }]", f"organizations[0].name: {REQUIRED}, such as `name: acme`"),
        ("organizations: [~]", "organizations[0]: missing value: provide one or remove the item"),
        ("organizations: acme", "organizations: expected a list, such as `- name: acme`"),
        ("organizations: {acme: {}}", "organizations: expected a list, such as `- name: acme`"),
        ("organizations: [acme]", "organizations[0]: expected keys and values, such as `- name: acme`"),
        (
            "organizations: [{profile: a}]",
            "organizations[0].name: required key is missing: add it, such as `name: acme`",
        ),
        ("organizations: [{name: 7}]", "organizations[0].name: expected text: put the value in quotes"),
        (
            "organizations: [{name: a, nmae: b}]",
            "organizations[0].nmae: unknown key: did you mean name?",
        ),
    ],
)
def test_organizations(problems_of: Problems, text: str, problem: str) -> None:
    """A configuration has at least one organization, and each has a name."""
    assert problems_of(text) == [f"orgs.yaml:1: {problem}"]


def test_duplicate_names(problems_of: Problems) -> None:
    """A duplicate name is reported in addition to other mistakes of the same organizations."""
    text = (
        "organizations:\n  - {name: a, x: 1}\n  - {name: b}\n  - {name: a}\n  - {name: a, profile: }\n  - a\n"
    )

    duplicate = "duplicate name, first used by organizations[0] on line 2: rename one of them"
    assert [line for line in problems_of(text) if "duplicate" in line] == [
        f"orgs.yaml:4: organizations[2].name: {duplicate}",
        f"orgs.yaml:5: organizations[3].name: {duplicate}",
    ]


def test_invalid_unicode(problems_of: Problems) -> None:
    """A variable with undecodable bytes is reported as a problem."""
    assert problems_of("organizations: [{name: a, profile: '${P}'}]", P="a\udcff") == [
        (
            "orgs.yaml:1: organizations[0].profile: the text is not valid Unicode: "
            "check the encoding of the variable"
        )
    ]
