"""Tests of credentials and clients."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.parsers import ResponseParserError
from botocore.session import Session

from sso_batch.aws import connection
from sso_batch.aws.connection import SERVICES, Connection
from sso_batch.aws.credential_source import CredentialSource
from sso_batch.config import Organization
from sso_batch.errors import OrganizationError
from sso_batch.model import EndpointOverride

SECRET = "marker-of-a-secret-5f3e"
FIRST, SECOND, THIRD = (f"arn:aws:iam::11111111111{number}:role/Audit" for number in range(3))
SSO_MFA_HINT = (
    "name a profile without mfa_serial: one of IAM Identity Center (`aws configure sso`), or a role whose "
    "trust policy requires an external id instead of MFA"
)

AwsConfig = Callable[[str], None]


@pytest.fixture(autouse=True)
def aws_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AwsConfig:
    """Hide this machine's AWS settings; return a function that writes the configuration file."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    file = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return lambda text: (file.write_text(text, encoding="utf-8"), None)[1]


def source(**keys: Any) -> CredentialSource:  # noqa: ANN401 - as in the file
    return CredentialSource.of_organization(Organization.model_validate({"name": "acme", **keys}))


def refused(**keys: Any) -> OrganizationError:  # noqa: ANN401 - as in the file
    with pytest.raises(OrganizationError) as caught:
        Connection(source(**keys), "eu-west-1")
    return caught.value


class Sts:
    """The STS of all sessions: records each request and returns numbered credentials."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, object]]] = []
        self.lifetime = timedelta(hours=1)

    def client(self, session: Session, service: str, region: str) -> "_StsClient":
        """Return a client, in place of botocore's."""
        assert service in SERVICES
        return _StsClient(self, session, region)


class _StsClient:
    def __init__(self, sts: Sts, session: Session, region: str) -> None:
        self._sts, self._session, self._region = sts, session, region

    def assume_role(self, **request: object) -> dict[str, dict[str, object]]:
        credentials: Any = self._session.get_credentials()
        self._sts.requests.append((credentials.get_frozen_credentials().access_key, self._region, request))
        number = len(self._sts.requests)
        return {
            "Credentials": {
                "AccessKeyId": f"assumed-{number}",
                "SecretAccessKey": "made-up",
                "SessionToken": "made-up",
                "Expiration": datetime.now(UTC) + self._sts.lifetime,
            }
        }


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Sts:
    fake = Sts()
    monkeypatch.setattr(connection, "_client", fake.client)
    return fake


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "from-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")


def access_key(of: Connection) -> str:
    credentials: Any = of._session.get_credentials()
    return str(credentials.get_frozen_credentials().access_key)


# Settings that cannot work


@pytest.mark.parametrize("keys", [{"profile": "nobody"}, {"role_arn": FIRST, "source_profile": "nobody"}])
def test_unknown_profile(keys: dict[str, str]) -> None:
    """An unknown profile is named, with the command that lists the known ones."""
    error = refused(**keys)

    assert (error.code, error.message) == (
        "ProfileNotFound",
        "The config profile (nobody) could not be found",
    )
    assert error.hint == (
        "run `aws configure list-profiles` to see which profiles this machine has; in a container, mount "
        "the folder that holds them"
    )


@pytest.mark.parametrize(
    ("keys", "asking"),
    [
        ({"profile": "asks"}, "asks"),
        ({"profile": "through"}, "asks"),
        ({"profile": "further"}, "asks"),
        ({"role_arn": FIRST, "source_profile": "asks"}, "asks"),
        ({"role_arn": (FIRST, SECOND), "source_profile": "further"}, "asks"),
    ],
)
def test_mfa(aws_config: AwsConfig, keys: dict[str, Any], asking: str) -> None:
    """A profile that would ask for an MFA code, itself or through another one, is refused."""
    aws_config(
        f"""
[profile keys]
aws_access_key_id = from-a-profile
aws_secret_access_key = made-up
[profile asks]
role_arn = {FIRST}
source_profile = keys
mfa_serial = arn:aws:iam::111111111111:mfa/ann
[profile through]
role_arn = {SECOND}
source_profile = asks
[profile further]
role_arn = {THIRD}
source_profile = through
"""
    )

    error = refused(**keys)

    assert (error.code, error.hint) == ("MfaRequired", SSO_MFA_HINT)
    assert error.message == (
        f"the profile {asking} asks for an MFA code (mfa_serial), which nobody can type in a run"
    )


@pytest.mark.parametrize("variables", [{}, {"AWS_PROFILE": "asks"}])
def test_mfa_in_the_default_profile(
    aws_config: AwsConfig, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """Without a configured profile, the one that botocore would use is checked."""
    name = variables.get("AWS_PROFILE", "default")
    heading = "default" if name == "default" else f"profile {name}"
    aws_config(f"[{heading}]\nrole_arn = {FIRST}\nsource_profile = keys\nmfa_serial = x\n[profile keys]\n")
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)

    error = refused()

    assert error.code == "MfaRequired"
    assert f"the profile {name} asks" in error.message


@pytest.mark.parametrize(
    "settings",
    [
        "aws_access_key_id = a\naws_secret_access_key = b\nmfa_serial = x",
        f"role_arn = {FIRST}\nweb_identity_token_file = /token\nmfa_serial = x",
    ],
)
def test_unused_mfa_serial(aws_config: AwsConfig, settings: str) -> None:
    """A profile with an MFA device that never asks for its code works unattended."""
    aws_config(f"[profile works]\n{settings}\n")

    Connection(source(profile="works"), "eu-west-1")


@pytest.mark.usefixtures("environment")
def test_environment_keys_take_precedence(aws_config: AwsConfig) -> None:
    """Keys in the environment are used, even if the default profile would ask for a code."""
    aws_config(f"[default]\nrole_arn = {FIRST}\nsource_profile = default\nmfa_serial = x\n")

    Connection(source(), "eu-west-1")


def test_circular_profiles(aws_config: AwsConfig, sts: Sts) -> None:
    """Profiles that name each other in a circle do not cause an endless loop."""
    aws_config(
        f"[profile a]\nrole_arn = {FIRST}\nsource_profile = b\n"
        f"[profile b]\nrole_arn = {FIRST}\nsource_profile = a\n"
    )

    Connection(source(profile="a"), "eu-west-1")

    assert sts.requests == []


@pytest.mark.parametrize("text", ["no section\n", "[profile a]\n[profile a]\nregion\n"])
def test_broken_configuration_file(aws_config: AwsConfig, tmp_path: Path, text: str) -> None:
    """A broken AWS configuration file is named, and is not reported as a bug."""
    aws_config(text)

    error = refused(profile="a")

    assert (error.code, error.hint) == (
        "ConfigParseError",
        "fix the syntax of the file that the message names",
    )
    assert str(tmp_path / "config") in error.message


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "user:marker@host",
        "http://",
        "http://x:99999",
        "http://x:0",
        "http://[::1",
        "ftp://x",
        "http://x:p",
    ],
)
def test_invalid_endpoint(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """An invalid endpoint URL is reported without its value, and not as a bug."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)

    error = refused()

    assert (error.code, error.message) == (
        "InvalidEndpoint",
        "the endpoint configured for sts is not a valid URL",
    )


@pytest.mark.parametrize(
    "environ",
    [
        {"AWS_ENDPOINT_URL": "http://mar ker"},
        {"AWS_CSM_ENABLED": "true", "AWS_CSM_PORT": "marker"},
    ],
)
def test_unusable_settings(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    """A variable that botocore cannot use is reported as a setting, not as missing credentials."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    error = refused()

    assert (error.code, error.message) == (
        "UnusableSettings",
        "botocore cannot create a client for sts: ValueError",
    )
    assert "AWS_ENDPOINT_URL" in error.hint


@pytest.mark.parametrize(
    "command",
    [
        "echo marker",
        "echo '[\"marker\"]'",
        "/nonexistent/program",
        "printf '\\377marker'",
        "echo 'an open quote",
    ],
)
def test_broken_credential_process(aws_config: AwsConfig, command: str) -> None:
    """A broken credential_process is reported as such, not as a bug or a full disk."""
    aws_config(f"[profile a]\ncredential_process = {command}\n")

    error = refused(profile="a")

    assert error.code == "UnusableCredentials"
    assert "credential_process" in error.hint
    assert "marker" not in error.message


# Credentials


@pytest.mark.usefixtures("environment")
def test_environment(sts: Sts) -> None:
    """Without a profile and a role the environment's credentials are used."""
    assert access_key(Connection(source(), "eu-west-1")) == "from-the-environment"
    assert sts.requests == []


@pytest.mark.usefixtures("environment")
def test_profile(aws_config: AwsConfig, sts: Sts) -> None:
    """A profile's credentials take precedence over the environment's."""
    aws_config("[profile hub]\naws_access_key_id = from-a-profile\naws_secret_access_key = made-up\n")

    assert access_key(Connection(source(profile="hub"), "eu-west-1")) == "from-a-profile"
    assert sts.requests == []


@pytest.mark.usefixtures("environment")
def test_role_from_the_environment(sts: Sts) -> None:
    """The environment's credentials assume the role once, when a call first needs it."""
    made = Connection(source(role_arn=FIRST), "eu-west-1")
    before = list(sts.requests)

    keys = [access_key(made), access_key(made)]

    assert before == []
    assert keys == ["assumed-1", "assumed-1"]
    assert sts.requests == [
        (
            "from-the-environment",
            "eu-west-1",
            {"RoleArn": FIRST, "RoleSessionName": "sso-batch", "DurationSeconds": 3600},
        )
    ]


@pytest.mark.usefixtures("environment")
def test_role_from_a_profile(aws_config: AwsConfig, sts: Sts) -> None:
    """The source profile's credentials assume the role, with every configured setting."""
    aws_config("[profile hub]\naws_access_key_id = from-a-profile\naws_secret_access_key = made-up\n")
    made = Connection(
        source(
            role_arn=FIRST,
            source_profile="hub",
            external_id=SECRET,
            session_name="nightly",
            duration_seconds=7200,
        ),
        "us-gov-west-1",
    )

    assert access_key(made) == "assumed-1"
    assert sts.requests == [
        (
            "from-a-profile",
            "us-gov-west-1",
            {"RoleArn": FIRST, "RoleSessionName": "nightly", "DurationSeconds": 7200, "ExternalId": SECRET},
        )
    ]


@pytest.mark.usefixtures("environment")
def test_chain(sts: Sts) -> None:
    """Each role of a chain is assumed with the one before it; the external id is for the last one."""
    made = Connection(
        source(role_arn=(FIRST, SECOND, THIRD), external_id=SECRET, duration_seconds=1800), "eu-west-1"
    )

    assert access_key(made) == "assumed-3"
    common = {"RoleSessionName": "sso-batch"}
    assert sts.requests == [
        ("from-the-environment", "eu-west-1", common | {"RoleArn": FIRST, "DurationSeconds": 3600}),
        ("assumed-1", "eu-west-1", common | {"RoleArn": SECOND, "DurationSeconds": 3600}),
        (
            "assumed-2",
            "eu-west-1",
            common | {"RoleArn": THIRD, "DurationSeconds": 1800, "ExternalId": SECRET},
        ),
    ]


@pytest.mark.usefixtures("environment")
def test_renewal(sts: Sts) -> None:
    """Credentials that are about to expire are renewed, so that a run can last longer."""
    sts.lifetime = timedelta(minutes=5)
    made = Connection(source(role_arn=FIRST), "eu-west-1")

    keys = [access_key(made), access_key(made)]

    assert keys == ["assumed-1", "assumed-2"]
    assert len(sts.requests) == 2


@pytest.mark.usefixtures("environment")
def test_early_renewal(sts: Sts) -> None:
    """After early expiry, each role of a chain is assumed again."""
    made = Connection(source(role_arn=(FIRST, SECOND)), "eu-west-1")
    access_key(made)

    renewed = made.renew()

    assert renewed
    assert access_key(made) == "assumed-4"
    assert [request["RoleArn"] for *_, request in sts.requests] == [FIRST, SECOND] * 2


@pytest.mark.usefixtures("environment")
def test_nothing_to_renew() -> None:
    """Credentials other than a role's cannot be renewed."""
    assert not Connection(source(), "eu-west-1").renew()


# Clients


def test_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one client for each service, in the requested Region, with a single attempt."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")

    made = Connection(source(), "eu-west-1")

    assert made.region == "eu-west-1"
    for service in SERVICES:
        meta = made.client(service).meta
        assert made.client(service) is made.client(service)
        region = "aws-global" if service == "organizations" else "eu-west-1"  # one endpoint for all Regions
        assert (meta.service_model.service_name, meta.region_name) == (service, region)
        assert meta.config.retries == {"total_max_attempts": 1, "mode": "standard"}
        assert (meta.config.connect_timeout, meta.config.read_timeout) == (5, 30)
        assert meta.config.user_agent.startswith("sso-batch/")
    made.close()


# Endpoint overrides


def test_no_overrides() -> None:
    """Without a setting, AWS's own endpoints are used."""
    assert Connection(source(), "eu-west-1").endpoint_overrides == ()


def test_override_for_all_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """An override for all services is reported for each, and the clients use it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566/base")

    made = Connection(source(), "eu-west-1")

    assert made.endpoint_overrides == tuple(
        EndpointOverride(service, "http://127.0.0.1:4566") for service in SERVICES
    )
    assert {made.client(service).meta.endpoint_url for service in SERVICES} == {"http://127.0.0.1:4566/base"}


@pytest.mark.parametrize(
    ("url", "reported"),
    [
        (f"https://user:{SECRET}@proxy.example.com/base?token={SECRET}", "https://proxy.example.com"),
        (f"http://{SECRET}@localhost:1", "http://localhost:1"),
        (f"http://proxy.example.com/{SECRET}/aws", "http://proxy.example.com"),
        (f"http://proxy.example.com:8080?{SECRET}", "http://proxy.example.com:8080"),
        (f"http://[::1]:8080/#{SECRET}", "http://[::1]:8080"),
    ],
)
def test_override_with_credentials(monkeypatch: pytest.MonkeyPatch, url: str, reported: str) -> None:
    """An override is reported by scheme, host and port only: the rest can contain secrets."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_ADMIN", url)

    assert Connection(source(), "eu-west-1").endpoint_overrides == (EndpointOverride("sso-admin", reported),)


def test_override_in_a_profile(aws_config: AwsConfig) -> None:
    """An override in a profile's services section applies to organizations with that profile."""
    aws_config(
        "[profile hub]\nservices = local\n[services local]\nidentitystore =\n  endpoint_url = http://store\n"
    )

    assert Connection(source(profile="hub"), "eu-west-1").endpoint_overrides == (
        EndpointOverride("identitystore", "http://store"),
    )
    assert Connection(source(), "eu-west-1").endpoint_overrides == ()


def test_ignored_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Overrides that botocore ignores are not reported."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")

    assert Connection(source(), "eu-west-1").endpoint_overrides == ()


# Answers that botocore would take for empty


class Body:
    """The body of an answer in the form of urllib3."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        """Yield the content."""
        yield self._content


def inline_policy(body: bytes) -> dict[str, Any]:
    """Return what a client parses from an answer with this body; nothing is sent."""
    client = Connection(source(), "eu-west-1").client("sso-admin")
    client.meta.events.register(
        "before-send", lambda **_: AWSResponse("http://x", 200, HTTPHeaders(), Body(body))
    )
    arn = "arn:aws:sso:::instance/ssoins-1111111111111111"
    permission_set = "arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-1111111111111111"
    answer: dict[str, Any] = client.get_inline_policy_for_permission_set(
        InstanceArn=arn, PermissionSetArn=permission_set
    )
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"InlinePolicy": "{', b"\xff", b"[]", b"null", b"7"])
def test_invalid_json(body: bytes) -> None:
    """An answer that is not a JSON object is refused, never taken for an empty one."""
    with pytest.raises(ResponseParserError, match=r"the answer is not (a )?JSON"):
        inline_policy(body)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("body", "answer"),
    [(b"{}", {}), (b'{"InlinePolicy": null}', {}), (b'{"InlinePolicy": "{}"}', {"InlinePolicy": "{}"})],
)
def test_inline_policy(body: bytes, answer: dict[str, str]) -> None:
    """An answer without a policy is valid."""
    assert inline_policy(body) == answer
