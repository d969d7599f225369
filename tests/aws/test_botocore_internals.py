"""Tests that fail if a new version of botocore changes the private parts that sso-batch relies on."""

import importlib
import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore import credentials
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import CredentialRetrievalError, HTTPClientError
from botocore.model import ShapeResolver
from botocore.parsers import create_parser
from botocore.regions import EndpointRulesetResolver
from urllib3 import HTTPResponse

from sso_batch.aws import botocore_internals
from sso_batch.aws.botocore_internals import (
    CONTAINER_PROVIDER,
    INSTANCE_PROVIDER,
    SSO_PROVIDER,
    UNKNOWN_UNION_MEMBER,
    RenewableCredentials,
    accept_parsed_bodies,
    is_credential_process_error,
    is_late_agent,
    is_still_expired,
    resolve_endpoints_once,
    unsent_request_error,
)
from sso_batch.aws.connection import ACCOUNT_ACCESS, CLOUDTRAIL, IAM, SERVICES


def metadata(expiry: datetime) -> dict[str, str]:
    return {
        "access_key": "made-up",
        "secret_key": "made-up",
        "token": "made-up",
        "expiry_time": expiry.isoformat(),
    }


def test_expired_credentials_are_renewed() -> None:
    """Credentials are renewed at the next use after `expire`, however long they are still valid."""
    renewals: list[int] = []

    def renew() -> dict[str, str]:
        renewals.append(1)
        return metadata(datetime.now(UTC) + timedelta(hours=1))

    renewable = RenewableCredentials(renew, "test")
    renewable.get_frozen_credentials()
    renewable.get_frozen_credentials()
    assert len(renewals) == 1

    renewable.expire()
    renewable.get_frozen_credentials()
    assert len(renewals) == 2


def test_still_expired() -> None:
    """Botocore raises a RuntimeError with the expected words for credentials that come expired."""
    expired = RenewableCredentials(lambda: metadata(datetime.now(UTC) - timedelta(hours=1)), "test")

    with pytest.raises(RuntimeError) as caught:
        expired.get_frozen_credentials()

    assert is_still_expired(caught.value)
    assert not is_still_expired(RuntimeError("another"))


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        (credentials.ContainerProvider, CONTAINER_PROVIDER),
        (credentials.InstanceMetadataProvider, INSTANCE_PROVIDER),
        (credentials.SSOProvider, SSO_PROVIDER),
    ],
)
def test_agents(provider: Any, name: str) -> None:  # noqa: ANN401 - botocore's classes
    """Botocore's providers have the names by which a late agent is recognized."""
    assert name == provider.METHOD
    assert is_late_agent(CredentialRetrievalError(provider=provider.METHOD, error_msg="no"))
    assert is_late_agent(
        CredentialRetrievalError(
            provider=credentials.InstanceMetadataProvider.CANONICAL_NAME,
            error_msg="no",
        )
    )
    assert not is_late_agent(CredentialRetrievalError(provider="another", error_msg="no"))


def test_credential_process() -> None:
    """Botocore's provider of credential_process has the name by which its errors are recognized."""
    method = credentials.ProcessProvider.METHOD

    assert is_credential_process_error(CredentialRetrievalError(provider=method, error_msg="no"))
    assert not is_credential_process_error(CredentialRetrievalError(provider="another", error_msg="no"))


def test_unsent_request() -> None:
    """Botocore keeps what the HTTP client raised, and only in the class that repeats it."""
    reason = ValueError("made-up")

    assert unsent_request_error(HTTPClientError(error=reason)) is reason
    assert unsent_request_error(reason) is None


def test_modules_of_credentials() -> None:
    """The modules in which botocore reads credentials exist, and so does the function that signs a body."""
    for module in botocore_internals._CREDENTIAL_MODULES:
        importlib.import_module(module)
    assert callable(getattr(SigV4Auth, botocore_internals._SIGNING_A_BODY))


SHAPES: Any = {
    "Text": {"type": "string"},
    "Union": {"type": "structure", "union": True, "members": {"Known": {"shape": "Text"}}},
    "Answer": {"type": "structure", "members": {"Value": {"shape": "Union"}, "Name": {"shape": "Text"}}},
}
ANSWER = ShapeResolver(SHAPES).get_shape_by_name("Answer")


@pytest.mark.parametrize("protocol", ["json", "rest-json"])
def test_parsed_bodies(protocol: str) -> None:
    """Botocore's JSON parsers take a parsed body, and bytes as before."""
    parser = create_parser(protocol)
    accept_parsed_bodies(parser)

    for body in ({"Name": "Ann"}, json.dumps({"Name": "Ann"}).encode()):
        response: Any = {"status_code": 200, "headers": {}, "body": body}
        assert parser.parse(response, ANSWER)["Name"] == "Ann"


@pytest.mark.parametrize("protocol", ["json", "rest-json"])
def test_unknown_member_of_a_union(protocol: str) -> None:
    """Botocore reports a member of a union that AWS added later under the expected key."""
    body = json.dumps({"Value": {"Added": {}}}).encode()
    response: Any = {"status_code": 200, "headers": {}, "body": body}

    assert create_parser(protocol).parse(response, ANSWER)["Value"] == {
        UNKNOWN_UNION_MEMBER: {"name": "Added"}
    }


make_client: Any = boto3.client  # its stubs accept literal names only


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the operations whose endpoints botocore has resolved, in order."""
    names: list[str] = []
    resolve = EndpointRulesetResolver.construct_endpoint

    def construct_endpoint(resolver: Any, operation_model: Any, *others: Any) -> Any:  # noqa: ANN401 - botocore's
        names.append(operation_model.name)
        return resolve(resolver, operation_model, *others)

    monkeypatch.setattr(EndpointRulesetResolver, "construct_endpoint", construct_endpoint)
    return names


def client_without_network(service: str) -> tuple[Any, list[str]]:
    """Return a client of a service, and the URLs that it is about to send requests to."""
    urls: list[str] = []
    client = make_client(
        service, region_name="eu-west-1", aws_access_key_id="made-up", aws_secret_access_key="made-up"
    )
    resolve_endpoints_once(client)

    def answer(request: Any, **_: object) -> AWSResponse:  # noqa: ANN401 - botocore's
        urls.append(request.url)
        return AWSResponse(
            request.url, 200, HTTPHeaders(), HTTPResponse(BytesIO(b"{}"), preload_content=False)
        )

    client.meta.events.register("before-send", answer)
    return client, urls


@pytest.mark.parametrize("service", [*SERVICES, ACCOUNT_ACCESS, IAM, CLOUDTRAIL])
def test_endpoints_depend_on_the_client(service: str) -> None:
    """No operation of our services has an endpoint of its own: botocore resolves each once."""
    client = make_client(service, region_name="eu-west-1")
    model = client.meta.service_model
    operations = [model.operation_model(name) for name in model.operation_names]

    assert not any(each.context_parameters or each.operation_context_parameters for each in operations)


def test_endpoint_is_resolved_once(resolved: list[str]) -> None:
    """The endpoint of an operation is resolved at its first call, and used at each one."""
    client, urls = client_without_network("sso-admin")

    for _ in range(2):
        client.list_instances()
    client.list_permission_sets(InstanceArn="arn:aws:sso:::instance/ssoins-1234567890abcdef")

    assert resolved == ["ListInstances", "ListPermissionSets"]
    assert urls == ["https://sso.eu-west-1.amazonaws.com/"] * 3


def test_endpoint_of_a_parameter(resolved: list[str]) -> None:
    """An endpoint that depends on the parameters of a call is resolved at each call."""
    client, _ = client_without_network("dynamodb")

    for table in ("first", "second"):
        client.describe_table(TableName=table)

    assert resolved == ["DescribeTable", "DescribeTable"]
