"""How a run begins: all that can be found wrong is found before the first call."""

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
from sso_batch.runner.start import begin, refuse_missing
from sso_batch.sharding import Shard
from sso_batch.store import Folder, Stored

START = datetime(2026, 3, 4, 5, 6, 7, 250000, tzinfo=UTC)


class Clock:
    """A clock that goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.now = START
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Go on at once."""
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def files(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


# Refused


@pytest.mark.parametrize("run_id", ["", "-a", ".a", "A", "a_b", "a/b", "../a", "a b", "a\n", "é", "a" * 64])
def test_bad_run_id(tmp_path: Path, clock: Clock, run_id: str) -> None:
    """A run id that could not stand in a file name is refused before anything is made."""
    with pytest.raises(UsageError) as caught:
        begin(Folder(tmp_path / "reports"), run_id, clock, clock.sleep)

    assert caught.value.message == f"--run-id {run_id} cannot be part of a file name"
    assert caught.value.exit_code == 2
    assert files(tmp_path) == []


@pytest.mark.parametrize("passed", [timedelta(0), timedelta(days=1)])
def test_run_id_taken(tmp_path: Path, clock: Clock, passed: timedelta) -> None:
    """A run id names one run of a folder, whenever that was; nothing is waited for to say so."""
    begin(Folder(tmp_path), "nightly", clock, clock.sleep)
    (tmp_path / "aws_sso_access_report_20260304_050607.csv").write_bytes(b"")
    before = (tmp_path / "aws_sso_access_report_nightly_run.json").read_bytes()
    clock.now += passed

    with pytest.raises(UsageError) as caught:
        begin(Folder(tmp_path), "nightly", clock, clock.sleep)

    assert caught.value.message == "the run nightly is already in this place"
    assert caught.value.hint == "go on with it by --resume, or give another --run-id, or another --output"
    assert (tmp_path / "aws_sso_access_report_nightly_run.json").read_bytes() == before
    assert clock.slept == []


def test_run_id_taken_at_the_same_moment(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two processes that begin the same run at once, one is refused."""
    begin(Folder(tmp_path), "nightly", clock, clock.sleep)
    monkeypatch.setattr(
        "sso_batch.store.Folder.stored", lambda _: iter(())
    )  # it looked before the other one wrote

    with pytest.raises(UsageError, match="the run nightly is already in this place"):
        begin(Folder(tmp_path), "nightly", clock, clock.sleep)


@pytest.mark.parametrize("below", ["", "reports"])
def test_unwritable_folder(tmp_path: Path, clock: Clock, below: str) -> None:
    """An output folder that cannot be made is found at the start, as a mistake of usage."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(OutputError) as caught:
        begin(Folder(tmp_path / "file" / below), None, clock, clock.sleep)

    assert caught.value.exit_code == 2
    assert files(tmp_path) == ["file"]


def test_built() -> None:
    """The defaults and all formats are there."""
    config = Config.model_validate(
        {"organizations": ({"name": "acme"},), "output": {"formats": ("csv", "html", "xlsx")}}
    )

    refuse_missing(config)


@pytest.mark.parametrize(("formats", "missing"), [(("csv", "html"), False), (("csv", "xlsx"), True)])
def test_without_xlsxwriter(
    monkeypatch: pytest.MonkeyPatch, formats: tuple[str, ...], *, missing: bool
) -> None:
    """Where the extra is not installed, a workbook is refused with the command that installs it."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    config = Config.model_validate({"organizations": ({"name": "acme"},), "output": {"formats": formats}})

    with pytest.raises(UsageError) if missing else contextlib.nullcontext() as caught:
        refuse_missing(config)

    if caught:
        assert caught.value.message == "the format xlsx needs xlsxwriter, which is not installed"
        assert caught.value.hint == "install it with: pip install 'sso-batch[xlsx]'"
        assert caught.value.exit_code == 2


# Begun


@pytest.mark.parametrize(
    ("run_id", "told"),
    [
        (None, "20260304-050607"),
        ("nightly", "nightly"),
        ("a", "a"),
        ("0", "0"),
        ("a.b-c.7", "a.b-c.7"),
        ("a" * 63, "a" * 63),
    ],
)
def test_begin(tmp_path: Path, clock: Clock, run_id: str | None, told: str) -> None:
    """The folder is made and holds the run file, the first of the run; nothing is waited for."""
    names, started_at = begin(Folder(tmp_path / "a" / "b"), run_id, clock, clock.sleep)

    (file,) = (tmp_path / "a" / "b").iterdir()
    assert (names.run_id, names.ts, started_at) == (told, "20260304_050607", START)
    assert file.name == f"aws_sso_access_report_{told}_run.json"
    assert json.loads(file.read_bytes()) == {
        "schema": 1,
        "version": __version__,
        "run_id": told,
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
    """Where another run has begun in this very second, the next one is waited for, and no longer."""
    (tmp_path / taken).write_bytes(b"theirs")

    names, started_at = begin(Folder(tmp_path), run_id, clock, clock.sleep)

    assert clock.slept == [0.75]
    assert names.ts == "20260304_050608"
    assert names.run_id == (run_id or "20260304-050608")
    assert started_at == START.replace(second=8, microsecond=0)
    assert (tmp_path / taken).read_bytes() == b"theirs"


def test_two_runs_without_an_id(tmp_path: Path, clock: Clock) -> None:
    """Two runs that begin in the same second have two starts and two run files."""
    begin(Folder(tmp_path), None, clock, clock.sleep)

    names, _ = begin(Folder(tmp_path), None, clock, clock.sleep)

    assert names.ts == "20260304_050608"
    assert files(tmp_path) == [
        "aws_sso_access_report_20260304-050607_run.json",
        "aws_sso_access_report_20260304-050608_run.json",
    ]


def test_two_ids_in_the_same_second(tmp_path: Path, clock: Clock) -> None:
    """Two runs whose ids do not tell their start have two starts all the same: their files would mix."""
    begin(Folder(tmp_path), "one", clock, clock.sleep)

    names, _ = begin(Folder(tmp_path), "other", clock, clock.sleep)

    assert names.ts == "20260304_050608"


def test_two_ids_at_the_same_moment(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that finds another one's start beside its own run file withdraws that and waits."""
    begin(Folder(tmp_path), "one", clock, clock.sleep)
    stored = Folder.stored
    looks: Iterator[list[Stored]] = iter([[]])
    monkeypatch.setattr(Folder, "stored", lambda folder: iter(next(looks, stored(folder))))

    names, _ = begin(Folder(tmp_path), "other", clock, clock.sleep)

    assert names.ts == "20260304_050608"
    assert files(tmp_path) == ["aws_sso_access_report_one_run.json", "aws_sso_access_report_other_run.json"]


def test_disk_is_full(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run file that cannot be written is trouble with the output folder, found before the first call."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("sso_batch.runner.start.write_document", full)

    with pytest.raises(OutputError, match="No space left on device") as caught:
        begin(Folder(tmp_path), None, clock, clock.sleep)

    assert caught.value.exit_code == 2
    assert files(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"ts": 7}'])
def test_a_run_file_of_somebody_else(tmp_path: Path, clock: Clock, content: bytes) -> None:
    """A file that is called a run file and is none keeps nobody waiting."""
    (tmp_path / "aws_sso_access_report_theirs_run.json").write_bytes(content)

    names, _ = begin(Folder(tmp_path), None, clock, clock.sleep)

    assert (names.ts, clock.slept) == ("20260304_050607", [])


def test_a_run_file_that_cannot_be_read(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run file of another user, or behind a link, does not keep a run from starting."""
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


def test_files_of_others(tmp_path: Path, clock: Clock) -> None:
    """Files that are no run's, and runs of other seconds, keep nobody waiting."""
    for name in ("notes_20260304_050607.txt", "aws_sso_access_report_20260304_050606.csv"):
        (tmp_path / name).write_bytes(b"")

    names, _ = begin(Folder(tmp_path), None, clock, clock.sleep)

    assert (names.ts, clock.slept) == ("20260304_050607", [])


def test_run_file_is_private(tmp_path: Path, clock: Clock) -> None:
    """Every file of a run is its owner's alone, the first one included."""
    begin(Folder(tmp_path), "nightly", clock, clock.sleep)

    assert (tmp_path / "aws_sso_access_report_nightly_run.json").stat().st_mode & 0o777 == 0o600


# Joined


@pytest.mark.parametrize("shard", [None, Shard(1, 3)])
def test_resume(tmp_path: Path, clock: Clock, shard: Shard | None) -> None:
    """A run that is resumed keeps its start, whenever that was, and its run file."""
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


def test_shards_agree(tmp_path: Path, clock: Clock) -> None:
    """Whichever shard comes first writes the run file; the others take its start."""
    started = []
    for index in (2, 0, 1):
        names, _ = begin(Folder(tmp_path), "nightly", clock, clock.sleep, shard=Shard(index, 3))
        started.append(names.ts)
        clock.now += timedelta(minutes=1)

    assert started == ["20260304_050607"] * 3
    told = json.loads((tmp_path / "aws_sso_access_report_nightly_run.json").read_bytes())
    assert told["shards"] == 3


def test_shards_begin_at_the_same_moment(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shard that finds no run, and then its run file taken, takes the start that is in it."""
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


def test_a_new_run_file_has_to_stand(tmp_path: Path, clock: Clock) -> None:
    """A run file that was written just now may be withdrawn: it is read again after a moment."""
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
def test_a_run_file_that_is_none(tmp_path: Path, clock: Clock, content: bytes) -> None:
    """A run file that cannot be read is nothing to go on with, and nothing to overwrite."""
    (tmp_path / "aws_sso_access_report_nightly_run.json").write_bytes(content)

    with pytest.raises(UsageError, match="does not tell of a run") as caught:
        begin(Folder(tmp_path), "nightly", clock, clock.sleep, resume=True)

    assert caught.value.hint == "give another --run-id, or another --output"
