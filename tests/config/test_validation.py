"""Each kind of mistake, told at its line and with what to write."""

import pytest

from tests.config.conftest import Told

ORGANIZATIONS = "\norganizations: [{name: acme}]\n"
SPAN = "write a span of time such as 2h, 90m, 1h30m, 45s or 1d"
SEVERITIES = "write off, low, medium or high"
NO_VALUE = "there is no value: write one, or take the key away"
REQUIRED = "there is no value, and the key is required"


@pytest.mark.parametrize(
    ("text", "told_of_it"),
    [
        ("outptu: {}", "outptu: there is no such key: did you mean output?"),
        ("notify: {topic: x}", "notify.topic: there is no such key: known here: sns_topic_arn"),
        ("version: 2", "version: write 1"),
        ("version: '1'", "version: write 1"),
        ("run: fast", "run: write keys and values here"),
        ("run: [1]", "run: write keys and values here"),
        ("run: {max_parallel_organizations: many}", "run.max_parallel_organizations: write a whole number"),
        ("run: {max_parallel_organizations: 1.5}", "run.max_parallel_organizations: write a whole number"),
        ("run: {max_parallel_organizations: true}", "run.max_parallel_organizations: write a whole number"),
        (
            "run: {max_parallel_organizations: 0}",
            "run.max_parallel_organizations: write a number of at least 1",
        ),
        (
            "run: {max_parallel_organizations: 201}",
            "run.max_parallel_organizations: write a number of at most 200",
        ),
        ("run: {max_parallel_organizations: }", f"run.max_parallel_organizations: {NO_VALUE}"),
        ("run: {deadline: 120}", f"run.deadline: {SPAN}"),
        ("run: {resume_max_age: 2 days}", f"run.resume_max_age: {SPAN}"),
        ("collect: {strategy: complet}", "collect.strategy: write complete or fastest"),
        ("collect: {entitlements: yes}", "collect.entitlements: write true or false"),
        ("collect: {account_paths: 1}", "collect.account_paths: write true or false"),
        ("collect: {requests_per_second: 0}", "collect.requests_per_second: write a number above 0"),
        ("collect: {requests_per_second: .inf}", "collect.requests_per_second: write a number"),
        ("collect: {requests_per_second: .nan}", "collect.requests_per_second: write a number"),
        ("collect: {requests_per_second: fast}", "collect.requests_per_second: write a number"),
        ("review: {fail_on: warn}", f"review.fail_on: {SEVERITIES}"),
        ("review: {fail_on: false}", f"review.fail_on: {SEVERITIES}"),
        ("review: {waivers: none}", "review.waivers: write a list, an item a line after `- `"),
        (
            "notify: {sns_topic_arn: audits}",
            "notify.sns_topic_arn: write a topic's ARN such as arn:aws:sns:eu-west-1:111122223333:audits",
        ),
        ("defaults: {tags: [a]}", "defaults.tags: write keys and values, such as `tier: prod`"),
        ("defaults: {tags: {a: 1}}", "defaults.tags.a: this must be text: put it in quotes"),
        ("defaults: {tags: {a: [b]}}", "defaults.tags.a: write text here"),
        ("defaults: {tags: {a: }}", f"defaults.tags.a: {NO_VALUE}"),
        ("output: {directory: }", f"output.directory: {NO_VALUE}"),
        (
            "review: {waivers: [{check: , reason: x, until: 2026-12-31}]}",
            f"review.waivers[0].check: {REQUIRED}: write one",
        ),
    ],
)
def test_each_mistake(told: Told, text: str, told_of_it: str) -> None:
    """A mistake is told once, in plain words."""
    assert told("# a comment\n" + text + ORGANIZATIONS) == [f"orgs.yaml:2: {told_of_it}"]


@pytest.mark.parametrize(
    ("text", "told_of_it"),
    [
        ("organizations: []", "organizations: write at least one organization"),
        ("organizations: ", f"organizations: {REQUIRED}: write a list, an item a line after `- `"),
        ("organizations: [{name: }]", f"organizations[0].name: {REQUIRED}: write one"),
        ("organizations: [~]", "organizations[0]: there is no value: write one, or take the item away"),
        ("organizations: acme", "organizations: write a list, an item a line after `- `"),
        ("organizations: {acme: {}}", "organizations: write a list, an item a line after `- `"),
        ("organizations: [acme]", "organizations[0]: write keys and values here"),
        ("organizations: [{profile: a}]", "organizations[0].name: this key is missing: write it"),
        ("organizations: [{name: 7}]", "organizations[0].name: this must be text: put it in quotes"),
        (
            "organizations: [{name: a, nmae: b}]",
            "organizations[0].nmae: there is no such key: did you mean name?",
        ),
    ],
)
def test_organizations(told: Told, text: str, told_of_it: str) -> None:
    """There is at least one organization, and each has a name."""
    assert told(text) == [f"orgs.yaml:1: {told_of_it}"]


def test_repeated_names_are_found_whatever_else_is_wrong(told: Told) -> None:
    """A name that is used twice is told beside the other mistakes of the same organizations."""
    text = (
        "organizations:\n  - {name: a, x: 1}\n  - {name: b}\n  - {name: a}\n  - {name: a, profile: }\n  - a\n"
    )

    already = "organizations[0] in line 2 has this name already: write another one"
    assert [line for line in told(text) if "already" in line] == [
        f"orgs.yaml:4: organizations[2].name: {already}",
        f"orgs.yaml:5: organizations[3].name: {already}",
    ]


def test_text_that_is_not_unicode(told: Told) -> None:
    """A variable with undecodable bytes in it is told, and not a crash."""
    assert told("organizations: [{name: a, profile: '${P}'}]", P="a\udcff") == [
        "orgs.yaml:1: organizations[0].profile: this text is not valid Unicode: write other characters"
    ]
