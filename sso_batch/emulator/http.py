"""A minimal HTTP/1.1 parser and encoder, independent of AWS."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

MAX_HEADER_BYTES = 64 * 1024


class MalformedRequestError(Exception):
    """A request that is not valid HTTP/1.1; its connection is closed."""


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; header names are in lower case, `path` is percent-encoded."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def document(self) -> dict[str, Any]:
        """Return the JSON object in the body; an empty object for an empty body."""
        document = json.loads(self.body or b"{}")
        if not isinstance(document, dict):
            raise TypeError("the body of a request must be a JSON object")
        return document

    def form(self) -> dict[str, str]:
        """Return the fields of a form body."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP reply, without the headers that every reply has."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def encode(self, request_id: str) -> bytes:
        """Return the reply as bytes."""
        own = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        head = (
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n"
            f"Content-Type: {self.content_type}\r\n"
            f"Content-Length: {len(self.body)}\r\n"
            f"x-amzn-RequestId: {request_id}\r\n"
            f"{own}\r\n"
        )
        return head.encode() + self.body


def json_reply(status: int, document: object, *headers: tuple[str, str]) -> Reply:
    """Return a reply in AWS JSON 1.1."""
    return Reply(status, "application/x-amz-json-1.1", json.dumps(document).encode(), headers)


def take_request(buffer: bytearray) -> Request | None:
    """Remove and return one request from the front of `buffer`; return None while it is incomplete."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > MAX_HEADER_BYTES:
            raise MalformedRequestError("the header is too long")
        return None
    line, *fields = buffer[:end].decode("latin-1").split("\r\n")
    headers = {}
    for field in fields:
        name, _, value = field.partition(":")
        headers[name.strip().lower()] = value.strip()
    try:
        method, target, _ = line.split(" ")
        length = int(headers.get("content-length", "0"))
    except ValueError as error:
        raise MalformedRequestError(line) from error
    total = end + 4 + length
    if len(buffer) < total:
        return None
    body = bytes(buffer[end + 4 : total])
    del buffer[:total]
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, body)
