"""The connections of several organizations at once: nobody waits for another's credentials."""

import asyncio
import errno
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sso_batch.aws import connection, connection_pool, gateway
from sso_batch.aws.connection import Sources
from sso_batch.aws.connection_pool import Sessions
from sso_batch.aws.credential_providers import LateCredentialsError
from sso_batch.aws.time_limit import TimeLimit
from sso_batch.config import Organization
from sso_batch.errors import OrganizationError

HINT = (
    "check what supplies this organization's credentials, first of all the profile's credential_process: it "
    "must answer without asking anybody for input"
)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Connections that are their organizations' names; those named `slow` come only once this is set."""
    given = threading.Event()

    def connect(organization: Organization, *_: object) -> str:
        if organization.name.startswith("slow"):
            given.wait(10)
        return organization.name

    monkeypatch.setattr(connection_pool, "Connection", connect)
    yield given
    given.set()


async def connect(pool: Sessions, name: str, *, within: float | None = None) -> Any:  # noqa: ANN401 - a name
    organization = Organization.model_validate({"name": name, "region": "eu-west-1"})
    now = asyncio.get_running_loop().time()
    deadline = None if within is None else TimeLimit(now + within, "run.deadline (1s)", "increase it")
    return await pool.connect(organization, "eu-west-1", (), deadline=deadline)


@pytest.mark.usefixtures("given")
def test_nobody_waits_for_anothers_credentials() -> None:
    """However many are kept waiting, whoever comes after them is connected at once."""

    async def run() -> list[Any]:
        pool = Sessions(4)
        slow = [asyncio.create_task(connect(pool, f"slow-{number}")) for number in range(3)]
        await asyncio.sleep(0)
        connected = [await connect(pool, name) for name in ("quick", "another")]
        for task in slow:
            task.cancel()
        return connected

    assert asyncio.run(asyncio.wait_for(run(), 5)) == ["quick", "another"]


@pytest.mark.usefixtures("given")
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
    """An organization without credentials in time fails, and the error names the limit that was reached."""
    monkeypatch.setattr(connection_pool, "PATIENCE", 0.05)

    with pytest.raises(OrganizationError) as caught:
        asyncio.run(connect(Sessions(1), "slow", within=within))

    error = caught.value
    assert (error.code, error.message, error.hint) == (
        code,
        f"no credentials before the end of {limit}",
        hint,
    )


def test_a_time_out_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A TimeoutError that is not about the wait is what it is."""
    ours = TimeoutError("of its own")

    def fail(*_: object) -> None:
        raise ours

    monkeypatch.setattr(connection_pool, "Connection", fail)

    with pytest.raises(TimeoutError) as caught:
        asyncio.run(connect(Sessions(1), "quick"))

    assert caught.value is ours


def full() -> OrganizationError:
    """The error of a connection whose files could not be opened, as Connection raises it."""
    error = OrganizationError("cannot be used", code="UnusableCredentials")
    error.__context__ = OSError(errno.EMFILE, "Too many open files")
    return error


def test_no_descriptor_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that cannot be made for want of descriptors is made once there are some."""
    monkeypatch.setattr(gateway, "FIRST_PAUSE", 0)
    results: list[Exception | str] = [full(), full(), "connected"]

    def connect_(*_: object) -> str:
        result = results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(connection_pool, "Connection", connect_)

    assert asyncio.run(connect(Sessions(1), "quick")) == "connected"


def test_never_a_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are never any descriptors the error names the limit of open files."""
    monkeypatch.setattr(gateway, "FIRST_PAUSE", 0.01)
    error = full()

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(connection_pool, "Connection", fail)

    with pytest.raises(OrganizationError) as caught:
        asyncio.run(connect(Sessions(1), "quick", within=0.05))

    assert caught.value.code == "TooManyOpenFiles"
    assert "open files" in caught.value.hint


def test_another_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other error of a connection is raised at once."""
    ours = OrganizationError("no", code="ProfileNotFound")

    def fail(*_: object) -> None:
        raise ours

    monkeypatch.setattr(connection_pool, "Connection", fail)

    with pytest.raises(OrganizationError) as caught:
        asyncio.run(connect(Sessions(1), "quick"))

    assert caught.value is ours


def test_sources_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that want the same source share one client; another source is not waited for."""
    made: list[str | None] = []
    meet = threading.Barrier(2, timeout=10)

    def client(session: str | None, *_: object) -> object:
        made.append(session)
        meet.wait()  # both sources are being made at once
        return object()

    monkeypatch.setattr(connection, "_base_session", lambda profile, _region: profile)
    monkeypatch.setattr(connection, "_sts", client)
    sources = Sources()

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(sources.client, ["hub", None] * 4, ["eu-west-1"] * 8))

    assert sorted(map(str, made)) == ["None", "hub"]
    assert len({id(one) for one in found}) == 2


# Credentials that are late


class Late:
    """A connection that fails as late so often, and is then made."""

    def __init__(self, times: float) -> None:
        self.times = times
        self.asked = 0

    def __call__(self, *_: object) -> str:
        """Fail, or connect."""
        self.asked += 1
        if self.asked <= self.times:
            raise LateCredentialsError("the agent starts", code="CredentialsUnavailable", hint="look")
        return "connected"


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "FIRST_PAUSE", 0.001)


@pytest.mark.usefixtures("instant")
@pytest.mark.parametrize("times", [0, 1, 9])
def test_late_credentials(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Credentials that are late are asked for again."""
    late = Late(times)
    monkeypatch.setattr(connection_pool, "Connection", late)

    assert asyncio.run(connect(Sessions(1), "acme")) == "connected"
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
    """The time that is over names itself and the last error."""
    monkeypatch.setattr(connection_pool, "PATIENCE", 0.05)
    monkeypatch.setattr(connection_pool, "Connection", Late(float("inf")))

    with pytest.raises(OrganizationError) as caught:
        asyncio.run(connect(Sessions(1), "acme", within=within))

    error = caught.value
    message = f"no credentials before the end of {limit}; the last error: the agent starts"
    assert (error.code, error.message, error.hint) == (code, message, hint)
