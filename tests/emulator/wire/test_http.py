"""HTTP by hand: whole requests out of any pieces, and nothing else."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.emulator.wire.http import MalformedRequestError, Reply, Request, json_reply, take_request

ONE = b"POST /x?a=b HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\nX-Amz-Target:  A.B \r\n\r\n{}"
PARSED = Request("POST", "/x", "a=b", {"host": "here", "content-length": "2", "x-amz-target": "A.B"}, b"{}")


@given(st.lists(st.integers(0, 2 * len(ONE)), max_size=6))
def test_requests_are_taken_however_they_come(cuts: list[int]) -> None:
    """Two requests in a row, cut anywhere, give two requests."""
    stream, buffer, taken = ONE * 2, bytearray(), []
    borders = [0, *sorted(cuts), len(stream)]
    for start, end in pairwise(borders):
        buffer += stream[start:end]
        while (request := take_request(buffer)) is not None:
            taken.append(request)

    assert taken == [PARSED, PARSED]
    assert not buffer


@pytest.mark.parametrize(
    "stream", [b"x" * 70_000, b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n"]
)
def test_what_is_no_request_is_malformed(stream: bytes) -> None:
    """A header without an end, a line without parts, a length that is no number."""
    with pytest.raises(MalformedRequestError):
        take_request(bytearray(stream))


def test_a_reply_has_the_headers_of_aws() -> None:
    """Length and request id are always there."""
    assert json_reply(400, {}, ("A", "b")).encode("7") == (
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 2\r\n"
        b"x-amzn-RequestId: 7\r\nA: b\r\n\r\n{}"
    )
    assert Reply(200, "text/xml", b"").encode("7").endswith(b"\r\n\r\n")


def test_bodies_are_read() -> None:
    """A JSON body is an object, an empty one has no members; a form is fields."""
    assert Request("POST", "/", "", {}, b"").document() == {}
    assert Request("POST", "/", "", {}, b"A=1&B=%3D").form() == {"A": "1", "B": "="}
    with pytest.raises(TypeError):
        Request("POST", "/", "", {}, b"[]").document()
