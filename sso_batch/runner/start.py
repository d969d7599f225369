"""The start of a run: everything that can be found wrong is found here, before the first call."""

import importlib.util
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from sso_batch.config import Config
from sso_batch.errors import UsageError
from sso_batch.run_files.file_names import MANIFEST, RUN_FILE, FileNames
from sso_batch.run_files.manifest import ManifestError, RunFile, encode_run_file
from sso_batch.run_files.results import Status
from sso_batch.run_files.stored_runs import load_manifest, load_run_file
from sso_batch.run_files.writer import write_document
from sso_batch.sharding import Shard
from sso_batch.store import RUN_ID, FileKind, Place, Store, to_output_error

_DIRECTIVE = re.compile("%[YmdHMS]")


class RunStart(NamedTuple):
    """A run that has begun: the names of its files, its start, and the store of its files."""

    names: FileNames
    started_at: datetime
    store: Store


def require_format_libraries(config: Config) -> None:
    """Raise UsageError for a format whose library is not installed."""
    if "xlsx" in config.output.formats and importlib.util.find_spec("xlsxwriter") is None:
        raise UsageError(
            "the format xlsx needs xlsxwriter, which is not installed",
            hint="install it in the same environment: pip install xlsxwriter",
        )


def begin(
    place: Place,
    run_id: str | None,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None] = time.sleep,
    *,
    resume: bool = False,
    shard: Shard | None = None,
    max_age: timedelta | None = None,
) -> RunStart:
    """Prepare the output place, write the run file or find it, and return the run.

    Directives in the run id stand for the time, as in `expand_run_id`. An existing run is resumed, or joined
    by its other shards. A run that was completed longer than `max_age` ago is not resumed, because new files
    would replace its own. Of two runs without an id that start in the
    same second, the second one waits for the next second. Raises UsageError, OutputError.
    """
    if run_id is not None:
        run_id = expand_run_id(run_id, clock())
    check_run_id(run_id)
    _require_run_id(run_id, resume=resume, shard=shard)
    joins = resume or shard is not None
    place.prepare()
    try:
        while True:
            started_at = clock()
            ts = f"{started_at:%Y%m%d_%H%M%S}"
            names = FileNames(run_id or ts.replace("_", "-"), ts)
            store = place.run(names.run_id)
            run = find_run(store, names.run_id) if joins else None
            if run is not None:
                _check_joinable(store, run, resume=resume, shard=shard)
                if max_age is not None:
                    _refuse_completed(store, run.names, shard, started_at - max_age)
                return RunStart(run.names, run.started_at, store)
            try:
                _write_run_file(store, names, started_at, shard)
            except FileExistsError:
                if run_id is None:
                    sleep(1 - started_at.microsecond / 1e6)
                elif not joins:  # otherwise another process has just started this very run
                    raise _run_exists(run_id) from None
            else:
                return RunStart(names, started_at, store)
    except OSError as error:
        raise to_output_error(place.name, error) from error


def expand_run_id(run_id: str, now: datetime) -> str:
    """Return a run id with the time in UTC in place of %Y, %m, %d, %H, %M and %S."""
    return _DIRECTIVE.sub(lambda found: now.strftime(found[0]), run_id)


def check_run_id(run_id: str | None) -> None:
    """Raise UsageError for a run id that cannot be the name of a folder."""
    if run_id is not None and not RUN_ID.fullmatch(run_id):
        raise UsageError(
            f"--run-id {run_id} cannot be the name of a folder",
            hint="use up to 63 lower-case letters, digits, dots and hyphens, starting with a letter or "
            "digit; %Y, %m, %d, %H, %M and %S stand for the time",
        )


def find_run(store: Store, run_id: str) -> RunFile | None:
    """Return the run in a store, if there is one; raise OSError, or UsageError for an invalid run file."""
    try:
        run = load_run_file(store)
    except FileNotFoundError:
        return None
    except ManifestError as error:
        message = error.message
    else:
        if run.run_id == run_id:
            return run
        message = f"it belongs to the run {run.run_id}"
    raise UsageError(
        f"the run file {store.name}/{RUN_FILE} is invalid: {message}",
        hint="use another --run-id, or another --output",
    )


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
    name = MANIFEST if shard is None else names.shard_manifest(shard.index)
    try:
        outcome = load_manifest(store, name).outcome
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


def _write_run_file(store: Store, names: FileNames, started_at: datetime, shard: Shard | None) -> None:
    """Write the run file; raise FileExistsError if the run exists, and UsageError if its folder is in use."""
    stored = {file.name for file in store.stored() if not file.unpublished}
    if stored and RUN_FILE not in stored:
        raise UsageError(
            f"{store.name} contains files, but no {RUN_FILE}: they may belong to another run",
            hint="use another --run-id, or move the files away",
        )
    content = encode_run_file(names, started_at, shards=shard.count if shard else 1)
    write_document(store, RUN_FILE, content, FileKind.RUN_FILE)


def _run_exists(run_id: str) -> UsageError:
    return UsageError(
        f"the run {run_id} already exists in this place",
        hint="resume it with --resume, or use another --run-id, or another --output",
    )
