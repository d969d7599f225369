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
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import encode_run_file
from sso_batch.run_files.writer import write_document
from sso_batch.runner.start import begin, require_format_libraries
from sso_batch.sharding import Shard
from sso_batch.store import Folder, StoredFile

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
    return sorted(path.name for path in directory.iterdir())


# Usage errors


@pytest.mark.parametrize("run_id", ["", "-a", ".a", "A", "a_b", "a/b", "../a", "a b", "a\n", "é", "a" * 64])
def test_bad_run_id(tmp_path: Path, clock: Clock, run_id: str) -> None:
    """A run id that cannot be part of a file name is refused before any file is written."""
    with pytest.raises(UsageError) as caught:
        begin(Folder(tmp_path / "reports"), run_id, clock, clock.sleep)

    assert caught.value.message == f"--run-id {run_id} cannot be part of a file name"
    assert caught.value.exit_code == 2
    assert files(tmp_path) == []


@pytest.mark.parametrize("passed", [timedelta(0), timedelta(days=1)])
def test_run_id_taken(tmp_path: Path, clock: Clock, passed: timedelta) -> None:
    """A run id that exists in the folder is refused at once, whenever that run was."""
    begin(Folder(tmp_path), "nightly", clock, clock.sleep)
    (tmp_path / "aws_sso_access_report_20260304_050607.csv").write_bytes(b"")
    before = (tmp_path / "aws_sso_access_report_nightly_run.json").read_bytes()
    clock.now += passed

    with pytest.raises(UsageError) as caught:
        begin(Folder(tmp_path), "nightly", clock, clock.sleep)

    assert caught.value.message == "the run nightly already exists in this place"
    assert caught.value.hint == "resume it with --resume, or use another --run-id, or another --output"
    assert (tmp_path / "aws_sso_access_report_nightly_run.json").read_bytes() == before
    assert clock.slept == []


def test_run_id_taken_at_the_same_moment(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two processes that start the same run at once, one is refused."""
    begin(Folder(tmp_path), "nightly", clock, clock.sleep)
    monkeypatch.setattr(
        "sso_batch.store.Folder.stored", lambda _: iter(())
    )  # it listed the files before the other one wrote

    with pytest.raises(UsageError, match="the run nightly already exists in this place"):
        begin(Folder(tmp_path), "nightly", clock, clock.sleep)


@pytest.mark.parametrize("below", ["", "reports"])
def test_unwritable_folder(tmp_path: Path, clock: Clock, below: str) -> None:
    """An output folder that cannot be created is a usage error at the start."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(OutputError) as caught:
        begin(Folder(tmp_path / "file" / below), None, clock, clock.sleep)

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
    names, started_at = begin(Folder(tmp_path / "a" / "b"), run_id, clock, clock.sleep)

    (file,) = (tmp_path / "a" / "b").iterdir()
    assert (names.run_id, names.ts, started_at) == (expected, "20260304_050607", START)
    assert file.name == f"aws_sso_access_report_{expected}_run.json"
    assert json.loads(file.read_bytes()) == {
        "schema": 1,
        "version": __version__,
        "run_id": expected,
        "ts": "20260304_050607",
        "started_at": "2026-03-04T05:06:07.250Z",
        "shards": 1,
    }
    assert clock.slept == []


@pytest.mark.parametrize("run_id", [None, "nightly"])
@pytest.mark.parametrize(
    "taken",
    [
        "aws_sso_access_report_20260304_050607.csv",
        "aws_sso_access_report_acme_20260304_050607_snapshot_INCOMPLETE.jsonl",
    ],
)
def test_start_taken(tmp_path: Path, clock: Clock, taken: str, run_id: str | None) -> None:
    """A run waits for the next second if another run has started in this one."""
    (tmp_path / taken).write_bytes(b"theirs")

    names, started_at = begin(Folder(tmp_path), run_id, clock, clock.sleep)

    assert clock.slept == [0.75]
    assert names.ts == "20260304_050608"
    assert names.run_id == (run_id or "20260304-050608")
    assert started_at == START.replace(second=8, microsecond=0)
    assert (tmp_path / taken).read_bytes() == b"theirs"


def test_two_runs_without_an_id(tmp_path: Path, clock: Clock) -> None:
    """Two runs that start in the same second get two starts and two run files."""
    begin(Folder(tmp_path), None, clock, clock.sleep)

    names, _ = begin(Folder(tmp_path), None, clock, clock.sleep)

    assert names.ts == "20260304_050608"
    assert files(tmp_path) == [
        "aws_sso_access_report_20260304-050607_run.json",
        "aws_sso_access_report_20260304-050608_run.json",
    ]


def test_two_ids_in_the_same_second(tmp_path: Path, clock: Clock) -> None:
    """Two runs with ids of their own get two starts, too, so that their files do not mix."""
    begin(Folder(tmp_path), "one", clock, clock.sleep)

    names, _ = begin(Folder(tmp_path), "other", clock, clock.sleep)

    assert names.ts == "20260304_050608"


def test_two_ids_at_the_same_moment(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that finds its start taken withdraws its run file and waits."""
    begin(Folder(tmp_path), "one", clock, clock.sleep)
    stored = Folder.stored
    listings: Iterator[list[StoredFile]] = iter([[]])
    monkeypatch.setattr(Folder, "stored", lambda folder: iter(next(listings, stored(folder))))

    names, _ = begin(Folder(tmp_path), "other", clock, clock.sleep)

    assert names.ts == "20260304_050608"
    assert files(tmp_path) == ["aws_sso_access_report_one_run.json", "aws_sso_access_report_other_run.json"]


def test_disk_is_full(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run file that cannot be written is an output error before the first call."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("sso_batch.runner.start.write_document", full)

    with pytest.raises(OutputError, match="No space left on device") as caught:
        begin(Folder(tmp_path), None, clock, clock.sleep)

    assert caught.value.exit_code == 2
    assert files(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"ts": 7}'])
def test_invalid_run_file_of_another_run(tmp_path: Path, clock: Clock, content: bytes) -> None:
    """An invalid run file of another run does not delay a start."""
    (tmp_path / "aws_sso_access_report_theirs_run.json").write_bytes(content)

    names, _ = begin(Folder(tmp_path), None, clock, clock.sleep)

    assert (names.ts, clock.slept) == ("20260304_050607", [])


def test_unreadable_run_file(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run file of another user, or behind a link, does not delay a start."""
    (tmp_path / "elsewhere").write_text("{}")
    (tmp_path / "aws_sso_access_report_link_run.json").symlink_to("elsewhere")
    (tmp_path / "aws_sso_access_report_theirs_run.json").write_text("{}")
    read = Folder.read

    def refuse(folder: Folder, name: str, *, skip: int = 0) -> Iterator[bytes]:
        if "_theirs_" in name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return read(folder, name, skip=skip)

    monkeypatch.setattr(Folder, "read", refuse)

    names, _ = begin(Folder(tmp_path), "nightly", clock, clock.sleep)

    assert names.run in files(tmp_path)


def test_other_files(tmp_path: Path, clock: Clock) -> None:
    """Files of other programs, and of runs in other seconds, do not delay a start."""
    for name in ("notes_20260304_050607.txt", "aws_sso_access_report_20260304_050606.csv"):
        (tmp_path / name).write_bytes(b"")

    names, _ = begin(Folder(tmp_path), None, clock, clock.sleep)

    assert (names.ts, clock.slept) == ("20260304_050607", [])


def test_run_file_is_private(tmp_path: Path, clock: Clock) -> None:
    """The first file of a run can be read by its owner only."""
    begin(Folder(tmp_path), "nightly", clock, clock.sleep)

    assert (tmp_path / "aws_sso_access_report_nightly_run.json").stat().st_mode & 0o777 == 0o600


# Existing runs


@pytest.mark.parametrize("shard", [None, Shard(1, 3)])
def test_resume(tmp_path: Path, clock: Clock, shard: Shard | None) -> None:
    """A resumed run keeps its start and its run file."""
    begin(Folder(tmp_path), "nightly", clock, clock.sleep, resume=True, shard=shard)
    before = (tmp_path / "aws_sso_access_report_nightly_run.json").read_bytes()
    clock.now += timedelta(hours=3)

    names, started_at = begin(Folder(tmp_path), "nightly", clock, clock.sleep, resume=True, shard=shard)

    assert (names.run_id, names.ts, started_at) == (
        "nightly",
        "20260304_050607",
        START.replace(microsecond=250000),
    )
    assert files(tmp_path) == ["aws_sso_access_report_nightly_run.json"]
    assert (tmp_path / "aws_sso_access_report_nightly_run.json").read_bytes() == before


def test_shards_share_the_start(tmp_path: Path, clock: Clock) -> None:
    """The first shard writes the run file; the others use its start."""
    started = []
    for index in (2, 0, 1):
        names, _ = begin(Folder(tmp_path), "nightly", clock, clock.sleep, shard=Shard(index, 3))
        started.append(names.ts)
        clock.now += timedelta(minutes=1)

    assert started == ["20260304_050607"] * 3
    run = json.loads((tmp_path / "aws_sso_access_report_nightly_run.json").read_bytes())
    assert run["shards"] == 3


def test_shards_start_at_the_same_moment(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shard that finds its run file taken uses the start in it."""
    begin(Folder(tmp_path), "nightly", clock, clock.sleep, shard=Shard(0, 2))
    clock.now += timedelta(seconds=5)
    reads = iter([FileNotFoundError()])
    read = Folder.read

    def read_too_early(folder: Folder, name: str, *, skip: int = 0) -> Iterator[bytes]:
        if name.endswith("_run.json"):
            for error in reads:
                raise error
        return read(folder, name, skip=skip)

    monkeypatch.setattr(Folder, "read", read_too_early)

    names, _ = begin(Folder(tmp_path), "nightly", clock, clock.sleep, shard=Shard(1, 2))

    assert names.ts == "20260304_050607"


def test_new_run_file_may_be_withdrawn(tmp_path: Path, clock: Clock) -> None:
    """A run file that was written just now is read again after a moment."""
    place = Folder(tmp_path)
    first = FileNames("nightly", "20260304_050606")
    write_document(place, first.run, encode_run_file(first, START - timedelta(seconds=1), shards=2))

    def withdraw(seconds: float) -> None:
        clock.sleep(seconds)
        place.remove(first.run)

    names, _ = begin(place, "nightly", clock, withdraw, shard=Shard(1, 2))

    assert clock.slept == [1.0]
    assert names.ts == "20260304_050608"


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"run_id": "nightly", "ts": "20260304_050607"}'])
def test_invalid_run_file(tmp_path: Path, clock: Clock, content: bytes) -> None:
    """A run with an invalid run file is neither resumed nor overwritten."""
    (tmp_path / "aws_sso_access_report_nightly_run.json").write_bytes(content)

    with pytest.raises(UsageError, match=r"the run file \S+ is invalid") as caught:
        begin(Folder(tmp_path), "nightly", clock, clock.sleep, resume=True)

    assert caught.value.hint == "use another --run-id, or another --output"
