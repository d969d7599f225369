"""Tests of connecting several organizations at once."""

import asyncio
import errno
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sso_batch.aws import backoff, connection, connection_pool
from sso_batch.aws.backoff import TimeLimit
from sso_batch.aws.connection import SourceClients
from sso_batch.aws.connection_pool import ConnectionPool
from sso_batch.aws.credential_providers import LateCredentialsError
from sso_batch.aws.credential_source import CredentialSource
from sso_batch.errors import OrganizationError

HINT = (
    "check what supplies this organization's credentials, first of all the profile's credential_process: it "
    "must answer without asking anybody for input"
)


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Replace connections by the names of their profiles; `slow` ones block until the event is set."""
    released = threading.Event()

    def connect(source: CredentialSource, *_: object) -> str:
        name = source.profile or ""
        if name.startswith("slow"):
            released.wait(10)
        return name

    monkeypatch.setattr(connection_pool, "Connection", connect)
    yield released
    released.set()


async def connect(pool: ConnectionPool, name: str, *, within: float | None = None) -> Any:  # noqa: ANN401 - a name
    now = asyncio.get_running_loop().time()
    deadline = None if within is None else TimeLimit(now + within, "run.deadline (1s)", "increase it")
    return await pool.connect(CredentialSource(profile=name), "eu-west-1", (), deadline=deadline)


@pytest.mark.usefixtures("released")
def test_slow_credentials_delay_nobody_else() -> None:
    """Connections that wait for credentials do not delay later ones."""

    async def run() -> list[Any]:
        pool = ConnectionPool(4)
        slow = [asyncio.create_task(connect(pool, f"slow-{number}")) for number in range(3)]
        await asyncio.sleep(0)
        connected = [await connect(pool, name) for name in ("quick", "another")]
        for task in slow:
            task.cancel()
        return connected

    assert asyncio.run(asyncio.wait_for(run(), 5)) == ["quick", "another"]


@pytest.mark.usefixtures("released")
@pytest.mark.parametrize(
    ("within", "code", "limit", "hint"),
    [
        (None, "CredentialsTimeout", "the 0 s in which credentials must be available", HINT),
        (60, "CredentialsTimeout", "the 0 s in which credentials must be available", HINT),
        (0.01, "DeadlineExceeded", "run.deadline (1s)", f"{HINT}; or increase it"),
    ],
)
def test_credentials_that_never_come(
    monkeypatch: pytest.MonkeyPatch, within: float | None, code: str, limit: str, hint: str
) -> None:
    """An organization without credentials in time fails, and the error names the limit."""
    monkeypatch.setattr(connection_pool, "PATIENCE", 0.05)

    with pytest.raises(OrganizationError) as caught:
        asyncio.run(connect(ConnectionPool(1), "slow", within=within))

    error = caught.value
    assert (error.code, error.message, error.hint) == (
        code,
        f"no credentials before the end of {limit}",
        hint,
    )


def test_unrelated_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A TimeoutError of another origin is raised unchanged."""
    ours = TimeoutError("unrelated")

    def fail(*_: object) -> None:
        raise ours

    monkeypatch.setattr(connection_pool, "Connection", fail)

    with pytest.raises(TimeoutError) as caught:
        asyncio.run(connect(ConnectionPool(1), "quick"))

    assert caught.value is ours


def full() -> OrganizationError:
    """Return the error that Connection raises if no file can be opened."""
    error = OrganizationError("cannot be used", code="UnusableCredentials")
    error.__context__ = OSError(errno.EMFILE, "Too many open files")
    return error


def test_out_of_file_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without file descriptors is retried until there are some."""
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0)
    results: list[Exception | str] = [full(), full(), "connected"]

    def connect_(*_: object) -> str:
        result = results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(connection_pool, "Connection", connect_)

    assert asyncio.run(connect(ConnectionPool(1), "quick")) == "connected"


def test_permanently_out_of_file_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    """If file descriptors never become available, the error names the limit of open files."""
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.01)
    error = full()

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(connection_pool, "Connection", fail)

    with pytest.raises(OrganizationError) as caught:
        asyncio.run(connect(ConnectionPool(1), "quick", within=0.05))

    assert caught.value.code == "TooManyOpenFiles"
    assert "open files" in caught.value.hint


def test_other_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other error of a connection is raised at once."""
    ours = OrganizationError("no", code="ProfileNotFound")

    def fail(*_: object) -> None:
        raise ours

    monkeypatch.setattr(connection_pool, "Connection", fail)

    with pytest.raises(OrganizationError) as caught:
        asyncio.run(connect(ConnectionPool(1), "quick"))

    assert caught.value is ours


def test_source_clients_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads share one client for each source, and do not wait for other sources."""
    made: list[str | None] = []
    meet = threading.Barrier(2, timeout=10)

    def client(session: str | None, *_: object) -> object:
        made.append(session)
        meet.wait()  # both clients are made at the same time
        return object()

    monkeypatch.setattr(connection, "_base_session", lambda profile, _region: profile)
    monkeypatch.setattr(connection, "_sts", client)
    sources = SourceClients()

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(sources.client, ["hub", None] * 4, ["eu-west-1"] * 8))

    assert sorted(map(str, made)) == ["None", "hub"]
    assert len({id(client_) for client_ in found}) == 2


# Late credentials


class Late:
    """A connection whose credentials are late so many times."""

    def __init__(self, times: float) -> None:
        self.times = times
        self.asked = 0

    def __call__(self, *_: object) -> str:
        """Fail or connect."""
        self.asked += 1
        if self.asked <= self.times:
            raise LateCredentialsError("the agent starts", code="CredentialsUnavailable", hint="look")
        return "connected"


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.001)


@pytest.mark.usefixtures("instant")
@pytest.mark.parametrize("times", [0, 1, 9])
def test_late_credentials(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Late credentials are requested again."""
    late = Late(times)
    monkeypatch.setattr(connection_pool, "Connection", late)

    assert asyncio.run(connect(ConnectionPool(1), "acme")) == "connected"
    assert late.asked == times + 1


@pytest.mark.usefixtures("instant")
@pytest.mark.parametrize(
    ("within", "code", "limit", "hint"),
    [
        (None, "CredentialsUnavailable", "the 0 s in which credentials must be available", "look"),
        (0.01, "DeadlineExceeded", "run.deadline (1s)", "look; or increase it"),
    ],
)
def test_credentials_that_stay_late(
    monkeypatch: pytest.MonkeyPatch, within: float | None, code: str, limit: str, hint: str
) -> None:
    """An exceeded time limit is reported with its name and the last error."""
    monkeypatch.setattr(connection_pool, "PATIENCE", 0.05)
    monkeypatch.setattr(connection_pool, "Connection", Late(float("inf")))

    with pytest.raises(OrganizationError) as caught:
        asyncio.run(connect(ConnectionPool(1), "acme", within=within))

    error = caught.value
    message = f"no credentials before the end of {limit}; the last error: the agent starts"
    assert (error.code, error.message, error.hint) == (code, message, hint)
