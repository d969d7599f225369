"""The start of a run: everything that can be found wrong is found before the first call."""

import contextlib
import errno
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sso_batch import __version__
from sso_batch.config import Config
from sso_batch.errors import OutputError, UsageError
from sso_batch.runner.start import begin, require_format_libraries
from sso_batch.sharding import Shard
from sso_batch.store import Folder, FolderPlace
from tests.support.reports import files_in

START = datetime(2026, 3, 4, 5, 6, 7, 250000, tzinfo=UTC)


class Clock:
    """A clock that advances when somebody sleeps."""

    def __init__(self) -> None:
        self.now = START
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Advance the clock at once."""
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def files(directory: Path) -> list[str]:
    return sorted(files_in(directory))


# Usage errors


@pytest.mark.parametrize("run_id", ["", "-a", ".a", "A", "a_b", "a/b", "../a", "a b", "a\n", "é", "a" * 64])
def test_bad_run_id(tmp_path: Path, clock: Clock, run_id: str) -> None:
    """A run id that cannot be the name of a folder is refused before any file is written."""
    with pytest.raises(UsageError) as caught:
        begin(FolderPlace(tmp_path / "reports"), run_id, clock, clock.sleep)

    assert caught.value.message == f"--run-id {run_id} cannot be the name of a folder"
    assert caught.value.exit_code == 2
    assert files(tmp_path) == []


def test_run_id_with_the_time(tmp_path: Path, clock: Clock) -> None:
    """Directives stand for the start of the run; another percent sign is refused with those that exist."""
    place = FolderPlace(tmp_path / "reports")

    names, started_at, _ = begin(place, "night-%Y%m%d-%H%M%S", clock, clock.sleep)

    assert names.run_id == f"night-{started_at:%Y%m%d-%H%M%S}"
    with pytest.raises(UsageError) as caught:
        begin(place, "night-%y", clock, clock.sleep)
    assert caught.value.message == "--run-id night-%y cannot be the name of a folder"
    assert "%Y, %m, %d, %H, %M and %S" in caught.value.hint


@pytest.mark.parametrize("passed", [timedelta(0), timedelta(days=1)])
def test_run_id_taken(tmp_path: Path, clock: Clock, passed: timedelta) -> None:
    """A run id that exists in the folder is refused at once, whenever that run was."""
    begin(FolderPlace(tmp_path), "nightly", clock, clock.sleep)
    before = (tmp_path / "nightly" / "run.json").read_bytes()
    clock.now += passed

    with pytest.raises(UsageError) as caught:
        begin(FolderPlace(tmp_path), "nightly", clock, clock.sleep)

    assert caught.value.message == "the run nightly already exists in this place"
    assert caught.value.hint == "resume it with --resume, or use another --run-id, or another --output"
    assert (tmp_path / "nightly" / "run.json").read_bytes() == before
    assert clock.slept == []


def test_run_id_taken_at_the_same_moment(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two processes that start the same run at once, one is refused."""
    begin(FolderPlace(tmp_path), "nightly", clock, clock.sleep)
    monkeypatch.setattr(Folder, "stored", lambda _: iter(()))  # it listed before the other one wrote

    with pytest.raises(UsageError, match="the run nightly already exists in this place"):
        begin(FolderPlace(tmp_path), "nightly", clock, clock.sleep)


@pytest.mark.parametrize("below", ["", "reports"])
def test_unwritable_folder(tmp_path: Path, clock: Clock, below: str) -> None:
    """An output folder that cannot be created is a usage error at the start."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(OutputError) as caught:
        begin(FolderPlace(tmp_path / "file" / below), None, clock, clock.sleep)

    assert caught.value.exit_code == 2
    assert files(tmp_path) == ["file"]


def test_formats_available() -> None:
    """The libraries of all formats are installed."""
    config = Config.model_validate(
        {"organizations": ({"name": "acme"},), "output": {"formats": ("csv", "html", "xlsx")}}
    )

    require_format_libraries(config)


@pytest.mark.parametrize(("formats", "missing"), [(("csv", "html"), False), (("csv", "xlsx"), True)])
def test_without_xlsxwriter(
    monkeypatch: pytest.MonkeyPatch, formats: tuple[str, ...], *, missing: bool
) -> None:
    """Without xlsxwriter a workbook is refused, with the command that installs it."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    config = Config.model_validate({"organizations": ({"name": "acme"},), "output": {"formats": formats}})

    with pytest.raises(UsageError) if missing else contextlib.nullcontext() as caught:
        require_format_libraries(config)

    if caught:
        assert caught.value.message == "the format xlsx needs xlsxwriter, which is not installed"
        assert caught.value.hint == "install it in the same environment: pip install xlsxwriter"
        assert caught.value.exit_code == 2


# New runs


@pytest.mark.parametrize(
    ("run_id", "expected"),
    [
        (None, "20260304-050607"),
        ("nightly", "nightly"),
        ("a", "a"),
        ("0", "0"),
        ("a.b-c.7", "a.b-c.7"),
        ("a" * 63, "a" * 63),
    ],
)
def test_begin(tmp_path: Path, clock: Clock, run_id: str | None, expected: str) -> None:
    """The folder is created with the run file in it, without waiting."""
    names, started_at, _ = begin(FolderPlace(tmp_path / "a" / "b"), run_id, clock, clock.sleep)

    (folder,) = (tmp_path / "a" / "b").iterdir()
    (file,) = folder.iterdir()
    assert (names.run_id, names.ts, started_at) == (expected, "20260304_050607", START)
    assert (folder.name, file.name) == (expected, "run.json")
    assert json.loads(file.read_bytes()) == {
        "schema": 1,
        "version": __version__,
        "run_id": expected,
        "ts": "20260304_050607",
        "started_at": "2026-03-04T05:06:07.250Z",
        "shards": 1,
    }
    assert clock.slept == []


def test_two_runs_without_an_id(tmp_path: Path, clock: Clock) -> None:
    """Of two runs without an id that start in the same second, the second one waits for the next second."""
    begin(FolderPlace(tmp_path), None, clock, clock.sleep)

    names, started_at, _ = begin(FolderPlace(tmp_path), None, clock, clock.sleep)

    assert clock.slept == [0.75]
    assert (names.run_id, names.ts) == ("20260304-050608", "20260304_050608")
    assert started_at == START.replace(second=8, microsecond=0)
    assert files(tmp_path) == ["20260304-050607/run.json", "20260304-050608/run.json"]


def test_two_ids_in_the_same_second(tmp_path: Path, clock: Clock) -> None:
    """Two runs with ids of their own can start in the same second."""
    begin(FolderPlace(tmp_path), "one", clock, clock.sleep)

    names, _, _ = begin(FolderPlace(tmp_path), "other", clock, clock.sleep)

    assert (names.ts, clock.slept) == ("20260304_050607", [])
    assert files(tmp_path) == ["one/run.json", "other/run.json"]


@pytest.mark.parametrize("name", ["snapshot.jsonl", "organizations/acme/snapshot.jsonl"])
def test_files_without_a_run_file(tmp_path: Path, clock: Clock, name: str) -> None:
    """A folder with files and without a run file is not used: a resume could take them for its own."""
    (tmp_path / "nightly" / name).parent.mkdir(parents=True)
    (tmp_path / "nightly" / name).write_bytes(b"theirs")

    for resume in (False, True):
        with pytest.raises(UsageError, match=r"nightly contains files, but no run\.json") as caught:
            begin(FolderPlace(tmp_path), "nightly", clock, clock.sleep, resume=resume)

    assert caught.value.hint == "use another --run-id, or move the files away"
    assert files(tmp_path) == [f"nightly/{name}"]


def test_draft_of_a_killed_process(tmp_path: Path, clock: Clock) -> None:
    """What a process leaves that is killed before its run file exists does not prevent the run."""
    (tmp_path / "nightly").mkdir()
    (tmp_path / "nightly" / ".run.json.0a1b2c3d.part").write_bytes(b"{")

    begin(FolderPlace(tmp_path), "nightly", clock, clock.sleep)

    assert "nightly/run.json" in files(tmp_path)


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("kind", ["link", "dangling link", "file"])
def test_folder_that_is_none(tmp_path: Path, clock: Clock, kind: str, *, resume: bool) -> None:
    """A run is not started or resumed through a link, or where there is a file."""
    (tmp_path / "elsewhere").mkdir()
    place = tmp_path / "reports"
    place.mkdir()
    if kind == "file":
        (place / "nightly").write_bytes(b"")
    else:
        (place / "nightly").symlink_to(tmp_path / ("elsewhere" if kind == "link" else "nowhere"))

    with pytest.raises(OutputError, match="nightly is not a folder"):
        begin(FolderPlace(place), "nightly", clock, clock.sleep, resume=resume)

    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert not (tmp_path / "nowhere").exists()


def test_disk_is_full(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run file that cannot be written is an output error before the first call."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("sso_batch.runner.start.write_document", full)

    with pytest.raises(OutputError, match="No space left on device") as caught:
        begin(FolderPlace(tmp_path), None, clock, clock.sleep)

    assert caught.value.exit_code == 2
    assert files(tmp_path) == []


def test_run_file_is_private(tmp_path: Path, clock: Clock) -> None:
    """The folder and the first file of a run can be read by their owner only."""
    begin(FolderPlace(tmp_path), "nightly", clock, clock.sleep)

    assert (tmp_path / "nightly" / "run.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "nightly").stat().st_mode & 0o777 == 0o700


# Existing runs


@pytest.mark.parametrize("shard", [None, Shard(1, 3)])
def test_resume(tmp_path: Path, clock: Clock, shard: Shard | None) -> None:
    """A resumed run keeps its start and its run file."""
    begin(FolderPlace(tmp_path), "nightly", clock, clock.sleep, resume=True, shard=shard)
    before = (tmp_path / "nightly" / "run.json").read_bytes()
    clock.now += timedelta(hours=3)

    names, started_at, _ = begin(
        FolderPlace(tmp_path), "nightly", clock, clock.sleep, resume=True, shard=shard
    )

    assert (names.run_id, names.ts, started_at) == (
        "nightly",
        "20260304_050607",
        START.replace(microsecond=250000),
    )
    assert files(tmp_path) == ["nightly/run.json"]
    assert (tmp_path / "nightly" / "run.json").read_bytes() == before


def test_shards_share_the_start(tmp_path: Path, clock: Clock) -> None:
    """The first shard writes the run file; the others use its start."""
    started = []
    for index in (2, 0, 1):
        names, _, _ = begin(FolderPlace(tmp_path), "nightly", clock, clock.sleep, shard=Shard(index, 3))
        started.append(names.ts)
        clock.now += timedelta(minutes=1)

    assert started == ["20260304_050607"] * 3
    run = json.loads((tmp_path / "nightly" / "run.json").read_bytes())
    assert run["shards"] == 3


def test_shards_start_at_the_same_moment(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shard that finds its run file taken uses the start in it."""
    begin(FolderPlace(tmp_path), "nightly", clock, clock.sleep, shard=Shard(0, 2))
    clock.now += timedelta(seconds=5)
    reads = iter([FileNotFoundError()])
    read = Folder.read

    def read_too_early(folder: Folder, name: str) -> Iterator[bytes]:
        for error in reads if name == "run.json" else ():
            raise error
        return read(folder, name)

    monkeypatch.setattr(Folder, "read", read_too_early)

    names, _, _ = begin(FolderPlace(tmp_path), "nightly", clock, clock.sleep, shard=Shard(1, 2))

    assert names.ts == "20260304_050607"


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"run_id": "nightly", "ts": "20260304_050607"}'])
def test_invalid_run_file(tmp_path: Path, clock: Clock, content: bytes) -> None:
    """A run with an invalid run file is neither resumed nor overwritten."""
    (tmp_path / "nightly").mkdir()
    (tmp_path / "nightly" / "run.json").write_bytes(content)

    with pytest.raises(UsageError, match=r"the run file \S+ is invalid") as caught:
        begin(FolderPlace(tmp_path), "nightly", clock, clock.sleep, resume=True)

    assert caught.value.hint == "use another --run-id, or another --output"


def test_run_file_of_another_run(tmp_path: Path, clock: Clock) -> None:
    """The copy of another run's folder is not resumed."""
    begin(FolderPlace(tmp_path), "nightly", clock, clock.sleep)
    (tmp_path / "nightly").rename(tmp_path / "copy")

    with pytest.raises(UsageError, match="it belongs to the run nightly"):
        begin(FolderPlace(tmp_path), "copy", clock, clock.sleep, resume=True)
