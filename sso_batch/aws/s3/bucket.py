"""One bucket: put objects completely or not at all, read, list and delete them, and explain failures."""

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sso_batch.aws import operations
from sso_batch.aws.blocking_retry import FAILURES, BlockingRetry
from sso_batch.aws.error_codes import (
    CONDITION_UNSUPPORTED,
    OBJECT_EXISTS,
    OBJECT_MISSING,
    RANGE_PAST_END,
    WRITE_CONFLICT,
)
from sso_batch.aws.error_mapping import failure_from
from sso_batch.aws.exceptions import AwsFailure, malformed_answer
from sso_batch.aws.operations import Operation
from sso_batch.aws.s3.bucket_hints import on_bucket
from sso_batch.aws.s3.upload import PART, MultipartUpload, Upload
from sso_batch.store.errors import StorageError

_PATIENCE = 300.0
"""Seconds in which a call is retried."""

_SHORT_PATIENCE = 20.0
"""The same in a check, when a person is waiting."""

_CHUNK = 1 << 20
_NEW: Mapping[str, str] = {"IfNoneMatch": "*"}


class Bucket:
    """A bucket, through a client of S3. Methods raise StorageError, and what else they document.

    `part` is the number of bytes in one put, or in each part. `server_side_encryption`, `kms_key_id` and
    `acl` apply to every object; by default the bucket decides.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - botocore makes its class at run time
        name: str,
        stop: threading.Event,
        *,
        server_side_encryption: str | None = None,
        kms_key_id: str | None = None,
        acl: str | None = None,
        renew: Callable[[], bool] = lambda: False,
        part: int = PART,
    ) -> None:
        self._name = name
        self._calls = BlockingRetry(client, stop, renew=renew, always={"Bucket": name})
        self._key_id = kms_key_id
        settings = {
            "ServerSideEncryption": server_side_encryption or (kms_key_id and "aws:kms"),
            "SSEKMSKeyId": kms_key_id,
            "ACL": acl,
        }
        self._settings = {name: value for name, value in settings.items() if value is not None}
        self._part = part

    def prove(self, key: str, *, patient: bool) -> None:
        """Prove that `key`, which does not exist, could be put; leave nothing behind.

        `patient` retries as long as every other call does; otherwise only for some seconds. An aborted
        multipart upload needs the same permissions as a put, including the KMS key's, and leaves no version
        in a versioned bucket.
        """
        patience = _PATIENCE if patient else _SHORT_PATIENCE
        try:
            parts = MultipartUpload.start(self._calls, key, self._settings, patience, {})
            try:
                parts.add(b"x")
            except AwsFailure:
                parts.abandon()
                raise
            parts.abort()
        except AwsFailure as failure:
            raise self._error(failure) from None

    def upload(self, key: str, path: Path, sha256: str, *, replace: bool) -> None:
        """Put a file with this SHA-256; raise FileExistsError if the key exists.

        `replace` replaces the object that exists now, and no other that is put in the meantime.
        """
        backoff = self._calls.backoff(_PATIENCE)
        put = self._replace if replace else self._put
        retried = WRITE_CONFLICT | OBJECT_EXISTS | OBJECT_MISSING if replace else WRITE_CONFLICT
        while True:
            try:
                put(key, path, sha256)
            except AwsFailure as failure:
                if failure.code in OBJECT_EXISTS and not replace:
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), self._url(key)) from None
                if failure.code not in retried or not self._calls.pause(backoff):
                    raise self._error(failure) from None
            else:
                return

    def _put(self, key: str, path: Path, sha256: str, conditions: Mapping[str, str] = _NEW) -> None:
        """Put a file if `conditions` are met; raise AwsFailure."""
        Upload(self._calls, key, path, sha256, conditions, self._settings, self._part, _PATIENCE).put()

    def _replace(self, key: str, path: Path, sha256: str) -> None:
        """Put a file in place of the existing object; raise AwsFailure.

        A bucket policy can demand If-None-Match on every put, and some services do not support If-Match.
        Then the object is deleted first, once S3 has confirmed that nothing but the object prevents the put.
        """
        etag = self._etag(key)
        try:
            self._put(key, path, sha256, _NEW if etag is None else {"IfMatch": etag})
        except AwsFailure as failure:
            if etag is None or not (failure.denied or failure.code in CONDITION_UNSUPPORTED):
                raise
        else:
            return
        try:
            self._put(key, path, sha256)
        except AwsFailure as failure:
            if failure.code not in OBJECT_EXISTS:
                raise
            self._calls.call(operations.DELETE_OBJECT, _PATIENCE, Key=key)
            self._put(key, path, sha256)

    def _etag(self, key: str) -> str | None:
        """Return the ETag of the object under a key, or None if there is no such object.

        It comes from a listing: HeadObject gets "denied" for a missing object, unless the caller may list
        the whole bucket.
        """
        answer = self._calls.call(operations.LIST_OBJECTS, _PATIENCE, Prefix=key, Delimiter="/")
        found = answer.get(operations.LIST_OBJECTS.items, ())
        return next((str(item["ETag"]) for item in found if item["Key"] == key), None)

    def read(self, key: str) -> Iterator[bytes]:
        """Yield an object in chunks; raise FileNotFoundError.

        If the connection breaks, the rest is requested, but only of the same version of the object.
        """
        skip = 0
        same: dict[str, str] = {}
        backoff = self._calls.backoff(_PATIENCE)
        while True:
            conditions = same | ({"Range": f"bytes={skip}-"} if skip else {})
            try:
                answer = self._calls.call(operations.GET_OBJECT, _PATIENCE, Key=key, **conditions)
                same = {"IfMatch": answer["ETag"]}
                for chunk in answer["Body"].iter_chunks(_CHUNK):
                    skip += len(chunk)
                    backoff.end = time.monotonic() + _PATIENCE
                    yield chunk
            except AwsFailure as failure:
                if failure.code in RANGE_PAST_END:
                    return
                raise self._read_error(key, failure) from None
            except FAILURES as error:  # while the body is read
                broken = failure_from(operations.GET_OBJECT, error)
                if not broken.transient or not self._calls.pause(backoff):
                    raise self._error(broken) from None
            else:
                return

    def listed(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """Yield the keys that start with `prefix`, and when each was written."""
        for page in self._pages(Prefix=prefix):
            for item in page.get(operations.LIST_OBJECTS.items, ()):
                yield item["Key"], item["LastModified"]

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield what comes after `prefix` up to the next slash, each once; S3 skips the keys below it."""
        for page in self._pages(Prefix=prefix, Delimiter="/"):
            for item in page.get("CommonPrefixes", ()):
                yield item["Prefix"].removeprefix(prefix).removesuffix("/")

    def _pages(self, **parameters: str) -> Iterator[Mapping[str, Any]]:
        """Yield the pages of a listing."""
        listing = operations.LIST_OBJECTS
        next_page: Mapping[str, str] = {}
        tokens: set[str] = set()
        while True:
            page = self._call(listing, **parameters, **next_page)
            yield page
            if not page.get("IsTruncated"):
                return
            token = str(page.get(listing.token_key, ""))
            if not token or token in tokens:
                raise self._error(
                    malformed_answer(listing, "a page token is missing, or came back a second time")
                )
            tokens.add(token)
            next_page = {"ContinuationToken": token}

    def delete(self, key: str) -> None:
        """Delete an object, if it exists."""
        self._call(operations.DELETE_OBJECT, Key=key)

    def _call(self, operation: Operation, **parameters: object) -> dict[str, Any]:
        try:
            return self._calls.call(operation, _PATIENCE, **parameters)
        except AwsFailure as failure:
            raise self._error(failure) from None

    def _read_error(self, key: str, failure: AwsFailure) -> OSError:
        """Return the error of a read. Without permission to list the bucket, S3 denies a missing object."""
        if failure.code in OBJECT_MISSING or (failure.denied and not self._may_exist(key)):
            return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._url(key))
        return self._error(failure)

    def _may_exist(self, key: str) -> bool:
        try:
            return any(found == key for found, _ in self.listed(key))
        except OSError:
            return True

    def _error(self, failure: AwsFailure) -> OSError:
        message = f"{failure.operation} in the bucket {self._name} failed: {failure.code}: {failure.message}"
        return StorageError(failure.code, message, hint=self._hint(failure), transient=failure.transient)

    def _hint(self, failure: AwsFailure) -> str:
        return on_bucket(failure, self._name, self._key_id)

    def _url(self, key: str) -> str:
        return f"s3://{self._name}/{key}"
