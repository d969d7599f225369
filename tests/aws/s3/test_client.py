"""Tests of the credentials and the Region that write the files of a run."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from sso_batch.aws.connection import Connection
from sso_batch.aws.credential_providers import LateCredentialsError
from sso_batch.aws.s3 import client
from sso_batch.aws.s3.client import open_bucket
from sso_batch.config import Output
from sso_batch.errors import OutputError, OutputUnavailableError

ROLE = "arn:aws-cn:iam::111122223333:role/Writer"


@pytest.fixture(autouse=True)
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide this machine's AWS settings, and provide a profile with a Region."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text("[profile writer]\nregion = eu-central-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.mark.parametrize(
    ("keys", "environ", "region"),
    [
        ({}, {}, "us-east-1"),
        ({}, {"AWS_DEFAULT_REGION": "eu-north-1"}, "eu-north-1"),
        ({}, {"AWS_REGION": "eu-south-1", "AWS_DEFAULT_REGION": "eu-north-1"}, "eu-south-1"),
        ({"profile": "writer"}, {}, "eu-central-1"),
        ({"profile": "writer"}, {"AWS_REGION": "eu-south-1"}, "eu-central-1"),
        ({"role_arn": ROLE}, {}, "cn-north-1"),
        ({"role_arn": ROLE}, {"AWS_REGION": "eu-south-1"}, "cn-north-1"),
        ({"role_arn": ROLE}, {"AWS_REGION": "cn-northwest-1"}, "cn-northwest-1"),
        ({"role_arn": ROLE, "region": "cn-northwest-1"}, {"AWS_REGION": "eu-south-1"}, "cn-northwest-1"),
    ],
)
def test_region(
    monkeypatch: pytest.MonkeyPatch, keys: dict[str, str], environ: dict[str, str], region: str
) -> None:
    """The Region is the configured one, else the environment's or profile's, else the partition's default."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    made: list[tuple[str, ...]] = []

    def connect(source: Any, region: str, services: tuple[str, ...]) -> Any:  # noqa: ANN401 - a connection
        made.append((region, *services))
        return Connection(source, region, services)

    monkeypatch.setattr(client, "Connection", connect)

    open_bucket(Output.model_validate({"directory": "s3://bucket/prefix", **keys}), threading.Event())

    assert made == [(region, "s3")]


class Late:
    """A connection with late credentials, which counts its attempts and calls `then` with the count."""

    def __init__(self, then: Callable[[int], None]) -> None:
        self.asked = 0
        self._then = then

    def __call__(self, *_: object) -> object:
        """Count the attempt and fail."""
        self.asked += 1
        self._then(self.asked)
        raise LateCredentialsError("the agent starts", code="CredentialsUnavailable", hint="look")


def test_late_credentials_once_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped run does not wait for credentials, and the error is a transient one."""
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 0.001)
    stop = threading.Event()
    late = Late(lambda asked: stop.set() if asked == 3 else None)
    monkeypatch.setattr(client, "Connection", late)

    with pytest.raises(OutputUnavailableError) as caught:
        open_bucket(Output.model_validate({"directory": "s3://bucket/prefix"}), stop)

    assert late.asked == 3
    assert (caught.value.exit_code, caught.value.hint) == (5, "look")
    assert caught.value.message == "cannot write to the output place s3://bucket/prefix: the agent starts"


def test_unknown_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that a retry cannot resolve is a configuration error."""
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 3600)

    with pytest.raises(OutputError) as caught:
        open_bucket(
            Output.model_validate({"directory": "s3://bucket/prefix", "profile": "nobody"}), threading.Event()
        )

    assert caught.value.exit_code == 2


def test_role(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer's role is assumed with the environment's credentials."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    asked: list[str] = []

    class Sts:
        """An STS that records the role and refuses."""

        def assume_role(self, **request: str) -> None:
            """Record the role and refuse."""
            asked.append(request["RoleArn"])
            raise InterruptedError

    create = Session.create_client

    def client(session: Session, service: str, *arguments: Any, **settings: Any) -> Any:  # noqa: ANN401 - a client
        return Sts() if service == "sts" else create(session, service, *arguments, **settings)

    monkeypatch.setattr(Session, "create_client", client)
    output = Output.model_validate({"directory": "s3://bucket/prefix", "role_arn": ROLE})
    objects = open_bucket(output, threading.Event())

    with pytest.raises(InterruptedError):
        objects.delete("a")

    assert asked == [ROLE]
