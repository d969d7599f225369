"""Fixtures of the emulator tests."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sso_batch.emulator import Emulator, Limits, World, generate
from sso_batch.emulator.world import Event, Organization
from tests.emulator.client import Keys, assume


class ManualClock:
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Advance the clock."""
        self.now += seconds


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="package")
def world() -> World:
    """Return one organization with every special case that AWS allows."""
    generated = generate(
        7,
        users=30,
        groups=8,
        permission_sets=6,
        accounts=25,
        pairs=40,
        orphans=4,
        gone_members=2,
        empty_groups=1,
        bare_pairs=2,
        unlisted_users=2,
        unlisted_groups=1,
        entitlements=6,
        applications=120,
    )
    organization = generated.organizations[0]
    event = Event(
        "UserAuthentication",
        "signin.amazonaws.com",
        int(time.time()) - 3600,
        organization.management_account_id,
        organization.region,
        {"userIdentity": {"type": "Unknown", "userName": "user-00001"}},
    )
    return with_organization(generated, events=(event,))


@pytest.fixture(scope="package")
def organization(world: World) -> Organization:
    return world.organizations[0]


@pytest.fixture(scope="package")
def emulator(world: World) -> Iterator[Emulator]:
    """Serve the world without limits, for tests that do not change it."""
    with Emulator(world, limits=Limits.off()) as running:
        yield running


@pytest.fixture(scope="package")
def auditor(emulator: Emulator) -> Keys:
    """Sign in with the audit role of the management account."""
    return assume(emulator)


def with_organization(world: World, **changes: object) -> World:
    """Return the world with changed fields of its one organization."""
    changed = replace(world.organizations[0], **changes)  # type: ignore[arg-type] # names of fields
    return replace(world, organizations=(changed,))
