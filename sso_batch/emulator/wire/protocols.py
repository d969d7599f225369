"""The three ways in which AWS's services write requests and answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote
from xml.sax.saxutils import escape

from sso_batch.emulator.wire.error_responses import ErrorResponse
from sso_batch.emulator.wire.http import Reply, Request, json_reply

# The query protocol has older names for the same refusals, and HTTP status 403 for those of who calls.
_QUERY_CODES = {
    "MissingAuthenticationTokenException": ("MissingAuthenticationToken", 403),
    "UnrecognizedClientException": ("InvalidClientTokenId", 403),
    "InvalidSignatureException": ("SignatureDoesNotMatch", 403),
    "ExpiredTokenException": ("ExpiredToken", 403),
    "AccessDeniedException": ("AccessDenied", 403),
    "ValidationException": ("ValidationError", 400),
    "ThrottlingException": ("Throttling", 400),
    "UnknownOperationException": ("InvalidAction", 400),
}
_REST_STATUS = {
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "InvalidSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "ResourceNotFoundException": 404,
    "ThrottlingException": 429,
    "UnknownOperationException": 404,
    "UnrecognizedClientException": 403,
}


class WireProtocol(Protocol):
    """How one service's requests are read, and its answers written."""

    def read(self, http: Request) -> tuple[str, dict[str, Any]]:
        """Return the name of the operation and the members of the request."""

    def write(self, operation: str, answer: Mapping[str, Any]) -> Reply:
        """Return an answer as it goes over the wire."""

    def write_error(self, refusal: ErrorResponse) -> Reply:
        """Return a refusal as it goes over the wire."""


@dataclass(frozen=True, slots=True)
class JsonProtocol:
    """JSON 1.1: everything is a POST, and X-Amz-Target says what for."""

    target_prefix: str

    def read(self, http: Request) -> tuple[str, dict[str, Any]]:
        """Read the target's last part and the body."""
        return http.headers.get("x-amz-target", "").rpartition(".")[2], _document(http)

    def write(self, operation: str, answer: Mapping[str, Any]) -> Reply:  # noqa: ARG002 - as the interface
        """Write the answer as it is."""
        return json_reply(200, answer)

    def write_error(self, refusal: ErrorResponse) -> Reply:
        """Name the code in the body."""
        document = {"__type": refusal.code, "Message": refusal.message, **refusal.members}
        return json_reply(refusal.status, document)


@dataclass(frozen=True, slots=True)
class QueryProtocol:
    """Forms in, XML out."""

    namespace: str
    integers: frozenset[str] = frozenset()

    def read(self, http: Request) -> tuple[str, dict[str, Any]]:
        """Read the form; its Action is the operation."""
        form = http.form()
        name = form.pop("Action", "")
        form.pop("Version", None)
        return name, {key: self._value(key, text) for key, text in form.items()}

    def write(self, operation: str, answer: Mapping[str, Any]) -> Reply:
        """Write the answer as elements."""
        body = f"<{operation}Result>{_elements(answer)}</{operation}Result>{_METADATA}"
        return self._reply(200, f"{operation}Response", body)

    def write_error(self, refusal: ErrorResponse) -> Reply:
        """Write the error under the name that this protocol has for it."""
        code, status = _QUERY_CODES.get(refusal.code, (refusal.code, refusal.status))
        fault = "Sender" if status < 500 else "Receiver"  # noqa: PLR2004 - HTTP's own border
        error = _elements({"Type": fault, "Code": code, "Message": refusal.message})
        return self._reply(status, "ErrorResponse", f"<Error>{error}</Error>")

    def _value(self, key: str, text: str) -> str | int:
        return int(text) if key in self.integers and text.lstrip("-").isdigit() else text

    def _reply(self, status: int, name: str, inner: str) -> Reply:
        body = f'<{name} xmlns="{self.namespace}">{inner}</{name}>'
        return Reply(status, "text/xml", body.encode())


@dataclass(frozen=True, slots=True)
class RestJsonProtocol:
    """Methods and paths in, JSON out. A route is a method and a path before its argument."""

    routes: Mapping[tuple[str, str], tuple[str, str | None]]

    def read(self, http: Request) -> tuple[str, dict[str, Any]]:
        """Find the route; its argument joins the members of query and body."""
        _, head, *rest = http.path.split("/", 2)
        name, argument = self.routes.get((http.method, f"/{head}{'/' if rest else ''}"), ("", None))
        request = _document(http)
        for part in filter(None, http.query.split("&")):
            key, _, value = part.partition("=")
            request[unquote(key)] = unquote(value)
        if argument:
            request[argument] = unquote(rest[0])
        return name, request

    def write(self, operation: str, answer: Mapping[str, Any]) -> Reply:  # noqa: ARG002 - as the interface
        """Write the answer as it is."""
        return Reply(200, "application/json", json.dumps(answer).encode())

    def write_error(self, refusal: ErrorResponse) -> Reply:
        """Name the code in a header."""
        body = json.dumps({"message": refusal.message}).encode()
        status = _REST_STATUS.get(refusal.code, refusal.status)
        return Reply(status, "application/json", body, (("x-amzn-ErrorType", refusal.code),))


_METADATA = "<ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata>"


def _elements(members: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_elements(value) if isinstance(value, Mapping) else escape(str(value))}</{name}>"
        for name, value in members.items()
    )


def _document(http: Request) -> dict[str, Any]:
    try:
        return http.document()
    except (TypeError, ValueError) as error:
        raise ErrorResponse("SerializationException", str(error)) from error
