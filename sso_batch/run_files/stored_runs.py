"""The runs in an output place: found by their folders, ordered by their run files."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sso_batch.run_files.file_names import MANIFEST, RUN_FILE
from sso_batch.run_files.manifest import Manifest, ManifestError, RunFile, read_manifest, read_run_file
from sso_batch.store import Place, StorageError, Store, explain_error


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run that has ended, and the store of its files."""

    store: Store
    manifest: Manifest


class RunPart(StrEnum):
    """What of earlier runs cannot be read."""

    LIST = "list"
    """Which runs there are."""
    RUN_FILE = "run file"
    """When a run started: it may be any of them, or not a run."""
    MANIFEST = "manifest"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class UnreadableRun:
    """A run, or the list of runs, that cannot be read, and why."""

    part: RunPart
    file: str
    code: str
    message: str
    hint: str


def load_run_file(store: Store) -> RunFile:
    """Return the run file of a run; raise OSError or ManifestError."""
    return read_run_file(b"".join(store.read(RUN_FILE)))


def load_manifest(store: Store, name: str = MANIFEST) -> Manifest:
    """Return the manifest of a run, or of a shard; raise OSError or ManifestError."""
    return read_manifest(b"".join(store.read(name)))


def has_runs(place: Place) -> bool:
    """Return whether a place contains a run, readable or not; raise OSError if it cannot be listed."""
    for run_id in place.run_ids():
        try:
            load_run_file(place.run(run_id))
        except FileNotFoundError:
            continue
        except (OSError, ManifestError):
            return True
        return True
    return False


def newest_first(
    place: Place,
    is_wanted: Callable[[RunFile], bool] = lambda _: True,
    *,
    checkpoint: Callable[[], None] = lambda: None,
) -> Iterator[StoredRun | UnreadableRun]:
    """Yield the wanted runs of a place that have ended, the newest first, and those that cannot be read.

    A run id says nothing about the time, so the run files decide: there is one listing of the folders, and
    one small read for each run. Manifests are read only as far as the caller iterates. A run whose run file
    is unreadable could be the newest and comes first. A folder without a run file is not a run, and a run
    without a manifest has not ended: both are left out. `checkpoint` is called between runs; an exception
    that it raises ends the iteration.
    """
    runs: dict[str, RunFile] = {}
    try:
        run_ids = sorted(place.run_ids())
    except OSError as error:
        yield _unreadable(RunPart.LIST, "the list of earlier runs", error)
        return
    for run_id in run_ids:
        checkpoint()
        try:
            runs[run_id] = load_run_file(place.run(run_id))
        except FileNotFoundError:
            continue
        except (OSError, ManifestError) as error:
            yield _unreadable(RunPart.RUN_FILE, f"{run_id}/{RUN_FILE}", error)
    wanted = [run_id for run_id, run in runs.items() if is_wanted(run)]
    for run_id in sorted(wanted, key=lambda run_id: (runs[run_id].ts, runs[run_id].started_at), reverse=True):
        store = place.run(run_id)
        try:
            yield StoredRun(store, load_manifest(store))
        except FileNotFoundError:
            continue
        except (OSError, ManifestError) as error:
            yield _unreadable(RunPart.MANIFEST, f"{run_id}/{MANIFEST}", error)


def _unreadable(part: RunPart, file: str, error: OSError | ManifestError) -> UnreadableRun:
    """Return a run that cannot be read; the hint of an error of the operating system is about writing."""
    if isinstance(error, ManifestError):
        return UnreadableRun(part, file, "ManifestError", error.message, "")
    reason = explain_error(error)
    hint = error.hint if isinstance(error, StorageError) else ""
    return UnreadableRun(part, file, reason.code, reason.message, hint)
