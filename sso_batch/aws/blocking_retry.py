"""Blocking calls that are retried, and abandoned once the run is stopped.

These are the calls to the output place, made in writers' threads; calls to organizations go through the
gateway. botocore makes a single attempt here, too.
"""

import concurrent.futures
import io
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from sso_batch.aws.backoff import Backoff
from sso_batch.aws.error_codes import INTERRUPTED
from sso_batch.aws.error_mapping import failure_from
from sso_batch.aws.exceptions import AwsFailure, malformed_answer
from sso_batch.aws.operations import Operation

FAILURES = (BotoCoreError, ClientError, ResponseParserError, RuntimeError)
"""What botocore raises; a RuntimeError where a profile's command supplies expired credentials."""

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
"""What every answer of S3 to an operation contains. Other operations answer 204, without content."""

_ITEM = {"Key", "LastModified", "ETag"}
"""What every item of a listing of S3 contains."""

_POLL = 0.2
"""Seconds between two checks whether the run was stopped."""

_GRACE = 2.0
"""Seconds that all calls together have once the run is stopped."""

_MIN_GRACE = 0.5
"""Seconds of them that each call has at least."""


class BlockingRetry:
    """Makes the calls of one client, each with the parameters in `always`.

    Once `stop` is set, no call is retried, and one that hangs is left in its thread. `renew` makes the next
    call renew its credentials, and returns whether they can be renewed.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - botocore makes its class at run time
        stop: threading.Event,
        *,
        renew: Callable[[], bool] = lambda: False,
        always: Mapping[str, object],
    ) -> None:
        self._client = client
        self._always = always
        self._stop = stop
        self._renew = renew
        self._grace_end: float | None = None

    def call(
        self, operation: Operation, patience: float, body: bytes | None = None, /, **parameters: object
    ) -> dict[str, Any]:
        """Return the answer; raise AwsFailure if there is none within `patience` seconds.

        Each attempt sends `body` as a new stream: a failed attempt has read from its own.
        """
        backoff = self.backoff(patience)
        renewed = False
        while True:
            try:
                answer = self._attempt(operation, parameters if body is None else parameters | _stream(body))
                _refuse_foreign(operation, answer)
            except AwsFailure as failure:
                if failure.expired and not renewed:
                    renewed = self._renew()
                    if not renewed:
                        raise
                elif not failure.transient or not pause(backoff, self._stop):
                    raise
            else:
                return answer

    def backoff(self, patience: float) -> Backoff:
        """Return the pauses of something that may take `patience` seconds from now."""
        return Backoff(end=time.monotonic() + patience)

    def pause(self, backoff: Backoff) -> bool:
        """Wait before another attempt; return False if there must be none."""
        return pause(backoff, self._stop)

    def raise_if_stopped(self, operation: Operation) -> None:
        """Raise AwsFailure if the run was stopped."""
        if self._stop.is_set():
            raise _interrupted(operation)

    def _attempt(self, operation: Operation, parameters: dict[str, object]) -> dict[str, Any]:
        try:
            answer = _start(partial(getattr(self._client, operation.method), **self._always, **parameters))
            while not self._stop.is_set():
                concurrent.futures.wait([answer], _POLL)
                if answer.done():
                    return answer.result()
            concurrent.futures.wait([answer], self._grace())
            if answer.done():
                return answer.result()
        except Exception as error:  # noqa: BLE001 - failure_from raises what is not AWS's again
            raise failure_from(operation, error) from None
        raise _interrupted(operation)

    def _grace(self) -> float:
        now = time.monotonic()
        self._grace_end = self._grace_end or now + _GRACE
        return max(self._grace_end - now, _MIN_GRACE)


def pause(backoff: Backoff, stop: threading.Event) -> bool:
    """Wait before another attempt; return False if it would start too late, or once the run is stopped."""
    seconds = backoff.next_pause()
    return backoff.allows(time.monotonic() + seconds) and not stop.wait(seconds)


def _refuse_foreign(operation: Operation, answer: Mapping[str, Any]) -> None:
    """Raise TransientFailure for a 200 that is not S3's, such as the sign-in page of a proxy."""
    promised = _PROMISED.get(operation.name)
    if promised is None:
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        if answer.get("ResponseMetadata", {}).get("HTTPStatusCode") == _OK and "html" in headers.get(
            "content-type", ""
        ):
            raise malformed_answer(operation, "it is an HTML page")
        return
    if missing := [key for key in promised if answer.get(key) in {None, ""}]:
        raise malformed_answer(operation, f"it has no {missing[0]}")
    if operation.items and any(_ITEM - item.keys() for item in answer.get(operation.items, ())):
        raise malformed_answer(
            operation, f"an item of {operation.items} has no {' or no '.join(sorted(_ITEM))}"
        )


def _stream(body: bytes) -> dict[str, object]:
    """Return the parameter of a body. http.client would send bytes at once, within the connect timeout."""
    return {"Body": io.BytesIO(body)}


def _interrupted(operation: Operation) -> AwsFailure:
    """Return the failure of a call that the end of the run has interrupted."""
    return AwsFailure(operation.label, INTERRUPTED, "the run was stopped before there was an answer")


def _start(call: Callable[[], dict[str, Any]]) -> concurrent.futures.Future[dict[str, Any]]:
    """Make a call in a daemon thread of its own, which does not keep the process from ending."""
    answer: concurrent.futures.Future[dict[str, Any]] = concurrent.futures.Future()

    def work() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # noqa: BLE001 - the waiting thread handles it
            answer.set_exception(error)

    try:
        threading.Thread(target=work, name="s3", daemon=True).start()
    except RuntimeError:  # the system has no thread to spare (`--pids-limit`)
        work()
    return answer
