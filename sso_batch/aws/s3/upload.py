"""One file's way into S3: whole or not at all, in one put or in parts.

S3 holds what it receives against SHA-256. An upload that is tried again can find its own object, put by an
attempt whose answer got lost: a mark in the object's metadata tells it from another's.
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
from sso_batch.aws.blocking_retry import Attempts
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.store.errors import StorageError

PART = 16 << 20
"""Bytes of a part; what is larger than one goes in parts, of which S3 takes 10,000."""

TAKEN = frozenset({"PreconditionFailed", "412"})
CONFLICT = frozenset({"ConditionalRequestConflict", "OperationAborted"})
"""Somebody else was writing the same key at that moment; S3 asks for the whole upload anew."""

_GONE = frozenset({"NoSuchUpload"})
_MARK = "sso-batch-upload"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way to `key`, `sha256` being what it has to hold.

    `settings` go with what makes an object. Raises AwsFailure with a code of TAKEN where `conditions` do not
    hold.
    """

    attempts: Attempts
    key: str
    path: Path
    sha256: str
    conditions: Mapping[str, str]
    settings: Mapping[str, str]
    part: int
    patience: float
    mark: str = field(default_factory=lambda: secrets.token_hex(16))

    def put(self) -> None:
        """Put the file, unless an earlier attempt of this very upload has put it already."""
        try:
            with self.path.open("rb") as file:
                if os.fstat(file.fileno()).st_size > self.part:
                    self._in_parts(file)
                else:
                    self._whole(file)
        except AwsFailure as failure:
            if failure.code not in TAKEN | _GONE or not self._is_there():
                raise

    def _whole(self, file: BinaryIO) -> None:
        self.attempts.call(
            operations.PUT_OBJECT,
            self.patience,
            file.read(),
            Key=self.key,
            ChecksumSHA256=b64encode(bytes.fromhex(self.sha256)).decode(),
            Metadata={_MARK: self.mark},
            **self.settings,
            **self.conditions,
        )

    def _in_parts(self, file: BinaryIO) -> None:
        parts = Parts.begin(self.attempts, self.key, self.settings, self.patience, {_MARK: self.mark})
        digest = hashlib.sha256()
        completed = False
        try:
            while content := file.read(self.part):
                digest.update(content)
                parts.add(content)
            if digest.hexdigest() != self.sha256:
                raise StorageError("SpoolChanged", f"{self.path} is no longer what was written to it")
            parts.complete(self.conditions)
            completed = True
        finally:
            if not completed:
                parts.abandon()

    def _is_there(self) -> bool:
        """Whether the object under the key is this upload's, and whole."""
        try:
            answer = self.attempts.call(operations.HEAD_OBJECT, self.patience, Key=self.key)
        except AwsFailure:
            return False
        whole = answer.get("ContentLength") == self.path.stat().st_size
        return whole and bool(answer.get("Metadata", {}).get(_MARK) == self.mark)


@dataclass(frozen=True, slots=True)
class Parts:
    """A multipart upload that has begun; it must be completed, aborted or abandoned."""

    attempts: Attempts
    key: str
    upload_id: str
    patience: float
    _added: list[dict[str, object]] = field(default_factory=list)

    @classmethod
    def begin(
        cls,
        attempts: Attempts,
        key: str,
        settings: Mapping[str, str],
        patience: float,
        metadata: Mapping[str, str],
    ) -> "Parts":
        """Begin the upload of an object in parts."""
        answer = attempts.call(
            operations.CREATE_MULTIPART_UPLOAD,
            patience,
            Key=key,
            ChecksumAlgorithm="SHA256",
            Metadata=metadata,
            **settings,
        )
        return cls(attempts, key, answer["UploadId"], patience)

    def add(self, content: bytes) -> None:
        """Upload the next part."""
        self.attempts.unless_stopped(operations.UPLOAD_PART)
        number, checksum = len(self._added) + 1, b64encode(hashlib.sha256(content).digest()).decode()
        answer = self.attempts.call(
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
        """Make the object of its parts."""
        self.attempts.call(
            operations.COMPLETE_MULTIPART_UPLOAD,
            self.patience,
            Key=self.key,
            UploadId=self.upload_id,
            MultipartUpload={"Parts": self._added},
            **conditions,
        )

    def abort(self) -> None:
        """Have S3 drop the parts."""
        self.attempts.call(
            operations.ABORT_MULTIPART_UPLOAD, self.patience, Key=self.key, UploadId=self.upload_id
        )

    def abandon(self) -> None:
        """The same where something else has failed already, which is what is told."""
        with contextlib.suppress(AwsFailure):
            self.abort()
