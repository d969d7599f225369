"""The emulator as a test uses it: it starts, counts, changes its world, and leaves nothing behind."""

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
    """Return everything that comes back on a connection of its own."""
    address = urlsplit(emulator.url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


def test_the_environment_leads_a_client_here(world: World) -> None:
    """An address, the hub's keys, and no Region: that is the configuration's to say."""
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
    """The thread is gone and the port is free, open connections or not."""
    before = threading.active_count()
    with Emulator(world) as emulator:
        address = urlsplit(emulator.url)
        idle = socket.create_connection((address.hostname, address.port))
        client(emulator, "sts").get_caller_identity()

    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname, address.port))
    idle.close()


def test_a_port_that_is_taken_is_told(world: World) -> None:
    """The error comes out where the emulator is started, not in its thread."""
    with Emulator(world) as emulator:
        port = urlsplit(emulator.url).port or 0
        with pytest.raises(OSError, match="address already in use"), Emulator(world, port=port):
            pass


def test_calls_are_counted_by_organization_and_operation() -> None:
    """Each organization has its own counts, and the hub is in none."""
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


def test_another_world_can_take_its_place(world: World) -> None:
    """What was changed between two audits is seen by the second, with the same credentials."""
    other = generate(7, users=3, accounts=25)
    with Emulator(world, limits=Limits.off()) as emulator:
        asking = client(emulator, "identitystore", assume(emulator))
        store = world.organizations[0].identity_store_id
        before = len(asking.list_users(IdentityStoreId=store)["Users"])
        emulator.world = other
        after = len(asking.list_users(IdentityStoreId=store)["Users"])

        assert (before, after) == (28, 3)
        assert emulator.world is other


def test_calls_wait_side_by_side(world: World) -> None:
    """Latency is time and no work: many calls at once take less than one after the other would."""
    with Emulator(world, limits=Limits.off(), latency=0.25) as emulator:
        asking = client(emulator, "sts")
        started = time.monotonic()
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: asking.get_caller_identity(), range(8)))

        assert 0.25 <= time.monotonic() - started < 8 * 0.25


def test_requests_on_one_connection_are_answered_in_turn(world: World) -> None:
    """Two requests sent at once give two whole answers."""
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
def test_a_service_that_is_not_there_is_told(sent: bytes, world: World) -> None:
    """A wrong address is answered and not passed over in silence."""
    with Emulator(world) as emulator:
        assert b"UnknownOperationException" in exchange(emulator, sent)


def test_what_is_not_http_is_cut_off(world: World) -> None:
    """The connection ends, the emulator lives on."""
    with Emulator(world) as emulator:
        assert b"HTTP" not in exchange(emulator, b"hello\r\n\r\n")
        assert client(emulator, "sts").get_caller_identity()


def test_an_operation_that_is_not_served_is_told(emulator: Emulator) -> None:
    """A call that the emulator cannot answer is an error and no empty answer."""
    asking = client(emulator, "sso-admin")
    with pytest.raises(asking.exceptions.ClientError, match="UnknownOperationException"):
        asking.list_applications(InstanceArn="arn:aws:sso:::instance/ssoins-0123456789abcdef")


def test_a_body_that_is_no_json_is_refused(emulator: Emulator) -> None:
    """AWS calls it a SerializationException."""
    asking = client(emulator, "sso-admin")

    def spoil(params: dict[str, bytes], **_: object) -> None:
        params["body"] = b"{"

    asking.meta.events.register("before-call", spoil)
    with pytest.raises(asking.exceptions.ClientError, match="SerializationException"):
        asking.list_instances()


def test_twenty_organizations_are_served_by_one_thread() -> None:
    """The number of clients does not change the number of threads."""
    world = generate(5, organizations=20)
    before = threading.active_count()
    with Emulator(world, limits=Limits.off()) as emulator:
        for role in world.roles:
            assume(emulator, role.arn)

        assert threading.active_count() == before + 1
        assert emulator.calls["", "AssumeRole"] == 20


def test_the_demo_is_served() -> None:
    """Each company lets the hub in with its own external id, and refuses what it is made to refuse."""
    world = demo_world(with_failure=True)
    with Emulator(world) as emulator:
        for role in world.roles[:-1]:
            assume(emulator, role.arn, external_id=role.external_id)
        with pytest.raises(client(emulator, "sts").exceptions.ClientError, match="AccessDenied"):
            assume(emulator, world.roles[-1].arn)
