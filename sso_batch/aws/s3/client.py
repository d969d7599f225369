"""The buckets: of the files of a run, with the writer's credentials, and of what a run reads first."""

import threading
import time

from sso_batch.aws.backoff import Backoff
from sso_batch.aws.blocking_retry import pause
from sso_batch.aws.connection import Connection
from sso_batch.aws.connection_pool import PATIENCE
from sso_batch.aws.credential_providers import LateCredentialsError
from sso_batch.aws.credential_source import CredentialSource
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.regions import output_region
from sso_batch.aws.s3.bucket import Bucket
from sso_batch.aws.s3.bucket_hints import on_object
from sso_batch.config import Output, S3Place
from sso_batch.config.field_types import partition_of_region
from sso_batch.errors import OrganizationError, OutputError, OutputUnavailableError
from sso_batch.store.errors import StorageError


def open_bucket(output: Output, stop: threading.Event) -> Bucket:
    """Return the bucket of an output place in S3, with the writer's credentials; raise OutputError.

    Its subclass OutputUnavailableError means that a later attempt may succeed. Once `stop` is set, nothing
    is retried.
    """
    assert output.s3 is not None, "called for S3 only"  # noqa: S101 - for the type checker
    role_arns = () if output.role_arn is None else (output.role_arn,)
    source = CredentialSource(profile=output.profile, role_arns=role_arns)
    try:
        region = output.region or output_region(output.profile, output.role_arn)
        connection = _connect(source, region, stop)
    except OrganizationError as error:
        error_class = OutputUnavailableError if isinstance(error, LateCredentialsError) else OutputError
        message = f"cannot write to the output place {output.directory}: {error.message}"
        raise error_class(message, hint=error.hint) from None
    return Bucket(
        connection.client("s3"),
        output.s3.bucket,
        stop,
        server_side_encryption=output.server_side_encryption,
        kms_key_id=output.kms_key_id,
        acl=output.acl,
        renew=connection.renew,
    )


def read_object(place: S3Place, limit: int) -> bytes:
    """Return the first `limit` bytes of an object, read with the environment's credentials.

    Raises FileNotFoundError, or StorageError if it cannot be read.
    """
    region = output_region(None, None)
    arn = place.object_arn(partition_of_region(region))
    try:
        connection = _connect(CredentialSource(), region, threading.Event())
    except OrganizationError as error:
        failure = AwsFailure(error.operation, error.code, error.message, hint=error.hint)
        late = isinstance(error, LateCredentialsError)
        raise StorageError(error.code, error.message, hint=on_object(failure, arn), transient=late) from None
    content = bytearray()
    for chunk in _Input(connection, place, arn).read(place.prefix):
        content += chunk
        if len(content) >= limit:
            break
    return bytes(content[:limit])


class _Input(Bucket):
    """The bucket of an object that is read before a run."""

    def __init__(self, connection: Connection, place: S3Place, arn: str) -> None:
        super().__init__(connection.client("s3"), place.bucket, threading.Event(), renew=connection.renew)
        self._arn = arn

    def _hint(self, failure: AwsFailure) -> str:
        return on_object(failure, self._arn)


def _connect(source: CredentialSource, region: str, stop: threading.Event) -> Connection:
    """Connect, and retry while credentials are late; raise OrganizationError as Connection does."""
    backoff = Backoff(end=time.monotonic() + PATIENCE)
    while True:
        try:
            return Connection(source, region, ("s3",))
        except LateCredentialsError:
            if not pause(backoff, stop):
                raise
