"""HTTP/1.1 by hand: requests out of a stream of bytes, replies into one. No call of AWS is known here."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

MOST_HEADER_BYTES = 64 * 1024


class MalformedRequestError(Exception):
    """What came is not HTTP/1.1 as botocore speaks it; the connection cannot go on."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; names of headers are in lower case, `path` is still encoded."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def document(self) -> dict[str, Any]:
        """Return the body's JSON object; an empty body is an empty one."""
        document = json.loads(self.body or b"{}")
        if not isinstance(document, dict):
            raise TypeError("a request's body is a JSON object")
        return document

    def form(self) -> dict[str, str]:
        """Return the fields of a form body."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, still without the headers that every reply has."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def encode(self, request_id: str) -> bytes:
        """Return the bytes that go over the wire."""
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
    """Return a reply in AWS's JSON 1.1."""
    return Reply(status, "application/x-amz-json-1.1", json.dumps(document).encode(), headers)


def take_request(buffer: bytearray) -> Request | None:
    """Take one whole request from the front of `buffer`; None while it is not all there."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > MOST_HEADER_BYTES:
            raise MalformedRequestError("the header has no end")
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
    whole = end + 4 + length
    if len(buffer) < whole:
        return None
    body = bytes(buffer[end + 4 : whole])
    del buffer[:whole]
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, body)
