"""The place for files that a configuration or a command line names."""

import os
import tempfile
import threading
from pathlib import Path

from pydantic import ValidationError
from structlog.typing import FilteringBoundLogger

from sso_batch.config import Output
from sso_batch.errors import OutputError, UsageError
from sso_batch.store import S3, Folder, Store

_SHOWN = 5  # runs that a hint names


def open_store(output: Output, stop: threading.Event | None = None) -> Store:
    """The place that a configuration's `output` names; raises OutputError where it cannot be one.

    Once `stop` is set, no call to it is tried a second time.
    """
    place = output.s3
    if place is None:
        return Folder(folder_named(output.directory))
    from sso_batch.aws.s3.client import open_bucket  # noqa: PLC0415 - boto3, for S3 alone

    try:
        spool = Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise OutputError(
            f"there is no folder to make files in before they go to {output.directory}",
            hint="name one that this user may write to in the environment variable TMPDIR",
        ) from error
    return S3(place.bucket, place.prefix, open_bucket(output, stop or threading.Event()), spool)


def folder_named(directory: str) -> Path:
    """Return the folder of that name, `~` expanded; raises OutputError where there can be none."""
    try:
        folder = Path(directory).expanduser()
        os.fsencode(folder)
    except UnicodeEncodeError as error:
        raise OutputError(
            f"the system's encoding ({error.encoding}) cannot write the name of the output folder",
            hint="set a UTF-8 locale, such as LC_ALL=C.UTF-8, or write a name in ASCII",
        ) from None
    except RuntimeError as error:
        raise OutputError(
            f"the home folder in {directory} is not known",
            hint="write the whole path, or set the environment variable HOME",
        ) from error
    return folder


def report_caveats(store: Store, log: FilteringBoundLogger) -> None:
    """Warn of what a place does not keep, as far as preparing or checking it has shown."""
    for caveat in store.caveats:
        log.warning("output.caveat", message=caveat)


def place_named(location: str) -> Output:
    """A folder or s3://bucket/prefix of the command line as a configuration says it; raises UsageError."""
    try:
        return Output.model_validate({"directory": location})
    except ValidationError as error:
        raise UsageError(f"{location!r} is no place for files", hint=error.errors()[0]["msg"]) from None


def open_place(location: str) -> Store:
    """A folder, or s3://bucket/prefix with the environment's credentials; raises UsageError."""
    return open_store(place_named(location))


def open_file(location: str) -> tuple[Store, str]:
    """The place of one file, by its path or its s3:// URL, and the file's name there; raises UsageError."""
    folder, slash, name = location.rpartition("/")
    if not name or (location.startswith("s3://") and folder in ("s3:/", "s3:")):
        raise UsageError(f"{location} names no file", hint="write a file's path, or s3://bucket/prefix/file")
    place_named(location)  # as a whole: its parts could pass for folders
    return open_place(folder or slash or "."), name


def open_manifest(location: str) -> tuple[Store, str]:
    """The manifest at `location`, or the only one in the folder or S3 prefix of that name.

    Raises UsageError where there is none, or several, and OSError where the place cannot be read.
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
            f"{location} holds no run that has ended",
            hint="name a run's manifest, a file that ends in _manifest.json, or the folder that holds it",
        )
    shown = [f"{location.rstrip('/')}/{name}" for name in names[:_SHOWN]]
    more = [f"and {len(names) - _SHOWN} older ones"] if len(names) > _SHOWN else []
    raise UsageError(
        f"{location} holds {len(names)} runs that have ended",
        hint="name the manifest of one:\n    " + "\n    ".join(shown + more),
    )
