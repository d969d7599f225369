"""Tests of where a configuration comes from, and of locations that are relative to it."""

from pathlib import Path

import pytest

from sso_batch.config import Source, parse
from sso_batch.config.source import file_source, variable_source
from sso_batch.errors import ConfigurationError

MINIMAL = "organizations: [{name: acme}]\n"
ROSTER = MINIMAL + "review:\n  roster: hr.csv\n"


def problems(location: str, environ: dict[str, str]) -> tuple[str, ...]:
    """Return the problems of a configuration in a variable."""
    with pytest.raises(ConfigurationError) as caught:
        parse(variable_source(location, environ), environ)
    return caught.value.problems


def test_variable() -> None:
    """The value of a variable is a configuration, which can use other variables."""
    environ = {"ORGS": "organizations: [{name: '${NAME}'}]\n", "NAME": "acme"}

    config = parse(variable_source("env:ORGS", environ), environ)

    assert [organization.name for organization in config.organizations] == ["acme"]


@pytest.mark.parametrize(
    ("location", "value", "problem"),
    [
        ("env:ORGS", None, "the variable ORGS is not set or empty: set it to the text of the configuration"),
        ("env:ORGS", "", "the variable ORGS is not set or empty: set it to the text of the configuration"),
        ("env:", MINIMAL, "no variable is named: write env:NAME, or ./env: for a file"),
        ("env:ORGS", "#" * 1_000_001, "larger than 1 MB: split it"),
    ],
    ids=["unset", "empty", "no name", "too large"],
)
def test_unusable_variable(location: str, value: str | None, problem: str) -> None:
    """A variable without a configuration is refused, with what to write."""
    assert problems(location, {} if value is None else {"ORGS": value}) == (f"{location}: {problem}",)


@pytest.mark.parametrize(
    ("location", "advice"),
    [
        ("S3://bucket/orgs.yaml", "for an object in S3, write s3://bucket/key"),
        (" s3://bucket/orgs.yaml", "for an object in S3, write s3://bucket/key"),
        ("arn:aws:s3:::bucket/orgs.yaml", "for an object in S3, write s3://bucket/key"),
        ("https://bucket.s3.amazonaws.com/orgs.yaml", "for an object in S3, write s3://bucket/key"),
        ("ENV:ORGS", "for an environment variable, write env:NAME"),
        ("orgs.yml", "pass the path of a configuration file"),
    ],
)
def test_missing_file(location: str, advice: str) -> None:
    """A file that does not exist may be another location that was misspelt."""
    with pytest.raises(ConfigurationError) as caught:
        file_source(location)

    assert caught.value.problems == (f"{location}: no such file: {advice}",)


def test_problems_of_a_variable() -> None:
    """A problem names the variable and the line in its value."""
    assert problems("env:ORGS", {"ORGS": "version: 1\norganizations: []\n"})[0].startswith(
        "env:ORGS:2: organizations: "
    )
    assert problems("env:ORGS", {"ORGS": "version: 1\nb: \udcff\n"}) == (
        "env:ORGS:2: not UTF-8: save it as UTF-8",
    )


def test_roster_beside_a_variable() -> None:
    """A roster that is relative to a variable is refused with its line, together with other problems."""
    assert problems("env:ORGS", {"ORGS": "a: 1\n" + ROSTER}) == (
        (
            "env:ORGS:1: a: unknown key: the keys of this section are version, output, run, collect, review, "
            "campaign, notify, defaults, organizations"
        ),
        (
            "env:ORGS:4: review.roster: a variable has no folder that this could be relative to: write "
            "s3://bucket/key or an absolute path"
        ),
    )


@pytest.mark.parametrize("roster", ["/data/hr.csv", "s3://bucket/hr.csv"])
def test_absolute_roster(roster: str) -> None:
    """An absolute roster works with every source."""
    environ = {"ORGS": ROSTER.replace("hr.csv", roster)}
    source = variable_source("env:ORGS", environ)

    assert parse(source, environ).review.roster == roster
    assert source.resolve(roster) == Source("c", b"", "s3://b/x").resolve(roster) == roster


@pytest.mark.parametrize(
    ("folder", "location"),
    [
        ("", "hr.csv"),
        ("config", "config/hr.csv"),
        ("/config", "/config/hr.csv"),
        ("s3://b/x", "s3://b/x/hr.csv"),
    ],
)
def test_relative_location(folder: str, location: str) -> None:
    """A relative location is in the folder of the configuration."""
    assert Source("orgs.yaml", b"", folder).resolve("hr.csv") == location


def test_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file keeps the name that the user wrote, and knows its folder."""
    monkeypatch.chdir(tmp_path)
    Path("env:ORGS").write_text(MINIMAL)

    source = file_source("./env:ORGS")

    assert (source.name, source.content, source.resolve("hr.csv")) == (
        "./env:ORGS",
        MINIMAL.encode(),
        "./hr.csv",
    )


def test_the_content_is_not_shown() -> None:
    """The representation of a source, which a log could have, does not have its text."""
    assert "secret" not in repr(Source("env:ORGS", b"secret", None))
