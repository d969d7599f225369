"""Opening the folder or S3 location that a configuration or a command line names."""

import os
import tempfile
import threading
from pathlib import Path

from pydantic import ValidationError
from structlog.typing import FilteringBoundLogger

from sso_batch.config import Output
from sso_batch.errors import OutputError, UsageError
from sso_batch.store import S3, Folder, Store

_MAX_SHOWN = 5  # runs in a hint


def open_store(output: Output, stop: threading.Event | None = None) -> Store:
    """Return the store of a configuration's `output`; raise OutputError if it cannot be used.

    Once `stop` is set, S3 calls are not retried.
    """
    place = output.s3
    if place is None:
        return Folder(folder_named(output.directory))
    from sso_batch.aws.s3.client import open_bucket  # noqa: PLC0415 - boto3, for S3 alone

    try:
        spool = Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise OutputError(
            f"no folder for temporary files, which are needed to write to {output.directory}",
            hint="set the environment variable TMPDIR to a writable folder",
        ) from error
    return S3(place.bucket, place.prefix, open_bucket(output, stop or threading.Event()), spool)


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


def report_caveats(store: Store, log: FilteringBoundLogger) -> None:
    """Log a warning for each guarantee that the store does not give."""
    for caveat in store.caveats:
        log.warning("output.caveat", message=caveat)


def place_named(location: str) -> Output:
    """Return the output settings for a folder or s3://bucket/prefix of the command line.

    Raises UsageError if it is neither.
    """
    try:
        return Output.model_validate({"directory": location})
    except ValidationError as error:
        raise UsageError(
            f"{location!r} is not a folder or S3 location", hint=error.errors()[0]["msg"]
        ) from None


def open_place(location: str) -> Store:
    """Return the store of a folder, or of s3://bucket/prefix with the environment's credentials.

    Raises UsageError if it is neither.
    """
    return open_store(place_named(location))


def open_file(location: str) -> tuple[Store, str]:
    """Return the store of a file, given by its path or its s3:// URL, and its name there.

    Raises UsageError if `location` does not name a file.
    """
    folder, slash, name = location.rpartition("/")
    if not name or (location.startswith("s3://") and folder in ("s3:/", "s3:")):
        raise UsageError(
            f"{location!r} is not a file", hint="pass the path of a file, or s3://bucket/prefix/file"
        )
    place_named(location)  # validate it as a whole, because its parts could look like folders
    return open_place(folder or slash or "."), name


def open_manifest(location: str) -> tuple[Store, str]:
    """Return the manifest at `location`, or the only one in the folder or S3 prefix of that name.

    Raises UsageError if there is none, or several, and OSError if the location cannot be read.
    """
    in_s3 = location.startswith("s3://")
    if location.endswith(".json") or (not in_s3 and Path(location).is_file()):
        return open_file(location)
    from sso_batch.runner.previous_runs import manifest_names  # noqa: PLC0415 - imports boto3

    store = open_place(location)
    names = manifest_names(store)
    if len(names) == 1:
        return store, names[0]
    if not names:
        raise UsageError(
            f"{location} contains no finished run",
            hint="pass the manifest of a run (…_manifest.json), or the folder that contains it",
        )
    shown = [f"{location.rstrip('/')}/{name}" for name in names[:_MAX_SHOWN]]
    more = [f"and {len(names) - _MAX_SHOWN} older ones"] if len(names) > _MAX_SHOWN else []
    raise UsageError(
        f"{location} contains {len(names)} finished runs",
        hint="pass the manifest of one:\n    " + "\n    ".join(shown + more),
    )
