"""The start of a run: everything that can be found wrong is found here, before the first call."""

import importlib.util
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sso_batch.config import Config
from sso_batch.errors import UsageError
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import (
    ManifestError,
    RunFile,
    encode_run_file,
    read_manifest,
    read_run_file,
)
from sso_batch.run_files.results import Status
from sso_batch.run_files.writer import write_document
from sso_batch.sharding import Shard
from sso_batch.store import Store, StoredFile, to_output_error

_RUN_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}", re.ASCII)

_RECENT = timedelta(minutes=10)
"""A run file that is older than this has another start; clocks differ by less."""

_SETTLES = timedelta(seconds=1)
"""A run file that is older than this is no longer withdrawn."""


def require_format_libraries(config: Config) -> None:
    """Raise UsageError for a format whose library is not installed."""
    if "xlsx" in config.output.formats and importlib.util.find_spec("xlsxwriter") is None:
        raise UsageError(
            "the format xlsx needs xlsxwriter, which is not installed",
            hint="install it in the same environment: pip install xlsxwriter",
        )


def begin(
    store: Store,
    run_id: str | None,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None] = time.sleep,
    *,
    resume: bool = False,
    shard: Shard | None = None,
    max_age: timedelta | None = None,
) -> tuple[FileNames, datetime]:
    """Prepare the output place, write the run file or find it, and return the run's names and start.

    An existing run is resumed, or joined by its other shards. A run that was completed longer than `max_age`
    ago is not resumed, because new files would replace its own. Two runs in one place never share a start:
    the second one waits for the next second. Raises UsageError, OutputError.
    """
    check_run_id(run_id)
    _require_run_id(run_id, resume=resume, shard=shard)
    joins = resume or shard is not None
    store.prepare()
    try:
        while True:
            if run_id is not None and joins and (run := find_run(store, run_id, sleep)):
                _check_joinable(store, run, resume=resume, shard=shard)
                if max_age is not None:
                    _refuse_completed(store, run.names, shard, clock() - max_age)
                return run.names, run.started_at
            started_at = clock()
            ts = f"{started_at:%Y%m%d_%H%M%S}"
            names = FileNames(run_id or ts.replace("_", "-"), ts)
            try:
                if _is_free(store, names) and _write_run_file(store, names, started_at, shard):
                    return names, started_at
            except FileExistsError:
                if run_id is not None and not joins:
                    raise _run_exists(run_id) from None
                if joins:  # another process has just started this very run
                    continue
            sleep(1 - started_at.microsecond / 1e6)
    except OSError as error:
        raise to_output_error(store.name, error) from error


def check_run_id(run_id: str | None) -> None:
    """Raise UsageError for a run id that cannot be part of a file name."""
    if run_id is not None and not _RUN_ID.fullmatch(run_id):
        raise UsageError(
            f"--run-id {run_id} cannot be part of a file name",
            hint="use up to 63 lower-case letters, digits, dots and hyphens, starting with a letter or digit",
        )


def find_run(store: Store, run_id: str, sleep: Callable[[float], None] = time.sleep) -> RunFile | None:
    """Return the run of that id in this place, if it exists; raise UsageError for an invalid run file.

    A process that finds its start taken withdraws the run file it has just written. So a new run file counts
    only if it still exists after a moment.
    """
    name = FileNames(run_id, "").run
    found = _read_run_file(store, name)
    written = next((file.modified for file in store.stored() if file.name == name), None)
    if found is None or written is None:
        return None
    if datetime.now(UTC) - written < _SETTLES:
        sleep(_SETTLES.total_seconds())
        again = _read_run_file(store, name)
        return found if again == found else find_run(store, run_id, sleep)
    return found


def _read_run_file(store: Store, name: str) -> RunFile | None:
    try:
        return read_run_file(b"".join(store.read(name)))
    except FileNotFoundError:
        return None
    except ManifestError as error:
        raise UsageError(
            f"the run file {name} is invalid: {error.message}",
            hint="use another --run-id, or another --output",
        ) from error


def _require_run_id(run_id: str | None, *, resume: bool, shard: Shard | None) -> None:
    if run_id is None and (resume or shard):
        option = "--resume" if resume else "--shard"
        raise UsageError(
            f"{option} requires --run-id, so that all processes of the run use the same one",
            hint="pass the same --run-id to each of them, such as the name of the job",
        )


def _check_joinable(store: Store, run: RunFile, *, resume: bool, shard: Shard | None) -> None:
    """Raise UsageError if this process cannot be a part of an existing run."""
    count = shard.count if shard else 1
    if run.shards != count:
        raise UsageError(
            f"the run {run.run_id} has {_shards(run.shards)}, but this process expects {_shards(count)}",
            hint="pass --shard I/N with the same N to every process of the run, or use another --run-id",
        )
    if shard is None or resume:
        return
    manifest = run.names.shard_manifest(shard.index)
    if any(file.name == manifest for file in store.stored()):
        raise UsageError(
            f"shard {shard} of the run {run.run_id} already exists in this place",
            hint="resume it with --resume, or use another --run-id",
        )


def _refuse_completed(store: Store, names: FileNames, shard: Shard | None, oldest: datetime) -> None:
    """Raise UsageError for a run, or a shard, that was completed before `oldest`."""
    name = names.manifest if shard is None else names.shard_manifest(shard.index)
    try:
        outcome = read_manifest(b"".join(store.read(name))).outcome
    except (FileNotFoundError, ManifestError):
        return
    if outcome.status is Status.COMPLETE and outcome.finished_at < oldest:
        raise UsageError(
            f"the run {names.run_id} was completed at {outcome.finished_at:%Y-%m-%d %H:%M} UTC, "
            "which is longer ago than run.resume_max_age",
            hint="use another --run-id to audit again; the files of the completed run are not changed",
        )


def _shards(count: int) -> str:
    return "one shard" if count == 1 else f"{count} shards"


def _write_run_file(store: Store, names: FileNames, started_at: datetime, shard: Shard | None) -> bool:
    """Write the run file; return False if another run with this start wrote its own meanwhile."""
    content = encode_run_file(names, started_at, shards=shard.count if shard else 1)
    write_document(store, names.run, content)
    if not any(_shares_start(store, names, file) for file in store.stored() if file.name != names.run):
        return True
    store.remove(names.run)
    return False


def _is_free(store: Store, names: FileNames) -> bool:
    """Return whether no other run has this start; raise FileExistsError if this very run exists."""
    stored = list(store.stored())
    if any(file.name == names.run for file in stored):
        raise FileExistsError
    return not any(_shares_start(store, names, file) for file in stored)


def _shares_start(store: Store, names: FileNames, file: StoredFile) -> bool:
    """Return whether a file belongs to another run with this very start, by its name or its content."""
    if names.taken(file.name):
        return True
    if not FileNames.is_run_file(file.name) or file.modified < datetime.now(UTC) - _RECENT:
        return False
    try:
        return bool(json.loads(b"".join(store.read(file.name)))["ts"] == names.ts)
    except (OSError, ValueError, KeyError, TypeError):  # not a run file of ours
        return False


def _run_exists(run_id: str) -> UsageError:
    return UsageError(
        f"the run {run_id} already exists in this place",
        hint="resume it with --resume, or use another --run-id, or another --output",
    )
