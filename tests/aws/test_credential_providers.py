"""What gives credentials, late: each failed attempt is worth another one."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import botocore.credentials
import botocore.tokens
import pytest
from botocore.utils import IMDSFetcher, InstanceMetadataFetcher

from sso_batch.aws.connection import Connection
from sso_batch.aws.credential_providers import LateCredentialsError
from sso_batch.aws.credential_source import CredentialSource
from sso_batch.aws.error_mapping import failure_from
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.operations import LIST_USERS
from sso_batch.errors import OrganizationError
from tests.support.agents import keys, serving

ROLE = "arn:aws:iam::111122223333:role/A"


def sts_error(code: str) -> str:
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"


ASSUMED = """\
<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult><Credentials>
    <AccessKeyId>assumed</AccessKeyId><SecretAccessKey>made-up</SecretAccessKey>
    <SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
  </Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>
"""


@pytest.fixture(autouse=True)
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hide this machine's AWS settings; return the path of the configuration file."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path / "config"


def connect(**keys: Any) -> Connection:  # noqa: ANN401 - fields of different types
    return Connection(CredentialSource(**keys), "eu-west-1", ("sts",))


def access_key(connection: Connection) -> str:
    credentials: Any = connection._session.get_credentials()
    return str(credentials.get_frozen_credentials().access_key)


def late(connection: Connection) -> AwsFailure:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - botocore may wrap it
        access_key(connection)
    return failure_from(LIST_USERS, caught.value)


@pytest.mark.parametrize("service", ["sts", "sso-admin"])
def test_web_identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: str) -> None:
    """A web identity survives temporary errors of STS, without attempts of botocore's own."""
    token = tmp_path / "token"
    token.write_text("made-up")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    troubles = [(503, sts_error("ServiceUnavailable")), (400, sts_error("IDPCommunicationError")), (0, "")]
    with serving(ASSUMED, troubles) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        connection = Connection(CredentialSource(), "eu-west-1", (service,))

        failures = [late(connection) for _ in troubles]

        assert [failure.transient for failure in failures] == [True] * 3
        assert {failure.operation for failure in failures} == {"AssumeRoleWithWebIdentity"}
        assert len(sts.asked) == 3
        assert access_key(connection) == "assumed"


@pytest.mark.parametrize("status", [500, 503, 429])
def test_sso_token(aws: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """A temporary error of the endpoint of SSO tokens is not an expired sign-in."""
    aws.write_text(
        "[profile staff]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Auditor\n"
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example/start\n"
    )
    for provider in (botocore.credentials.SSOProvider, botocore.tokens.SSOTokenProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(tmp_path))
    cached = {
        "accessToken": "old",
        "expiresAt": "2020-01-01T00:00:00Z",
        "refreshToken": "made-up",
        "clientId": "made-up",
        "clientSecret": "made-up",
        "registrationExpiresAt": "2099-01-01T00:00:00Z",
    }
    name = hashlib.sha1(b"corp", usedforsecurity=False).hexdigest()
    (tmp_path / f"{name}.json").write_text(json.dumps(cached))
    role = {"accessKeyId": "of-sso", "secretAccessKey": "b", "sessionToken": "c", "expiration": 4070908800000}
    with (
        serving(json.dumps({"accessToken": "new", "expiresIn": 28800}), [(status, "{}")] * 2) as tokens,
        serving(json.dumps({"roleCredentials": role}), [(status, "{}")]) as portal,
    ):
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", tokens.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", portal.url)
        connection = connect(profile="staff")

        failures = [late(connection) for _ in range(3)]

        assert [failure.transient for failure in failures] == [True] * 3
        assert [failure.code for failure in failures[:2]] == ["CredentialsUnavailable"] * 2
        assert access_key(connection) == "of-sso"


@pytest.mark.parametrize(
    "answer",
    [
        "[]",
        "null",
        "{}",
        keys("a", "b", Expiration=None),
        keys("a", "b", Expiration="2099-01-01T00:00:00"),
        keys("a", "b", AccessKeyId=None),
        keys("a", "b", Token=7),
    ],
)
def test_container_agent_without_credentials(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """A container agent without valid credentials is late, and its answer is not repeated."""
    with serving(answer) as agent:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url)

        with pytest.raises(LateCredentialsError) as caught:
            connect()

    assert caught.value.message.endswith("the answer contains no credentials")


def test_container_agent_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries are ours: botocore does not make its own three attempts, a second apart."""
    with serving("", [(500, "no")] * 9) as agent:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url)

        with pytest.raises(LateCredentialsError):
            connect()

    assert len(agent.asked) == 1


@pytest.mark.parametrize("trouble", [(500, "no"), (404, "no"), (200, "<html>")])
def test_container_agent_at_renewal(monkeypatch: pytest.MonkeyPatch, trouble: tuple[int, str]) -> None:
    """An agent that is late during a run is as transient as at its start."""
    with serving(keys("first", "b")) as agent:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url)
        connection = connect()
        credentials: Any = connection._session.get_credentials()
        monkeypatch.setattr(credentials, "refresh_needed", lambda *_: True)
        agent.late.append(trouble)

        failure = late(connection)

    assert (failure.transient, failure.code) == (True, "CredentialsUnavailable")


def test_metadata_service_at_renewal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A metadata service of EC2 that is late during a run is transient, too."""
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    with serving(keys("first", "b")) as agent:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", agent.url)
        connection = connect()
        credentials: Any = connection._session.get_credentials()
        monkeypatch.setattr(credentials, "refresh_needed", lambda *_: True)
        agent.late += [(503, "no")] * 2

        failure = late(connection)

    assert (failure.transient, failure.code) == (True, "CredentialsUnavailable")


@pytest.mark.parametrize(
    ("token", "status", "waits"),
    [(503, 200, True), (429, 200, True), (200, 503, True), (200, 404, False), (404, 404, False)],
)
def test_metadata_service_at_its_default_address(
    monkeypatch: pytest.MonkeyPatch, token: int, status: int, *, waits: bool
) -> None:
    """A temporary error of the metadata service is retried; the lack of a role is an answer."""
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    with serving("", [(token, "t"), (status, "")] * 2) as service:
        monkeypatch.setattr(IMDSFetcher, "get_base_url", lambda _: service.url)
        monkeypatch.setattr(InstanceMetadataFetcher, "retrieve_iam_role_credentials", lambda _: {})

        if waits:
            with pytest.raises(LateCredentialsError, match="answers with status"):
                connect()
        else:
            assert connect()._session.get_credentials() is None


def test_no_metadata_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an answer there is no metadata service, unless it is configured."""
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    with serving("") as service:
        gone = service.url
    with monkeypatch.context() as unconfigured:
        unconfigured.setattr(IMDSFetcher, "get_base_url", lambda _: gone)
        unconfigured.setattr(InstanceMetadataFetcher, "retrieve_iam_role_credentials", lambda _: {})
        assert connect()._session.get_credentials() is None

    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", gone)
    with pytest.raises(LateCredentialsError, match="does not answer"):
        connect()


@pytest.mark.parametrize(
    ("name", "value"), [("AWS_SESSION_TOKEN", "\udcff"), ("AWS_SECRET_ACCESS_KEY", "two\nlines")]
)
def test_unsendable_keys(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Keys that cannot be sent are refused before any call, by name and without their value."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "made-up")
    monkeypatch.setenv(name, value)

    with pytest.raises(OrganizationError) as caught:
        connect()

    assert caught.value.code == "UnusableCredentials"
    assert caught.value.message.endswith(
        "contains a line break or another character that is not allowed in keys"
    )
