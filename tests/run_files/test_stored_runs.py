"""The runs of an output place, the newest first, with as few reads as possible."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sso_batch.run_files.file_names import MANIFEST, RUN_FILE, FileNames
from sso_batch.run_files.manifest import encode_manifest, encode_run_file
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.stored_runs import StoredRun, UnreadableRun, has_runs, newest_first
from sso_batch.run_files.writer import write_document
from sso_batch.store import Folder, FolderPlace
from tests.support.records import STARTED, outcome, run_outcome


@pytest.fixture
def place(tmp_path: Path) -> FolderPlace:
    return FolderPlace(tmp_path)


def write_run(place: FolderPlace, run_id: str, *, seconds: float, manifest: bool = True) -> None:
    """Write the run file of a run that started so many seconds after the first one, and its manifest."""
    started_at = STARTED + timedelta(seconds=seconds)
    names = FileNames(run_id, f"{started_at:%Y%m%d_%H%M%S}")
    store = place.run(run_id)
    write_document(store, RUN_FILE, encode_run_file(names, started_at))
    if manifest:
        facts = RunFacts(names, "c0ffee", "complete", ())
        write_document(store, MANIFEST, encode_manifest(facts, run_outcome(outcome())))


def found(runs: Iterator[StoredRun | UnreadableRun]) -> list[str]:
    """Return the id of each run, and the file of one that cannot be read."""
    return [run.file if isinstance(run, UnreadableRun) else run.manifest.run_id for run in runs]


def test_order(place: FolderPlace) -> None:
    """The start decides, to the millisecond, and never the run id."""
    write_run(place, "20991231-000000", seconds=0)
    write_run(place, "a", seconds=3)
    write_run(place, "z", seconds=1)
    write_run(place, "m", seconds=1.001)

    assert found(newest_first(place)) == ["a", "m", "z", "20991231-000000"]


def test_not_a_run(place: FolderPlace) -> None:
    """Folders without a run file, and runs without a manifest, are left out without an error."""
    write_run(place, "nightly", seconds=0)
    write_run(place, "running", seconds=1, manifest=False)
    (place.directory / "notes").mkdir()
    (place.directory / "notes" / MANIFEST).write_bytes(b"{")
    (place.directory / "notes.txt").write_bytes(b"")

    assert found(newest_first(place)) == ["nightly"]


def test_unreadable(place: FolderPlace) -> None:
    """An unreadable run file could be that of the newest run; an unreadable manifest has its turn."""
    for seconds, run_id in enumerate(("first", "second", "third")):
        write_run(place, run_id, seconds=seconds)
    (place.directory / "first" / RUN_FILE).write_bytes(b"{")
    (place.directory / "second" / MANIFEST).write_bytes(b"{")
    (place.directory / "link").symlink_to(place.directory / "third")

    assert found(newest_first(place)) == ["first/run.json", "link/run.json", "third", "second/manifest.json"]


def test_reads(place: FolderPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run file is read once, and manifests only as far as the caller iterates."""
    for number in range(5):
        write_run(place, f"run-{number}", seconds=number)
    read, files = Folder.read, []

    def record(folder: Folder, name: str) -> Iterator[bytes]:
        files.append(f"{folder.directory.name}/{name}")
        return read(folder, name)

    monkeypatch.setattr(Folder, "read", record)

    first = next(newest_first(place, lambda run: run.run_id != "run-4"))

    assert isinstance(first, StoredRun)
    assert files == [*(f"run-{number}/run.json" for number in range(5)), "run-3/manifest.json"]


def test_has_runs(place: FolderPlace) -> None:
    """A place has runs as soon as there is a run file, readable or not."""
    (place.directory / "notes").mkdir()
    before = has_runs(place)
    (place.directory / "notes" / RUN_FILE).write_bytes(b"{")

    assert (before, has_runs(place)) == (False, True)
