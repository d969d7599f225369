"""How a run begins: all that can be found wrong is found here, before the first call."""

import importlib.util
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sso_batch.config import Config
from sso_batch.errors import UsageError
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import ManifestError, RunFile, encode_run_file, read_manifest, read_run_file
from sso_batch.run_files.results import Status
from sso_batch.run_files.writer import write_document
from sso_batch.sharding import Shard
from sso_batch.store import Store, Stored, unusable

_RUN_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}", re.ASCII)

_RECENT = timedelta(minutes=10)
"""A run file that is older than this is of another start; clocks differ by less."""

_SETTLES = timedelta(seconds=1)
"""A run file that is older than this is not withdrawn any more."""


def refuse_missing(config: Config) -> None:
    """Raise UsageError for a format whose library is not installed."""
    if "xlsx" in config.output.formats and importlib.util.find_spec("xlsxwriter") is None:
        raise UsageError(
            "the format xlsx needs xlsxwriter, which is not installed",
            hint="install it with: pip install 'sso-batch[xlsx]'",
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
    """Prepare the output place and write the run file, or find the one that is there: names and start.

    A run that is there is gone on with where it is resumed, and joined by its other shards. One that was
    completed longer than `max_age` ago is not resumed: its files would have to make way for others. Raises
    UsageError, OutputError. Two runs never share a start in one place: the second one waits for the next
    second.
    """
    check_run_id(run_id)
    _require_run_id(run_id, resume=resume, shard=shard)
    joins = resume or shard is not None
    store.prepare()
    try:
        while True:
            if run_id is not None and joins and (found := find_run(store, run_id, sleep)):
                names, started_at = _joined(store, found, resume=resume, shard=shard)
                if max_age is not None:
                    _refuse_completed(store, names, shard, clock() - max_age)
                return names, started_at
            started_at = clock()
            ts = f"{started_at:%Y%m%d_%H%M%S}"
            names = FileNames(run_id or ts.replace("_", "-"), ts)
            try:
                if _is_free(store, names) and _begin(store, names, started_at, shard):
                    return names, started_at
            except FileExistsError:
                if run_id is not None and not joins:
                    raise _exists(run_id) from None
                if joins:  # another process has just begun this very run
                    continue
            sleep(1 - started_at.microsecond / 1e6)
    except OSError as error:
        raise unusable(store.name, error) from error


def check_run_id(run_id: str | None) -> None:
    """Raise UsageError for a run id that cannot be part of a file name."""
    if run_id is not None and not _RUN_ID.fullmatch(run_id):
        raise UsageError(
            f"--run-id {run_id} cannot be part of a file name",
            hint="write up to 63 lower-case letters, digits, dots and hyphens, a letter or digit first",
        )


def find_run(store: Store, run_id: str, sleep: Callable[[float], None] = time.sleep) -> RunFile | None:
    """The run of that id in this place, if it is there; raises UsageError for a run file that is none.

    A process that finds its start taken withdraws the run file it has just written: one that is new has to
    stand for a moment before it counts.
    """
    name = FileNames(run_id, "").run
    found = _run_file(store, name)
    written = next((one.modified for one in store.stored() if one.name == name), None)
    if found is None or written is None:
        return None
    if datetime.now(UTC) - written < _SETTLES:
        sleep(_SETTLES.total_seconds())
        again = _run_file(store, name)
        return found if again == found else find_run(store, run_id, sleep)
    return found


def _run_file(store: Store, name: str) -> RunFile | None:
    try:
        return read_run_file(b"".join(store.read(name)))
    except FileNotFoundError:
        return None
    except ManifestError as error:
        raise UsageError(
            f"the file {name} does not tell of a run: {error.message}",
            hint="give another --run-id, or another --output",
        ) from error


def _require_run_id(run_id: str | None, *, resume: bool, shard: Shard | None) -> None:
    if run_id is None and (resume or shard):
        raise UsageError(
            f"{'--resume' if resume else '--shard'} needs --run-id: by it the processes of a run find it",
            hint="write --run-id with the same id for each of them, such as the name of the job",
        )


def _joined(store: Store, found: RunFile, *, resume: bool, shard: Shard | None) -> tuple[FileNames, datetime]:
    """The names and the start of a run that is there; raises UsageError where this process is none of it."""
    names = FileNames(found.run_id, found.ts)
    count = shard.count if shard else 1
    if found.shards != count:
        raise UsageError(
            f"the run {found.run_id} has {_parts(found.shards)}, and this is one of {_parts(count)}",
            hint="give the same --shard I/N to every process of the run, or another --run-id",
        )
    if shard and not resume and any(one.name == names.shard_manifest(shard.index) for one in store.stored()):
        raise UsageError(
            f"shard {shard} of the run {found.run_id} is already in this place",
            hint="go on with it by --resume, or give another --run-id",
        )
    return names, found.started_at


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
            hint="give another --run-id to audit again; the files of the completed run stay as they are",
        )


def _parts(count: int) -> str:
    return "one shard" if count == 1 else f"{count} shards"


def _begin(store: Store, names: FileNames, started_at: datetime, shard: Shard | None) -> bool:
    """Write the run file; False where another run with this start wrote its own meanwhile."""
    content = encode_run_file(names, started_at, shards=shard.count if shard else 1)
    write_document(store, names.run, content)
    if not any(_shares_start(store, names, one) for one in store.stored() if one.name != names.run):
        return True
    store.remove(names.run)
    return False


def _is_free(store: Store, names: FileNames) -> bool:
    """Whether no other run has this start; raises FileExistsError where this very run is there."""
    taken = list(store.stored())
    if any(one.name == names.run for one in taken):
        raise FileExistsError
    return not any(_shares_start(store, names, one) for one in taken)


def _shares_start(store: Store, names: FileNames, one: Stored) -> bool:
    """Whether a file is of another run with this very start: its name tells, or else the run file's words."""
    if names.taken(one.name):
        return True
    if not FileNames.is_run_file(one.name) or one.modified < datetime.now(UTC) - _RECENT:
        return False
    try:
        return bool(json.loads(b"".join(store.read(one.name)))["ts"] == names.ts)
    except (OSError, ValueError, KeyError, TypeError):  # somebody else's file
        return False


def _exists(run_id: str) -> UsageError:
    return UsageError(
        f"the run {run_id} is already in this place",
        hint="go on with it by --resume, or give another --run-id, or another --output",
    )
