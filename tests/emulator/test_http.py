"""Tests of the HTTP parser."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.emulator.http import MalformedRequestError, Reply, Request, json_reply, take_request

ENCODED = b"POST /x?a=b HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\nX-Amz-Target:  A.B \r\n\r\n{}"
PARSED = Request("POST", "/x", "a=b", {"host": "here", "content-length": "2", "x-amz-target": "A.B"}, b"{}")


@given(st.lists(st.integers(0, 2 * len(ENCODED)), max_size=6))
def test_requests_are_parsed_from_any_chunks(cuts: list[int]) -> None:
    """Two consecutive requests are parsed, wherever the stream is split."""
    stream, buffer, taken = ENCODED * 2, bytearray(), []
    bounds = [0, *sorted(cuts), len(stream)]
    for start, end in pairwise(bounds):
        buffer += stream[start:end]
        while (request := take_request(buffer)) is not None:
            taken.append(request)

    assert taken == [PARSED, PARSED]
    assert not buffer


@pytest.mark.parametrize(
    "stream", [b"x" * 70_000, b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n"]
)
def test_malformed_requests_are_refused(stream: bytes) -> None:
    """An endless header, an incomplete request line and an invalid length are errors."""
    with pytest.raises(MalformedRequestError):
        take_request(bytearray(stream))


def test_a_reply_has_the_headers_of_aws() -> None:
    """A reply always has a length and a request id."""
    assert json_reply(400, {}, ("A", "b")).encode("7") == (
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 2\r\n"
        b"x-amzn-RequestId: 7\r\nA: b\r\n\r\n{}"
    )
    assert Reply(200, "text/xml", b"").encode("7").endswith(b"\r\n\r\n")


def test_bodies_are_parsed() -> None:
    """A JSON body must be an object or empty; a form has fields."""
    assert Request("POST", "/", "", {}, b"").document() == {}
    assert Request("POST", "/", "", {}, b"A=1&B=%3D").form() == {"A": "1", "B": "="}
    with pytest.raises(TypeError):
        Request("POST", "/", "", {}, b"[]").document()
