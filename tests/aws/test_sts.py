"""Tests of STS in several Regions, tried in turn."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from botocore.session import Session

from sso_batch.aws.error_mapping import failure_from
from sso_batch.aws.operations import LIST_USERS
from sso_batch.aws.sts import Sts, StsSession

REGIONS = ("eu-south-2", "eu-west-3", "us-east-1")
URL = "https://sts.amazonaws.com"
WHOLE = {
    "Credentials": {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c", "Expiration": "later"}
}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "AssumeRole")


class Clients:
    """A client for each Region, which answers from a script, and records the Regions called."""

    def __init__(self, *answers: object) -> None:
        self.answers = dict(zip(REGIONS, answers, strict=False))
        self.asked: list[str] = []
        self.closed: list[str] = []

    def __call__(self, region: str) -> Any:  # noqa: ANN401 - a client
        """Return the client of a Region."""
        clients = self

        class Client:
            def assume_role(self, **request: object) -> object:
                assert request == {"RoleArn": "r"}
                clients.asked.append(region)
                answer = clients.answers.get(region, WHOLE)
                if isinstance(answer, Exception):
                    raise answer
                return answer

            assume_role_with_web_identity = assume_role

            def close(self) -> None:
                clients.closed.append(region)

        return Client()


@pytest.mark.parametrize("method", ["assume_role", "assume_role_with_web_identity"])
@pytest.mark.parametrize(
    "trouble",
    [
        refused("InvalidClientTokenId"),
        refused("RegionDisabledException"),
        refused("UnrecognizedClientException"),
        refused("InvalidIdentityToken"),
        EndpointConnectionError(endpoint_url=URL),
        ConnectTimeoutError(endpoint_url=URL),
    ],
    ids=str,
)
def test_next_region(trouble: Exception, method: str) -> None:
    """The Region that answers comes first from then on."""
    clients = Clients(trouble, trouble)
    sts = Sts(clients, REGIONS)

    answers = [getattr(sts, method)(RoleArn="r") for _ in range(2)]

    assert answers == [WHOLE, WHOLE]
    assert clients.asked == [*REGIONS, "us-east-1"]


@pytest.mark.parametrize(
    ("trouble", "transient"),
    [
        (refused("AccessDenied"), False),
        (refused("ExpiredTokenException"), False),
        (refused("Throttling"), True),
        (ReadTimeoutError(endpoint_url=URL), True),
        ({}, True),
        ({"Credentials": {"AccessKeyId": "a"}}, True),
    ],
    ids=str,
)
def test_no_other_region(trouble: Any, transient: bool) -> None:  # noqa: ANN401, FBT001 - an answer or an error
    """An error that another Region would repeat is raised at once, with the Region and the operation."""
    clients = Clients(trouble)

    with pytest.raises((ClientError, ReadTimeoutError, ResponseParserError)) as caught:
        Sts(clients, REGIONS).assume_role(RoleArn="r")

    failure = failure_from(LIST_USERS, caught.value)
    assert clients.asked == ["eu-south-2"]
    assert (failure.operation, failure.transient) == ("AssumeRole", transient)
    assert failure.message.endswith("(STS was asked in eu-south-2)")


def test_no_region_accepts_the_caller() -> None:
    """The last Region's error is raised, with all Regions tried."""
    clients = Clients(EndpointConnectionError(endpoint_url=URL), refused("AuthFailure"))

    with pytest.raises(ClientError) as caught:
        Sts(clients, REGIONS).assume_role(RoleArn="r")

    failure = failure_from(LIST_USERS, caught.value)
    assert (failure.code, failure.message) == ("AuthFailure", "no (STS was asked in eu-south-2, eu-west-3)")


def test_close() -> None:
    """Only clients of Regions that were called exist, and they are closed."""
    clients = Clients(refused("InvalidClientTokenId"))
    sts = Sts(clients, REGIONS)
    sts.assume_role(RoleArn="r")

    sts.close()

    assert clients.closed == ["eu-south-2", "eu-west-3"]


def test_handlers_of_sessions() -> None:
    """A session has all of botocore's handlers, and no handler of another session."""
    sessions = StsSession(None, "eu-west-1"), StsSession(None, "eu-west-1"), Session()
    own, other, botocores = (session.get_component("event_emitter") for session in sessions)

    def handle(**_settings: object) -> None:
        return

    sessions[0].register("probe", handle)

    assert own.emit("probe") == [(handle, None)]
    assert other.emit("probe") == []
    assert other._emitter._handlers._root == botocores._emitter._handlers._root
