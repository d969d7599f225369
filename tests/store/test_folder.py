"""Tests of the folder store: a file appears complete or not at all, and is never overwritten."""

import contextlib
import errno
import hashlib
import os
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sso_batch.store import FileEntry, FileKind, Folder, FolderPlace, StorageError
from tests.support.reports import files_in

CONTENT = b"UserEmail\r\n" * 20_000  # more than a write buffer holds


def full(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def write_to_a_full_disk(folder: Folder, content: bytes) -> None:
    """Write and publish a draft on a device that is always full."""
    device = os.open("/dev/full", os.O_WRONLY)
    with folder.draft("a.csv") as draft:
        os.dup2(device, draft._file.fileno())
        os.close(device)
        draft.write(content)
        folder.publish(draft)


def publish(folder: Folder, *names: str, content: bytes = CONTENT) -> tuple[FileEntry, ...]:
    drafts = [folder.draft(name) for name in names]
    try:
        for draft in drafts:
            draft.write(content)
        return folder.publish(*drafts)
    finally:
        for draft in drafts:
            draft.__exit__(None, None, None)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


NO_LINKS = [
    errno.EPERM,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
    errno.EMLINK,
    errno.EIO,
    errno.EXDEV,
    errno.EACCES,
    errno.EINVAL,
]
"""Errors of file systems without hard links."""


def refuse_with(number: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.fixture(params=["", "without hard links"])
def any_folder(request: pytest.FixtureRequest, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Return a folder on a file system with or without hard links."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    if request.param:
        monkeypatch.setattr(os, "link", refuse)
    return folder


# Taken names


@pytest.mark.parametrize("kind", ["file", "symlink", "dangling symlink", "folder"])
def test_taken_name(any_folder: Folder, tmp_path_factory: pytest.TempPathFactory, kind: str) -> None:
    """An existing file, link or folder is neither overwritten nor followed."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "theirs"
    taken = any_folder.directory / "b.csv"
    if kind == "folder":
        taken.mkdir()
    elif kind == "file":
        taken.write_bytes(b"theirs")
    else:
        taken.symlink_to(elsewhere)
        if kind == "symlink":
            elsewhere.write_bytes(b"theirs")

    with pytest.raises(FileExistsError):
        publish(any_folder, "a.csv", "b.csv", "c.csv")

    assert [path.name for path in any_folder.directory.iterdir()] == ["b.csv"]
    assert taken.is_symlink() == ("symlink" in kind)
    assert taken.is_dir() == (kind == "folder")
    assert elsewhere.exists() == (kind == "symlink")
    if kind in {"file", "symlink"}:
        assert taken.read_bytes() == b"theirs"


def test_same_name_twice(any_folder: Folder) -> None:
    """If two drafts have the same name, neither is published."""
    with pytest.raises(FileExistsError):
        publish(any_folder, "a.csv", "a.csv")

    assert contents(any_folder.directory) == {}


def test_link_refused_for_another_reason(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a file system without hard links gets the fallback; other errors are raised."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "link", refuse)

    with pytest.raises(OSError, match="Read-only") as caught:
        publish(folder, "a.csv")

    assert caught.value.errno == errno.EROFS
    assert contents(folder.directory) == {}


@pytest.mark.parametrize("number", NO_LINKS, ids=errno.errorcode.get)
def test_hard_links_refused(folder: Folder, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Without hard links, files are published once, and nothing else remains."""
    monkeypatch.setattr(os, "link", refuse_with(number))

    FolderPlace(folder.directory).prepare()
    publish(folder, "a.csv")
    with pytest.raises(FileExistsError):
        publish(folder, "a.csv", content=b"other")

    assert contents(folder.directory) == {"a.csv": CONTENT}


@pytest.mark.parametrize("number", [errno.EIO, errno.EXDEV, errno.EACCES])
def test_concurrent_publish_without_hard_links(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """If two processes publish one name at the same time, one succeeds and nothing is overwritten."""
    monkeypatch.setattr(os, "link", refuse_with(number))
    monkeypatch.setattr("sso_batch.store.folder._POLL_INTERVAL", 0.001)
    both, lexists = threading.Barrier(2), os.path.lexists

    def exists_after_barrier(path: Path) -> bool:
        exists = lexists(path)
        with contextlib.suppress(threading.BrokenBarrierError):  # a single caller must not wait forever
            both.wait(0.5)
        return exists

    monkeypatch.setattr("os.path.lexists", exists_after_barrier)

    def attempt(content: bytes) -> bytes | None:
        try:
            publish(folder, "a.csv", content=content)
        except FileExistsError:
            return None
        return content

    with ThreadPoolExecutor(2) as pool:
        won = [content for content in pool.map(attempt, (b"ours", b"theirs")) if content is not None]

    assert len(won) == 1
    assert contents(folder.directory) == {"a.csv": won[0]}


def test_claim_of_a_killed_process(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The claim of a killed process is removed after a time-out."""
    monkeypatch.setattr(os, "link", refuse_with(errno.EIO))
    monkeypatch.setattr("sso_batch.store.folder._CLAIM_TIMEOUT", 0.05)
    monkeypatch.setattr("sso_batch.store.folder._POLL_INTERVAL", 0.001)
    (folder.directory / ".a.csv.claim").touch()

    publish(folder, "a.csv")

    assert contents(folder.directory) == {"a.csv": CONTENT}


# Modes


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("umask", [0o022, 0o077], indirect=True)
def test_modes_refused(folder: Folder, monkeypatch: pytest.MonkeyPatch, umask: int, number: int) -> None:
    """A file system without chmod is accepted, without a caveat if files are private."""
    del umask
    monkeypatch.setattr(os, "fchmod", refuse_with(number))
    monkeypatch.setattr(Path, "chmod", refuse_with(number))

    place = FolderPlace(folder.directory)
    place.prepare()
    publish(folder, "a.csv")

    assert contents(folder.directory) == {"a.csv": CONTENT}
    assert place.caveats == ()


# Full disks and abandoned drafts


def test_full_disk_while_writing(folder: Folder) -> None:
    """A disk that becomes full while writing leaves no file behind."""
    with pytest.raises(OSError, match="No space left"):
        write_to_a_full_disk(folder, CONTENT)

    assert contents(folder.directory) == {}


def test_full_disk_at_the_last_byte(folder: Folder) -> None:
    """A disk that is full when the buffer is flushed leaves no file behind, and only its own error."""
    with pytest.raises(OSError, match="No space left"):
        write_to_a_full_disk(folder, b"x")

    assert contents(folder.directory) == {}


def test_full_disk_at_fsync(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that could not be synced is not published."""
    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(OSError, match="No space left"):
        publish(folder, "a.csv", "b.csv")

    assert contents(folder.directory) == {}


def test_folder_cannot_be_synced(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the folder cannot be synced, the published files are removed."""
    monkeypatch.setattr("sso_batch.store.folder.sync_folder", full)

    with pytest.raises(OSError, match="No space left"):
        publish(folder, "a.csv", "b.csv")

    assert contents(folder.directory) == {}


@pytest.mark.parametrize(
    ("number", "published"),
    [
        *((number, True) for number in (errno.EINVAL, errno.EBADF, errno.EACCES, errno.EPERM, errno.ENOSYS)),
        (errno.EOPNOTSUPP, True),
        (errno.EIO, False),
        (errno.ENOSPC, False),
    ],
)
def test_folder_sync(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, number: int, *, published: bool
) -> None:
    """A file system that does not support syncing folders is accepted; a failed sync is an error."""
    sync = os.fsync

    def refuse_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_folders)

    if published:
        publish(folder, "a.csv")
    else:
        with pytest.raises(OSError, match=os.strerror(number)):
            publish(folder, "a.csv")

    assert contents(folder.directory) == ({"a.csv": CONTENT} if published else {})


@pytest.mark.parametrize(
    ("number", "published"),
    [
        (errno.EINVAL, True),
        (errno.ENOSYS, True),
        (errno.EOPNOTSUPP, True),
        (errno.EIO, False),
        (errno.EDQUOT, False),
    ],
)
def test_file_sync(folder: Folder, monkeypatch: pytest.MonkeyPatch, number: int, *, published: bool) -> None:
    """A file system that does not support syncing is accepted; a failed sync is an error."""
    monkeypatch.setattr(os, "fsync", refuse_with(number))

    if published:
        publish(folder, "a.csv")
    else:
        with pytest.raises(OSError, match=os.strerror(number)):
            publish(folder, "a.csv")

    assert contents(folder.directory) == ({"a.csv": CONTENT} if published else {})


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_abandoned_draft(folder: Folder, error: type[BaseException]) -> None:
    """Any exception while writing deletes the draft."""

    def fail() -> None:
        with folder.draft("a.csv") as draft:
            draft.write(CONTENT)
            raise error

    with pytest.raises(error):
        fail()

    assert contents(folder.directory) == {}


def test_draft_never_published(folder: Folder) -> None:
    """An unpublished draft is deleted."""
    with folder.draft("a.csv") as draft:
        draft.write(b"x")
        hidden = contents(folder.directory)

    assert [name.startswith(".a.csv.") and name.endswith(".part") for name in hidden] == [True]
    assert contents(folder.directory) == {}


# Published files


def test_published(any_folder: Folder) -> None:
    """Published files have the written content, entries have size and checksum, and no draft remains."""
    with any_folder.draft("a.csv", FileKind.ACCESS_CSV) as rows, any_folder.draft("b.jsonl") as records:
        rows.write(CONTENT)
        rows.write(b"last")
        rows.rows = 20_000

        entries = any_folder.publish(rows, records)

    assert contents(any_folder.directory) == {"a.csv": CONTENT + b"last", "b.jsonl": b""}
    assert entries == (
        FileEntry(
            "a.csv",
            FileKind.ACCESS_CSV,
            hashlib.sha256(CONTENT + b"last").hexdigest(),
            20_000,
            len(CONTENT) + 4,
        ),
        FileEntry("b.jsonl", FileKind.OTHER, hashlib.sha256().hexdigest(), 0, 0),
    )


def test_files_appear_complete_and_in_order(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A final name appears when its file is complete, in the order of the drafts."""
    link = os.link
    seen: list[dict[str, int]] = []

    def watch(source: Path, target: Path, *, follow_symlinks: bool) -> None:
        link(source, target, follow_symlinks=follow_symlinks)
        found = contents(folder.directory)
        seen.append({name: len(content) for name, content in found.items() if not name.startswith(".")})

    monkeypatch.setattr(os, "link", watch)

    publish(folder, "b.csv", "a.csv")

    assert seen == [{"b.csv": len(CONTENT)}, {"b.csv": len(CONTENT), "a.csv": len(CONTENT)}]


@pytest.mark.usefixtures("umask")
def test_mode(any_folder: Folder) -> None:
    """Only the owner can read a file, during and after writing."""
    with any_folder.draft("a.csv") as draft:
        (hidden,) = any_folder.directory.iterdir()
        while_written = stat.S_IMODE(hidden.stat().st_mode)
        any_folder.publish(draft)

    assert while_written == 0o600
    assert stat.S_IMODE((any_folder.directory / "a.csv").stat().st_mode) == 0o600


def test_read(folder: Folder) -> None:
    """A file is read in chunks."""
    content = os.urandom(1024) * 2500
    publish(folder, "a.csv", content=content)

    chunks = list(folder.read("a.csv"))

    assert b"".join(chunks) == content
    assert max(len(chunk) for chunk in chunks) <= 1 << 20


# Links


@pytest.mark.parametrize("kind", ["symlink", "dangling symlink", "pipe", "folder"])
def test_read_requires_a_regular_file(
    folder: Folder, tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    """Links and folders are not read, and neither is a pipe, which could block."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "theirs"
    path = folder.directory / "a.csv"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(elsewhere)
        if kind == "symlink":
            elsewhere.write_bytes(b"theirs")

    with pytest.raises(StorageError) as caught:
        list(folder.read("a.csv"))

    assert (
        caught.value.message
        == "a.csv is not a regular file (a symbolic link, folder or pipe) and was not read"
    )


def test_read_a_missing_file(folder: Folder) -> None:
    """A missing file raises FileNotFoundError."""
    with pytest.raises(FileNotFoundError):
        list(folder.read("a.csv"))


def test_a_link_is_replaced_or_removed_itself(
    folder: Folder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Replacing or removing affects the link, never its target."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "theirs"
    elsewhere.write_bytes(b"theirs")
    for name in ("a.csv", "b.csv"):
        (folder.directory / name).symlink_to(elsewhere)

    with folder.draft("a.csv") as draft:
        draft.write(b"ours")
        folder.publish(draft, replace=True)
    folder.remove("b.csv")

    assert contents(folder.directory) == {"a.csv": b"ours"}
    assert not (folder.directory / "a.csv").is_symlink()
    assert elsewhere.read_bytes() == b"theirs"


def test_a_draft_does_not_follow_a_link(
    folder: Folder, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draft is never written through a link, even if an attacker guessed its name."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "guessed")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "theirs"
    (folder.directory / ".a.csv.guessed.part").symlink_to(elsewhere)

    with pytest.raises(FileExistsError):
        folder.draft("a.csv")

    assert not elsewhere.exists()


# Sub-folders

ACME = "organizations/acme/snapshot.jsonl"


@pytest.mark.usefixtures("umask")
def test_sub_folders(folder: Folder) -> None:
    """Sub-folders are created with their first file, for their owner only; their files are listed."""
    with folder.draft(ACME) as draft:
        draft.write(b"x")
        (hidden,) = folder.stored()
        folder.publish(draft)
    publish(folder, "a.csv")

    assert (hidden.name.count("/"), hidden.unpublished) == (0, True)
    assert sorted((file.name, file.unpublished) for file in folder.stored()) == [
        ("a.csv", False),
        (ACME, False),
    ]
    assert b"".join(folder.read(ACME)) == b"x"
    modes = {path.stat().st_mode & 0o777 for path in folder.directory.rglob("*") if path.is_dir()}
    assert modes == {0o700}
    folder.remove(ACME)
    folder.remove("nowhere/a.csv")
    assert [file.name for file in folder.stored()] == ["a.csv"]


def test_a_sub_folder_that_cannot_be_listed(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sub-folder without access is listed itself, and does not hide the other ones."""
    publish(folder, ACME, "organizations/globex/snapshot.jsonl")
    monkeypatch.setattr(os, "access", lambda path, _: not str(path).endswith("acme"))

    assert {file.name for file in folder.stored()} == {
        "organizations/acme",
        "organizations/globex/snapshot.jsonl",
    }


def test_new_folders_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new folder is synced to disk, by syncing the folder that it is in."""
    synced: list[str] = []
    sync = os.fsync

    def record(descriptor: int) -> None:
        sync(descriptor)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()).removeprefix(str(tmp_path)))

    monkeypatch.setattr(os, "fsync", record)

    publish(Folder(tmp_path, "nightly"), ACME)

    assert synced == ["", "/nightly", "/nightly/organizations", "/nightly/organizations/acme"]


def test_all_or_none_in_sub_folders(any_folder: Folder) -> None:
    """If a name in one sub-folder is taken, nothing is published in another one."""
    publish(any_folder, ACME, content=b"theirs")

    with pytest.raises(FileExistsError):
        publish(any_folder, "organizations/globex/snapshot.jsonl", ACME)

    assert {name: path.read_bytes() for name, path in files_in(any_folder.directory).items()} == {
        ACME: b"theirs"
    }


@pytest.mark.parametrize("below", ["nightly", "nightly/organizations", "nightly/organizations/acme"])
@pytest.mark.parametrize("kind", ["link", "dangling link", "file"])
def test_a_sub_folder_that_is_none(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, below: str, kind: str
) -> None:
    """A link in the place of a folder is never followed: to write, to read or to remove."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    target = elsewhere / ("there" if kind == "link" else "nowhere")
    if kind == "link":
        publish(
            Folder(elsewhere, "there"),
            (f"nightly/{ACME}").removeprefix(below).removeprefix("/"),
            content=b"theirs",
        )
    before = files_in(elsewhere).keys()
    path = tmp_path / below
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "file":
        path.write_bytes(b"")
    else:
        path.symlink_to(target)
    folder = Folder(tmp_path, "nightly")

    for attempt in (
        lambda: publish(folder, ACME),
        lambda: list(folder.read(ACME)),
        lambda: folder.remove(ACME),
    ):
        with pytest.raises(StorageError, match=f"{path.name} is not a folder") as caught:
            attempt()
        assert caught.value.hint

    assert files_in(elsewhere).keys() == before
    assert [path.name for path in tmp_path.rglob("*.part")] == []


@pytest.mark.parametrize(
    "name", ["../a.csv", "/a.csv", "b/../../a.csv", "b//a.csv", "./a.csv", "b/", "", "a\0"]
)
def test_a_name_cannot_leave_the_folder(folder: Folder, name: str) -> None:
    """A name that would leave the folder is an error."""
    for attempt in (folder.draft, folder.remove, lambda name: list(folder.read(name))):
        with pytest.raises(ValueError, match="would leave the store"):
            attempt(name)

    assert contents(folder.directory) == {}
