"""Tests of the emulator as a whole: start, counts, change of the world, and clean-up."""

import http.client
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from sso_batch.emulator import Emulator, Limits, World, demo_world, generate
from tests.emulator.client import assume, client


def exchange(emulator: Emulator, sent: bytes) -> bytes:
    """Return all bytes received on a new connection after sending `sent`."""
    address = urlsplit(emulator.url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


def test_the_environment_connects_a_client(world: World) -> None:
    """It contains the URL and the hub's keys, but no Region, which the configuration sets."""
    with Emulator(world) as emulator:
        environment = emulator.environment()

    assert environment == {
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_ACCESS_KEY_ID": world.access_keys[0].id,
        "AWS_SECRET_ACCESS_KEY": world.access_keys[0].secret,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    assert emulator.url.startswith("http://127.0.0.1:")


def test_nothing_is_left_behind(world: World) -> None:
    """The thread ends and the port is released, even with open connections."""
    before = threading.active_count()
    with Emulator(world) as emulator:
        address = urlsplit(emulator.url)
        idle = socket.create_connection((address.hostname, address.port))
        client(emulator, "sts").get_caller_identity()

    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname, address.port))
    idle.close()


def test_a_used_port_is_reported(world: World) -> None:
    """The error is raised where the emulator is started, not in its thread."""
    with Emulator(world) as emulator:
        port = urlsplit(emulator.url).port or 0
        with pytest.raises(OSError, match="address already in use"), Emulator(world, port=port):
            pass


def test_calls_are_counted_by_organization_and_operation() -> None:
    """Each organization has its own counts; calls of the hub belong to none."""
    two = generate(3, organizations=2)
    with Emulator(two) as emulator:
        keys = assume(emulator, two.roles[1].arn)
        client(emulator, "sso-admin", keys, region="us-east-1").list_instances()
        asking = http.client.HTTPConnection(urlsplit(emulator.url).netloc)
        asking.request("GET", "/calls")
        counts = json.loads(asking.getresponse().read())
        asking.request("GET", "/health")
        assert asking.getresponse().read() == b'{"status": "ok"}'
        asking.close()

        assert dict(emulator.calls) == {("", "AssumeRole"): 1, ("org-1", "ListInstances"): 1}
        assert counts == {
            "calls": {"": {"AssumeRole": 1}, "org-1": {"ListInstances": 1}},
            "throttled": {},
        }


def test_the_world_can_be_replaced(world: World) -> None:
    """A client sees the new world with the same credentials."""
    other = generate(7, users=3, accounts=25)
    with Emulator(world, limits=Limits.off()) as emulator:
        asking = client(emulator, "identitystore", assume(emulator))
        store = world.organizations[0].identity_store_id
        before = len(asking.list_users(IdentityStoreId=store)["Users"])
        emulator.world = other
        after = len(asking.list_users(IdentityStoreId=store)["Users"])

        assert (before, after) == (28, 3)
        assert emulator.world is other


def test_latencies_overlap(world: World) -> None:
    """Concurrent calls take less time than sequential calls, because latency is only waiting."""
    with Emulator(world, limits=Limits.off(), latency=0.25) as emulator:
        asking = client(emulator, "sts")
        started = time.monotonic()
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: asking.get_caller_identity(), range(8)))

        assert 0.25 <= time.monotonic() - started < 8 * 0.25


def test_requests_on_one_connection_are_answered_in_turn(world: World) -> None:
    """Two requests sent together get two complete answers."""
    with Emulator(world) as emulator:
        received = exchange(emulator, b"GET /health HTTP/1.1\r\n\r\n" * 2)

    assert received.count(b'{"status": "ok"}') == 2


@pytest.mark.parametrize(
    "sent",
    [
        b"POST / HTTP/1.1\r\nX-Amz-Target: Other.Call\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\n",
    ],
)
def test_an_unknown_service_is_an_error(sent: bytes, world: World) -> None:
    """A request to an unknown service gets an error response."""
    with Emulator(world) as emulator:
        assert b"UnknownOperationException" in exchange(emulator, sent)


def test_invalid_http_closes_the_connection(world: World) -> None:
    """The connection is closed, and the emulator continues."""
    with Emulator(world) as emulator:
        assert b"HTTP" not in exchange(emulator, b"hello\r\n\r\n")
        assert client(emulator, "sts").get_caller_identity()


def test_an_unsupported_operation_is_an_error(emulator: Emulator) -> None:
    """A call that the emulator does not support gets an error, not an empty answer."""
    asking = client(emulator, "sso-admin")
    with pytest.raises(asking.exceptions.ClientError, match="UnknownOperationException"):
        asking.list_trusted_token_issuers(InstanceArn="arn:aws:sso:::instance/ssoins-0123456789abcdef")


def test_a_body_that_is_not_json_is_refused(emulator: Emulator) -> None:
    """The error is a SerializationException, as in AWS."""
    asking = client(emulator, "sso-admin")

    def spoil(params: dict[str, bytes], **_: object) -> None:
        params["body"] = b"{"

    asking.meta.events.register("before-call", spoil)
    with pytest.raises(asking.exceptions.ClientError, match="SerializationException"):
        asking.list_instances()


def test_twenty_organizations_are_served_by_one_thread() -> None:
    """The number of threads does not depend on the number of clients."""
    world = generate(5, organizations=20)
    before = threading.active_count()
    with Emulator(world, limits=Limits.off()) as emulator:
        for role in world.roles:
            assume(emulator, role.arn)

        assert threading.active_count() == before + 1
        assert emulator.calls["", "AssumeRole"] == 20


def test_the_demo_is_served() -> None:
    """Each audit role accepts the hub with its external id, except the one that trusts another account."""
    world = demo_world(with_failure=True)
    with Emulator(world) as emulator:
        for role in world.roles[:-1]:
            assume(emulator, role.arn, external_id=role.external_id)
        with pytest.raises(client(emulator, "sts").exceptions.ClientError, match="AccessDenied"):
            assume(emulator, world.roles[-1].arn)
