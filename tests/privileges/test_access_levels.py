"""Whether actions change anything: by their verbs where that is certain, else by AWS's reference."""

import pytest

from sso_batch.privileges.access_levels import actions_of, matching_actions, only_reads, services


@pytest.mark.parametrize("pattern", ["{}:get*", "{}:list*", "{}:describe*", "{}:get????*"])
def test_verbs_and_reference_agree(pattern: str) -> None:
    """No action of a pattern whose verb says that it only reads changes anything."""
    read = [each for service in services() if only_reads(each := pattern.format(service))]

    assert len(read) > 300
    assert [each for each in read if any(action.changes for action in matching_actions(each))] == []


def test_every_action() -> None:
    """An action that changes something is never taken for one that only reads."""
    changing = [
        f"{service}:{name}"
        for service in services()
        for name, action in actions_of(service).items()
        if action.changes
    ]

    assert len(changing) > 5_000
    assert not any(map(only_reads, changing))


@pytest.mark.parametrize(
    ("pattern", "reads"),
    [
        ("ec2:describe*", True),
        ("newservice:getanything", True),
        ("ec2:*", False),
        ("*:get*", False),
        ("ec2:runinstances", False),
        ("redshift:get*", False),  # GetClusterCredentials
        ("redshift:getcluster?redentials", False),
        ("redshift:getreserved*", True),
    ],
)
def test_patterns(pattern: str, reads: bool) -> None:  # noqa: FBT001 - an expected value
    """Wildcards in the verb, and verbs of actions that return credentials, prove nothing."""
    assert only_reads(pattern) is reads
