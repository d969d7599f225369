"""Tests of authentication: which requests are rejected, and with which errors."""

import time
from dataclasses import replace

import pytest

from sso_batch.emulator import Emulator, World
from tests.emulator.client import HUB_KEYS, ExpectedError, Keys, assume, client

# The error code and status of an unknown key, by service.
UNKNOWN = {
    "sts": ("InvalidClientTokenId", 403),
    "sso-admin": ("UnrecognizedClientException", 400),
    "organizations": ("UnrecognizedClientException", 400),
    "account-access": ("UnrecognizedClientException", 403),
}
METHODS = {
    "sts": "get_caller_identity",
    "sso-admin": "list_instances",
    "organizations": "list_roots",
    "account-access": "list_applications",
}


@pytest.mark.parametrize("service", UNKNOWN)
def test_an_unknown_key_is_refused(service: str, emulator: Emulator) -> None:
    """An unknown key is rejected with the service's own error code."""
    asking = client(emulator, service, Keys("AKIANOBODY", "secret"))
    with ExpectedError() as refused:
        getattr(asking, METHODS[service])()

    assert (refused.code, refused.status) == UNKNOWN[service]
    assert refused.message == "The security token included in the request is invalid."


def test_a_wrong_or_missing_session_token_is_refused(emulator: Emulator, auditor: Keys) -> None:
    """Session keys require their own token, and a user's keys must have none."""
    wrong = (
        Keys(auditor.key_id, auditor.secret, "another"),
        Keys(auditor.key_id, auditor.secret),
        Keys(HUB_KEYS.key_id, HUB_KEYS.secret, auditor.token),
    )
    for keys in wrong:
        with ExpectedError() as refused:
            client(emulator, "sso-admin", keys).list_instances()
        assert refused.code == "UnrecognizedClientException"


@pytest.mark.parametrize("service", METHODS)
def test_a_wrong_secret_is_refused(service: str, emulator: Emulator) -> None:
    """The signature is verified."""
    asking = client(emulator, service, Keys(HUB_KEYS.key_id, "another"))
    with ExpectedError() as refused:
        getattr(asking, METHODS[service])()

    assert refused.code in ("SignatureDoesNotMatch", "InvalidSignatureException")
    assert "does not match" in refused.message


@pytest.mark.parametrize(
    ("skew", "message"), [(310, "Signature expired: "), (-310, "Signature not yet current: ")]
)
def test_a_skewed_clock_is_refused(skew: float, message: str, world: World) -> None:
    """A request that is off by more than five minutes is rejected."""
    with Emulator(world, signing_clock=lambda: time.time() + skew) as emulator, ExpectedError() as refused:
        client(emulator, "sso-admin").list_instances()

    assert refused.code == "InvalidSignatureException"
    assert refused.message.startswith(message)


def test_a_signature_for_another_service_is_refused(emulator: Emulator) -> None:
    """The credential scope must name the service."""
    asking = client(emulator, "sso-admin")
    asking.meta.events.register("choose-signer", lambda **_: "v4")
    asking._request_signer._signing_name = "identitystore"
    with ExpectedError() as refused:
        asking.list_instances()

    assert refused.message == "Credential should be scoped to correct service: 'sso'."


def test_a_request_without_a_signature_is_refused(emulator: Emulator) -> None:
    """An unsigned request is rejected."""
    asking = client(emulator, "sso-admin")
    asking.meta.events.register(
        "before-send", lambda request, **_: request.headers.__delitem__("Authorization")
    )
    with ExpectedError() as refused:
        asking.list_instances()

    assert refused.code == "MissingAuthenticationTokenException"


@pytest.mark.parametrize("date", ["20200101T000000Z", "yesterday"])
def test_a_date_outside_of_the_scope_is_refused(date: str, emulator: Emulator) -> None:
    """The signed date must match the date of the credential scope."""

    def change(request: object, **_: object) -> None:
        request.headers["X-Amz-Date"] = date  # type: ignore[attr-defined] # botocore is untyped

    asking = client(emulator, "sso-admin")
    asking.meta.events.register("before-send", change)
    with ExpectedError() as refused:
        asking.list_instances()

    assert refused.code == "InvalidSignatureException"


@pytest.mark.parametrize("denied", ["sso:ListInstances", "sso:*", "*"])
def test_a_denied_action_is_refused(denied: str, world: World) -> None:
    """An action is denied by name or by pattern, and the error names it."""
    role = replace(world.roles[0], denied=(denied,))
    with Emulator(replace(world, roles=(role,))) as emulator, ExpectedError() as refused:
        client(emulator, "sso-admin", assume(emulator)).list_instances()

    assert refused.code == "AccessDeniedException"
    assert "is not authorized to perform: sso:ListInstances on resource: * because" in refused.message
