"""Calls that block, tried again where that can help, and left where the run was told to end.

They are the calls of the output place, which are made in writers' threads; an organization's go through its
gateway. botocore makes a single attempt here, too.
"""

import concurrent.futures
import io
import random
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from sso_batch.aws.error_mapping import from_exception
from sso_batch.aws.exceptions import AwsFailure, malformed
from sso_batch.aws.gateway import FIRST_PAUSE, LONGEST_PAUSE
from sso_batch.aws.operations import Operation

FAILURES = (BotoCoreError, ClientError, ResponseParserError, RuntimeError)
"""What botocore raises; a RuntimeError where a profile's command gives expired credentials."""

INTERRUPTED = "Interrupted"

_OK = 200
_PROMISED: Mapping[str, tuple[str, ...]] = {
    "PutObject": ("ETag",),
    "CreateMultipartUpload": ("UploadId",),
    "UploadPart": ("ETag",),
    "CompleteMultipartUpload": ("ETag",),
    "GetObject": ("ETag", "Body"),
    "HeadObject": ("ETag",),
    "ListObjectsV2": ("IsTruncated",),
}
"""What S3 puts into every answer of an operation. The others answer 204, without content."""

_ITEM = {"Key", "LastModified", "ETag"}
"""What S3 tells of every object in a listing."""

_LOOK = 0.2  # seconds between two looks whether the run was told to end
_LAST = 2.0  # seconds that all calls together have from then on
_LEAST = 0.5  # of them for each


class Attempts:
    """Makes the calls of one client, each with the parameters that `always` go with them.

    Once `stop` is set, no call is made a second time, and one that hangs is left in its thread. `renew`
    has credentials that AWS calls expired made anew, and tells whether they can be.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - made at run time
        stop: threading.Event,
        *,
        renew: Callable[[], bool] = lambda: False,
        always: Mapping[str, object],
    ) -> None:
        self._client = client
        self._always = always
        self._stop = stop
        self._renew = renew
        self._end: float | None = None

    def call(
        self, operation: Operation, patience: float, body: bytes | None = None, /, **parameters: object
    ) -> dict[str, Any]:
        """The answer; raises AwsFailure when there is none to be had within `patience` seconds.

        Each attempt sends `body` as a stream of its own: an attempt that fails has read from its stream.
        """
        begun = time.monotonic()
        renewed = False
        for attempt in count():
            try:
                answer = self._once(operation, parameters if body is None else parameters | _stream(body))
                _refuse_foreign(operation, answer)
            except AwsFailure as failure:
                if failure.expired and not renewed:
                    renewed = self._renew()
                    if not renewed:
                        raise
                elif not failure.transient or not self.pause(attempt, begun + patience):
                    raise
            else:
                return answer
        raise AssertionError  # pragma: no cover - count() does not end

    def pause(self, attempt: int, end: float) -> bool:
        """Wait before the next attempt; False where there is to be none."""
        pause = random.uniform(0, min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE))  # noqa: S311 - no secret
        return time.monotonic() + pause <= end and not self._stop.wait(pause)

    def unless_stopped(self, operation: Operation) -> None:
        """Raise AwsFailure where the run was told to end."""
        if self._stop.is_set():
            raise interrupted(operation)

    def _once(self, operation: Operation, parameters: dict[str, object]) -> dict[str, Any]:
        try:
            answer = _start(partial(getattr(self._client, operation.method), **self._always, **parameters))
            while not self._stop.is_set():
                concurrent.futures.wait([answer], _LOOK)
                if answer.done():
                    return answer.result()
            concurrent.futures.wait([answer], self._grace())
            if answer.done():
                return answer.result()
        except Exception as error:  # noqa: BLE001 - what is not of AWS or the credentials is raised again
            raise from_exception(operation, error) from None
        raise interrupted(operation)

    def _grace(self) -> float:
        now = time.monotonic()
        self._end = self._end or now + _LAST
        return max(self._end - now, _LEAST)


def _refuse_foreign(operation: Operation, answer: Mapping[str, Any]) -> None:
    """Raise TransientFailure for a 200 that is not S3's, such as the page of a proxy that asks to sign in."""
    promised = _PROMISED.get(operation.name)
    if promised is None:
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        if answer.get("ResponseMetadata", {}).get("HTTPStatusCode") == _OK and "html" in headers.get(
            "content-type", ""
        ):
            raise malformed(operation, "it is an HTML page")
        return
    if missing := [key for key in promised if answer.get(key) in {None, ""}]:
        raise malformed(operation, f"it has no {missing[0]}")
    if operation.items and any(_ITEM - item.keys() for item in answer.get(operation.items, ())):
        raise malformed(operation, f"an item of {operation.items} has no {' or no '.join(sorted(_ITEM))}")


def _stream(body: bytes) -> dict[str, object]:
    """The parameter of a body. http.client would send bytes in one go, within the time to connect."""
    return {"Body": io.BytesIO(body)}


def interrupted(operation: Operation) -> AwsFailure:
    """The run has to end, and this call has no answer."""
    return AwsFailure(operation.name, INTERRUPTED, "the run was told to end before there was an answer")


def _start(call: Callable[[], dict[str, Any]]) -> concurrent.futures.Future[dict[str, Any]]:
    """Make a call in a thread of its own, which does not keep the process from ending."""
    answer: concurrent.futures.Future[dict[str, Any]] = concurrent.futures.Future()

    def work() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is the waiting thread's to handle
            answer.set_exception(error)

    try:
        threading.Thread(target=work, name="s3", daemon=True).start()
    except RuntimeError:  # the system has no thread to spare (`--pids-limit`)
        work()
    return answer
