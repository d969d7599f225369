"""The objects of one bucket: put whole or not at all, read, listed, deleted; and what fails, in words."""

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from sso_batch.aws import operations
from sso_batch.aws.blocking_retry import FAILURES, Attempts
from sso_batch.aws.error_mapping import from_exception
from sso_batch.aws.exceptions import AwsFailure, malformed
from sso_batch.aws.operations import Operation
from sso_batch.aws.s3.errors import place_error
from sso_batch.aws.s3.upload import CONFLICT, PART, TAKEN, Parts, Upload

_PATIENCE = 300.0
"""Seconds in which a call is tried again."""

_SHORT_PATIENCE = 20.0
"""The same in a check, when somebody is waiting."""

_CHUNK = 1 << 20
_MISSING = frozenset({"NoSuchKey", "NotFound", "404"})
_NO_SUCH_CONDITION = frozenset({"NotImplemented", "501"})
_NEW: Mapping[str, str] = {"IfNoneMatch": "*"}
_NOTHING_LEFT = frozenset({"InvalidRange", "416"})


class Objects:
    """The objects of a bucket, through a client of S3; raises StorageError where nothing else is said.

    `part` is how many bytes go in one put, or in each part. `server_side_encryption`, `kms_key_id` and `acl`
    go with every object; by default the bucket decides.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - made at run time
        bucket: str,
        stop: threading.Event,
        *,
        server_side_encryption: str | None = None,
        kms_key_id: str | None = None,
        acl: str | None = None,
        renew: Callable[[], bool] = lambda: False,
        part: int = PART,
    ) -> None:
        self._bucket = bucket
        self._attempts = Attempts(client, stop, renew=renew, always={"Bucket": bucket})
        self._key_id = kms_key_id
        settings = {
            "ServerSideEncryption": server_side_encryption or (kms_key_id and "aws:kms"),
            "SSEKMSKeyId": kms_key_id,
            "ACL": acl,
        }
        self._settings = {name: value for name, value in settings.items() if value is not None}
        self._part = part

    def prove(self, key: str, *, patient: bool) -> None:
        """Prove that `key`, which is not there, could be put; leaves nothing behind.

        `patient` waits for trouble to pass as every other call does; otherwise it has a few seconds.
        A multipart upload that is aborted takes the permissions of a put, and the key's, and leaves no
        version in a bucket that keeps them.
        """
        patience = _PATIENCE if patient else _SHORT_PATIENCE
        try:
            parts = Parts.begin(self._attempts, key, self._settings, patience, {})
            try:
                parts.add(b"x")
            except AwsFailure:
                parts.abandon()
                raise
            parts.abort()
        except AwsFailure as failure:
            raise self._error(failure) from None

    def upload(self, key: str, path: Path, sha256: str, *, replace: bool) -> None:
        """Put a file, whose SHA-256 is `sha256`; raises FileExistsError where the key is taken.

        `replace` replaces the object that is there, and no other that somebody puts meanwhile.
        """
        end = time.monotonic() + _PATIENCE
        put = self._replace if replace else self._put
        again = CONFLICT | TAKEN | _MISSING if replace else CONFLICT
        for attempt in count():
            try:
                put(key, path, sha256)
            except AwsFailure as failure:
                if failure.code in TAKEN and not replace:
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), self._url(key)) from None
                if failure.code not in again or not self._attempts.pause(attempt, end):
                    raise self._error(failure) from None
            else:
                return

    def _put(self, key: str, path: Path, sha256: str, conditions: Mapping[str, str] = _NEW) -> None:
        """Put a file where `conditions` hold; raises AwsFailure."""
        Upload(self._attempts, key, path, sha256, conditions, self._settings, self._part, _PATIENCE).put()

    def _replace(self, key: str, path: Path, sha256: str) -> None:
        """Put a file in place of the object that is there; raises AwsFailure.

        A bucket policy can demand If-None-Match of every put, and some services do not know If-Match. Then
        the object is deleted first, once S3 has said that only the object stands in the way of the new one.
        """
        etag = self._etag(key)
        try:
            self._put(key, path, sha256, _NEW if etag is None else {"IfMatch": etag})
        except AwsFailure as failure:
            if etag is None or not (failure.denied or failure.code in _NO_SUCH_CONDITION):
                raise
        else:
            return
        try:
            self._put(key, path, sha256)
        except AwsFailure as failure:
            if failure.code not in TAKEN:
                raise
            self._attempts.call(operations.DELETE_OBJECT, _PATIENCE, Key=key)
            self._put(key, path, sha256)

    def _etag(self, key: str) -> str | None:
        """The ETag of the object under a key; None where there is none.

        From a listing: of a missing object S3 tells HeadObject nothing but "denied", unless the caller may
        list the whole bucket.
        """
        answer = self._attempts.call(operations.LIST_OBJECTS, _PATIENCE, Prefix=key, Delimiter="/")
        found = answer.get(operations.LIST_OBJECTS.items, ())
        return next((str(item["ETag"]) for item in found if item["Key"] == key), None)

    def read(self, key: str, *, skip: int = 0) -> Iterator[bytes]:
        """An object in chunks, without its first `skip` bytes; raises FileNotFoundError.

        Where the connection breaks, the rest is asked for: of the very same object, or not at all.
        """
        same: dict[str, str] = {}
        end = time.monotonic() + _PATIENCE
        for attempt in count():
            wanted = same | ({"Range": f"bytes={skip}-"} if skip else {})
            try:
                answer = self._attempts.call(operations.GET_OBJECT, _PATIENCE, Key=key, **wanted)
                same = {"IfMatch": answer["ETag"]}
                for chunk in answer["Body"].iter_chunks(_CHUNK):
                    skip += len(chunk)
                    end = time.monotonic() + _PATIENCE
                    yield chunk
            except AwsFailure as failure:
                if failure.code in _NOTHING_LEFT:
                    return
                raise self._unread(key, failure) from None
            except FAILURES as error:  # in mid-body
                broken = from_exception(operations.GET_OBJECT, error)
                if not broken.transient or not self._attempts.pause(attempt, end):
                    raise self._error(broken) from None
            else:
                return

    def listed(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """The keys that begin with `prefix` and have no slash after it, and when each was written."""
        listing = operations.LIST_OBJECTS
        further: Mapping[str, str] = {}
        tokens: set[str] = set()
        while True:
            answer = self._call(listing, Prefix=prefix, Delimiter="/", **further)
            for one in answer.get(listing.items, ()):
                yield one["Key"], one["LastModified"]
            if not answer.get("IsTruncated"):
                return
            token = str(answer.get(listing.token_key, ""))
            if not token or token in tokens:
                raise self._error(malformed(listing, "a page token is missing, or came back a second time"))
            tokens.add(token)
            further = {"ContinuationToken": token}

    def delete(self, key: str) -> None:
        """Delete an object, if it is there."""
        self._call(operations.DELETE_OBJECT, Key=key)

    def _call(self, operation: Operation, **parameters: object) -> dict[str, Any]:
        try:
            return self._attempts.call(operation, _PATIENCE, **parameters)
        except AwsFailure as failure:
            raise self._error(failure) from None

    def _unread(self, key: str, failure: AwsFailure) -> OSError:
        """The error of a read. S3 denies a missing object to those who may not list the whole bucket."""
        if failure.code in _MISSING or (failure.denied and not self._may_be_there(key)):
            return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._url(key))
        return self._error(failure)

    def _may_be_there(self, key: str) -> bool:
        try:
            return any(found == key for found, _ in self.listed(key))
        except OSError:
            return True

    def _error(self, failure: AwsFailure) -> OSError:
        return place_error(failure, self._bucket, self._key_id)

    def _url(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"
