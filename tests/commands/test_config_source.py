"""The configuration and the roster in S3: what is read, and how it is explained what cannot be."""

import socket

import pytest
from botocore.config import Config as ClientConfig

from sso_batch.aws import connection
from sso_batch.commands import roster_file
from tests.support.command import Command, CommandResult
from tests.support.moto_s3 import BUCKET, S3

CONFIG = f"s3://{BUCKET}/config/orgs.yaml"
MINIMAL = "organizations: [{name: acme}]\n"
ARN = f"arn:aws:s3:::{BUCKET}/config/orgs.yaml"


@pytest.fixture(autouse=True)
def configuration(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """Provide credentials, and put a valid configuration into the bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 0.001)
    put(s3, MINIMAL)


def put(s3: S3, text: str | bytes, key: str = "config/orgs.yaml") -> None:
    """Put an object into the bucket."""
    s3.client.put_object(Bucket=BUCKET, Key=key, Body=text)


def refusal(ended: CommandResult) -> str:
    """Return the only line of an error that ends a command with 2."""
    assert (ended.code, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    return line


def test_valid(sso_batch: Command, s3: S3) -> None:
    """A configuration in S3 is read once, and named as the user names it."""
    ended = sso_batch("validate", "-c", CONFIG)

    assert (ended.code, ended.stdout, ended.stderr) == (0, f"{CONFIG}: valid, 1 organizations\n", "")
    assert s3.reads == ["config/orgs.yaml"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("version: 1\nregoin: x\n" + MINIMAL, "2: regoin: unknown key"),
        (b"a: 1\nb: \xff\n", "2: not UTF-8: save it as UTF-8"),
        (b"#" * 1_000_001, " larger than 1 MB: split it"),
    ],
    ids=["unknown key", "not UTF-8", "too large"],
)
def test_invalid_content(sso_batch: Command, s3: S3, text: str | bytes, problem: str) -> None:
    """A problem of the text names the object and the line."""
    put(s3, text)

    assert refusal(sso_batch("validate", "-c", CONFIG)).startswith(f"{CONFIG}:{problem}")


@pytest.mark.parametrize(
    "location",
    [
        "s3:orgs.yaml",
        "s3://",
        f"s3://{BUCKET}",
        f"s3://{BUCKET}/",
        f"s3://{BUCKET}/a/",
        f"s3://{BUCKET}/../a",
    ],
)
def test_not_an_object(sso_batch: Command, s3: S3, location: str) -> None:
    """A location in S3 that is not an object is refused without a call."""
    assert refusal(sso_batch("validate", "-c", location)) == (
        f"{location}: not a supported location in S3: write s3://bucket/key with a lowercase bucket name and "
        "plain names between single slashes, or ./ before the name of a file"
    )
    assert s3.reads == []


def test_a_missing_object(sso_batch: Command, s3: S3) -> None:
    """An object that does not exist is reported, also if S3 denies it because it does not exist."""
    location = f"s3://{BUCKET}/gone.yaml"
    expected = f"{location}: no such object: pass the location of a configuration"

    assert refusal(sso_batch("validate", "-c", location)) == expected
    s3.unreadable = "gone"
    assert refusal(sso_batch("validate", "-c", location)) == expected


def test_a_missing_bucket(sso_batch: Command) -> None:
    """A bucket that does not exist is reported."""
    line = refusal(sso_batch("validate", "-c", "s3://nobodys/orgs.yaml"))

    assert line.startswith("s3://nobodys/orgs.yaml: GetObject in the bucket nobodys failed: NoSuchBucket: ")
    assert line.endswith(": correct the name of the bucket, or create it")


def test_denied(sso_batch: Command, s3: S3) -> None:
    """If the object may not be read, the message has the action and the ARN."""
    s3.unreadable = "orgs"

    assert refusal(sso_batch("validate", "-c", CONFIG)) == (
        f"{CONFIG}: GetObject in the bucket {BUCKET} failed: AccessDenied: Access Denied: allow the IAM "
        f"action s3:GetObject on {ARN}; without permission to list the bucket, S3 also denies an object that "
        "does not exist"
    )


def test_no_credentials(sso_batch: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials, the message says how to provide them, and names no key of the configuration."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    line = refusal(sso_batch("validate", "-c", CONFIG))

    assert line.startswith(f"{CONFIG}: ")
    assert ": provide credentials in the environment, such as a task role or AWS_PROFILE; " in line


def test_no_answer(sso_batch: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """An S3 that accepts connections and never answers ends a command with 5: a later attempt may succeed."""
    monkeypatch.setattr("sso_batch.aws.s3.bucket._PATIENCE", 0.1)
    settings = connection.CLIENT_CONFIG.merge(ClientConfig(read_timeout=0.05))
    monkeypatch.setattr(connection, "CLIENT_CONFIG", settings)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.getsockname()[1]}")
        ended = sso_batch("validate", "-c", CONFIG)

    assert (ended.code, ended.stdout) == (5, "")
    assert ended.stderr.startswith(f"{CONFIG}: GetObject in the bucket {BUCKET} failed: ReadTimeoutError: ")


# The roster


def test_a_roster_in_s3(sso_batch: Command, s3: S3) -> None:
    """A relative roster is beside the configuration; its problems have its own location and line."""
    put(s3, MINIMAL + "review: {roster: hr.csv}\n")
    put(s3, "email,status\nann@example.com,gone\n", "config/hr.csv")

    assert refusal(sso_batch("validate", "-c", CONFIG)) == (
        f"s3://{BUCKET}/config/hr.csv:2: status: unknown status: write active or leaver"
    )
    assert s3.reads == ["config/orgs.yaml", "config/hr.csv"]


def test_a_missing_roster_in_s3(sso_batch: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A roster that does not exist is reported by its location, whatever the source of the configuration."""
    roster = f"s3://{BUCKET}/hr.csv"
    monkeypatch.setenv("ORGS", MINIMAL + f"review: {{roster: '{roster}'}}\n")

    assert refusal(sso_batch("validate", "-c", "env:ORGS")) == (
        f"{roster}: no such object: correct review.roster, which is relative to the place of the "
        "configuration"
    )


def test_a_roster_that_is_too_large(sso_batch: Command, s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of a roster's size applies in S3, too."""
    monkeypatch.setattr(roster_file, "MAX_BYTES", 10)
    put(s3, MINIMAL + "review: {roster: hr.csv}\n")
    put(s3, "email,status\n", "config/hr.csv")

    assert refusal(sso_batch("validate", "-c", CONFIG)).endswith(
        "hr.csv: the file is larger than 100 MB: export only the columns that are needed"
    )
