"""How a run begins: all that can be found wrong is found here, before the first call."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sso_batch.config import Config
from sso_batch.errors import OutputError, UsageError
from sso_batch.report.manifest import run_file
from sso_batch.report.names import FileNames
from sso_batch.report.write import write_document
from sso_batch.store import Store, Stored

_RUN_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}", re.ASCII)

_RECENT = timedelta(minutes=10)
"""A run file that is older than this is of another start; clocks differ by less."""


def refuse_unbuilt(config: Config) -> None:
    """Raise UsageError for settings whose work this version cannot do: no report rather than a part."""
    unbuilt = [f"output.formats: {one}" for one in config.output.formats if one != "csv"]
    if config.output.s3 is not None:
        unbuilt.append("output.directory: s3://")
    if config.review.fail_on != "off":
        unbuilt.append(f"review.fail_on: {config.review.fail_on}")
    if config.review.compare != "none":
        unbuilt.append(f"review.compare: {config.review.compare}")
    if unbuilt:
        raise UsageError(
            f"this version of sso-batch cannot do this yet: {'; '.join(unbuilt)}",
            hint="take it out of the configuration, or of the command line, and run again",
        )


def begin(
    store: Store,
    run_id: str | None,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[FileNames, datetime]:
    """Prepare the output place and write the run file: the run's names and its start.

    Raises UsageError, OutputError. Two runs never share a start in one place: the second one waits for
    the next second.
    """
    if run_id is not None and not _RUN_ID.fullmatch(run_id):
        raise UsageError(
            f"--run-id {run_id} cannot be part of a file name",
            hint="write up to 63 lower-case letters, digits, dots and hyphens, a letter or digit first",
        )
    store.prepare()
    try:
        while True:
            started_at = clock()
            ts = f"{started_at:%Y%m%d_%H%M%S}"
            names = FileNames(run_id or ts.replace("_", "-"), ts)
            if _is_free(store, names, run_id) and _begin(store, names, started_at, run_id):
                return names, started_at
            sleep(1 - started_at.microsecond / 1e6)
    except OSError as error:
        raise OutputError(
            f"cannot write to the output place {store.name}: {error.strerror or error}",
            hint="make room there, or name another place with --output or output.directory",
        ) from error


def _begin(store: Store, names: FileNames, started_at: datetime, run_id: str | None) -> bool:
    """Write the run file; False where another run with this start wrote its own meanwhile."""
    try:
        write_document(store, names.run, run_file(names, started_at))
    except FileExistsError:
        if run_id is not None:
            raise _exists(run_id) from None
        return False
    if not any(_shares_start(store, names, one) for one in store.stored() if one.name != names.run):
        return True
    store.remove(names.run)
    return False


def _is_free(store: Store, names: FileNames, run_id: str | None) -> bool:
    taken = list(store.stored())
    if run_id is not None and any(one.name == names.run for one in taken):
        raise _exists(run_id)
    return not any(_shares_start(store, names, one) for one in taken)


def _shares_start(store: Store, names: FileNames, one: Stored) -> bool:
    """Whether a file is of another run with this very start: its name tells, or else the run file's words."""
    if names.taken(one.name):
        return True
    if not FileNames.is_run_file(one.name) or one.modified < datetime.now(UTC) - _RECENT:
        return False
    try:
        return bool(json.loads(b"".join(store.read(one.name)))["ts"] == names.ts)
    except (ValueError, KeyError, TypeError):  # somebody else's file
        return False


def _exists(run_id: str) -> UsageError:
    return UsageError(
        f"the run {run_id} is already in this place", hint="give another --run-id, or another --output"
    )
