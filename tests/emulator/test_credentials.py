"""Who calls: what is refused of a request's signature, and in which words."""

import time
from dataclasses import replace

import pytest

from sso_batch.emulator import Emulator, World
from tests.emulator.client import HUB_KEYS, Keys, Refused, assume, client

# How each service's protocol calls the same refusals, and with which status.
UNKNOWN = {
    "sts": ("InvalidClientTokenId", 403),
    "sso-admin": ("UnrecognizedClientException", 400),
    "organizations": ("UnrecognizedClientException", 400),
    "account-access": ("UnrecognizedClientException", 403),
}
ASKED = {
    "sts": "get_caller_identity",
    "sso-admin": "list_instances",
    "organizations": "list_roots",
    "account-access": "list_applications",
}


@pytest.mark.parametrize("service", UNKNOWN)
def test_an_unknown_key_is_refused(service: str, emulator: Emulator) -> None:
    """A key that nobody has is invalid, in the words of the service."""
    asking = client(emulator, service, Keys("AKIANOBODY", "secret"))
    with Refused() as refused:
        getattr(asking, ASKED[service])()

    assert (refused.code, refused.status) == UNKNOWN[service]
    assert refused.message == "The security token included in the request is invalid."


def test_a_wrong_or_missing_session_token_is_refused(emulator: Emulator, auditor: Keys) -> None:
    """The keys of a session are nothing without their own token, and a user's take none."""
    wrong = (
        Keys(auditor.key_id, auditor.secret, "another"),
        Keys(auditor.key_id, auditor.secret),
        Keys(HUB_KEYS.key_id, HUB_KEYS.secret, auditor.token),
    )
    for keys in wrong:
        with Refused() as refused:
            client(emulator, "sso-admin", keys).list_instances()
        assert refused.code == "UnrecognizedClientException"


@pytest.mark.parametrize("service", ASKED)
def test_a_wrong_secret_is_refused(service: str, emulator: Emulator) -> None:
    """The signature is really checked."""
    asking = client(emulator, service, Keys(HUB_KEYS.key_id, "another"))
    with Refused() as refused:
        getattr(asking, ASKED[service])()

    assert refused.code in ("SignatureDoesNotMatch", "InvalidSignatureException")
    assert "does not match" in refused.message


@pytest.mark.parametrize(
    ("skew", "words"), [(310, "Signature expired: "), (-310, "Signature not yet current: ")]
)
def test_a_clock_that_is_off_is_refused(skew: float, words: str, world: World) -> None:
    """More than five minutes to either side are too much."""
    with Emulator(world, signing_clock=lambda: time.time() + skew) as emulator, Refused() as refused:
        client(emulator, "sso-admin").list_instances()

    assert refused.code == "InvalidSignatureException"
    assert refused.message.startswith(words)


def test_a_signature_for_another_service_is_refused(emulator: Emulator) -> None:
    """The credential scope names the service that a signature is for."""
    asking = client(emulator, "sso-admin")
    asking.meta.events.register("choose-signer", lambda **_: "v4")
    asking._request_signer._signing_name = "identitystore"
    with Refused() as refused:
        asking.list_instances()

    assert refused.message == "Credential should be scoped to correct service: 'sso'."


def test_a_request_without_a_signature_is_refused(emulator: Emulator) -> None:
    """Nobody is let in unsigned."""
    asking = client(emulator, "sso-admin")
    asking.meta.events.register(
        "before-send", lambda request, **_: request.headers.__delitem__("Authorization")
    )
    with Refused() as refused:
        asking.list_instances()

    assert refused.code == "MissingAuthenticationTokenException"


@pytest.mark.parametrize("date", ["20200101T000000Z", "yesterday"])
def test_a_date_that_is_not_the_scopes_is_refused(date: str, emulator: Emulator) -> None:
    """The date that was signed and the date of the scope belong together."""

    def change(request: object, **_: object) -> None:
        request.headers["X-Amz-Date"] = date  # type: ignore[attr-defined] # botocore has no types

    asking = client(emulator, "sso-admin")
    asking.meta.events.register("before-send", change)
    with Refused() as refused:
        asking.list_instances()

    assert refused.code == "InvalidSignatureException"


@pytest.mark.parametrize("denied", ["sso:ListInstances", "sso:*", "*"])
def test_a_role_may_not_do_what_its_policies_leave_out(denied: str, world: World) -> None:
    """An action is denied by name or by pattern, and the refusal names it."""
    role = replace(world.roles[0], denied=(denied,))
    with Emulator(replace(world, roles=(role,))) as emulator, Refused() as refused:
        client(emulator, "sso-admin", assume(emulator)).list_instances()

    assert refused.code == "AccessDeniedException"
    assert "is not authorized to perform: sso:ListInstances on resource: * because" in refused.message
