"""The upload of one file to S3: completely or not at all, in one put or in parts.

S3 verifies what it receives by SHA-256. A retried upload can find its own object, put by an attempt whose
answer was lost: a marker in the object's metadata identifies it. Kept by hand: boto3's transfers do not
support IfNoneMatch (`ALLOWED_UPLOAD_ARGS`).
"""

import contextlib
import hashlib
import os
import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sso_batch.aws import operations
from sso_batch.aws.blocking_retry import BlockingRetry
from sso_batch.aws.error_codes import OBJECT_EXISTS, UPLOAD_MISSING
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.store.errors import StorageError

PART = 16 << 20
"""Bytes of a part. A larger file is uploaded in parts, of which S3 accepts 10,000."""

_MARKER = "sso-batch-upload"


@dataclass(frozen=True, slots=True)
class Upload:
    """The upload of a file with this SHA-256 to `key`.

    `settings` are the parameters of every call that creates an object. Methods raise AwsFailure, with a code
    of OBJECT_EXISTS if `conditions` are not met.
    """

    calls: BlockingRetry
    key: str
    path: Path
    sha256: str
    conditions: Mapping[str, str]
    settings: Mapping[str, str]
    part: int
    patience: float
    marker: str = field(default_factory=lambda: secrets.token_hex(16))

    def put(self) -> None:
        """Put the file, unless an earlier attempt of this upload has already done so."""
        try:
            with self.path.open("rb") as file:
                if os.fstat(file.fileno()).st_size > self.part:
                    self._put_parts(file)
                else:
                    self._put_whole(file)
        except AwsFailure as failure:
            if failure.code not in OBJECT_EXISTS | UPLOAD_MISSING or not self._is_done():
                raise

    def _put_whole(self, file: BinaryIO) -> None:
        self.calls.call(
            operations.PUT_OBJECT,
            self.patience,
            file.read(),
            Key=self.key,
            ChecksumAlgorithm="SHA256",  # required with Object Lock, according to the reference of PutObject
            ChecksumSHA256=b64encode(bytes.fromhex(self.sha256)).decode(),
            Metadata={_MARKER: self.marker},
            **self.settings,
            **self.conditions,
        )

    def _put_parts(self, file: BinaryIO) -> None:
        parts = MultipartUpload.start(
            self.calls, self.key, self.settings, self.patience, {_MARKER: self.marker}
        )
        digest = hashlib.sha256()
        completed = False
        try:
            while content := file.read(self.part):
                digest.update(content)
                parts.add(content)
            if digest.hexdigest() != self.sha256:
                raise StorageError("SpoolChanged", f"{self.path} was changed after it was written")
            parts.complete(self.conditions)
            completed = True
        finally:
            if not completed:
                parts.abandon()

    def _is_done(self) -> bool:
        """Return whether the object under the key is this upload's, and complete."""
        try:
            answer = self.calls.call(operations.HEAD_OBJECT, self.patience, Key=self.key)
        except AwsFailure:
            return False
        complete = answer.get("ContentLength") == self.path.stat().st_size
        return complete and bool(answer.get("Metadata", {}).get(_MARKER) == self.marker)


@dataclass(frozen=True, slots=True)
class MultipartUpload:
    """A multipart upload that was started; it must be completed, aborted or abandoned."""

    calls: BlockingRetry
    key: str
    upload_id: str
    patience: float
    _added: list[dict[str, object]] = field(default_factory=list)

    @classmethod
    def start(
        cls,
        calls: BlockingRetry,
        key: str,
        settings: Mapping[str, str],
        patience: float,
        metadata: Mapping[str, str],
    ) -> "MultipartUpload":
        """Start the upload of an object in parts."""
        answer = calls.call(
            operations.CREATE_MULTIPART_UPLOAD,
            patience,
            Key=key,
            ChecksumAlgorithm="SHA256",
            Metadata=metadata,
            **settings,
        )
        return cls(calls, key, answer["UploadId"], patience)

    def add(self, content: bytes) -> None:
        """Upload the next part."""
        self.calls.raise_if_stopped(operations.UPLOAD_PART)
        number, checksum = len(self._added) + 1, b64encode(hashlib.sha256(content).digest()).decode()
        answer = self.calls.call(
            operations.UPLOAD_PART,
            self.patience,
            content,
            Key=self.key,
            UploadId=self.upload_id,
            PartNumber=number,
            ChecksumSHA256=checksum,
        )
        self._added.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum})

    def complete(self, conditions: Mapping[str, str]) -> None:
        """Assemble the object from its parts."""
        self.calls.call(
            operations.COMPLETE_MULTIPART_UPLOAD,
            self.patience,
            Key=self.key,
            UploadId=self.upload_id,
            MultipartUpload={"Parts": self._added},
            **conditions,
        )

    def abort(self) -> None:
        """Abort the upload, so that S3 deletes the parts."""
        self.calls.call(
            operations.ABORT_MULTIPART_UPLOAD, self.patience, Key=self.key, UploadId=self.upload_id
        )

    def abandon(self) -> None:
        """Abort the upload after another failure, which is the one to report."""
        with contextlib.suppress(AwsFailure):
            self.abort()
