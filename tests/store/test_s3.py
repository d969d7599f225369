"""Tests of the S3 store with a strict fake bucket."""

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
from sso_batch.store import S3, BucketPlace, FileEntry, FileKind, StorageError, StoredFile
from sso_batch.store.spool import SpooledDraft
from tests.support.reports import files_in

CONTENT = b"UserEmail\r\n" * 20_000
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
DENIED = StorageError("AccessDenied", "PutObject failed", hint="allow s3:PutObject")


class FakeBucket:
    """A bucket in memory; `faults` maps keys to the errors of their calls."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: list[str] = []
        self.tested: list[tuple[str, bool]] = []
        self.faults: dict[str, OSError] = {}
        self.undeletable = False
        self.overwrites = False

    def prove(self, key: str, *, patient: bool) -> None:
        """Record the key."""
        self.tested.append((key, patient))
        if fault := self.faults.get(key):
            raise fault

    def upload(self, key: str, path: Path, sha256: str, *, replace: bool) -> None:
        """Store the file and verify its checksum."""
        content = path.read_bytes()
        assert hashlib.sha256(content).hexdigest() == sha256
        if fault := self.faults.get(f"replace {key}" if replace else key):
            raise fault
        if key in self.objects and not replace and not self.overwrites:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), key)
        self.objects[key] = content
        self.uploads.append(key)

    def read(self, key: str) -> Iterator[bytes]:
        """Yield an object in one chunk."""
        if fault := self.faults.get(f"read {key}"):
            raise fault
        yield self.objects[key]

    def listed(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """Yield the keys in the order of S3."""
        for key in sorted(self.objects):
            if key.startswith(prefix):
                yield key, NOW

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield what is between the prefix and the next slash."""
        if fault := self.faults.get("listing"):
            raise fault
        below = [key.removeprefix(prefix) for key in sorted(self.objects) if key.startswith(prefix)]
        yield from dict.fromkeys(name.partition("/")[0] for name in below if "/" in name)

    def delete(self, key: str) -> None:
        """Delete an object if allowed."""
        if self.undeletable:
            raise DENIED
        self.objects.pop(key, None)


@pytest.fixture
def bucket() -> FakeBucket:
    return FakeBucket()


@pytest.fixture
def store(bucket: FakeBucket, tmp_path: Path) -> S3:
    return S3("reports", "audits", bucket, tmp_path)


@pytest.fixture
def place(bucket: FakeBucket, tmp_path: Path) -> BucketPlace:
    return BucketPlace("reports", "audits", bucket, tmp_path)


def publish(
    store: S3,
    *names: str,
    kind: FileKind = FileKind.OTHER,
    replace: bool = False,
    content: bytes = CONTENT,
) -> tuple[FileEntry, ...]:
    drafts = [store.draft(name, kind) for name in names]
    try:
        for draft in drafts:
            draft.write(content)
        return store.publish(*drafts, replace=replace)
    finally:
        for draft in drafts:
            draft.__exit__(None, None, None)


def kept_files(spool: Path) -> dict[str, bytes]:
    """Return the files kept in the spool, which contains one folder and nothing else."""
    (folder,) = spool.iterdir()
    assert folder.name.startswith("sso-batch-kept-")
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in (folder, *folder.rglob("*"))}
    assert modes <= {(True, 0o700), (False, 0o600)}
    return {name: path.read_bytes() for name, path in files_in(folder).items()}


# Failures


@pytest.mark.parametrize("failing", ["a.csv", "b.csv", "c.csv"])
def test_all_or_none(store: S3, bucket: FakeBucket, tmp_path: Path, failing: str) -> None:
    """If an upload fails, earlier uploads are removed, and all files are kept in a named folder."""
    bucket.faults[f"audits/{failing}"] = DENIED

    with pytest.raises(StorageError) as caught:
        publish(store, "a.csv", "b.csv", "c.csv")

    assert bucket.objects == {}
    assert kept_files(tmp_path) == dict.fromkeys(("a.csv", "b.csv", "c.csv"), CONTENT)
    (folder,) = tmp_path.iterdir()
    assert caught.value.code == "AccessDenied"
    assert caught.value.message == f"PutObject failed; the files are kept in {folder}"
    assert caught.value.hint == f"allow s3:PutObject; copy them from {folder}, or run again"


def test_files_are_kept_together(store: S3, bucket: FakeBucket, tmp_path: Path) -> None:
    """All files that could not be uploaded are kept in the same folder."""
    bucket.faults = {"audits/a.csv": DENIED, "audits/b.csv": DENIED}
    for name in ("a.csv", "b.csv"):
        with pytest.raises(StorageError):
            publish(store, name)

    assert set(kept_files(tmp_path)) == {"a.csv", "b.csv"}


def test_the_run_file_is_not_kept(store: S3, bucket: FakeBucket, tmp_path: Path) -> None:
    """A run that could not start has nothing to keep."""
    bucket.faults["audits/run.json"] = DENIED

    with pytest.raises(StorageError) as caught:
        publish(store, "run.json", kind=FileKind.RUN_FILE)

    assert (caught.value.message, list(tmp_path.iterdir())) == ("PutObject failed", [])


def test_nothing_can_be_kept(store: S3, bucket: FakeBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the files cannot be kept either, the message has both errors."""

    def full(*_: object, **__: object) -> str:
        raise FULL

    monkeypatch.setattr("tempfile.mkdtemp", full)
    bucket.faults["audits/a.csv"] = DENIED

    with pytest.raises(StorageError) as caught:
        publish(store, "a.csv")

    assert caught.value.message == (
        "PutObject failed; the files could not be kept either: No space left on device"
    )


def test_a_file_that_cannot_be_removed_is_named(store: S3, bucket: FakeBucket) -> None:
    """A file that was uploaded and cannot be removed is named."""
    bucket.undeletable = True
    bucket.faults["audits/b.csv"] = DENIED

    with pytest.raises(StorageError, match=r"PutObject failed; a\.csv could not be removed; the files"):
        publish(store, "a.csv", "b.csv")

    assert bucket.objects == {"audits/a.csv": CONTENT}


@pytest.mark.parametrize("undeletable", [False, True])
def test_taken_name(store: S3, bucket: FakeBucket, tmp_path: Path, *, undeletable: bool) -> None:
    """An existing file is never overwritten; earlier uploads are removed, or named."""
    bucket.undeletable = undeletable
    bucket.objects["audits/b.csv"] = b"theirs"

    with pytest.raises(StorageError if undeletable else FileExistsError):
        publish(store, "a.csv", "b.csv")

    remaining = {"audits/a.csv": CONTENT} if undeletable else {}
    assert bucket.objects == {"audits/b.csv": b"theirs"} | remaining
    assert bool(list(tmp_path.iterdir())) == undeletable


def test_same_name_twice(store: S3, bucket: FakeBucket) -> None:
    """If two drafts have the same name, neither is published."""
    with pytest.raises(FileExistsError):
        publish(store, "a.csv", "a.csv")

    assert bucket.objects == {}


def test_a_bucket_that_overwrites(store: S3, bucket: FakeBucket) -> None:
    """A bucket that ignores If-None-Match is detected and stays unchanged."""
    bucket.overwrites = True

    with pytest.raises(StorageError) as caught:
        publish(store, "run.json", kind=FileKind.RUN_FILE)

    assert caught.value.code == "OverwritesFiles"
    assert caught.value.message.startswith("s3://reports/audits allowed an overwrite")
    assert bucket.objects == {}


def test_a_bucket_that_cannot_replace(store: S3, bucket: FakeBucket) -> None:
    """A bucket in which files cannot be replaced is an error at the first file."""
    bucket.faults["replace audits/run.json"] = DENIED

    with pytest.raises(StorageError) as caught:
        publish(store, "run.json", kind=FileKind.RUN_FILE)

    assert (caught.value.code, bucket.objects) == ("AccessDenied", {})


@pytest.mark.parametrize("method", ["check", "prepare"])
def test_a_bucket_that_fails_temporarily(place: BucketPlace, bucket: FakeBucket, method: str) -> None:
    """A temporary failure has exit code 5; a run retries longer than a check."""
    bucket.faults["audits/sso-batch-probe"] = StorageError("SlowDown", "busy", transient=True)

    with pytest.raises(OutputUnavailableError) as caught:
        getattr(place, method)()

    assert caught.value.exit_code == 5
    assert bucket.tested == [("audits/sso-batch-probe", method == "prepare")]


def test_a_temporary_failure_stays_transient(store: S3, bucket: FakeBucket) -> None:
    """The error of a file that was kept after a temporary failure is transient."""
    bucket.faults["audits/a.csv"] = StorageError("SlowDown", "busy", transient=True)

    with pytest.raises(StorageError) as caught:
        publish(store, "a.csv")

    assert caught.value.transient


def test_a_bucket_that_cannot_be_read(store: S3, bucket: FakeBucket) -> None:
    """A bucket in which files cannot be read is an error at the first file."""
    bucket.faults["read audits/run.json"] = DENIED

    with pytest.raises(StorageError) as caught:
        publish(store, "run.json", kind=FileKind.RUN_FILE)

    assert (caught.value.code, bucket.objects) == ("AccessDenied", {})


def test_full_disk(store: S3, bucket: FakeBucket, tmp_path: Path) -> None:
    """A full spool raises its own error, and nothing is uploaded."""
    with store.draft("a.csv") as draft:
        device = os.open("/dev/full", os.O_WRONLY)
        os.dup2(device, draft._file.fileno())
        os.close(device)
        draft.write(b"x")

        with pytest.raises(OSError, match="No space left"):
            store.publish(draft)

    assert (bucket.uploads, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.parametrize("key", ["audits/sso-batch-probe", "listing"])
@pytest.mark.parametrize("method", ["check", "prepare"])
def test_check_refused(place: BucketPlace, bucket: FakeBucket, tmp_path: Path, key: str, method: str) -> None:
    """A bucket that cannot be written or listed is an error with a hint."""
    bucket.faults[key] = DENIED

    with pytest.raises(OutputError) as caught:
        getattr(place, method)()

    assert caught.value.message == "cannot write to the output place s3://reports/audits: PutObject failed"
    assert (caught.value.hint, caught.value.exit_code) == ("allow s3:PutObject", 2)
    assert list(tmp_path.iterdir()) == []


def test_check_without_a_spool(bucket: FakeBucket, tmp_path: Path) -> None:
    """An unusable spool is detected before any call."""
    place = BucketPlace("reports", "audits", bucket, tmp_path / "nowhere")

    with pytest.raises(OutputError) as caught:
        place.check()

    assert "TMPDIR" in caught.value.hint
    assert bucket.tested == []


# Files of killed processes


@pytest.fixture
def abandoned(tmp_path: Path) -> Path:
    """Return a draft of a killed process: a file without a lock."""
    path = tmp_path / f".aws_sso_access_report_a.csv.0a1b2c3d.{SpooledDraft.SUFFIX}"
    path.write_bytes(CONTENT)
    return path


def test_abandoned(place: BucketPlace, tmp_path: Path, abandoned: Path) -> None:
    """An unlocked draft is removed by the next run, but not by a check."""
    place.check()
    assert abandoned.exists()

    place.prepare()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("closed", [False, True])
def test_draft_in_use(place: BucketPlace, bucket: FakeBucket, tmp_path: Path, *, closed: bool) -> None:
    """The draft of a running process stays while it is written or uploaded."""
    with S3("reports", "other", bucket, tmp_path).draft("a.csv") as draft:
        draft.write(CONTENT)
        if closed:
            draft.close()

        place.prepare()

        assert draft.path.exists()
    assert list(tmp_path.iterdir()) == []


def test_foreign_files(
    place: BucketPlace,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    abandoned: Path,
) -> None:
    """Files of other users or programs, links, folders and kept files are not removed."""
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


def test_without_locks(
    store: S3, place: BucketPlace, monkeypatch: pytest.MonkeyPatch, bucket: FakeBucket, abandoned: Path
) -> None:
    """Without locks, files are uploaded, and no draft is considered abandoned."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)

    place.prepare()
    publish(store, "a.csv")

    assert bucket.objects == {"audits/a.csv": CONTENT}
    assert abandoned.exists()


@pytest.mark.parametrize("how", ["locked", "removed"])
def test_draft_mistaken_for_an_abandoned_one(
    store: S3, bucket: FakeBucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    """A draft that another run removes before it is locked is created again."""
    lock = fcntl.flock
    seen: list[int] = []

    def interfere(descriptor: int, operation: int) -> None:
        if not seen:
            seen.append(descriptor)
            (path,) = tmp_path.iterdir()
            path.unlink()
            if how == "locked":
                raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK))
        lock(descriptor, operation)

    monkeypatch.setattr("fcntl.flock", interfere)

    publish(store, "a.csv")

    assert bucket.objects == {"audits/a.csv": CONTENT}
    assert list(tmp_path.iterdir()) == []


# Success


def test_check(place: BucketPlace, bucket: FakeBucket, tmp_path: Path) -> None:
    """A check tests one key, and leaves nothing in the bucket or the spool."""
    place.check()

    assert bucket.tested == [("audits/sso-batch-probe", False)]
    assert (bucket.objects, list(tmp_path.iterdir())) == ({}, [])


def test_published(store: S3, bucket: FakeBucket, tmp_path: Path) -> None:
    """Published files have the written content and entries, in order, and no draft remains."""
    with store.draft("b.csv", FileKind.ACCESS_CSV) as rows, store.draft("a.jsonl") as records:
        rows.write(CONTENT)
        rows.rows = 20_000
        modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

        entries = store.publish(rows, records)

    assert modes == {0o600}
    assert list(tmp_path.iterdir()) == []
    assert bucket.uploads == [
        "audits/b.csv",
        "audits/b.csv",
        "audits/a.jsonl",
    ]  # the first file is replaced once as a test
    assert bucket.objects == {"audits/b.csv": CONTENT, "audits/a.jsonl": b""}
    assert entries == (
        FileEntry("b.csv", FileKind.ACCESS_CSV, hashlib.sha256(CONTENT).hexdigest(), 20_000, len(CONTENT)),
        FileEntry("a.jsonl", FileKind.OTHER, hashlib.sha256().hexdigest(), 0, 0),
    )


def test_replace(store: S3, bucket: FakeBucket) -> None:
    """A file is replaced if requested."""
    publish(store, "a.csv", content=b"before")

    publish(store, "a.csv", replace=True, content=b"after")

    assert bucket.objects == {"audits/a.csv": b"after"}


def test_a_replaced_file_stays(store: S3, bucket: FakeBucket) -> None:
    """A file that replaced another one is not removed, because both would be lost."""
    publish(store, "a.csv", content=b"before")
    bucket.faults["replace audits/b.csv"] = DENIED

    with pytest.raises(StorageError):
        publish(store, "a.csv", "b.csv", replace=True, content=b"after")

    assert bucket.objects == {"audits/a.csv": b"after"}


@pytest.mark.parametrize(
    ("prefix", "start", "name"),
    [
        ("", "", "s3://reports"),
        ("audits", "audits/", "s3://reports/audits"),
        ("a/b", "a/b/", "s3://reports/a/b"),
    ],
)
def test_names(bucket: FakeBucket, tmp_path: Path, prefix: str, start: str, name: str) -> None:
    """A key is the prefix and the name; only the run's keys are listed, and those of folders are not."""
    store = S3("reports", prefix, bucket, tmp_path)
    for key in (f"{start}folder/", f"{start}a//b", f"{start}a/../b", "other/z"):
        bucket.objects[key] = b""
    publish(store, "a.csv", "organizations/acme/snapshot.jsonl")

    assert {f"{start}a.csv", f"{start}organizations/acme/snapshot.jsonl"} <= bucket.objects.keys()
    expected = {"a.csv", "organizations/acme/snapshot.jsonl"} | (set() if prefix else {"other/z"})
    assert set(store.stored()) == {StoredFile(name, NOW) for name in expected}
    assert b"".join(store.read("organizations/acme/snapshot.jsonl")) == CONTENT
    assert store.name == name
    store.remove("organizations/acme/snapshot.jsonl")
    assert f"{start}organizations/acme/snapshot.jsonl" not in bucket.objects


@pytest.mark.parametrize("name", ["../a.csv", "/a.csv", "b//a.csv"])
def test_a_name_cannot_leave_the_prefix(store: S3, name: str) -> None:
    """A name that would leave the prefix or the spool is an error."""
    for attempt in (store.draft, store.remove, lambda name: list(store.read(name))):
        with pytest.raises(ValueError, match="would leave the store"):
            attempt(name)


@pytest.mark.parametrize(("prefix", "start"), [("", ""), ("audits", "audits/")])
def test_runs(bucket: FakeBucket, tmp_path: Path, prefix: str, start: str) -> None:
    """A run has a prefix of its own; prefixes that cannot be run ids are ignored."""
    place = BucketPlace("reports", prefix, bucket, tmp_path)
    for key in ("notes.txt", "Nightly/run.json", "a_b/run.json", "older/run.json", "/x/run.json"):
        bucket.objects[f"{start}{key}"] = b""

    publish(place.run("nightly"), "run.json")

    assert f"{start}nightly/run.json" in bucket.objects
    assert list(place.run_ids()) == ["nightly", "older"]
    assert place.run("nightly").name == f"{place.name}/nightly"


def test_files_in_folders_are_kept(store: S3, bucket: FakeBucket, tmp_path: Path) -> None:
    """Files of two organizations that could not be uploaded are kept in folders of their own."""
    names = [f"organizations/{organization}/snapshot.jsonl" for organization in ("acme", "globex")]
    for name in names:
        bucket.faults[f"audits/{name}"] = DENIED
        with pytest.raises(StorageError):
            publish(store, name)

    assert kept_files(tmp_path) == dict.fromkeys(names, CONTENT)
