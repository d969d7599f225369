"""Everything that relies on botocore's private or undocumented parts, in one place.

`tests/aws/test_botocore_internals.py` fails if a new version of botocore changes one of them.
"""

import sys
from collections.abc import Mapping
from traceback import walk_tb
from typing import Any

from botocore.credentials import DeferredRefreshableCredentials
from botocore.exceptions import CredentialRetrievalError, HTTPClientError, MetadataRetrievalError

CONTAINER_PROVIDER = "container-role"
INSTANCE_PROVIDER = "iam-role"
SSO_PROVIDER = "sso"
_PROCESS_PROVIDER = "custom-process"
_AGENTS = frozenset({CONTAINER_PROVIDER, INSTANCE_PROVIDER, "Ec2InstanceMetadata", SSO_PROVIDER})
"""botocore's names of its credential providers, in the order above: METHOD, and one CANONICAL_NAME."""

UNKNOWN_UNION_MEMBER = "SDK_UNKNOWN_MEMBER"
"""The key that botocore puts into a union whose member is not in its models."""

_STILL_EXPIRED = "still expired"
"""Words of the RuntimeError for renewed credentials that have expired; it has no class of its own."""

_SIGNING_A_BODY = "payload"
"""The function of botocore.auth that reads the body of a request, and no credentials."""

_CREDENTIAL_MODULES = frozenset(
    {"botocore.credentials", "botocore.tokens", "botocore.auth", "sso_batch.aws.credential_providers"}
)
_LIBRARIES = frozenset({"botocore", "dateutil", *sys.stdlib_module_names})


class RenewableCredentials(DeferredRefreshableCredentials):
    """Credentials that renew themselves before they expire, and on request."""

    def expire(self) -> None:
        """Make the next call renew them, whatever their expiry time."""
        self._frozen_credentials = None


def accept_parsed_bodies(parser: Any) -> None:  # noqa: ANN401 - botocore has no common class for JSON parsers
    """Make a JSON parser take a body that is parsed already, instead of bytes."""
    parse_bytes = parser._parse_body_as_json  # noqa: SLF001 - the one place where botocore reads JSON
    parser._parse_body_as_json = lambda body: body if isinstance(body, dict) else parse_bytes(body)  # noqa: SLF001 - likewise


def resolve_endpoints_once(client: Any) -> None:  # noqa: ANN401 - botocore makes its class at run time
    """Make a client resolve the endpoint of an operation once, and not at each call.

    It depends on the client's settings alone, unless the operation has endpoint parameters of its own.
    """
    resolver = getattr(client, "_ruleset_resolver", None)
    if resolver is None:  # botocore has no rules for the service, or keeps them elsewhere: only slower
        return
    resolve = resolver.construct_endpoint
    endpoints: dict[str, Any] = {}

    def construct_endpoint(operation_model: Any, call_args: Any, request_context: Any) -> Any:  # noqa: ANN401 - botocore's
        endpoint = endpoints.get(operation_model.name)
        if endpoint is None:
            endpoint = resolve(operation_model, call_args, request_context)
            if not (operation_model.context_parameters or operation_model.operation_context_parameters):
                endpoints[operation_model.name] = endpoint
        return endpoint

    resolver.construct_endpoint = construct_endpoint


def unsent_request_error(error: Exception) -> Exception | None:
    """Return what the HTTP client raised, if botocore only repeats it.

    botocore's message then contains headers and other values that may be secrets.
    """
    if type(error) is not HTTPClientError:
        return None
    reason: Exception = error.kwargs["error"]
    return reason


def is_credential_process_error(error: Exception) -> bool:
    """Return whether a profile's credential_process failed."""
    return isinstance(error, CredentialRetrievalError) and error.kwargs["provider"] == _PROCESS_PROVIDER


def is_late_agent(error: Exception) -> bool:
    """Return whether an agent that supplies credentials exists but did not answer: it may do so later."""
    return isinstance(error, MetadataRetrievalError) or (
        isinstance(error, CredentialRetrievalError) and error.kwargs["provider"] in _AGENTS
    )


def is_still_expired(error: Exception) -> bool:
    """Return whether credentials had already expired when they were renewed."""
    return isinstance(error, RuntimeError) and _STILL_EXPIRED in str(error)


def reason_of(error: BaseException) -> object:
    """Return the exception that one of botocore's carries as its reason, if it carries one."""
    arguments: Mapping[str, object] = getattr(error, "kwargs", {})
    return arguments.get("error")


def failed_on_credentials(error: Exception) -> bool:
    """Return whether botocore's own code failed on credentials, and not code of sso-batch that it called.

    botocore does not check their form: a list, null or a time without a zone raises anything.
    """
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    modules = [str(frame.f_globals.get("__name__")) for frame in frames]
    last = max((index for index, module in enumerate(modules) if module in _CREDENTIAL_MODULES), default=None)
    if last is None or frames[last].f_code.co_name == _SIGNING_A_BODY:
        return False
    return all(module.split(".")[0] in _LIBRARIES for module in modules[last + 1 :])
