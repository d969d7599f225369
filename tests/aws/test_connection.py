"""An organization's credentials and clients."""

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
from sso_batch.config import Organization
from sso_batch.errors import OrganizationError

SECRET = "marker-of-a-secret-5f3e"
FIRST, SECOND, THIRD = (f"arn:aws:iam::11111111111{number}:role/Audit" for number in range(3))
SSO_MFA_HINT = (
    "name a profile without mfa_serial: IAM Identity Center's (`aws configure sso`), or a role whose trust "
    "policy asks for an external id instead of MFA"
)

AwsConfig = Callable[[str], None]


@pytest.fixture(autouse=True)
def aws_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AwsConfig:
    """Give a writer of the AWS configuration file; nothing of this machine's own is seen."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    file = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return lambda text: (file.write_text(text, encoding="utf-8"), None)[1]


def organization(**keys: Any) -> Organization:  # noqa: ANN401 - as in the file
    return Organization.model_validate({"name": "acme", **keys})


def refused(**keys: Any) -> OrganizationError:  # noqa: ANN401 - as in the file
    with pytest.raises(OrganizationError) as caught:
        Connection(organization(**keys), "eu-west-1")
    return caught.value


class Sts:
    """The STS of all sessions: notes who asks to assume what, and hands out numbered credentials."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, object]]] = []
        self.lifetime = timedelta(hours=1)

    def client(self, session: Session, service: str, region: str) -> "_StsClient":
        """The client, in place of botocore's."""
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
    it = Sts()
    monkeypatch.setattr(connection, "_client", it.client)
    return it


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "from-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")


def access_key(of: Connection) -> str:
    credentials: Any = of._session.get_credentials()
    return str(credentials.get_frozen_credentials().access_key)


# What cannot work


@pytest.mark.parametrize("keys", [{"profile": "nobody"}, {"role_arn": FIRST, "source_profile": "nobody"}])
def test_unknown_profile(keys: dict[str, str]) -> None:
    """A profile that this machine does not have is named, with the command that shows those it has."""
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
        f"the profile {asking} asks for an MFA code (mfa_serial), and nobody is there to type it"
    )


@pytest.mark.parametrize("variables", [{}, {"AWS_PROFILE": "asks"}])
def test_mfa_of_the_environments_profile(
    aws_config: AwsConfig, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """Where no profile is configured, the one that botocore would take is looked at as well."""
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
def test_mfa_serial_without_a_meaning(aws_config: AwsConfig, settings: str) -> None:
    """A profile that names a device and never asks for its code works unattended."""
    aws_config(f"[profile works]\n{settings}\n")

    Connection(organization(profile="works"), "eu-west-1")


@pytest.mark.usefixtures("environment")
def test_keys_of_the_environment_come_first(aws_config: AwsConfig) -> None:
    """Keys in the environment are used whatever the default profile would ask for."""
    aws_config(f"[default]\nrole_arn = {FIRST}\nsource_profile = default\nmfa_serial = x\n")

    Connection(organization(), "eu-west-1")


def test_profiles_in_a_ring(aws_config: AwsConfig, sts: Sts) -> None:
    """Profiles that name one another in a ring do not keep us looking for ever."""
    aws_config(
        f"[profile a]\nrole_arn = {FIRST}\nsource_profile = b\n"
        f"[profile b]\nrole_arn = {FIRST}\nsource_profile = a\n"
    )

    Connection(organization(profile="a"), "eu-west-1")

    assert sts.requests == []


@pytest.mark.parametrize("text", ["no section\n", "[profile a]\n[profile a]\nregion\n"])
def test_broken_configuration_file(aws_config: AwsConfig, tmp_path: Path, text: str) -> None:
    """An AWS configuration file that cannot be read is named, and is no defect of ours."""
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
def test_endpoint_that_is_none(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """An override that is no URL is the organization's failure, no defect of ours, and not repeated."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)

    error = refused()

    assert (error.code, error.message) == (
        "InvalidEndpoint",
        "the endpoint that is configured for sts is no URL",
    )


@pytest.mark.parametrize(
    "environ",
    [
        {"AWS_ENDPOINT_URL": "http://mar ker"},
        {"AWS_CSM_ENABLED": "true", "AWS_CSM_PORT": "marker"},
    ],
)
def test_settings_that_are_none(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    """A variable that botocore stumbles over is the organization's failure, and not one of credentials."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    error = refused()

    assert (error.code, error.message) == (
        "UnusableSettings",
        "botocore cannot make a client of sts: ValueError",
    )
    assert "AWS_ENDPOINT_URL" in error.hint


@pytest.mark.parametrize(
    "gives",
    [
        "echo marker",
        "echo '[\"marker\"]'",
        "/nonexistent/program",
        "printf '\\377marker'",
        "echo 'an open quote",
    ],
)
def test_a_program_that_gives_nonsense(aws_config: AwsConfig, gives: str) -> None:
    """A credential_process that fails by its form is told as such: neither a defect, nor a full disk."""
    aws_config(f"[profile a]\ncredential_process = {gives}\n")

    error = refused(profile="a")

    assert error.code == "UnusableCredentials"
    assert "credential_process" in error.hint
    assert "marker" not in error.message


# Credentials


@pytest.mark.usefixtures("environment")
def test_environment(sts: Sts) -> None:
    """Without a profile and a role the credentials are the environment's own."""
    assert access_key(Connection(organization(), "eu-west-1")) == "from-the-environment"
    assert sts.requests == []


@pytest.mark.usefixtures("environment")
def test_profile(aws_config: AwsConfig, sts: Sts) -> None:
    """A profile's credentials go before the environment's."""
    aws_config("[profile hub]\naws_access_key_id = from-a-profile\naws_secret_access_key = made-up\n")

    assert access_key(Connection(organization(profile="hub"), "eu-west-1")) == "from-a-profile"
    assert sts.requests == []


@pytest.mark.usefixtures("environment")
def test_role_from_the_environment(sts: Sts) -> None:
    """The environment's credentials assume the role, once, and only when a call needs them."""
    one = Connection(organization(role_arn=FIRST), "eu-west-1")
    before = list(sts.requests)

    keys = [access_key(one), access_key(one)]

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
    """The source profile's credentials assume the role, with all that the configuration says of it."""
    aws_config("[profile hub]\naws_access_key_id = from-a-profile\naws_secret_access_key = made-up\n")
    one = Connection(
        organization(
            role_arn=FIRST,
            source_profile="hub",
            external_id=SECRET,
            session_name="nightly",
            duration_seconds=7200,
        ),
        "us-gov-west-1",
    )

    assert access_key(one) == "assumed-1"
    assert sts.requests == [
        (
            "from-a-profile",
            "us-gov-west-1",
            {"RoleArn": FIRST, "RoleSessionName": "nightly", "DurationSeconds": 7200, "ExternalId": SECRET},
        )
    ]


@pytest.mark.usefixtures("environment")
def test_chain(sts: Sts) -> None:
    """Each role of a chain is assumed with the one before it; the external id is the last one's."""
    one = Connection(
        organization(role_arn=(FIRST, SECOND, THIRD), external_id=SECRET, duration_seconds=1800), "eu-west-1"
    )

    assert access_key(one) == "assumed-3"
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
    """Credentials that are about to end are renewed, so that a run can outlive them."""
    sts.lifetime = timedelta(minutes=5)
    one = Connection(organization(role_arn=FIRST), "eu-west-1")

    keys = [access_key(one), access_key(one)]

    assert keys == ["assumed-1", "assumed-2"]
    assert len(sts.requests) == 2


@pytest.mark.usefixtures("environment")
def test_renewal_before_time(sts: Sts) -> None:
    """Credentials that AWS takes for expired are made anew, each role of a chain."""
    one = Connection(organization(role_arn=(FIRST, SECOND)), "eu-west-1")
    access_key(one)

    renewed = one.renew()

    assert renewed
    assert access_key(one) == "assumed-4"
    assert [request["RoleArn"] for *_, request in sts.requests] == [FIRST, SECOND] * 2


@pytest.mark.usefixtures("environment")
def test_nothing_to_renew() -> None:
    """Credentials that are not a role's cannot be made anew."""
    assert not Connection(organization(), "eu-west-1").renew()


# Clients


def test_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one client for each service, in the Region that was asked for; it tries once."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")

    one = Connection(organization(), "eu-west-1")

    assert one.region == "eu-west-1"
    for service in SERVICES:
        meta = one.client(service).meta
        assert one.client(service) is one.client(service)
        region = "aws-global" if service == "organizations" else "eu-west-1"  # one endpoint for all Regions
        assert (meta.service_model.service_name, meta.region_name) == (service, region)
        assert meta.config.retries == {"total_max_attempts": 1, "mode": "standard"}
        assert (meta.config.connect_timeout, meta.config.read_timeout) == (5, 30)
        assert meta.config.user_agent.startswith("sso-batch/")
    one.close()


# Endpoints that are not AWS's


def test_no_overrides() -> None:
    """Where nothing is said, AWS answers."""
    assert Connection(organization(), "eu-west-1").endpoint_overrides == ()


def test_override_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """An override for all services is named for each, and the clients follow it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566/base")

    one = Connection(organization(), "eu-west-1")

    assert one.endpoint_overrides == tuple(f"{service}=http://127.0.0.1:4566" for service in SERVICES)
    assert {one.client(service).meta.endpoint_url for service in SERVICES} == {"http://127.0.0.1:4566/base"}


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"https://user:{SECRET}@proxy.example.com/base?token={SECRET}", "https://proxy.example.com"),
        (f"http://{SECRET}@localhost:1", "http://localhost:1"),
        (f"http://proxy.example.com/{SECRET}/aws", "http://proxy.example.com"),
        (f"http://proxy.example.com:8080?{SECRET}", "http://proxy.example.com:8080"),
        (f"http://[::1]:8080/#{SECRET}", "http://[::1]:8080"),
    ],
)
def test_override_with_credentials(monkeypatch: pytest.MonkeyPatch, url: str, told: str) -> None:
    """An override is reported by scheme, host and port: the user, the path and the rest can hold secrets."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_ADMIN", url)

    assert Connection(organization(), "eu-west-1").endpoint_overrides == (f"sso-admin={told}",)


def test_override_in_a_profile(aws_config: AwsConfig) -> None:
    """An override that a profile's services make is seen, for the organizations of that profile."""
    aws_config(
        "[profile hub]\nservices = local\n[services local]\nidentitystore =\n  endpoint_url = http://store\n"
    )

    assert Connection(organization(profile="hub"), "eu-west-1").endpoint_overrides == (
        "identitystore=http://store",
    )
    assert Connection(organization(), "eu-west-1").endpoint_overrides == ()


def test_ignored_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Overrides that botocore is told to ignore are none."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")

    assert Connection(organization(), "eu-west-1").endpoint_overrides == ()


# Answers that botocore would take for empty ones


class Body:
    """The body of an answer, as urllib3 hands it on."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        """Give the whole of it."""
        yield self._content


def inline_policy(body: bytes) -> dict[str, Any]:
    """Give what a client makes of an answer with this body; nothing is sent."""
    client = Connection(organization(), "eu-west-1").client("sso-admin")
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
def test_broken_json(body: bytes) -> None:
    """An answer that is no JSON object is refused, and never taken for an empty one."""
    with pytest.raises(ResponseParserError, match=r"the answer is (not|no) JSON"):
        inline_policy(body)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("body", "answer"),
    [(b"{}", {}), (b'{"InlinePolicy": null}', {}), (b'{"InlinePolicy": "{}"}', {"InlinePolicy": "{}"})],
)
def test_inline_policy(body: bytes, answer: dict[str, str]) -> None:
    """An answer without a policy is an answer."""
    assert inline_policy(body) == answer
