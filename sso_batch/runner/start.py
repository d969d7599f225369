"""How a run begins: all that can be found wrong is found here, before the first call."""

import re
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sso_batch.config import Config
from sso_batch.errors import UsageError
from sso_batch.report.manifest import run_file
from sso_batch.report.names import FileNames
from sso_batch.report.write import write_document
from sso_batch.store import Folder

_RUN_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}", re.ASCII)


def refuse_unbuilt(config: Config) -> None:
    """Raise UsageError for settings whose work this version cannot do: no report rather than a part."""
    unbuilt = [f"output.formats: {one}" for one in config.output.formats if one != "csv"]
    if config.output.s3 is not None:
        unbuilt.append("output.directory: s3://")
    if config.review.fail_on != "off":
        unbuilt.append(f"review.fail_on: {config.review.fail_on}")
    if config.review.compare != "none":
        unbuilt.append(f"review.compare: {config.review.compare}")
    if config.notify.sns_topic_arn is not None:
        unbuilt.append("notify.sns_topic_arn")
    if unbuilt:
        raise UsageError(
            f"this version of sso-batch cannot do this yet: {'; '.join(unbuilt)}",
            hint="take it out of the configuration, or of the command line, and run again",
        )


def begin(
    directory: str,
    run_id: str | None,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Folder, FileNames, datetime]:
    """Prepare the output folder and write the run file: the folder, the run's names and its start.

    Raises UsageError, OutputError. Two runs never share a start in one folder: the second one waits for
    the next second.
    """
    if run_id is not None and not _RUN_ID.fullmatch(run_id):
        raise UsageError(
            f"--run-id {run_id} cannot be part of a file name",
            hint="write up to 63 lower-case letters, digits, dots and hyphens, a letter or digit first",
        )
    folder = Folder(Path(directory))
    folder.prepare()
    while True:
        started_at = clock()
        ts = f"{started_at:%Y%m%d_%H%M%S}"
        names = FileNames(run_id or ts.replace("_", "-"), ts)
        taken = list(folder.names())
        if run_id is not None and names.run in taken:
            raise _exists(run_id)
        if not any(names.taken(name) for name in taken):
            try:
                write_document(folder, names.run, run_file(names, started_at))
            except FileExistsError:
                if run_id is not None:
                    raise _exists(run_id) from None
            else:
                return folder, names, started_at
        sleep(1 - started_at.microsecond / 1e6)


def _exists(run_id: str) -> UsageError:
    return UsageError(
        f"the run {run_id} is already in this folder", hint="give another --run-id, or another --output"
    )
