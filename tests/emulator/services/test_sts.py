"""Tests of STS: trust policies, external ids, durations, role chains and expiry."""

from dataclasses import replace

import pytest

from sso_batch.emulator import HUB, Behaviour, Emulator, World, audit_role, generate
from sso_batch.emulator.world import Role
from tests.emulator.client import ExpectedError, Keys, assume, client
from tests.emulator.conftest import ManualClock


def world_with(**role: object) -> World:
    """Return a world with one organization and changed fields of its audit role."""
    world = generate(1)
    return replace(world, roles=(replace(world.roles[0], **role),))  # type: ignore[arg-type] # names of fields


def test_the_caller_identity(emulator: Emulator, auditor: Keys) -> None:
    """The hub is a user; the caller with an assumed role is a session of that role."""
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
    """The hub can assume a role that trusts its account id, its account root or its user."""
    with Emulator(world_with(trusted=(trusted,))) as emulator:
        assert assume(emulator).key_id.startswith("ASIA")


@pytest.mark.parametrize("role", ["arn:aws:iam::999999999999:role/Nowhere", None])
def test_an_unknown_role_and_an_untrusting_role_give_the_same_error(role: str | None) -> None:
    """The error does not reveal whether the role exists."""
    with Emulator(world_with(trusted=("123412341234",))) as emulator:
        arn = role or emulator.world.roles[0].arn
        with ExpectedError() as refused:
            assume(emulator, arn)

    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert refused.message == (
        "User: arn:aws:iam::111122223333:user/sso-batch is not authorized to perform: sts:AssumeRole "
        f"on resource: {arn}"
    )


@pytest.mark.parametrize("given", [None, "another"])
def test_a_missing_or_wrong_external_id_is_refused(given: str | None) -> None:
    """A role with an external id cannot be assumed without it."""
    with Emulator(world_with(external_id="hafen-42")) as emulator:
        with ExpectedError() as refused:
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
    """A session lasts at least 15 minutes, and at most the maximum of the role and 12 hours."""
    with ExpectedError() as refused:
        assume(emulator, seconds=seconds)

    assert refused.code == "ValidationError"
    assert message in refused.message


def test_a_chained_session_lasts_an_hour_at_most() -> None:
    """A role that is assumed by another role has sessions of at most one hour."""
    world = generate(1, organizations=2)
    first = audit_role(world.organizations[0])
    second = replace(audit_role(world.organizations[1], trusted=(first.arn,)), max_session_seconds=43200)
    with Emulator(replace(world, roles=(first, second))) as emulator:
        middle = assume(emulator, first.arn)
        with ExpectedError() as refused:
            assume(emulator, second.arn, middle, seconds=3601)

        assert "role chaining" in refused.message
        assert assume(emulator, second.arn, middle)
        with ExpectedError() as direct:
            assume(emulator, second.arn)
        assert direct.code == "AccessDenied"


@pytest.mark.parametrize(
    ("service", "code"), [("sts", "ExpiredToken"), ("sso-admin", "ExpiredTokenException")]
)
def test_a_session_expires(service: str, code: str, clock: ManualClock) -> None:
    """An expired session is rejected with the service's own error code."""
    with Emulator(world_with(), clock=clock) as emulator:
        keys = assume(emulator, seconds=900)
        asking = client(emulator, service, keys)
        ask = asking.get_caller_identity if service == "sts" else asking.list_instances
        clock.advance(899)
        ask()
        clock.advance(1)
        with ExpectedError() as refused:
            ask()

    assert refused.code == code
    assert refused.message == "The security token included in the request is expired"


def test_sessions_can_be_shortened(clock: ManualClock) -> None:
    """`session_seconds` sets the length of all sessions."""
    with Emulator(world_with(), clock=clock, behaviour=Behaviour(session_seconds=2)) as emulator:
        keys = assume(emulator)
        clock.advance(2)
        with ExpectedError() as refused:
            client(emulator, "sso-admin", keys).list_instances()

    assert refused.code == "ExpiredTokenException"


def test_a_caller_without_the_permission_cannot_assume() -> None:
    """AssumeRole requires the permission of the caller in addition to the role's trust."""
    world = generate(1)
    hub = replace(HUB, denied=("sts:*",))
    with Emulator(replace(world, access_keys=(hub,))) as emulator, ExpectedError() as refused:
        assume(emulator)

    assert refused.code == "AccessDenied"
    assert "because no identity-based policy allows the sts:AssumeRole action" in refused.message


def test_markup_is_escaped_in_answers() -> None:
    """A name with XML markup is returned unchanged."""
    role = Role("arn:aws:iam::111122223333:role/A", ("999999999999",))
    with Emulator(world_with()) as emulator, ExpectedError() as refused:
        client(emulator, "sts").assume_role(RoleArn=role.arn + "<&>", RoleSessionName="audit")

    assert "<&>" in refused.message
