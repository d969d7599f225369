"""Tests of injected faults: what a client sees, and which calls are affected."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from sso_batch.emulator import Emulator, Fault, Limits, World
from sso_batch.emulator.faults import FaultInjector, FaultKind
from tests.emulator.client import ExpectedError, Keys, assume, client
from tests.emulator.conftest import ManualClock


def run_with(world: World, fault: Fault) -> tuple[Emulator, Any]:
    """Return a running emulator with a fault, and an Identity Center client."""
    emulator = Emulator(world, limits=Limits.off(), faults=[fault])
    emulator.__enter__()
    keys: Keys = assume(emulator)
    return emulator, client(emulator, "sso-admin", keys, read_timeout=0.5)


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("throttle", "ThrottlingException", 400),
        ("internal_error", "InternalServerException", 500),
        ("unavailable", "ServiceUnavailableException", 503),
        ("access_denied", "AccessDeniedException", 400),
        ("expired_token", "ExpiredTokenException", 400),
    ],
)
def test_a_fault_can_be_an_error_response(kind: FaultKind, code: str, status: int, world: World) -> None:
    """The error has the service's own code, and the next call succeeds."""
    fault = Fault(kind, operation="ListInstances", times=1)
    emulator, asking = run_with(world, fault)
    with emulator:
        with ExpectedError() as refused:
            asking.list_instances()
        asking.list_instances()

    assert (refused.code, refused.status) == (code, status)
    assert fault.injected == 1


@pytest.mark.parametrize(("kind", "error"), [("reset", ConnectionClosedError), ("hang", ReadTimeoutError)])
def test_a_fault_can_lose_the_answer(kind: FaultKind, error: type[Exception], world: World) -> None:
    """The client sees a closed connection or a time-out, and the next call succeeds."""
    fault = Fault(kind, operation="ListInstances", times=1)
    emulator, asking = run_with(world, fault)
    with emulator:
        with pytest.raises(error):
            asking.list_instances()
        asking.list_instances()

        assert emulator.calls["org-0", "ListInstances"] == 2
    assert fault.injected == 1


@pytest.mark.parametrize("kind", ["truncated", "broken_json"])
def test_a_fault_can_truncate_the_answer(kind: FaultKind, world: World) -> None:
    """The body is not JSON, or shorter than announced; botocore parses it as an empty answer."""
    emulator, asking = run_with(world, Fault(kind, operation="ListInstances", times=1))
    responses: list[Any] = []
    asking.meta.events.register("before-parse", lambda response_dict, **_: responses.append(response_dict))
    with emulator:
        truncated = asking.list_instances()
        complete = asking.list_instances()

    assert ("Instances" in truncated, "Instances" in complete) == (False, True)
    with pytest.raises(json.JSONDecodeError):
        json.loads(responses[0]["body"])
    announced = int(responses[0]["headers"]["content-length"])
    assert (len(responses[0]["body"]) < announced) == (kind == "truncated")


def test_a_fault_can_repeat_a_token(world: World) -> None:
    """The token of a page leads to the same page again."""
    organization = world.organizations[0]
    emulator, asking = run_with(world, Fault("repeated_token"))
    with emulator:
        named = {"InstanceArn": organization.instance_arn, "MaxResults": 2}
        first = asking.list_permission_sets(**named)
        second = asking.list_permission_sets(**named, NextToken=first["NextToken"])

    assert (second["PermissionSets"], second["NextToken"]) == (first["PermissionSets"], first["NextToken"])


def test_a_fault_affects_only_matching_calls(world: World) -> None:
    """Organization, service, operation and resource must all match."""
    organization = world.organizations[0]
    affected, other = (permission_set.arn for permission_set in organization.permission_sets[:2])
    fault = Fault(
        "access_denied",
        service="sso-admin",
        operation="DescribePermissionSet",
        organization="org-0",
        resource=affected,
    )
    emulator, asking = run_with(world, fault)
    with emulator:
        emulator.faults.append(Fault("internal_error", organization="org-1"))
        asking.describe_permission_set(InstanceArn=organization.instance_arn, PermissionSetArn=other)
        with ExpectedError() as refused:
            asking.describe_permission_set(InstanceArn=organization.instance_arn, PermissionSetArn=affected)

    assert refused.message == (
        f"User: arn:aws:sts::{organization.management_account_id}:assumed-role/SsoBatchAudit/audit is not "
        f"authorized to perform: sso:DescribePermissionSet on resource: {affected} "
        "because no identity-based policy allows the sso:DescribePermissionSet action"
    )


def test_faults_can_be_added_and_removed_at_any_time(world: World) -> None:
    """The list of faults may change while a client is connected."""
    emulator, asking = run_with(world, Fault("throttle", times=0))
    with emulator:
        emulator.faults.append(Fault("unavailable"))
        with pytest.raises(ClientError):
            asking.list_instances()
        emulator.faults.clear()
        asking.list_instances()


def test_a_fault_has_a_start_and_an_end(clock: ManualClock) -> None:
    """It spares the first calls, and ends after its seconds."""
    fault = Fault("throttle", after=2, seconds=60)
    injector = FaultInjector([fault], 0, clock)

    def occurs() -> bool:
        return injector.find_fault("org-0", "sso-admin", "ListInstances", "") is not None

    assert [occurs(), occurs(), occurs()] == [False, False, True]
    clock.advance(59)
    assert occurs()
    clock.advance(1)
    assert not occurs()
    assert fault.injected == 2


def test_random_faults_are_reproducible(clock: ManualClock) -> None:
    """The same seed affects the same share of calls."""

    def occurrences(seed: int) -> list[bool]:
        injector = FaultInjector([Fault("throttle", probability=0.3)], seed, clock)
        return [injector.find_fault("", "sso-admin", "ListInstances", "") is not None for _ in range(200)]

    assert occurrences(1) == occurrences(1) != occurrences(2)
    assert 30 < sum(occurrences(1)) < 90


def test_an_unknown_kind_is_refused() -> None:
    """A misspelled fault is an error, because it would never occur."""
    with pytest.raises(ValueError, match="unknown fault 'trottle'"):
        Fault("trottle")  # type: ignore[arg-type]
