"""The one way to AWS: paced, tried again where that can help, counted, and understood."""

import asyncio
import errno
import os
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    SSLError,
)

from sso_batch.aws.exceptions import LIST_LEFT_OUT, AwsFailure
from sso_batch.aws.gateway import GIVE_UP, Gateway, Tally
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
from sso_batch.aws.time_limit import TimeLimit
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


def told(caught: pytest.ExceptionInfo[AwsFailure]) -> tuple[str, str, str]:
    return caught.value.operation, caught.value.code, caught.value.message


# No answer to be had


def test_refused(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """A refusal is final: it is not tried again, and it is counted."""
    tally = Tally()
    clients.scripts["list_users"] = [refused("AccessDeniedException")]

    with pytest.raises(AwsFailure) as caught:
        instantly(ask(gateway(tally=tally)))

    assert told(caught) == ("ListUsers", "AccessDeniedException", "no")
    assert tally == Tally(Counter(ListUsers=1), throttled=0, retried=0)
    assert instantly.now() == 0


@pytest.mark.parametrize("trouble", [THROTTLED, UNREACHABLE, refused("InternalFailure", status=500), {}])
def test_given_up(instantly: Instantly, clients: Clients, gateway: MakeGateway, trouble: Exception) -> None:
    """What goes on for five minutes is given up, and no attempt begins later than that."""
    tally = Tally()
    clients.scripts["list_users"] = [trouble]

    with pytest.raises(AwsFailure) as caught:
        instantly(ask(gateway(tally=tally)))

    attempts = len(clients.times)
    pauses = [later - earlier for earlier, later in zip(clients.times, clients.times[1:], strict=False)]
    assert caught.value.transient
    assert GIVE_UP - 21 < clients.times[-1] <= GIVE_UP
    assert pauses[:6] == pytest.approx([0.5, 1, 2, 4, 8, 16], abs=0.2)
    assert pauses[6:] == pytest.approx([20] * (attempts - 7), abs=0.2)
    assert (tally.by_operation.total(), tally.retried) == (attempts, attempts - 1)
    assert tally.throttled == (attempts if trouble is THROTTLED else 0)


@pytest.mark.parametrize("bug", [ZeroDivisionError("x"), TimeoutError("x"), ValueError("x")])
def test_bug_in_a_call(instantly: Instantly, clients: Clients, gateway: MakeGateway, bug: Exception) -> None:
    """A bug is raised as what it is, at once."""
    clients.scripts["list_users"] = [bug]

    with pytest.raises(type(bug)) as caught:
        instantly(ask(gateway(deadline=limit(1000.0))))

    assert caught.value is bug
    assert len(clients.asked) == 1


def test_bug_in_parsing(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """Parsing that fails for another reason than a missing key is a bug, too."""
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
    """A secret in what AWS says is masked, and is not in the exceptions behind either."""
    clients.scripts["list_users"] = [refused("ValidationException", f"bad id {SECRET}, yes {SECRET}")]

    with pytest.raises(AwsFailure) as caught:
        instantly(ask(gateway(secrets=secrets)))

    assert caught.value.message == "bad id ***, yes ***"
    assert SECRET not in repr(caught.value) + str(caught.value)
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)


# The deadline


def test_deadline_in_a_call(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """A call that hangs ends at the deadline, as a failure that says so."""
    clients.scripts["list_users"] = [None]

    with pytest.raises(AwsFailure) as caught:
        instantly(ask(gateway(deadline=limit(7.0))))

    assert told(caught) == ("ListUsers", "DeadlineExceeded", "no answer before the end of run.deadline (7s)")
    assert instantly.now() == pytest.approx(7)


def test_deadline_in_a_pause(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
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
    """Whoever waits for a turn when the deadline comes waits no longer; those before have their answers."""
    clients.scripts["list_users"] = [{"Name": "x"}]

    async def scene() -> list[str | BaseException]:
        slow = gateway(deadline=limit(2.5), rates={LIST_USERS.limit.name: 1})
        return await asyncio.gather(*(ask(slow) for _ in range(5)), return_exceptions=True)

    answers = instantly(scene())

    assert answers[:3] == ["x"] * 3
    assert [one.code for one in answers[3:] if isinstance(one, AwsFailure)] == ["DeadlineExceeded"] * 2
    assert instantly.now() == pytest.approx(2.5)


def test_deadline_that_has_passed(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """After the deadline every call fails at once, and nobody is asked any more."""
    clients.scripts["list_users"] = [{"Name": "x"}]

    with pytest.raises(AwsFailure, match="DeadlineExceeded"):
        instantly(ask(gateway(deadline=limit(-1.0))))

    assert instantly.now() == 0
    assert clients.times == []


NOBODY = (
    UNREACHABLE,
    ConnectTimeoutError(endpoint_url="https://x"),
    ProxyConnectionError(proxy_url="http://x"),
    SSLError(endpoint_url="https://x", error=OSError("bad certificate")),
)


@pytest.mark.parametrize("trouble", NOBODY, ids=lambda trouble: type(trouble).__name__)
def test_few_attempts_where_nothing_answers(
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
def test_attempts_are_limited_for_unreachable_endpoints_alone(
    instantly: Instantly, clients: Clients, gateway: MakeGateway, trouble: Exception
) -> None:
    """An endpoint that answers, with a throttle or an error of its own, is asked until the time limit."""
    clients.scripts["list_users"] = [*[trouble] * 5, {"Name": "x"}]

    assert instantly(ask(gateway(deadline=limit(60.0, attempts=3)))) == "x"


def test_expired_for_good(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """Credentials that are made anew and expired again are not made anew for ever."""
    renewals: list[bool] = []

    def renew() -> bool:
        renewals.append(True)
        return True

    clients.scripts["list_users"] = [refused("ExpiredTokenException")]

    with pytest.raises(AwsFailure, match="ExpiredToken"):
        instantly(ask(gateway(renew=renew)))

    assert renewals == [True]
    assert len(clients.times) == 2


def test_expired_and_not_renewable(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """Credentials that nobody can make anew fail at once."""
    clients.scripts["list_users"] = [refused("ExpiredTokenException")]

    with pytest.raises(AwsFailure, match="ExpiredToken"):
        instantly(ask(gateway()))

    assert len(clients.times) == 1


# Another try


def test_expired_in_the_midst(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """Credentials that expire before their time are made anew, and the call is answered."""
    clients.scripts["list_users"] = [refused("ExpiredTokenException"), {"Name": "x"}]

    assert instantly(ask(gateway(renew=lambda: True))) == "x"


@pytest.mark.parametrize("trouble", [THROTTLED, UNREACHABLE, refused("X", status=503), {}, {"Name": None}])
def test_answered_in_the_end(
    instantly: Instantly, clients: Clients, gateway: MakeGateway, trouble: Exception
) -> None:
    """Trouble that passes costs time and no answer."""
    tally = Tally()
    clients.scripts["list_users"] = [trouble, trouble, {"Name": ["x"]}]

    answer = instantly(gateway(tally=tally).call(LIST_USERS, lambda answer: answer["Name"][0]))

    assert answer == "x"
    assert tally == Tally(Counter(ListUsers=3), throttled=2 if trouble is THROTTLED else 0, retried=2)
    assert clients.asked == [("identitystore.list_users", {})] * 3


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_no_descriptor_left(
    instantly: Instantly, clients: Clients, gateway: MakeGateway, number: int
) -> None:
    """A connection that cannot be opened for want of a descriptor is attempted again, with others closed."""
    released: list[bool] = []
    full = OSError(number, os.strerror(number))
    trouble = EndpointConnectionError(endpoint_url="https://x", error=full)
    clients.scripts["list_users"] = [*[trouble] * 5, {"Name": "x"}]
    limited = gateway(release=lambda: released.append(True), deadline=limit(60.0, attempts=3))

    assert instantly(ask(limited)) == "x"
    assert released == [True] * 5


def test_throttles_slow_the_pace(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """After a throttle the calls that follow go slower than AWS's limit would allow."""
    clients.scripts["list_users"] = [THROTTLED, {"Name": "x"}]

    async def scene() -> tuple[float, float]:
        one = gateway()
        await ask(one)
        begun = instantly.now()
        for _ in range(40):
            await ask(one)
        return begun, instantly.now()

    begun, ended = instantly(scene())

    assert ended - begun > (40 - 0.5 * 14) / 17


def test_unlike_limits_do_not_wait_for_one_another(
    instantly: Instantly, clients: Clients, gateway: MakeGateway
) -> None:
    """sso-admin's operations share a bucket, which a throttle empties for all; Identity Store has its own."""
    clients.scripts["list_permission_sets"] = [refused("ThrottlingException"), {"Name": "x"}]
    clients.scripts["list_account_assignments"] = [{"Name": "x"}]
    clients.scripts["list_users"] = [{"Name": "x"}]

    async def scene() -> None:
        one = gateway()
        throttled = asyncio.create_task(ask(one, LIST_PERMISSION_SETS))
        await asyncio.sleep(0.01)
        await ask(one)
        await ask(one, LIST_ACCOUNT_ASSIGNMENTS)
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
    """A limit that AWS has raised, or that is shared with others, replaces the one that is known."""
    clients.scripts["list_permission_sets"] = [{"Name": "x"}]

    async def scene() -> None:
        one = gateway(rates=rates)
        await asyncio.gather(*(ask(one, LIST_PERMISSION_SETS) for _ in range(200)))

    instantly(scene())

    assert instantly.now() == pytest.approx(seconds - 0.9, abs=0.1)


# Pages


def test_pages(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """A listing goes on as long as there is a token, and asks for as many as a page can hold."""
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
    """Where AWS takes no page size, none is asked for."""
    clients.scripts["list_tags_for_resource"] = [{"Tags": [{"Id": "a"}]}]

    assert instantly(listed(gateway(), LIST_PERMISSION_SET_TAGS)) == [["a"]]
    assert clients.asked == [("sso-admin.list_tags_for_resource", {"Store": "d"})]


def test_trouble_in_the_midst_of_a_listing(
    instantly: Instantly, clients: Clients, gateway: MakeGateway
) -> None:
    """The call is tried again and not the listing: no page is asked for twice, and none is left out."""
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
    """A token that was there before would make a listing endless: the page is asked for again."""
    clients.scripts["list_users"] = [
        {"Users": [{"Id": "a"}], "NextToken": "1"},
        {"Users": [{"Id": "b"}], "NextToken": "2"},
        {"Users": [{"Id": "a"}], "NextToken": again},
        {"Users": [{"Id": "c"}]},
    ]

    assert instantly(listed(gateway())) == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize(
    "operation", [one for one in TABLE if one.items and one.service != "s3" and not one.bare], ids=str
)
@pytest.mark.parametrize("answer", [{}, {"x": None}, {"NextToken": "1"}])
def test_list_that_is_left_out(
    instantly: Instantly,
    clients: Clients,
    gateway: MakeGateway,
    operation: Operation,
    answer: dict[str, str | None],
) -> None:
    """AWS sends a list even where it is empty: an answer without it is a broken one and asked for again."""
    broken = {operation.items if name == "x" else name: value for name, value in answer.items()}
    clients.scripts[operation.method] = [broken, {operation.items: [{"Id": "a"}]}]

    assert instantly(listed(gateway(), operation)) == [["a"]]


def test_list_that_aws_may_leave_out(instantly: Instantly, clients: Clients, gateway: MakeGateway) -> None:
    """Where AWS was seen to leave a list out, to ask again does not help: another listing has to tell."""
    clients.scripts["list_permission_sets_provisioned_to_account"] = [{}]

    with pytest.raises(AwsFailure) as caught:
        instantly(listed(gateway(), LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT))

    assert caught.value.code == LIST_LEFT_OUT
    assert not caught.value.transient
    assert len(clients.asked) == 1


def test_list_that_is_left_out_with_a_token(
    instantly: Instantly, clients: Clients, gateway: MakeGateway
) -> None:
    """A page that leads to another one is not the answer of a listing that is empty."""
    clients.scripts["list_permission_sets_provisioned_to_account"] = [
        {"NextToken": "1"},
        {"PermissionSets": [{"Id": "a"}]},
    ]

    assert instantly(listed(gateway(), LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT)) == [["a"]]


def test_token_that_is_repeated_for_ever(
    instantly: Instantly, clients: Clients, gateway: MakeGateway
) -> None:
    """A listing that never ends fails, and is not taken for whole."""
    clients.scripts["list_users"] = [{"Users": [{"Id": "a"}], "NextToken": "1"}]

    with pytest.raises(AwsFailure) as caught:
        instantly(listed(gateway()))

    assert told(caught) == (
        "ListUsers",
        "MalformedAnswer",
        "the answer cannot be understood: a page token came back a second time (20 attempts in 292 s)",
    )


@pytest.mark.parametrize(("items", "pages"), [([{"Id": "a"}], 30), ([], 7)])
def test_listing_without_an_end(
    instantly: Instantly,
    clients: Clients,
    gateway: MakeGateway,
    monkeypatch: pytest.MonkeyPatch,
    items: list[dict[str, str]],
    pages: int,
) -> None:
    """Ever new tokens end as a failure, sooner where every page is empty."""
    monkeypatch.setattr("sso_batch.aws.gateway.MOST_PAGES", 30)
    monkeypatch.setattr("sso_batch.aws.gateway.MOST_EMPTY_PAGES", 7)
    clients.scripts["list_users"] = [{"Users": items, "NextToken": str(token)} for token in range(99)]

    with pytest.raises(AwsFailure) as caught:
        instantly(listed(gateway()))

    assert told(caught) == ("ListUsers", "EndlessListing", f"the listing has not ended after {pages} pages")
    assert len(clients.asked) == pages


def test_a_few_empty_pages_are_no_endless_listing(
    instantly: Instantly, clients: Clients, gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only empty pages in a row count."""
    monkeypatch.setattr("sso_batch.aws.gateway.MOST_EMPTY_PAGES", 3)
    pages: Script = [
        {"Users": [{"Id": "a"}] if number % 3 == 2 else [], "NextToken": str(number)} for number in range(9)
    ]
    clients.scripts["list_users"] = [*pages, {"Users": []}]

    assert [page for page in instantly(listed(gateway())) if page] == [["a"], ["a"], ["a"]]


def test_ever_so_many_tries(
    instantly: Instantly, clients: Clients, gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pauses stay numbers, however often a call is tried."""
    monkeypatch.setattr("sso_batch.aws.gateway.LONGEST_PAUSE", 0.01)
    clients.scripts["list_users"] = [*[UNREACHABLE] * 1500, {"Name": "x"}]

    assert instantly(ask(gateway())) == "x"
