"""The output folder: a file appears whole or not at all, and is never overwritten."""

import contextlib
import errno
import hashlib
import os
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sso_batch.errors import OutputError
from sso_batch.store import FileEntry, FileKind, Folder, PlaceError

CONTENT = b"UserEmail\r\n" * 20_000  # more than a write buffer holds


def full(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def write_to_a_full_disk(folder: Folder, content: bytes) -> None:
    """Write and publish a draft whose descriptor is that of a device that is always full."""
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
"""How file systems refuse hard links."""


def refuse_with(number: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.fixture(params=["", "hard links are unknown"])
def any_folder(request: pytest.FixtureRequest, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Give a folder on a disk with hard links, and on one without."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    if request.param:
        monkeypatch.setattr(os, "link", refuse)
    return folder


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


# Taken names


@pytest.mark.parametrize("kind", ["file", "symlink", "dangling symlink", "folder"])
def test_taken_name(any_folder: Folder, tmp_path_factory: pytest.TempPathFactory, kind: str) -> None:
    """A name that is taken by anything at all is never written to, nor through."""
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
    """Of two drafts of one name none is published, not even the first."""
    with pytest.raises(FileExistsError):
        publish(any_folder, "a.csv", "a.csv")

    assert contents(any_folder.directory) == {}


def test_link_refused_for_another_reason(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a file system without hard links gets the second way; other errors are told as they are."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "link", refuse)

    with pytest.raises(OSError, match="Read-only") as caught:
        publish(folder, "a.csv")

    assert caught.value.errno == errno.EROFS
    assert contents(folder.directory) == {}


@pytest.mark.parametrize("number", NO_LINKS, ids=errno.errorcode.get)
def test_hard_links_refused(folder: Folder, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """However a file system refuses hard links, files are published, once, and nothing else is left."""
    monkeypatch.setattr(os, "link", refuse_with(number))

    folder.prepare()
    publish(folder, "a.csv")
    with pytest.raises(FileExistsError):
        publish(folder, "a.csv", content=b"other")

    assert contents(folder.directory) == {"a.csv": CONTENT}


@pytest.mark.parametrize("number", [errno.EIO, errno.EXDEV, errno.EACCES])
def test_two_at_once_without_hard_links(folder: Folder, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Of two that publish one name at the same moment, one wins, and the other does not overwrite it."""
    monkeypatch.setattr(os, "link", refuse_with(number))
    monkeypatch.setattr("sso_batch.store.folder._LOOK", 0.001)
    both, lexists = threading.Barrier(2), os.path.lexists

    def look_together(path: Path) -> bool:
        there = lexists(path)
        with contextlib.suppress(threading.BrokenBarrierError):  # one alone does not wait for ever
            both.wait(0.5)
        return there

    monkeypatch.setattr("os.path.lexists", look_together)

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
    """A claim that stays is of a process that was killed, and is taken over after a while."""
    monkeypatch.setattr(os, "link", refuse_with(errno.EIO))
    monkeypatch.setattr("sso_batch.store.folder._CLAIM_PATIENCE", 0.05)
    monkeypatch.setattr("sso_batch.store.folder._LOOK", 0.001)
    (folder.directory / ".a.csv.claim").touch()

    publish(folder, "a.csv")

    assert contents(folder.directory) == {"a.csv": CONTENT}


# Modes


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("umask", [0o022, 0o077], indirect=True)
def test_modes_refused(folder: Folder, monkeypatch: pytest.MonkeyPatch, umask: int, number: int) -> None:
    """A file system that refuses chmod takes files all the same; where they stay private nothing is said."""
    del umask
    monkeypatch.setattr(os, "fchmod", refuse_with(number))
    monkeypatch.setattr(Path, "chmod", refuse_with(number))

    folder.prepare()
    publish(folder, "a.csv")

    assert contents(folder.directory) == {"a.csv": CONTENT}
    assert folder.caveats == ()


@pytest.mark.parametrize("how", ["refused", "ignored"])
@pytest.mark.parametrize("step", ["check", "prepare"])
def test_modes_not_kept(folder: Folder, monkeypatch: pytest.MonkeyPatch, how: str, step: str) -> None:
    """Where others can read the files whatever mode they are given, that is said."""
    chmod, open_ = os.fchmod, os.open

    def readable(path: Path, flags: int, mode: int = 0o777) -> int:
        descriptor = open_(path, flags, mode)
        if flags & os.O_CREAT:
            chmod(descriptor, 0o755)
        return descriptor

    monkeypatch.setattr(os, "open", readable)
    monkeypatch.setattr(os, "fchmod", refuse_with(errno.EPERM) if how == "refused" else lambda *_: None)

    getattr(folder, step)()

    (caveat,) = folder.caveats
    assert "does not keep file modes" in caveat
    assert contents(folder.directory) == {}


# A full disk, and other ends of a draft


def test_full_disk_while_writing(folder: Folder) -> None:
    """A disk that is full in the midst of a file leaves nothing behind."""
    with pytest.raises(OSError, match="No space left"):
        write_to_a_full_disk(folder, CONTENT)

    assert contents(folder.directory) == {}


def test_full_disk_at_the_last_byte(folder: Folder) -> None:
    """A disk that is full when the buffer is emptied leaves nothing behind, and no error but its own."""
    with pytest.raises(OSError, match="No space left"):
        write_to_a_full_disk(folder, b"x")

    assert contents(folder.directory) == {}


def test_full_disk_at_fsync(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose bytes may not be on the disk is not published."""
    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(OSError, match="No space left"):
        publish(folder, "a.csv", "b.csv")

    assert contents(folder.directory) == {}


def test_folder_cannot_be_synced(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the names may not be on the disk, the files that had them are taken back."""
    monkeypatch.setattr(folder, "_sync", full)

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
    """A file system that cannot sync a folder is good enough; one that fails to is not."""
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
    """A file system that cannot sync at all is good enough; a sync that fails loses the file."""
    monkeypatch.setattr(os, "fsync", refuse_with(number))

    if published:
        publish(folder, "a.csv")
    else:
        with pytest.raises(OSError, match=os.strerror(number)):
            publish(folder, "a.csv")

    assert contents(folder.directory) == ({"a.csv": CONTENT} if published else {})


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_draft_given_up(folder: Folder, error: type[BaseException]) -> None:
    """Whatever ends the writing, its draft is gone."""

    def give_up() -> None:
        with folder.draft("a.csv") as draft:
            draft.write(CONTENT)
            raise error

    with pytest.raises(error):
        give_up()

    assert contents(folder.directory) == {}


def test_draft_never_published(folder: Folder) -> None:
    """A draft that nobody publishes is gone."""
    with folder.draft("a.csv") as draft:
        draft.write(b"x")
        hidden = contents(folder.directory)

    assert [name.startswith(".a.csv.") and name.endswith(".part") for name in hidden] == [True]
    assert contents(folder.directory) == {}


# A folder that cannot be written


@pytest.mark.parametrize("below", ["", "reports", "reports/2026"])
def test_prepare_where_a_file_stands(tmp_path: Path, below: str) -> None:
    """An output folder that cannot be made is said before the first call, with what to do."""
    (tmp_path / "file").write_bytes(b"")
    folder = Folder(tmp_path / "file" / below)

    with pytest.raises(OutputError) as caught:
        folder.prepare()

    reason = os.strerror(errno.ENOTDIR if below else errno.EEXIST)
    assert caught.value.message == f"cannot write to the output folder {folder.directory}: {reason}"
    assert caught.value.hint == "name a folder that this user may write to with --output or output.directory"
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_prepare_proves_that_a_file_can_be_made(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A folder that is there but takes no file is refused, too."""

    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)

    with pytest.raises(OutputError, match=os.strerror(number)):
        folder.prepare()

    assert contents(folder.directory) == {}


def test_prepare(tmp_path: Path) -> None:
    """The folder is made with those above it, is left empty, and may be there already."""
    folder = Folder(tmp_path / "a" / "b")

    folder.prepare()
    folder.prepare()

    assert list(folder.stored()) == []


@pytest.mark.parametrize("step", ["check", "prepare"])
@pytest.mark.parametrize("refused", ["link and rename", "replace", "read"])
def test_what_a_run_needs_is_proved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, refused: str
) -> None:
    """A folder that takes files, but does not let a run publish, replace or read them, is refused."""
    folder = Folder(tmp_path / "reports")
    if refused == "link and rename":
        monkeypatch.setattr(os, "link", refuse_with(errno.EIO))
        monkeypatch.setattr(Path, "rename", refuse_with(errno.EIO))
    elif refused == "replace":
        monkeypatch.setattr(Path, "replace", refuse_with(errno.EIO))
    else:
        monkeypatch.setattr("sso_batch.store.folder._regular", refuse_with(errno.EIO))

    with pytest.raises(OutputError, match=r"cannot write to the output folder .*error"):
        getattr(folder, step)()

    assert [path.name for path in tmp_path.rglob("*")] == (["reports"] if step == "prepare" else [])


@pytest.mark.usefixtures("umask")
def test_folders_are_private(tmp_path: Path) -> None:
    """Every folder that is made is its owner's alone, whatever the umask; others stay as they are."""
    (tmp_path / "there").mkdir(mode=0o755)
    (tmp_path / "there").chmod(0o755)

    Folder(tmp_path / "there" / "a" / "b").prepare()

    modes = [stat.S_IMODE((tmp_path / path).stat().st_mode) for path in ("there", "there/a", "there/a/b")]
    assert modes == [0o755, 0o700, 0o700]


# What is published


def test_published(any_folder: Folder) -> None:
    """Published files hold what was written; their entries tell size and checksum; no draft is left."""
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


def test_names_appear_whole_and_in_order(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A final name appears when its file is whole, and the last draft's appears last."""
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
    """Reports name people: their owner may read them, and nobody else, while they are written and after."""
    with any_folder.draft("a.csv") as draft:
        (hidden,) = any_folder.directory.iterdir()
        while_written = stat.S_IMODE(hidden.stat().st_mode)
        any_folder.publish(draft)

    assert while_written == 0o600
    assert stat.S_IMODE((any_folder.directory / "a.csv").stat().st_mode) == 0o600


def test_read(folder: Folder) -> None:
    """A file is read back in chunks, without as many of its first bytes as were asked to be left out."""
    content = os.urandom(1024) * 2500
    publish(folder, "a.csv", content=content)

    chunks = list(folder.read("a.csv", skip=1000))

    assert b"".join(chunks) == content[1000:]
    assert max(len(chunk) for chunk in chunks) <= 1 << 20
    assert list(folder.read("a.csv", skip=len(content))) == []


# Links


@pytest.mark.parametrize("kind", ["symlink", "dangling symlink", "pipe", "folder"])
def test_read_what_is_no_file(folder: Folder, tmp_path_factory: pytest.TempPathFactory, kind: str) -> None:
    """Nothing is read through a link, nor from what is no file: it would not end."""
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

    with pytest.raises(PlaceError) as caught:
        list(folder.read("a.csv"))

    assert caught.value.message == "a.csv is a symbolic link, or no file at all, and is not read"


def test_read_what_is_not_there(folder: Folder) -> None:
    """A missing file is told as one."""
    with pytest.raises(FileNotFoundError):
        list(folder.read("a.csv"))


def test_a_link_is_replaced_and_removed_itself(
    folder: Folder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is replaced or removed is the link, and never what it points to."""
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


def test_draft_where_a_link_lies_in_wait(
    folder: Folder, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draft is never written through a link, even where somebody guessed its name."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "guessed")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "theirs"
    (folder.directory / ".a.csv.guessed.part").symlink_to(elsewhere)

    with pytest.raises(FileExistsError):
        folder.draft("a.csv")

    assert not elsewhere.exists()


def test_the_folder_may_be_reached_through_a_link(tmp_path: Path) -> None:
    """Whoever configures a link to a folder means the folder."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    folder = Folder(tmp_path / "link")

    folder.prepare()
    publish(folder, "a.csv")

    assert contents(tmp_path / "real") == {"a.csv": CONTENT}


# Checked without leaving anything


def test_check(tmp_path: Path) -> None:
    """A folder that could be made is not made."""
    Folder(tmp_path / "a" / "b").check()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", ["", "reports"])
def test_check_with_a_folder_that_takes_no_file(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    """A folder that looks writable and is not is found out, and left as it was."""
    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(OutputError, match="No space left"):
        Folder(folder.directory / below).check()

    assert contents(folder.directory) == {}


@pytest.mark.parametrize("below", ["", "reports"])
def test_check_where_a_file_stands(tmp_path: Path, below: str) -> None:
    """A folder that could not be made is refused."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(OutputError, match="cannot write to the output folder") as caught:
        Folder(tmp_path / "file" / below).check()

    assert caught.value.hint == "name a folder that this user may write to with --output or output.directory"


@pytest.mark.parametrize("name", ["../a.csv", "/a.csv", "b/../../a.csv", "b/a.csv", "a\0.csv"])
def test_a_name_that_leads_elsewhere(folder: Folder, name: str) -> None:
    """No name leads out of the folder, wherever it comes from."""
    for attempt in (folder.draft, folder.remove, lambda name: list(folder.read(name))):
        with pytest.raises(ValueError, match="leads out of its place"):
            attempt(name)

    assert contents(folder.directory) == {}
