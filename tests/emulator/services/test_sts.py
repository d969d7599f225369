"""Signing in: trust, external ids, durations, chains, and the end of a session."""

from dataclasses import replace

import pytest

from sso_batch.emulator import HUB, Behaviour, Emulator, World, audit_role, generate
from sso_batch.emulator.world import Role
from tests.emulator.client import Keys, Refused, assume, client
from tests.emulator.conftest import ManualClock


def world_with(**role: object) -> World:
    """Return a world with one organization, whose audit role has such properties."""
    world = generate(1)
    return replace(world, roles=(replace(world.roles[0], **role),))  # type: ignore[arg-type] # checked by the record


def test_a_caller_is_told_who_it_is(emulator: Emulator, auditor: Keys) -> None:
    """The hub is a user; whoever assumed a role is a session of it."""
    account = emulator.world.organizations[0].management_account_id

    hub = client(emulator, "sts").get_caller_identity()
    audit = client(emulator, "sts", auditor).get_caller_identity()

    assert (hub["Arn"], hub["Account"]) == ("arn:aws:iam::111122223333:user/sso-batch", "111122223333")
    assert audit["Arn"] == f"arn:aws:sts::{account}:assumed-role/SsoBatchAudit/audit"
    assert audit["Account"] == account
    assert audit["UserId"].endswith(":audit")


@pytest.mark.parametrize(
    "trusted", ["111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/sso-batch"]
)
def test_a_role_can_trust_an_account_or_a_user(trusted: str) -> None:
    """An account's number, its root and the user itself let the hub in."""
    with Emulator(world_with(trusted=(trusted,))) as emulator:
        assert assume(emulator).key_id.startswith("ASIA")


@pytest.mark.parametrize("role", ["arn:aws:iam::999999999999:role/Nowhere", None])
def test_an_unknown_role_and_one_that_does_not_trust_are_refused_alike(role: str | None) -> None:
    """AWS tells the role and the caller, but not whether the role is there."""
    with Emulator(world_with(trusted=("123412341234",))) as emulator:
        arn = role or emulator.world.roles[0].arn
        with Refused() as refused:
            assume(emulator, arn)

    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert refused.message == (
        "User: arn:aws:iam::111122223333:user/sso-batch is not authorized to perform: sts:AssumeRole "
        f"on resource: {arn}"
    )


@pytest.mark.parametrize("given", [None, "another"])
def test_a_missing_or_wrong_external_id_is_refused(given: str | None) -> None:
    """A role that asks for an external id lets nobody in without it."""
    with Emulator(world_with(external_id="hafen-42")) as emulator:
        with Refused() as refused:
            assume(emulator, external_id=given)

        assert refused.code == "AccessDenied"
        assert assume(emulator, external_id="hafen-42")


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        (899, "greater than or equal to 900"),
        (43201, "less than or equal to 43200"),
        (3601, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."),
    ],
)
def test_a_session_has_bounds(seconds: int, message: str, emulator: Emulator) -> None:
    """A session lasts from a quarter of an hour to what the role allows, twelve hours at most."""
    with Refused() as refused:
        assume(emulator, seconds=seconds)

    assert refused.code == "ValidationError"
    assert message in refused.message


def test_a_chain_ends_after_an_hour() -> None:
    """A role that was assumed with a role's credentials cannot be held for longer than an hour."""
    world = generate(1, organizations=2)
    first = audit_role(world.organizations[0])
    second = replace(audit_role(world.organizations[1], trusted=(first.arn,)), max_session_seconds=43200)
    with Emulator(replace(world, roles=(first, second))) as emulator:
        middle = assume(emulator, first.arn)
        with Refused() as refused:
            assume(emulator, second.arn, middle, seconds=3601)

        assert "role chaining" in refused.message
        assert assume(emulator, second.arn, middle)
        with Refused() as direct:
            assume(emulator, second.arn)
        assert direct.code == "AccessDenied"


@pytest.mark.parametrize(
    ("service", "code"), [("sts", "ExpiredToken"), ("sso-admin", "ExpiredTokenException")]
)
def test_a_session_ends(service: str, code: str, clock: ManualClock) -> None:
    """After its seconds a session is refused, in each service's own words."""
    with Emulator(world_with(), clock=clock) as emulator:
        keys = assume(emulator, seconds=900)
        asking = client(emulator, service, keys)
        ask = asking.get_caller_identity if service == "sts" else asking.list_instances
        clock.pass_by(899)
        ask()
        clock.pass_by(1)
        with Refused() as refused:
            ask()

    assert refused.code == code
    assert refused.message == "The security token included in the request is expired"


def test_the_emulator_can_end_sessions_early(clock: ManualClock) -> None:
    """A test needs no hour: the length of all sessions can be set."""
    with Emulator(world_with(), clock=clock, behaviour=Behaviour(session_seconds=2)) as emulator:
        keys = assume(emulator)
        clock.pass_by(2)
        with Refused() as refused:
            client(emulator, "sso-admin", keys).list_instances()

    assert refused.code == "ExpiredTokenException"


def test_a_caller_without_the_permission_cannot_assume() -> None:
    """The hub's own policies count as well as the role's trust."""
    world = generate(1)
    hub = replace(HUB, denied=("sts:*",))
    with Emulator(replace(world, access_keys=(hub,))) as emulator, Refused() as refused:
        assume(emulator)

    assert refused.code == "AccessDenied"
    assert "because no identity-based policy allows the sts:AssumeRole action" in refused.message


def test_a_name_with_markup_comes_back_as_it_is() -> None:
    """XML is escaped in answers."""
    role = Role("arn:aws:iam::111122223333:role/A", ("999999999999",))
    with Emulator(world_with()) as emulator, Refused() as refused:
        client(emulator, "sts").assume_role(RoleArn=role.arn + "<&>", RoleSessionName="audit")

    assert "<&>" in refused.message
