"""The credentials and the Region that the files of a run are written with."""

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
from sso_batch.aws.s3.client import bucket_of
from sso_batch.config import Output
from sso_batch.errors import OutputError, OutputUnavailableError

ROLE = "arn:aws-cn:iam::111122223333:role/Writer"


@pytest.fixture(autouse=True)
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing of this machine's AWS, but a profile with a Region."""
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
    """The configuration's Region, else the environment's or the profile's, else any of the partition."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    made: list[tuple[str, ...]] = []

    def note(organization: Any, region: str, services: tuple[str, ...]) -> Any:  # noqa: ANN401 - a connection
        made.append((region, *services))
        return Connection(organization, region, services)

    monkeypatch.setattr(client, "Connection", note)

    bucket_of(Output.model_validate({"directory": "s3://bucket/prefix", **keys}), threading.Event())

    assert made == [(region, "s3")]


class Late:
    """A connection that fails as late until `then` is done, and notes how often it was asked for."""

    def __init__(self, then: Callable[[int], None]) -> None:
        self.asked = 0
        self._then = then

    def __call__(self, *_: object) -> object:
        """Fail."""
        self.asked += 1
        self._then(self.asked)
        raise LateCredentialsError("the agent starts", code="CredentialsUnavailable", hint="look")


def test_late_credentials_once_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that has to end waits for no credentials; what is raised may pass."""
    monkeypatch.setattr("sso_batch.aws.gateway.FIRST_PAUSE", 0.001)
    stop = threading.Event()
    late = Late(lambda asked: stop.set() if asked == 3 else None)
    monkeypatch.setattr(client, "Connection", late)

    with pytest.raises(OutputUnavailableError) as caught:
        bucket_of(Output.model_validate({"directory": "s3://bucket/prefix"}), stop)

    assert late.asked == 3
    assert (caught.value.exit_code, caught.value.hint) == (5, "look")
    assert caught.value.message == "cannot write to the output place s3://bucket/prefix: the agent starts"


def test_an_unknown_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another try cannot change is a configuration error."""
    monkeypatch.setattr("sso_batch.aws.gateway.FIRST_PAUSE", 3600)

    with pytest.raises(OutputError) as caught:
        bucket_of(
            Output.model_validate({"directory": "s3://bucket/prefix", "profile": "nobody"}), threading.Event()
        )

    assert caught.value.exit_code == 2


def test_role(monkeypatch: pytest.MonkeyPatch) -> None:
    """The role that writes is assumed with the environment's credentials."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    asked: list[str] = []

    class Sts:
        """Notes who is assumed, and refuses."""

        def assume_role(self, **request: str) -> None:
            """Refuse."""
            asked.append(request["RoleArn"])
            raise InterruptedError

    create = Session.create_client

    def client(session: Session, service: str, *arguments: Any, **settings: Any) -> Any:  # noqa: ANN401 - a client
        return Sts() if service == "sts" else create(session, service, *arguments, **settings)

    monkeypatch.setattr(Session, "create_client", client)
    output = Output.model_validate({"directory": "s3://bucket/prefix", "role_arn": ROLE})
    objects = bucket_of(output, threading.Event())

    with pytest.raises(InterruptedError):
        objects.delete("a")

    assert asked == [ROLE]
