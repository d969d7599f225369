"""Injected faults: what a client sees of each, and whom they strike."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from sso_batch.emulator import Emulator, Fault, Limits, World
from sso_batch.emulator.faults import FaultInjector, FaultKind
from tests.emulator.client import Keys, Refused, assume, client
from tests.emulator.conftest import ManualClock


def run_with(world: World, fault: Fault) -> tuple[Emulator, Any]:
    """Return a running emulator with a fault, and a client of Identity Center."""
    emulator = Emulator(world, limits=Limits.off(), faults=[fault])
    emulator.__enter__()
    keys: Keys = assume(emulator)
    return emulator, client(emulator, "sso-admin", keys, read_timeout=0.05)


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
def test_a_fault_can_be_a_refusal(kind: FaultKind, code: str, status: int, world: World) -> None:
    """The refusal is the one that the service itself would give; afterwards all is well again."""
    fault = Fault(kind, operation="ListInstances", times=1)
    emulator, asking = run_with(world, fault)
    with emulator:
        with Refused() as refused:
            asking.list_instances()
        asking.list_instances()

    assert (refused.code, refused.status) == (code, status)
    assert fault.injected == 1


@pytest.mark.parametrize(("kind", "error"), [("reset", ConnectionClosedError), ("hang", ReadTimeoutError)])
def test_a_fault_can_keep_the_answer_back(kind: FaultKind, error: type[Exception], world: World) -> None:
    """The client sees a lost connection or silence; afterwards all is well again."""
    fault = Fault(kind, operation="ListInstances", times=1)
    emulator, asking = run_with(world, fault)
    with emulator:
        with pytest.raises(error):
            asking.list_instances()
        asking.list_instances()

        assert emulator.calls["org-0", "ListInstances"] == 2
    assert fault.injected == 1


@pytest.mark.parametrize("kind", ["truncated", "broken_json"])
def test_a_fault_can_cut_the_answer(kind: FaultKind, world: World) -> None:
    """What comes is no JSON, and if truncated also too short: botocore takes it for an empty answer."""
    emulator, asking = run_with(world, Fault(kind, operation="ListInstances", times=1))
    came: list[Any] = []
    asking.meta.events.register("before-parse", lambda response_dict, **_: came.append(response_dict))
    with emulator:
        cut = asking.list_instances()
        whole = asking.list_instances()

    assert ("Instances" in cut, "Instances" in whole) == (False, True)
    with pytest.raises(json.JSONDecodeError):
        json.loads(came[0]["body"])
    announced = int(came[0]["headers"]["content-length"])
    assert (len(came[0]["body"]) < announced) == (kind == "truncated")


def test_a_fault_can_repeat_a_token(world: World) -> None:
    """A page's token leads to the page itself, as botocore's paginator notices."""
    organization = world.organizations[0]
    emulator, asking = run_with(world, Fault("repeated_token"))
    with emulator:
        named = {"InstanceArn": organization.instance_arn, "MaxResults": 2}
        first = asking.list_permission_sets(**named)
        second = asking.list_permission_sets(**named, NextToken=first["NextToken"])

    assert (second["PermissionSets"], second["NextToken"]) == (first["PermissionSets"], first["NextToken"])


def test_a_fault_strikes_only_what_it_names(world: World) -> None:
    """Organization, service, operation and a piece of the request all have to fit."""
    organization = world.organizations[0]
    struck, other = (permission_set.arn for permission_set in organization.permission_sets[:2])
    fault = Fault(
        "access_denied",
        service="sso-admin",
        operation="DescribePermissionSet",
        organization="org-0",
        resource=struck,
    )
    emulator, asking = run_with(world, fault)
    with emulator:
        emulator.faults.append(Fault("internal_error", organization="org-1"))
        asking.describe_permission_set(InstanceArn=organization.instance_arn, PermissionSetArn=other)
        with Refused() as refused:
            asking.describe_permission_set(InstanceArn=organization.instance_arn, PermissionSetArn=struck)

    assert refused.message == (
        f"User: arn:aws:sts::{organization.management_account_id}:assumed-role/SsoBatchAudit/audit is not "
        f"authorized to perform: sso:DescribePermissionSet on resource: {struck} "
        "because no identity-based policy allows the sso:DescribePermissionSet action"
    )


def test_faults_can_be_added_and_taken_away_in_mid_run(world: World) -> None:
    """Trouble comes and goes while a client works."""
    emulator, asking = run_with(world, Fault("throttle", times=0))
    with emulator:
        emulator.faults.append(Fault("unavailable"))
        with pytest.raises(ClientError):
            asking.list_instances()
        emulator.faults.clear()
        asking.list_instances()


def test_a_fault_waits_and_ends(clock: ManualClock) -> None:
    """It spares the first calls, strikes for its seconds, and is over."""
    fault = Fault("throttle", after=2, seconds=60)
    injector = FaultInjector([fault], 0, clock)

    def struck() -> bool:
        return injector.find_fault("org-0", "sso-admin", "ListInstances", "") is not None

    assert [struck(), struck(), struck()] == [False, False, True]
    clock.pass_by(59)
    assert struck()
    clock.pass_by(1)
    assert not struck()
    assert fault.injected == 2


def test_probable_faults_are_the_same_for_the_same_seed(clock: ManualClock) -> None:
    """A share of the calls is struck, and repeated with the seed."""

    def struck(seed: int) -> list[bool]:
        injector = FaultInjector([Fault("throttle", probability=0.3)], seed, clock)
        return [injector.find_fault("", "sso-admin", "ListInstances", "") is not None for _ in range(200)]

    assert struck(1) == struck(1) != struck(2)
    assert 30 < sum(struck(1)) < 90


def test_an_unknown_kind_is_refused() -> None:
    """A misspelt fault would never strike, so it is an error."""
    with pytest.raises(ValueError, match="no fault is called 'trottle'"):
        Fault("trottle")  # type: ignore[arg-type]
