"""The three AWS protocols (JSON 1.1, query and REST JSON) and the error responses that they encode."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote
from xml.sax.saxutils import escape

from sso_batch.emulator.http import Reply, Request, json_reply

# The query protocol has older error codes, and HTTP status 403 for authentication errors.
_QUERY_CODES = {
    "MissingAuthenticationTokenException": ("MissingAuthenticationToken", 403),
    "UnrecognizedClientException": ("InvalidClientTokenId", 403),
    "InvalidSignatureException": ("SignatureDoesNotMatch", 403),
    "ExpiredTokenException": ("ExpiredToken", 403),
    "AccessDeniedException": ("AccessDenied", 403),
    "ValidationException": ("ValidationError", 400),
    "ServiceUnavailableException": ("ServiceUnavailable", 503),
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


class ErrorResponse(Exception):  # noqa: N818 - a response of the emulated service
    """An error response: AWS's code and message, the HTTP status, and further members."""

    def __init__(self, code: str, message: str, *, status: int = 400, **members: Any) -> None:  # noqa: ANN401 - JSON
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members


def access_denied(user_arn: str, action: str, resource: str) -> ErrorResponse:
    """Return the error of a caller whose policies do not allow `action`."""
    return ErrorResponse(
        "AccessDeniedException",
        f"User: {user_arn} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action",
    )


def not_found(message: str, **members: Any) -> ErrorResponse:  # noqa: ANN401 - JSON
    """Return the error for a resource that does not exist."""
    return ErrorResponse("ResourceNotFoundException", message, **members)


def invalid(message: str) -> ErrorResponse:
    """Return the error for an invalid request."""
    return ErrorResponse("ValidationException", message)


class WireProtocol(Protocol):
    """The encoding of a service's requests and responses."""

    def read(self, http: Request) -> tuple[str, dict[str, Any]]:
        """Return the name of the operation and the members of the request."""

    def write(self, operation: str, answer: Mapping[str, Any]) -> Reply:
        """Return the reply for an answer."""

    def write_error(self, error: ErrorResponse) -> Reply:
        """Return the reply for an error response."""


@dataclass(frozen=True, slots=True)
class JsonProtocol:
    """JSON 1.1: every request is a POST; X-Amz-Target names the operation."""

    target_prefix: str

    def read(self, http: Request) -> tuple[str, dict[str, Any]]:
        """Read the operation from the target and the members from the body."""
        return http.headers.get("x-amz-target", "").rpartition(".")[2], _document(http)

    def write(self, operation: str, answer: Mapping[str, Any]) -> Reply:  # noqa: ARG002 - as the interface
        """Write the answer as JSON."""
        return json_reply(200, answer)

    def write_error(self, error: ErrorResponse) -> Reply:
        """Write the error code to the body."""
        document = {"__type": error.code, "Message": error.message, **error.members}
        return json_reply(error.status, document)


@dataclass(frozen=True, slots=True)
class QueryProtocol:
    """The query protocol: requests are forms, answers are XML."""

    namespace: str
    integers: frozenset[str] = frozenset()

    def read(self, http: Request) -> tuple[str, dict[str, Any]]:
        """Read the form; its Action is the operation."""
        form = http.form()
        name = form.pop("Action", "")
        form.pop("Version", None)
        return name, {key: self._value(key, text) for key, text in form.items()}

    def write(self, operation: str, answer: Mapping[str, Any]) -> Reply:
        """Write the answer as XML elements."""
        body = f"<{operation}Result>{_elements(answer)}</{operation}Result>{_METADATA}"
        return self._reply(200, f"{operation}Response", body)

    def write_error(self, error: ErrorResponse) -> Reply:
        """Write the error with the error code of this protocol."""
        code, status = _QUERY_CODES.get(error.code, (error.code, error.status))
        fault = "Sender" if status < 500 else "Receiver"  # noqa: PLR2004 - HTTP server errors
        elements = _elements({"Type": fault, "Code": code, "Message": error.message})
        return self._reply(status, "ErrorResponse", f"<Error>{elements}</Error>")

    def _value(self, key: str, text: str) -> str | int:
        return int(text) if key in self.integers and text.lstrip("-").isdigit() else text

    def _reply(self, status: int, name: str, inner: str) -> Reply:
        body = f'<{name} xmlns="{self.namespace}">{inner}</{name}>'
        return Reply(status, "text/xml", body.encode())


@dataclass(frozen=True, slots=True)
class RestJsonProtocol:
    """REST JSON: requests are methods and paths, answers are JSON.

    A route is a method and the path before its argument.
    """

    routes: Mapping[tuple[str, str], tuple[str, str | None]]

    def read(self, http: Request) -> tuple[str, dict[str, Any]]:
        """Read the operation from the route, and the members from path, query and body."""
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
        """Write the answer as JSON."""
        return Reply(200, "application/json", json.dumps(answer).encode())

    def write_error(self, error: ErrorResponse) -> Reply:
        """Write the error code to a header."""
        body = json.dumps({"message": error.message}).encode()
        status = _REST_STATUS.get(error.code, error.status)
        return Reply(status, "application/json", body, (("x-amzn-ErrorType", error.code),))


_METADATA = "<ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata>"


def _elements(members: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{_content(value)}</{name}>" for name, value in members.items())


def _content(value: object) -> str:
    """Return a value as the content of an element; AWS's XML has lists of `member` elements."""
    match value:
        case Mapping():
            return _elements(value)
        case list():
            return "".join(f"<member>{_content(item)}</member>" for item in value)
        case bool():
            return str(value).lower()
    return escape(str(value))


def _document(http: Request) -> dict[str, Any]:
    try:
        return http.document()
    except (TypeError, ValueError) as error:
        raise ErrorResponse("SerializationException", str(error)) from error
