"""The organizations of the configuration that a run audits."""

import pytest

from sso_batch.config import Organization
from sso_batch.errors import UsageError
from sso_batch.runner.selection import select

ORGANIZATIONS = tuple(
    Organization(name=name, tags=tags)
    for name, tags in (
        ("acme", {"tier": "prod", "region": "eu"}),
        ("globex", {"tier": "test", "owner": "a=b"}),
        ("initech", {}),
        ("umbrella", {"tier": "prod"}),
    )
)


@pytest.mark.parametrize("option", ["only", "exclude"])
@pytest.mark.parametrize(
    "pattern",
    ["acm", "ACME", "acme*", "", "tag:", "tag:tier", "tag:tier=", "tag:tier=pro", "tag:owner=a", "tier=prod"],
)
def test_matches_nothing(option: str, pattern: str) -> None:
    """A pattern that matches nothing is a usage error, with a hint."""
    with pytest.raises(UsageError) as caught:
        select(ORGANIZATIONS, **{option: ("acme", pattern)})

    assert caught.value.message == f"--{option} {pattern} matches no organization of the configuration"
    assert caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("acm", "did you mean acme?"),
        ("ACME", "did you mean acme?"),
        ("tag:tier=pro", "did you mean tag:tier=prod or tag:tier=test?"),
        (
            "nothing like it",
            (
                "write the name of an organization (acme, globex, initech, umbrella), "
                "or tag:KEY=VALUE with a tag that an organization has"
            ),
        ),
    ],
)
def test_the_nearest_names_are_suggested(pattern: str, hint: str) -> None:
    """The hint suggests the most similar names and tags."""
    with pytest.raises(UsageError) as caught:
        select(ORGANIZATIONS, only=(pattern,))

    assert caught.value.hint == hint


@pytest.mark.parametrize("pattern", ["org-99", "org-", "nothing like it"])
def test_no_more_than_five_names_are_suggested(pattern: str) -> None:
    """A hint never lists all of many organizations."""
    sixty = tuple(Organization(name=f"org-{number}") for number in range(60))

    with pytest.raises(UsageError) as caught:
        select(sixty, only=(pattern,))

    assert 1 <= caught.value.hint.count("org-") <= 5


@pytest.mark.parametrize(
    ("only", "exclude"),
    [
        (("acme",), ("acme",)),
        ((), ("acme", "globex", "initech", "umbrella")),
        (("tag:tier=prod",), ("acme", "umbrella")),
    ],
)
def test_nothing_left(only: tuple[str, ...], exclude: tuple[str, ...]) -> None:
    """A selection without organizations is a usage error."""
    with pytest.raises(UsageError) as caught:
        select(ORGANIZATIONS, only=only, exclude=exclude)

    assert caught.value.message == "--only and --exclude together leave no organization"


@pytest.mark.parametrize(
    ("only", "exclude", "names"),
    [
        ((), (), ["acme", "globex", "initech", "umbrella"]),
        (("umbrella", "acme"), (), ["acme", "umbrella"]),
        (("acme", "acme", "tag:region=eu"), (), ["acme"]),
        (("tag:tier=prod", "initech"), (), ["acme", "initech", "umbrella"]),
        (("tag:owner=a=b",), (), ["globex"]),
        ((), ("tag:tier=prod",), ["globex", "initech"]),
        (("tag:tier=prod",), ("tag:region=eu",), ["umbrella"]),
        (("acme",), ("globex",), ["acme"]),
    ],
)
def test_select(only: tuple[str, ...], exclude: tuple[str, ...], names: list[str]) -> None:
    """Organizations that match an `only` and no `exclude` are audited, in the configuration's order."""
    assert [selected.name for selected in select(ORGANIZATIONS, only=only, exclude=exclude)] == names
