"""Tests of rate limits: rates, shared buckets, and throttled calls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.emulator import Emulator, Limits, Rate, World
from sso_batch.emulator.limits import RateBucket, Throttle
from tests.emulator.client import ExpectedError, assume, client
from tests.emulator.conftest import ManualClock

MANAGEMENT = "111122220001"


def admitted(throttle: Throttle, service: str, operation: str, calls: int, region: str = "eu-west-1") -> int:
    """Return how many of `calls` calls are admitted."""
    return sum(throttle.admits(MANAGEMENT, region, service, operation) for _ in range(calls))


@pytest.mark.parametrize(
    ("service", "operation", "burst", "in_a_second"),
    [
        ("sso-admin", "ListPermissionSets", 20, 20),
        ("identitystore", "ListUsers", 20, 20),
        ("organizations", "ListAccounts", 12, 8),
        ("organizations", "ListParents", 8, 5),
        ("organizations", "DescribeOrganization", 2, 1),
        ("organizations", "DescribeOrganizationalUnit", 2, 2),
        ("organizations", "ListRoots", 2, 1),
        ("organizations", "ListTagsForResource", 15, 10),
        ("organizations", "ListDelegatedAdministrators", 8, 5),
        ("iam", "GetPolicy", 20, 10),
        ("cloudtrail", "LookupEvents", 2, 2),
        ("sts", "AssumeRole", 1000, 1000),
        ("account-access", "ListEntitlements", 1000, 1000),
    ],
)
def test_each_api_has_its_rate(
    service: str, operation: str, burst: int, in_a_second: int, clock: ManualClock
) -> None:
    """A burst is admitted first, then the rate per second, and a burst again after a long pause."""
    throttle = Throttle(Limits(), clock)

    assert admitted(throttle, service, operation, 1000) == burst
    clock.advance(1)
    assert admitted(throttle, service, operation, 1000) == in_a_second
    clock.advance(3600)
    assert admitted(throttle, service, operation, 1000) == burst


def test_all_of_identity_center_is_one_bucket(clock: ManualClock) -> None:
    """All APIs share one bucket per Region and account."""
    throttle = Throttle(Limits(), clock)

    assert admitted(throttle, "sso-admin", "ListPermissionSets", 15) == 15
    assert admitted(throttle, "sso-admin", "DescribePermissionSet", 15) == 5
    assert admitted(throttle, "sso-admin", "ListPermissionSets", 15, "us-east-1") == 15
    assert throttle.admits("999999999999", "eu-west-1", "sso-admin", "ListPermissionSets")


def test_each_api_of_the_identity_store_has_its_own_bucket(clock: ManualClock) -> None:
    """ListUsers and ListGroups have separate limits."""
    throttle = Throttle(Limits(), clock)

    assert admitted(throttle, "identitystore", "ListUsers", 30) == 20
    assert admitted(throttle, "identitystore", "ListGroups", 30) == 20


def test_the_tree_of_an_organization_is_one_bucket_in_all_regions(clock: ManualClock) -> None:
    """Three APIs share one bucket in all Regions."""
    throttle = Throttle(Limits(), clock)

    assert admitted(throttle, "organizations", "ListParents", 3) == 3
    assert admitted(throttle, "organizations", "ListAccountsForParent", 3, "us-east-1") == 3
    assert admitted(throttle, "organizations", "ListOrganizationalUnitsForParent", 9) == 2


def test_each_api_of_iam_has_its_own_bucket_in_all_regions(clock: ManualClock) -> None:
    """GetPolicy and GetPolicyVersion have separate limits, whatever the Region of the client."""
    throttle = Throttle(Limits(), clock)

    assert admitted(throttle, "iam", "GetPolicy", 15) == 15
    assert admitted(throttle, "iam", "GetPolicy", 15, "us-east-1") == 5
    assert admitted(throttle, "iam", "GetPolicyVersion", 30) == 20


@given(st.lists(st.floats(0, 3), max_size=60), st.floats(0.5, 50), st.integers(1, 50))
def test_no_more_than_burst_and_rate_are_admitted(pauses: list[float], per_second: float, burst: int) -> None:
    """A bucket never admits more than its burst and the refilled tokens."""
    bucket = RateBucket(Rate(per_second, burst), burst, 0.0)
    now, admitted_calls = 0.0, 0
    for pause in pauses:
        now += pause
        admitted_calls += bucket.take(now)

    assert admitted_calls <= burst + now * per_second + 1e-6


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("sso-admin", "list_instances", "ThrottlingException"),
        ("organizations", "describe_organization", "TooManyRequestsException"),
    ],
)
def test_a_throttled_call_is_refused_and_counted(
    service: str, operation: str, code: str, world: World, clock: ManualClock
) -> None:
    """The error has the service's own code and status 400; after a pause the call succeeds."""
    limits = Limits(identity_center=Rate(1, 1), organizations={"DescribeOrganization": Rate(1, 1)})
    with Emulator(world, limits=limits, clock=clock) as emulator:
        ask = getattr(client(emulator, service, assume(emulator)), operation)
        ask()
        with ExpectedError() as refused:
            ask()
        clock.advance(1)
        ask()

        assert (refused.code, refused.status) == (code, 400)
        assert (sum(emulator.calls.values()), sum(emulator.throttled.values())) == (4, 1)


def test_limits_can_be_off(clock: ManualClock) -> None:
    """Without limits nothing is throttled."""
    assert admitted(Throttle(Limits.off(), clock), "sso-admin", "ListPermissionSets", 500) == 500
