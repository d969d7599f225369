"""Tests of the gateway: calls are rate-limited, retried, counted and parsed."""

import asyncio
import errno
import os
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    SSLError,
)

from sso_batch.aws.backoff import TimeLimit
from sso_batch.aws.error_codes import LIST_LEFT_OUT
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.gateway import GIVE_UP, CallCounts, Gateway
from sso_batch.aws.operations import (
    LIST_ACCOUNT_ASSIGNMENTS,
    LIST_PERMISSION_SET_TAGS,
    LIST_PERMISSION_SETS,
    LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT,
    LIST_USERS,
    SSO_ADMIN,
    TABLE,
    Operation,
)
from tests.aws.conftest import Clients, Instantly, MakeGateway, Script

SECRET = "marker-of-a-secret-5f3e"


def refused(code: str, message: str = "no", status: int = 400) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "ListUsers")


THROTTLED = refused("ThrottlingException")
UNREACHABLE = EndpointConnectionError(endpoint_url="https://x")


def limit(end: float, *, attempts: int | None = None) -> TimeLimit:
    return TimeLimit(end, "run.deadline (7s)", "increase run.deadline", attempts)


async def ask(gateway: Gateway, operation: Operation = LIST_USERS) -> str:
    return await gateway.call(operation, lambda answer: str(answer["Name"]), Filter="f")


async def listed(gateway: Gateway, operation: Operation = LIST_USERS) -> list[list[str]]:
    return [page async for page in gateway.pages(operation, lambda item: str(item["Id"]), Store="d")]


def details(caught: pytest.ExceptionInfo[AwsFailure]) -> tuple[str, str, str]:
    return caught.value.operation, caught.value.code, caught.value.message


# No answer


def test_refused(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """A refusal is final: it is counted and not retried."""
    counts = CallCounts()
    clients.scripts["list_users"] = [refused("AccessDeniedException")]

    with pytest.raises(AwsFailure) as caught:
        instantly(ask(gateway(counts=counts)))

    assert details(caught) == ("ListUsers", "AccessDeniedException", "no")
    assert counts == CallCounts(Counter(ListUsers=1), throttled=0, retried=0)
    assert instantly.now() == 0


@pytest.mark.parametrize("trouble", [THROTTLED, UNREACHABLE, refused("InternalFailure", status=500), {}])
def test_gives_up(instantly: Instantly, clients: Clients, gateway: MakeGateway, trouble: Exception) -> None:
    """A call is given up after five minutes, and no attempt starts later."""
    counts = CallCounts()
    clients.scripts["list_users"] = [trouble]

    with pytest.raises(AwsFailure) as caught:
        instantly(ask(gateway(counts=counts)))

    attempts = len(clients.times)
    pauses = [later - earlier for earlier, later in zip(clients.times, clients.times[1:], strict=False)]
    assert caught.value.transient
    assert GIVE_UP - 21 < clients.times[-1] <= GIVE_UP
    assert pauses[:6] == pytest.approx([0.5, 1, 2, 4, 8, 16], abs=0.2)
    assert pauses[6:] == pytest.approx([20] * (attempts - 7), abs=0.2)
    assert (counts.by_operation.total(), counts.retried) == (attempts, attempts - 1)
    assert counts.throttled == (attempts if trouble is THROTTLED else 0)


@pytest.mark.parametrize("bug", [ZeroDivisionError("x"), TimeoutError("x"), ValueError("x")])
def test_bug_in_a_call(instantly: Instantly, clients: Clients, gateway: MakeGateway, bug: Exception) -> None:
    """A bug is raised unchanged and at once."""
    clients.scripts["list_users"] = [bug]

    with pytest.raises(type(bug)) as caught:
        instantly(ask(gateway(deadline=limit(1000.0))))

    assert caught.value is bug
    assert len(clients.asked) == 1


def test_bug_in_parsing(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """A parser that fails for another reason than a missing key is a bug, too."""
    clients.scripts["list_users"] = [{"Name": "x"}]

    def parse(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        instantly(gateway().call(LIST_USERS, parse))

    assert len(clients.asked) == 1


@pytest.mark.parametrize("secrets", [(SECRET,), ("other", SECRET)])
def test_secrets(
    instantly: Instantly, clients: Clients, gateway: MakeGateway, secrets: tuple[str, ...]
) -> None:
    """A secret in AWS's message is masked, in the failure and in the exceptions behind it."""
    clients.scripts["list_users"] = [refused("ValidationException", f"bad id {SECRET}, yes {SECRET}")]

    with pytest.raises(AwsFailure) as caught:
        instantly(ask(gateway(secrets=secrets)))

    assert caught.value.message == "bad id ***, yes ***"
    assert SECRET not in repr(caught.value) + str(caught.value)
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)


# The deadline


def test_deadline_during_a_call(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """A call that hangs fails at the deadline, with a message that says so."""
    clients.scripts["list_users"] = [None]

    with pytest.raises(AwsFailure) as caught:
        instantly(ask(gateway(deadline=limit(7.0))))

    assert details(caught) == (
        "ListUsers",
        "DeadlineExceeded",
        "no answer before the end of run.deadline (7s)",
    )
    assert instantly.now() == pytest.approx(7)


def test_deadline_during_a_pause(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """The pause before another attempt ends at the deadline; the failure names the last error."""
    clients.scripts["list_users"] = [UNREACHABLE]

    with pytest.raises(AwsFailure, match="DeadlineExceeded") as caught:
        instantly(ask(gateway(deadline=limit(2.0))))

    assert caught.value.message == (
        "no answer before the end of run.deadline (7s); the last attempt failed with ListUsers: "
        'EndpointConnectionError: Could not connect to the endpoint URL: "https://x"'
    )
    assert "no endpoint answers there; or increase run.deadline" in caught.value.hint
    assert instantly.now() == pytest.approx(2)
    assert clients.times == pytest.approx([0, 0.5, 1.5])


def test_deadline_in_the_queue(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """Calls that are still queued at the deadline fail; earlier ones get their answers."""
    clients.scripts["list_users"] = [{"Name": "x"}]

    async def scene() -> list[str | BaseException]:
        slow = gateway(deadline=limit(2.5), rates={LIST_USERS.limit.name: 1})
        return await asyncio.gather(*(ask(slow) for _ in range(5)), return_exceptions=True)

    answers = instantly(scene())

    assert answers[:3] == ["x"] * 3
    assert [answer.code for answer in answers[3:] if isinstance(answer, AwsFailure)] == [
        "DeadlineExceeded"
    ] * 2
    assert instantly.now() == pytest.approx(2.5)


def test_deadline_in_the_past(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """After the deadline every call fails at once, without a request."""
    clients.scripts["list_users"] = [{"Name": "x"}]

    with pytest.raises(AwsFailure, match="DeadlineExceeded"):
        instantly(ask(gateway(deadline=limit(-1.0))))

    assert instantly.now() == 0
    assert clients.times == []


NO_ENDPOINT = (
    UNREACHABLE,
    ConnectTimeoutError(endpoint_url="https://x"),
    ProxyConnectionError(proxy_url="http://x"),
    SSLError(endpoint_url="https://x", error=OSError("bad certificate")),
)


@pytest.mark.parametrize("trouble", NO_ENDPOINT, ids=lambda trouble: type(trouble).__name__)
def test_attempts_are_limited_if_nothing_answers(
    instantly: Instantly, clients: Clients, gateway: MakeGateway, trouble: Exception
) -> None:
    """A limit of attempts ends the search for an endpoint within seconds, with the error itself."""
    clients.scripts["list_users"] = [trouble]

    with pytest.raises(AwsFailure) as caught:
        instantly(ask(gateway(deadline=limit(60.0, attempts=3))))

    assert caught.value.code == type(trouble).__name__
    assert caught.value.message.endswith("(3 attempts in 2 s)")
    assert clients.times == pytest.approx([0, 0.5, 1.5])


@pytest.mark.parametrize("trouble", [THROTTLED, refused("InternalFailure", status=500), {}])
def test_attempts_are_not_limited_if_something_answers(
    instantly: Instantly, clients: Clients, gateway: MakeGateway, trouble: Exception
) -> None:
    """An endpoint that answers with a throttle or an error is called until the time limit."""
    clients.scripts["list_users"] = [*[trouble] * 5, {"Name": "x"}]

    assert instantly(ask(gateway(deadline=limit(60.0, attempts=3)))) == "x"


def test_expired_again(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """Credentials are renewed only once for each call."""
    renewals: list[bool] = []

    def renew() -> bool:
        renewals.append(True)
        return True

    clients.scripts["list_users"] = [refused("ExpiredTokenException")]

    with pytest.raises(AwsFailure, match="ExpiredToken"):
        instantly(ask(gateway(renew=renew)))

    assert renewals == [True]
    assert len(clients.times) == 2


def test_expired_without_renewal(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """Credentials that cannot be renewed fail at once."""
    clients.scripts["list_users"] = [refused("ExpiredTokenException")]

    with pytest.raises(AwsFailure, match="ExpiredToken"):
        instantly(ask(gateway()))

    assert len(clients.times) == 1


# Retries


def test_expired_early(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """Credentials that expire early are renewed, and the call succeeds."""
    clients.scripts["list_users"] = [refused("ExpiredTokenException"), {"Name": "x"}]

    assert instantly(ask(gateway(renew=lambda: True))) == "x"


@pytest.mark.parametrize("trouble", [THROTTLED, UNREACHABLE, refused("X", status=503), {}, {"Name": None}])
def test_temporary_trouble(
    instantly: Instantly, clients: Clients, gateway: MakeGateway, trouble: Exception
) -> None:
    """A temporary error costs time but no answer."""
    counts = CallCounts()
    clients.scripts["list_users"] = [trouble, trouble, {"Name": ["x"]}]

    answer = instantly(gateway(counts=counts).call(LIST_USERS, lambda answer: answer["Name"][0]))

    assert answer == "x"
    assert counts == CallCounts(Counter(ListUsers=3), throttled=2 if trouble is THROTTLED else 0, retried=2)
    assert clients.asked == [("identitystore.list_users", {})] * 3


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_out_of_file_descriptors(
    instantly: Instantly, clients: Clients, gateway: MakeGateway, number: int
) -> None:
    """A call without a free file descriptor closes idle connections and is retried."""
    released: list[bool] = []
    full = OSError(number, os.strerror(number))
    trouble = EndpointConnectionError(endpoint_url="https://x", error=full)
    clients.scripts["list_users"] = [*[trouble] * 5, {"Name": "x"}]
    limited = gateway(release=lambda: released.append(True), deadline=limit(60.0, attempts=3))

    assert instantly(ask(limited)) == "x"
    assert released == [True] * 5


def test_throttles_slow_down(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """After a throttle, further calls are slower than AWS's limit allows."""
    clients.scripts["list_users"] = [THROTTLED, {"Name": "x"}]

    async def scene() -> tuple[float, float]:
        throttled = gateway()
        await ask(throttled)
        begun = instantly.now()
        for _ in range(40):
            await ask(throttled)
        return begun, instantly.now()

    begun, ended = instantly(scene())

    assert ended - begun > (40 - 0.5 * 14) / 17


def test_limits_are_independent(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """A throttle slows all operations of sso-admin, which share a bucket, but not Identity Store."""
    clients.scripts["list_permission_sets"] = [refused("ThrottlingException"), {"Name": "x"}]
    clients.scripts["list_account_assignments"] = [{"Name": "x"}]
    clients.scripts["list_users"] = [{"Name": "x"}]

    async def scene() -> None:
        shared = gateway()
        throttled = asyncio.create_task(ask(shared, LIST_PERMISSION_SETS))
        await asyncio.sleep(0.01)
        await ask(shared)
        await ask(shared, LIST_ACCOUNT_ASSIGNMENTS)
        await throttled

    instantly(scene())

    assert [name for name, _ in clients.asked] == [
        "sso-admin.list_permission_sets",
        "identitystore.list_users",
        "sso-admin.list_account_assignments",
        "sso-admin.list_permission_sets",
    ]
    assert clients.times[:3] == pytest.approx([0, 0.01, 1 / 14], abs=0.001)


@pytest.mark.parametrize(
    ("rates", "seconds"), [({}, 10), ({SSO_ADMIN.name: 40}, 5), ({SSO_ADMIN.name: 5}, 40)]
)
def test_rates(
    instantly: Instantly, clients: Clients, gateway: MakeGateway, rates: dict[str, float], seconds: float
) -> None:
    """A configured rate replaces the known limit."""
    clients.scripts["list_permission_sets"] = [{"Name": "x"}]

    async def scene() -> None:
        limited = gateway(rates=rates)
        await asyncio.gather(*(ask(limited, LIST_PERMISSION_SETS) for _ in range(200)))

    instantly(scene())

    assert instantly.now() == pytest.approx(seconds - 0.9, abs=0.1)


# Pages


def test_pages(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """A listing continues while there is a token, and requests the largest page size."""
    clients.scripts["list_users"] = [
        {"Users": [{"Id": "a"}, {"Id": "b"}], "NextToken": "1"},
        {"Users": [], "NextToken": "2"},
        {"Users": [{"Id": "c"}], "NextToken": ""},
    ]

    assert instantly(listed(gateway())) == [["a", "b"], [], ["c"]]
    assert clients.asked == [
        ("identitystore.list_users", {"Store": "d", "MaxResults": 100}),
        ("identitystore.list_users", {"Store": "d", "MaxResults": 100, "NextToken": "1"}),
        ("identitystore.list_users", {"Store": "d", "MaxResults": 100, "NextToken": "2"}),
    ]


def test_listing_without_page_sizes(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """No page size is requested from an operation that does not support one."""
    clients.scripts["list_tags_for_resource"] = [{"Tags": [{"Id": "a"}]}]

    assert instantly(listed(gateway(), LIST_PERMISSION_SET_TAGS)) == [["a"]]
    assert clients.asked == [("sso-admin.list_tags_for_resource", {"Store": "d"})]


def test_temporary_trouble_during_a_listing(
    instantly: Instantly, clients: Clients, gateway: MakeGateway
) -> None:
    """Only the call is retried, not the listing: no page is repeated or skipped."""
    clients.scripts["list_users"] = [
        {"Users": [{"Id": "a"}], "NextToken": "1"},
        UNREACHABLE,
        {"Users": [{"Id": "b", "Name": "x"}, {}]},
        {"Users": [{"Id": "b"}]},
    ]

    assert instantly(listed(gateway())) == [["a"], ["b"]]
    assert [parameters.get("NextToken") for _, parameters in clients.asked] == [None, "1", "1", "1"]


@pytest.mark.parametrize("again", ["1", "2"])
def test_repeated_token(instantly: Instantly, clients: Clients, gateway: MakeGateway, again: str) -> None:
    """A page with a repeated token is requested again."""
    clients.scripts["list_users"] = [
        {"Users": [{"Id": "a"}], "NextToken": "1"},
        {"Users": [{"Id": "b"}], "NextToken": "2"},
        {"Users": [{"Id": "a"}], "NextToken": again},
        {"Users": [{"Id": "c"}]},
    ]

    assert instantly(listed(gateway())) == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize(
    "operation",
    [
        operation
        for operation in TABLE
        if operation.items and operation.service != "s3" and not operation.may_omit_list
    ],
    ids=str,
)
@pytest.mark.parametrize("answer", [{}, {"x": None}, {"NextToken": "1"}])
def test_missing_list(
    instantly: Instantly,
    clients: Clients,
    gateway: MakeGateway,
    operation: Operation,
    answer: dict[str, str | None],
) -> None:
    """AWS sends empty lists too: an answer without its list is malformed, and the call is retried."""
    broken = {operation.items if name == "x" else name: value for name, value in answer.items()}
    clients.scripts[operation.method] = [broken, {operation.items: [{"Id": "a"}]}]

    assert instantly(listed(gateway(), operation)) == [["a"]]


def test_list_that_aws_may_omit(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """A list that AWS may omit is a failure that another listing must resolve, not a retry."""
    clients.scripts["list_permission_sets_provisioned_to_account"] = [{}]

    with pytest.raises(AwsFailure) as caught:
        instantly(listed(gateway(), LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT))

    assert caught.value.code == LIST_LEFT_OUT
    assert not caught.value.transient
    assert len(clients.asked) == 1


def test_missing_list_with_a_token(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """A page with a token cannot be the answer of an empty listing."""
    clients.scripts["list_permission_sets_provisioned_to_account"] = [
        {"NextToken": "1"},
        {"PermissionSets": [{"Id": "a"}]},
    ]

    assert instantly(listed(gateway(), LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT)) == [["a"]]


def test_token_that_never_changes(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """A listing that never ends fails instead of looking complete."""
    clients.scripts["list_users"] = [{"Users": [{"Id": "a"}], "NextToken": "1"}]

    with pytest.raises(AwsFailure) as caught:
        instantly(listed(gateway()))

    assert details(caught) == (
        "ListUsers",
        "MalformedAnswer",
        "the answer cannot be understood: a page token came back a second time (20 attempts in 292 s)",
    )


@pytest.mark.parametrize(("items", "pages"), [([{"Id": "a"}], 30), ([], 7)])
def test_endless_listing(
    instantly: Instantly,
    clients: Clients,
    gateway: MakeGateway,
    monkeypatch: pytest.MonkeyPatch,
    items: list[dict[str, str]],
    pages: int,
) -> None:
    """An endless listing with new tokens fails, earlier if every page is empty."""
    monkeypatch.setattr("sso_batch.aws.gateway.MOST_PAGES", 30)
    monkeypatch.setattr("sso_batch.aws.gateway.MOST_EMPTY_PAGES", 7)
    clients.scripts["list_users"] = [{"Users": items, "NextToken": str(token)} for token in range(99)]

    with pytest.raises(AwsFailure) as caught:
        instantly(listed(gateway()))

    assert details(caught) == (
        "ListUsers",
        "EndlessListing",
        f"the listing has not ended after {pages} pages",
    )
    assert len(clients.asked) == pages


def test_a_listing_with_a_limit_of_its_own(
    instantly: Instantly, clients: Clients, gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operation whose listings are longer than all others has its own limit."""
    monkeypatch.setattr("sso_batch.aws.gateway.MOST_PAGES", 2)
    pages: Script = [{"Users": [{"Id": "a"}], "NextToken": str(token)} for token in range(5)]
    clients.scripts["list_users"] = [*pages, {"Users": []}]
    longer = replace(LIST_USERS, most_pages=6)

    async def ids() -> list[str]:
        return [id_ async for page in gateway().pages(longer, lambda item: item["Id"]) for id_ in page]

    assert instantly(ids()) == ["a"] * 5


def test_some_empty_pages(
    instantly: Instantly, clients: Clients, gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only consecutive empty pages count."""
    monkeypatch.setattr("sso_batch.aws.gateway.MOST_EMPTY_PAGES", 3)
    pages: Script = [
        {"Users": [{"Id": "a"}] if number % 3 == 2 else [], "NextToken": str(number)} for number in range(9)
    ]
    clients.scripts["list_users"] = [*pages, {"Users": []}]

    assert [page for page in instantly(listed(gateway())) if page] == [["a"], ["a"], ["a"]]


def test_many_attempts(
    instantly: Instantly, clients: Clients, gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call can be retried any number of times."""
    monkeypatch.setattr("sso_batch.aws.backoff.LONGEST_PAUSE", 0.01)
    clients.scripts["list_users"] = [*[UNREACHABLE] * 1500, {"Name": "x"}]

    assert instantly(ask(gateway())) == "x"
