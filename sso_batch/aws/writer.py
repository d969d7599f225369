"""The credentials that write the files of a run, and the bucket that they go to."""

import contextlib
import os
import threading
from typing import Any

from botocore.exceptions import BotoCoreError
from botocore.session import Session

from sso_batch.aws.connection import Connection
from sso_batch.aws.objects import Objects
from sso_batch.config import Organization, Output
from sso_batch.config.patterns import partition_of_arn
from sso_batch.errors import OrganizationError, OutputError

_ANY_REGION = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
"""Where S3 is asked first if nobody says where, by partition; it tells where the bucket is."""


def bucket_of(output: Output, stop: threading.Event) -> Objects:
    """The bucket of an output place in S3, with its writer's credentials; raises OutputError.

    Once `stop` is set, nothing is tried a second time.
    """
    assert output.s3 is not None, "asked for S3 alone"  # noqa: S101 - for the type checker
    writer: dict[str, Any] = {"name": "output", "profile": output.profile, "role_arn": output.role_arn}
    try:
        connection = Connection(
            Organization.model_validate({key: value for key, value in writer.items() if value is not None}),
            output.region or _region(output),
            ("s3",),
        )
    except OrganizationError as error:
        raise OutputError(
            f"cannot write to the output place {output.directory}: {error.message}", hint=error.hint
        ) from None
    return Objects(
        connection.client("s3"),
        output.s3.bucket,
        stop,
        server_side_encryption=output.server_side_encryption,
        kms_key_id=output.kms_key_id,
        acl=output.acl,
        renew=connection.renew,
    )


def _region(output: Output) -> str:
    """The Region of the writer's environment or profile, or any of the partition."""
    partition = partition_of_arn(output.role_arn) if output.role_arn else "aws"
    configured: str | None = os.environ.get("AWS_REGION")
    with contextlib.suppress(BotoCoreError):  # of a profile that is unknown, which the connection tells
        configured = configured or Session(profile=output.profile).get_config_variable("region")
    return configured or _ANY_REGION.get(partition, "us-east-1")
