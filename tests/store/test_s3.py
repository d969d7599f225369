"""A place in S3: what it does with the objects of a bucket, which are a strict fake's here."""

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sso_batch.errors import OutputError, OutputUnavailableError
from sso_batch.store import S3, FileEntry, FileKind, PlaceError, Stored
from sso_batch.store.spool import SpooledDraft

CONTENT = b"UserEmail\r\n" * 20_000
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
DENIED = PlaceError("AccessDenied", "PutObject failed", hint="allow s3:PutObject")


class Bucket:
    """Objects in memory; `faults` has, by key, what a call for it raises."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.put: list[str] = []
        self.proved: list[tuple[str, bool]] = []
        self.faults: dict[str, OSError] = {}
        self.undeletable = False
        self.overwrites = False

    def prove(self, key: str, *, patient: bool) -> None:
        """Note the key."""
        self.proved.append((key, patient))
        if fault := self.faults.get(key):
            raise fault

    def upload(self, key: str, path: Path, sha256: str, *, replace: bool) -> None:
        """Put the file, which has to be what is said."""
        content = path.read_bytes()
        assert hashlib.sha256(content).hexdigest() == sha256
        if fault := self.faults.get(f"replace {key}" if replace else key):
            raise fault
        if key in self.objects and not replace and not self.overwrites:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), key)
        self.objects[key] = content
        self.put.append(key)

    def read(self, key: str, *, skip: int = 0) -> Iterator[bytes]:
        """Give an object in one piece."""
        if fault := self.faults.get(f"read {key}"):
            raise fault
        yield self.objects[key][skip:]

    def listed(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """Give keys as S3 sorts them."""
        if fault := self.faults.get("listing"):
            raise fault
        for key in sorted(self.objects):
            if key.startswith(prefix) and "/" not in key.removeprefix(prefix):
                yield key, NOW

    def delete(self, key: str) -> None:
        """Delete an object, where that is allowed."""
        if self.undeletable:
            raise DENIED
        self.objects.pop(key, None)


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def place(bucket: Bucket, tmp_path: Path) -> S3:
    return S3("reports", "audits", bucket, tmp_path)


def publish(place: S3, *names: str, replace: bool = False, content: bytes = CONTENT) -> tuple[FileEntry, ...]:
    drafts = [place.draft(name) for name in names]
    try:
        for draft in drafts:
            draft.write(content)
        return place.publish(*drafts, replace=replace)
    finally:
        for draft in drafts:
            draft.__exit__(None, None, None)


def kept(spool: Path) -> dict[str, bytes]:
    """What is kept in the one folder of the spool, in which there is nothing else."""
    (folder,) = spool.iterdir()
    assert folder.name.startswith("sso-batch-kept-")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} <= {0o600}
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# What fails


@pytest.mark.parametrize("failing", ["a.csv", "b.csv", "c.csv"])
def test_all_or_none(place: S3, bucket: Bucket, tmp_path: Path, failing: str) -> None:
    """Where one file cannot be put those before it are taken back; all are kept, and it is told where."""
    bucket.faults[f"audits/{failing}"] = DENIED

    with pytest.raises(PlaceError) as caught:
        publish(place, "a.csv", "b.csv", "c.csv")

    assert bucket.objects == {}
    assert kept(tmp_path) == dict.fromkeys(("a.csv", "b.csv", "c.csv"), CONTENT)
    (folder,) = tmp_path.iterdir()
    assert caught.value.code == "AccessDenied"
    assert caught.value.message == f"PutObject failed; the files are kept in {folder}"
    assert caught.value.hint == f"allow s3:PutObject; copy them from {folder}, or run again"


def test_kept_together(place: S3, bucket: Bucket, tmp_path: Path) -> None:
    """All files that could not be put are kept in the same folder."""
    bucket.faults = {"audits/a.csv": DENIED, "audits/b.csv": DENIED}
    for name in ("a.csv", "b.csv"):
        with pytest.raises(PlaceError):
            publish(place, name)

    assert set(kept(tmp_path)) == {"a.csv", "b.csv"}


def test_the_run_file_is_not_kept(place: S3, bucket: Bucket, tmp_path: Path) -> None:
    """A run that could not begin has nothing to keep."""
    bucket.faults["audits/r_run.json"] = DENIED

    with pytest.raises(PlaceError) as caught:
        publish(place, "r_run.json")

    assert (caught.value.message, list(tmp_path.iterdir())) == ("PutObject failed", [])


def test_nothing_can_be_kept(place: S3, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the files cannot be kept either, the error says so, beside what went wrong at first."""

    def full(*_: object, **__: object) -> str:
        raise FULL

    monkeypatch.setattr("tempfile.mkdtemp", full)
    bucket.faults["audits/a.csv"] = DENIED

    with pytest.raises(PlaceError) as caught:
        publish(place, "a.csv")

    assert caught.value.message == (
        "PutObject failed; the files could not be kept either: No space left on device"
    )


def test_what_cannot_be_taken_back_is_named(place: S3, bucket: Bucket) -> None:
    """A file that stays without its companions is named."""
    bucket.undeletable = True
    bucket.faults["audits/b.csv"] = DENIED

    with pytest.raises(PlaceError, match=r"PutObject failed; a\.csv could not be taken back; the files"):
        publish(place, "a.csv", "b.csv")

    assert bucket.objects == {"audits/a.csv": CONTENT}


@pytest.mark.parametrize("undeletable", [False, True])
def test_taken(place: S3, bucket: Bucket, tmp_path: Path, *, undeletable: bool) -> None:
    """A name that is taken is never written to; those before it are taken back, or named."""
    bucket.undeletable = undeletable
    bucket.objects["audits/b.csv"] = b"theirs"

    with pytest.raises(PlaceError if undeletable else FileExistsError):
        publish(place, "a.csv", "b.csv")

    left = {"audits/a.csv": CONTENT} if undeletable else {}
    assert bucket.objects == {"audits/b.csv": b"theirs"} | left
    assert bool(list(tmp_path.iterdir())) == undeletable


def test_same_name_twice(place: S3, bucket: Bucket) -> None:
    """Of two drafts of one name none is published."""
    with pytest.raises(FileExistsError):
        publish(place, "a.csv", "a.csv")

    assert bucket.objects == {}


def test_a_place_that_overwrites(place: S3, bucket: Bucket) -> None:
    """A place that does not refuse the first file a second time is found out, and left as it was."""
    bucket.overwrites = True

    with pytest.raises(PlaceError) as caught:
        publish(place, "r_run.json")

    assert caught.value.code == "OverwritesFiles"
    assert caught.value.message.startswith("s3://reports/audits overwrites what is there")
    assert bucket.objects == {}


def test_a_place_that_cannot_replace(place: S3, bucket: Bucket) -> None:
    """Where the first file cannot be replaced, a resumed run could not end: better not begin."""
    bucket.faults["replace audits/r_run.json"] = DENIED

    with pytest.raises(PlaceError) as caught:
        publish(place, "r_run.json")

    assert (caught.value.code, bucket.objects) == ("AccessDenied", {})


@pytest.mark.parametrize("way", ["check", "prepare"])
def test_a_place_in_trouble(place: S3, bucket: Bucket, way: str) -> None:
    """A place whose trouble can pass is no matter of configuration; a run waits longer than a check."""
    bucket.faults["audits/aws_sso_access_report_probe"] = PlaceError("SlowDown", "busy", transient=True)

    with pytest.raises(OutputUnavailableError) as caught:
        getattr(place, way)()

    assert caught.value.exit_code == 5
    assert bucket.proved == [("audits/aws_sso_access_report_probe", way == "prepare")]


def test_what_was_kept_can_be_in_trouble(place: S3, bucket: Bucket) -> None:
    """A file that could not be put for trouble that can pass is kept, and the error still says so."""
    bucket.faults["audits/a.csv"] = PlaceError("SlowDown", "busy", transient=True)

    with pytest.raises(PlaceError) as caught:
        publish(place, "a.csv")

    assert caught.value.transient


def test_a_place_that_cannot_be_read(place: S3, bucket: Bucket) -> None:
    """Where the first file cannot be read back, a run would end without its merged file: better not begin."""
    bucket.faults["read audits/r_run.json"] = DENIED

    with pytest.raises(PlaceError) as caught:
        publish(place, "r_run.json")

    assert (caught.value.code, bucket.objects) == ("AccessDenied", {})


def test_full_disk(place: S3, bucket: Bucket, tmp_path: Path) -> None:
    """A spool that is full is told as what it is, and nothing is put."""
    with place.draft("a.csv") as draft:
        device = os.open("/dev/full", os.O_WRONLY)
        os.dup2(device, draft._file.fileno())
        os.close(device)
        draft.write(b"x")

        with pytest.raises(OSError, match="No space left"):
            place.publish(draft)

    assert (bucket.put, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.parametrize("key", ["audits/aws_sso_access_report_probe", "listing"])
@pytest.mark.parametrize("way", ["check", "prepare"])
def test_check_refused(place: S3, bucket: Bucket, tmp_path: Path, key: str, way: str) -> None:
    """A place that takes no files, or does not tell which it has, is refused with the reason and a hint."""
    bucket.faults[key] = DENIED

    with pytest.raises(OutputError) as caught:
        getattr(place, way)()

    assert caught.value.message == "cannot write to the output place s3://reports/audits: PutObject failed"
    assert (caught.value.hint, caught.value.exit_code) == ("allow s3:PutObject", 2)
    assert list(tmp_path.iterdir()) == []


def test_check_without_a_spool(bucket: Bucket, tmp_path: Path) -> None:
    """A folder for drafts that cannot be written is found before anything is asked."""
    place = S3("reports", "audits", bucket, tmp_path / "nowhere")

    with pytest.raises(OutputError) as caught:
        place.check()

    assert "TMPDIR" in caught.value.hint
    assert bucket.proved == []


# What a killed process left


@pytest.fixture
def abandoned(tmp_path: Path) -> Path:
    """A draft of a process that was killed: its file without its lock."""
    path = tmp_path / f".aws_sso_access_report_a.csv.0a1b2c3d.{SpooledDraft.SUFFIX}"
    path.write_bytes(CONTENT)
    return path


def test_abandoned(place: S3, tmp_path: Path, abandoned: Path) -> None:
    """A draft that nobody holds is removed by the next run, and by no check."""
    place.check()
    assert abandoned.exists()

    place.prepare()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("closed", [False, True])
def test_in_use(place: S3, bucket: Bucket, tmp_path: Path, *, closed: bool) -> None:
    """Another process's draft stays while it is written and while it is put."""
    with S3("reports", "other", bucket, tmp_path).draft("a.csv") as draft:
        draft.write(CONTENT)
        if closed:
            draft.close()

        place.prepare()

        assert draft.path.exists()
    assert list(tmp_path.iterdir()) == []


def test_not_ours(
    place: S3,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    abandoned: Path,
) -> None:
    """What is another user's, a link, a folder, kept for a person or of another program stays."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "theirs"
    elsewhere.write_bytes(b"theirs")
    (tmp_path / f".link.{SpooledDraft.SUFFIX}").symlink_to(elsewhere)
    (tmp_path / f".folder.{SpooledDraft.SUFFIX}").mkdir()
    (tmp_path / "sso-batch-kept-x").mkdir()
    (tmp_path / "sso-batch-kept-x" / "a.csv").write_bytes(b"kept")
    (tmp_path / ".other.part").touch()
    before = set(tmp_path.rglob("*")) - {abandoned}
    place.prepare()
    abandoned.write_bytes(b"of another user")
    monkeypatch.setattr(os, "geteuid", lambda: abandoned.stat().st_uid + 1)

    place.prepare()

    assert set(tmp_path.rglob("*")) == before | {abandoned}
    assert elsewhere.read_bytes() == b"theirs"


def test_without_locks(place: S3, monkeypatch: pytest.MonkeyPatch, bucket: Bucket, abandoned: Path) -> None:
    """Where the spool knows no locks files are put all the same, and nothing is taken for abandoned."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)

    place.prepare()
    publish(place, "a.csv")

    assert bucket.objects == {"audits/a.csv": CONTENT}
    assert abandoned.exists()


@pytest.mark.parametrize("how", ["locked", "removed"])
def test_draft_taken_for_an_abandoned_one(
    place: S3, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    """A draft that another run meets before it is locked is made again."""
    lock = fcntl.flock
    met: list[int] = []

    def meet(descriptor: int, operation: int) -> None:
        if not met:
            met.append(descriptor)
            (path,) = tmp_path.iterdir()
            path.unlink()
            if how == "locked":
                raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK))
        lock(descriptor, operation)

    monkeypatch.setattr("fcntl.flock", meet)

    publish(place, "a.csv")

    assert bucket.objects == {"audits/a.csv": CONTENT}
    assert list(tmp_path.iterdir()) == []


# What works


def test_check(place: S3, bucket: Bucket, tmp_path: Path) -> None:
    """A check asks about a name of the place, and leaves nothing, neither there nor in the spool."""
    place.check()

    assert bucket.proved == [("audits/aws_sso_access_report_probe", False)]
    assert (bucket.objects, list(tmp_path.iterdir())) == ({}, [])


def test_published(place: S3, bucket: Bucket, tmp_path: Path) -> None:
    """Published files hold what was written, in order; their entries tell; no draft is left."""
    with place.draft("b.csv", FileKind.ACCESS_CSV) as rows, place.draft("a.jsonl") as records:
        rows.write(CONTENT)
        rows.rows = 20_000
        modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

        entries = place.publish(rows, records)

    assert modes == {0o600}
    assert list(tmp_path.iterdir()) == []
    assert bucket.put == ["audits/b.csv", "audits/b.csv", "audits/a.jsonl"]  # the first one is replaced once
    assert bucket.objects == {"audits/b.csv": CONTENT, "audits/a.jsonl": b""}
    assert entries == (
        FileEntry("b.csv", FileKind.ACCESS_CSV, hashlib.sha256(CONTENT).hexdigest(), 20_000, len(CONTENT)),
        FileEntry("a.jsonl", FileKind.OTHER, hashlib.sha256().hexdigest(), 0, 0),
    )


def test_replace(place: S3, bucket: Bucket) -> None:
    """Only where it is asked for, a file is replaced."""
    publish(place, "a.csv", content=b"before")

    publish(place, "a.csv", replace=True, content=b"after")

    assert bucket.objects == {"audits/a.csv": b"after"}


def test_what_was_replaced_stays(place: S3, bucket: Bucket) -> None:
    """A file that replaced another one is not taken back: there would be neither."""
    publish(place, "a.csv", content=b"before")
    bucket.faults["replace audits/b.csv"] = DENIED

    with pytest.raises(PlaceError):
        publish(place, "a.csv", "b.csv", replace=True, content=b"after")

    assert bucket.objects == {"audits/a.csv": b"after"}


@pytest.mark.parametrize(
    ("prefix", "start", "name"),
    [
        ("", "", "s3://reports"),
        ("audits", "audits/", "s3://reports/audits"),
        ("a/b", "a/b/", "s3://reports/a/b"),
    ],
)
def test_names(bucket: Bucket, tmp_path: Path, prefix: str, start: str, name: str) -> None:
    """A file's key is its name below the prefix; what is not a run's, or lies deeper, is not told."""
    place = S3("reports", prefix, bucket, tmp_path)
    for key in (
        "notes.txt",
        "aws_sso_access_report_x/y",
        f"{start}notes.txt",
        "other/aws_sso_access_report_z",
    ):
        bucket.objects[key] = b""
    publish(place, "aws_sso_access_report_a.csv")

    assert f"{start}aws_sso_access_report_a.csv" in bucket.objects
    assert list(place.stored()) == [Stored("aws_sso_access_report_a.csv", NOW)]
    assert b"".join(place.read("aws_sso_access_report_a.csv", skip=11)) == CONTENT[11:]
    assert place.name == name
    place.remove("aws_sso_access_report_a.csv")
    assert list(place.stored()) == []


@pytest.mark.parametrize("name", ["../a.csv", "/a.csv", "b/a.csv"])
def test_a_name_that_leads_elsewhere(place: S3, name: str) -> None:
    """No name leads out of the prefix, nor out of the spool."""
    for attempt in (place.draft, place.remove, lambda name: list(place.read(name))):
        with pytest.raises(ValueError, match="leads out of its place"):
            attempt(name)
