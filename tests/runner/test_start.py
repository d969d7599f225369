"""How a run begins: all that can be found wrong is found before the first call."""

import errno
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sso_batch import __version__
from sso_batch.config import Config
from sso_batch.errors import OutputError, UsageError
from sso_batch.runner.start import begin, refuse_unbuilt
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
    assert caught.value.hint == "give another --run-id, or another --output"
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


@pytest.mark.parametrize(
    ("settings", "unbuilt"),
    [
        ({"output": {"formats": ("csv", "html", "xlsx")}}, "output.formats: html; output.formats: xlsx"),
        ({"output": {"directory": "s3://bucket/prefix"}}, "output.directory: s3://"),
        ({"review": {"fail_on": "low"}}, "review.fail_on: low"),
        ({"review": {"compare": "previous"}}, "review.compare: previous"),
        (
            {"output": {"formats": ("xlsx",)}, "review": {"fail_on": "high"}},
            "output.formats: xlsx; review.fail_on: high",
        ),
    ],
)
def test_unbuilt(settings: dict[str, Any], unbuilt: str) -> None:
    """Settings whose work cannot be done yet are refused, all at once: no report rather than a part."""
    config = Config.model_validate({"organizations": ({"name": "acme"},), **settings})

    with pytest.raises(UsageError) as caught:
        refuse_unbuilt(config)

    assert caught.value.message == f"this version of sso-batch cannot do this yet: {unbuilt}"


def test_built() -> None:
    """The defaults are all there."""
    refuse_unbuilt(Config.model_validate({"organizations": ({"name": "acme"},)}))


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
