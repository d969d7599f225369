"""An S3 on loopback that fails by a script: before, in or after a request's body.

It can be as strict as a bucket policy makes S3, and it can ignore checksums, as some S3-compatible services
do.
"""

import hashlib
import socket
import struct
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from botocore import xform_name
from botocore.config import Config
from botocore.session import Session

from sso_batch.aws.strict_parser import StrictParserFactory

BUCKET = "reports"

Headers = dict[str, str]

HTML = b"<html><head><title>Sign in</title></head><body>Please sign in to the network.</body></html>"

FAULTS = (
    "503 before the body",
    "reset before the body",
    "reset in the body",
    "reset after the body",
    "500 after the body",
    "503 after the body",
    "answer lost",
)
"""What can happen to a request. Only "answer lost" executes it."""

_MODIFIED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Object:
    """A stored object."""

    content: bytes
    headers: Headers

    @property
    def etag(self) -> str:
        """The entity tag."""
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'


@dataclass
class LoopbackS3:
    """One bucket. By operation, `faults` has what happens to the next requests, `html` how many get HTML.

    `allows` is the bucket's policy: its arguments are the operation, and the request's headers in lower case.
    `unknown` has the status with which a header is refused as not implemented.
    """

    checksums: bool = True
    if_match: bool = True
    allows: Callable[[str, Headers], bool] = lambda _operation, _headers: True
    unknown: dict[str, int] = field(default_factory=dict)
    faults: dict[str, list[str | None]] = field(default_factory=dict)
    html: dict[str, int] = field(default_factory=dict)
    objects: dict[str, Object] = field(default_factory=dict)
    uploads: dict[str, tuple[str, Headers, dict[int, bytes]]] = field(default_factory=dict)
    asked: list[tuple[str, str, Headers]] = field(default_factory=list)

    @property
    def contents(self) -> dict[str, bytes]:
        """The contents of the bucket, by key."""
        return {key: stored.content for key, stored in self.objects.items()}

    def count(self, operation: str) -> int:
        """Return how often an operation was requested."""
        return sum(asked == operation for asked, _, _ in self.asked)

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serve on a free port; yield the URL."""
        handler = type("Handler", (_Handler,), {"s3": self})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def client_of(url: str) -> Any:  # noqa: ANN401 - botocore makes its class at run time
    """Return a client of S3 as sso-batch creates it, with one attempt for each call."""
    session = Session()
    session.set_credentials("made-up", "made-up")
    session.register_component("response_parser_factory", StrictParserFactory())
    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=5,
        read_timeout=10,
        s3={"addressing_style": "path"},
        parameter_validation=False,
    )
    return session.create_client("s3", region_name="us-east-1", endpoint_url=url, config=config)


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"
    s3: LoopbackS3
    _mute = False

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def handle_expect_100(self) -> bool:
        """Ask for the body, unless the script fails the request before it."""
        return not self._failed_before() and super().handle_expect_100()

    def do_PUT(self) -> None:
        """Put an object or a part."""
        self._handle()

    do_POST = do_GET = do_HEAD = do_DELETE = do_PUT  # noqa: N815 - likewise

    @property
    def _target(self) -> tuple[str, Headers]:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        return unquote(parts.path).removeprefix(f"/{BUCKET}").removeprefix("/"), query

    @property
    def _operation(self) -> str:
        key, query = self._target
        match self.command:
            case "PUT":
                return "UploadPart" if "partNumber" in query else "PutObject"
            case "POST":
                return "CreateMultipartUpload" if "uploads" in query else "CompleteMultipartUpload"
            case "DELETE":
                return "AbortMultipartUpload" if "uploadId" in query else "DeleteObject"
            case "HEAD":
                return "HeadObject"
        return "GetObject" if key else "ListObjectsV2"

    def _failed_before(self) -> bool:
        script = self.s3.faults.get(self._operation, [])
        if not script or script[0] not in FAULTS[:2]:
            return False
        self.s3.asked.append((self._operation, self._target[0], {}))
        if script.pop(0) == FAULTS[0]:
            self._refuse(503, "SlowDown")
        else:
            self._reset()
        return True

    def _handle(self) -> None:
        if self._failed_before():
            return
        operation, (key, query) = self._operation, self._target
        script = self.s3.faults.get(operation, [])
        fault = script.pop(0) if script else None
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.s3.asked.append((operation, key, headers))
        length = int(headers.get("content-length", 0))
        if fault == "reset in the body":
            self.rfile.read(length // 2)
            self._reset()
            return
        body = self.rfile.read(length)
        match fault:
            case "reset after the body":
                self._reset()
                return
            case "500 after the body" | "503 after the body":
                self._refuse(int(fault[:3]), "InternalError" if fault.startswith("500") else "SlowDown")
                return
            case "answer lost":
                self._mute = True
                self._answer(operation, key, query, headers, body)
                self._reset()
                return
        if self.s3.html.get(operation, 0):
            self.s3.html[operation] -= 1
            self._send(200, HTML, {"Content-Type": "text/html"})
            return
        self._answer(operation, key, query, headers, body)

    def _answer(self, operation: str, key: str, query: Headers, headers: Headers, body: bytes) -> None:
        if refused := headers.keys() & self.s3.unknown.keys():
            self._refuse(self.s3.unknown[refused.pop()], "NotImplemented")
        elif not self.s3.allows(operation, headers):
            self._refuse(403, "AccessDenied")
        elif self._broken(headers, body):
            self._refuse(400, "BadDigest")
        else:
            getattr(self, f"_{xform_name(operation)}")(key, query, headers, body)

    def _broken(self, headers: Headers, body: bytes) -> bool:
        expected = headers.get("x-amz-checksum-sha256")
        return (
            self.s3.checksums
            and expected is not None
            and expected != b64encode(hashlib.sha256(body).digest()).decode()
        )

    def _conflicts(self, key: str, headers: Headers) -> bool:
        """Refuse the request if a condition is not met; return whether it was refused."""
        existing = self.s3.objects.get(key)
        if headers.get("if-none-match") == "*" and existing is not None:
            self._refuse(412, "PreconditionFailed")
            return True
        if (
            self.s3.if_match
            and "if-match" in headers
            and (existing is None or headers["if-match"] != existing.etag)
        ):
            self._refuse(*((404, "NoSuchKey") if existing is None else (412, "PreconditionFailed")))
            return True
        return False

    def _put_object(self, key: str, _: object, headers: Headers, body: bytes) -> None:
        if not self._conflicts(key, headers):
            self.s3.objects[key] = Object(body, headers)
            self._send(200, b"", {"ETag": self.s3.objects[key].etag})

    def _create_multipart_upload(self, key: str, _: object, headers: Headers, __: bytes) -> None:
        number = f"upload-{len(self.s3.uploads)}"
        self.s3.uploads[number] = (key, headers, {})
        self._xml("InitiateMultipartUploadResult", f"<Key>{escape(key)}</Key><UploadId>{number}</UploadId>")

    def _upload_part(self, _: str, query: Headers, __: Headers, body: bytes) -> None:
        self.s3.uploads[query["uploadId"]][2][int(query["partNumber"])] = body
        self._send(200, b"", {"ETag": Object(body, {}).etag})

    def _complete_multipart_upload(self, key: str, query: Headers, headers: Headers, _: bytes) -> None:
        if query["uploadId"] not in self.s3.uploads:
            self._refuse(404, "NoSuchUpload")
        elif not self._conflicts(key, headers):
            headers, parts = self.s3.uploads.pop(query["uploadId"])[1:]
            self.s3.objects[key] = Object(b"".join(parts[number] for number in sorted(parts)), headers)
            etag = escape(self.s3.objects[key].etag)
            self._xml("CompleteMultipartUploadResult", f"<Key>{escape(key)}</Key><ETag>{etag}</ETag>")

    def _abort_multipart_upload(self, _: str, query: Headers, __: object, ___: bytes) -> None:
        self.s3.uploads.pop(query["uploadId"], None)
        self._send(204, b"", {})

    def _delete_object(self, key: str, *_: object) -> None:
        self.s3.objects.pop(key, None)
        self._send(204, b"", {})

    def _head_object(self, key: str, *_: object) -> None:
        self._get_object(key)

    def _get_object(self, key: str, *_: object) -> None:
        if key not in self.s3.objects:
            self._refuse(404, "NoSuchKey")
            return
        found = self.s3.objects[key]
        kept = {name: value for name, value in found.headers.items() if name.startswith("x-amz-meta-")}
        self._send(200, found.content, {"ETag": found.etag} | kept)

    def _list_objects_v2(self, _: str, query: Headers, *__: object) -> None:
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{_MODIFIED:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<ETag>{escape(stored.etag)}</ETag><Size>{len(stored.content)}</Size></Contents>"
            for key, stored in sorted(self.s3.objects.items())
            if key.startswith(query.get("prefix", ""))
        )
        self._xml("ListBucketResult", f"<IsTruncated>false</IsTruncated>{found}")

    def _xml(self, root: str, content: str) -> None:
        xml = (
            f'<?xml version="1.0"?><{root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{content}</{root}>'
        )
        self._send(200, xml.encode(), {"Content-Type": "application/xml"})

    def _refuse(self, status: int, code: str) -> None:
        self.close_connection = True
        xml = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>no</Message></Error>'
        self._send(status, xml.encode(), {"Content-Type": "application/xml", "Connection": "close"})

    def _send(self, status: int, body: bytes, headers: Headers) -> None:
        if self._mute:
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reset(self) -> None:
        """Reset the connection without an answer."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RDWR)
