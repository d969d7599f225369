"""The credentials that write the files of a run, and the bucket that they go to."""

import threading
import time
from itertools import count
from typing import Any

from sso_batch.aws.connection import Connection
from sso_batch.aws.connection_pool import PATIENCE
from sso_batch.aws.credential_providers import LateCredentialsError
from sso_batch.aws.gateway import pause_after
from sso_batch.aws.regions import writer_region
from sso_batch.aws.s3.bucket import Objects
from sso_batch.config import Organization, Output
from sso_batch.errors import OrganizationError, OutputError, OutputUnavailableError


def bucket_of(output: Output, stop: threading.Event) -> Objects:
    """The bucket of an output place in S3, with its writer's credentials; raises OutputError.

    OutputUnavailableError is the one that may pass. Once `stop` is set, nothing is tried a second time.
    """
    assert output.s3 is not None, "asked for S3 alone"  # noqa: S101 - for the type checker
    writer: dict[str, Any] = {"name": "output", "profile": output.profile, "role_arn": output.role_arn}
    try:
        connection = _connect(
            Organization.model_validate({key: value for key, value in writer.items() if value is not None}),
            output.region or writer_region(output.profile, output.role_arn),
            stop,
        )
    except OrganizationError as error:
        kind = OutputUnavailableError if isinstance(error, LateCredentialsError) else OutputError
        message = f"cannot write to the output place {output.directory}: {error.message}"
        raise kind(message, hint=error.hint) from None
    return Objects(
        connection.client("s3"),
        output.s3.bucket,
        stop,
        server_side_encryption=output.server_side_encryption,
        kms_key_id=output.kms_key_id,
        acl=output.acl,
        renew=connection.renew,
    )


def _connect(organization: Organization, region: str, stop: threading.Event) -> Connection:
    """Connect, and again while the credentials are late; raises OrganizationError as Connection does."""
    end = time.monotonic() + PATIENCE
    for attempt in count():
        try:
            return Connection(organization, region, ("s3",))
        except LateCredentialsError:
            pause = pause_after(attempt)
            if time.monotonic() + pause > end or stop.wait(pause):
                raise
    raise AssertionError  # pragma: no cover - count() does not end
