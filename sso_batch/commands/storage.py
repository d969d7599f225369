"""Opening the output place that a configuration or a command line names, and the runs in it."""

import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from structlog.typing import FilteringBoundLogger

from sso_batch.config import Output
from sso_batch.errors import OutputError, UsageError
from sso_batch.store import S3, BucketPlace, Folder, FolderPlace, Place, Store

if TYPE_CHECKING:
    from sso_batch.aws.s3.bucket import Bucket


def open_place(output: Output, stop: threading.Event | None = None) -> Place:
    """Return the output place of a configuration's `output`; raise OutputError if it cannot be used.

    Once `stop` is set, S3 calls are not retried.
    """
    if output.s3 is None:
        return FolderPlace(folder_named(output.directory))
    bucket, spool = _open_bucket(output, stop)
    return BucketPlace(output.s3.bucket, output.s3.prefix, bucket, spool)


def open_run_folder(location: str) -> Store:
    """Return the store of one run, from its folder or s3://bucket/prefix, with the environment's credentials.

    Raises UsageError if it is neither, and OutputError if it cannot be used.
    """
    output = output_named(location)
    if output.s3 is None:
        return Folder(folder_named(output.directory))
    return S3(output.s3.bucket, output.s3.prefix, *_open_bucket(output, None))


def _open_bucket(output: Output, stop: threading.Event | None) -> "tuple[Bucket, Path]":
    """Return the bucket, and the folder for files before their upload."""
    from sso_batch.aws.s3.client import open_bucket  # noqa: PLC0415 - boto3, for S3 alone

    try:
        spool = Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise OutputError(
            f"no folder for temporary files, which are needed to write to {output.directory}",
            hint="set the environment variable TMPDIR to a writable folder",
        ) from error
    return open_bucket(output, stop or threading.Event()), spool


def folder_named(directory: str) -> Path:
    """Return the folder of that name, with `~` expanded; raise OutputError if there cannot be one."""
    try:
        folder = Path(directory).expanduser()
        os.fsencode(folder)
    except UnicodeEncodeError as error:
        raise OutputError(
            f"the name of the output folder cannot be encoded in the system's encoding ({error.encoding})",
            hint="set a UTF-8 locale, such as LC_ALL=C.UTF-8, or use a name in ASCII",
        ) from None
    except RuntimeError as error:
        raise OutputError(
            f"unknown home folder in {directory}",
            hint="write the full path, or set the environment variable HOME",
        ) from error
    return folder


def report_caveats(place: Place, log: FilteringBoundLogger) -> None:
    """Log a warning for each guarantee that the output place does not give."""
    for caveat in place.caveats:
        log.warning("output.caveat", message=caveat)


def output_named(location: str) -> Output:
    """Return the output settings for a folder or s3://bucket/prefix of the command line.

    Raises UsageError if it is neither.
    """
    try:
        return Output.model_validate({"directory": location})
    except ValidationError as error:
        raise UsageError(
            f"{location!r} is not a folder or S3 location", hint=error.errors()[0]["msg"]
        ) from None
