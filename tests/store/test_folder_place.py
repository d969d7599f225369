"""Tests of the output place in a folder, which has a folder for each run."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from sso_batch.errors import OutputError
from sso_batch.run_files.writer import write_document
from sso_batch.store import FolderPlace
from tests.support.reports import files_in


def refuse_with(number: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.fixture
def place(tmp_path: Path) -> FolderPlace:
    return FolderPlace(tmp_path)


# Runs


def test_runs(place: FolderPlace, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Folders whose names are run ids can be runs, and links, which no run is read through."""
    for run_id in ("nightly", "20260304-050607"):
        write_document(place.run(run_id), "run.json", b"{}")
    for name in (".hidden", "lost+found", "Nightly", "notes"):
        (place.directory / name).mkdir()
    (place.directory / "a.txt").write_bytes(b"")
    (place.directory / "link").symlink_to(tmp_path_factory.mktemp("elsewhere"))

    assert sorted(place.run_ids()) == ["20260304-050607", "link", "nightly", "notes"]
    assert place.run("nightly").name == f"{place.name}/nightly"


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_runs_without_a_folder(tmp_path: Path, kind: str) -> None:
    """A place that does not exist has no runs."""
    if kind == "file":
        (tmp_path / "reports").write_bytes(b"")

    assert list(FolderPlace(tmp_path / "reports").run_ids()) == []
    assert list(FolderPlace(tmp_path / "reports").run("nightly").stored() if kind == "missing" else ()) == []


# Modes


@pytest.mark.parametrize("how", ["refused", "ignored"])
@pytest.mark.parametrize("step", ["check", "prepare"])
def test_modes_not_kept(place: FolderPlace, monkeypatch: pytest.MonkeyPatch, how: str, step: str) -> None:
    """If other users can read the files despite their mode, a caveat says so."""
    chmod, open_ = os.fchmod, os.open

    def readable(path: Path, flags: int, mode: int = 0o777) -> int:
        descriptor = open_(path, flags, mode)
        if flags & os.O_CREAT:
            chmod(descriptor, 0o755)
        return descriptor

    monkeypatch.setattr(os, "open", readable)
    monkeypatch.setattr(os, "fchmod", refuse_with(errno.EPERM) if how == "refused" else lambda *_: None)

    getattr(place, step)()

    (caveat,) = place.caveats
    assert "does not keep file modes" in caveat
    assert list(place.directory.iterdir()) == []


# Unusable folders


@pytest.mark.parametrize("below", ["", "reports", "reports/2026"])
def test_prepare_with_a_file_in_the_path(tmp_path: Path, below: str) -> None:
    """A folder that cannot be created is an error with a hint."""
    (tmp_path / "file").write_bytes(b"")
    place = FolderPlace(tmp_path / "file" / below)

    with pytest.raises(OutputError) as caught:
        place.prepare()

    reason = os.strerror(errno.ENOTDIR if below else errno.EEXIST)
    assert caught.value.message == f"cannot write to the output folder {place.directory}: {reason}"
    assert (
        caught.value.hint == "choose a folder that this user can write to with --output or output.directory"
    )
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_prepare_writes_a_file(place: FolderPlace, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """An existing folder in which no file can be created is an error."""

    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)

    with pytest.raises(OutputError, match=os.strerror(number)):
        place.prepare()

    assert list(place.directory.iterdir()) == []


def test_prepare(tmp_path: Path) -> None:
    """The folder and its parents are created, stay empty, and may exist already."""
    place = FolderPlace(tmp_path / "a" / "b")

    place.prepare()
    place.prepare()

    assert list(place.directory.iterdir()) == []


@pytest.mark.parametrize("step", ["check", "prepare"])
@pytest.mark.parametrize("refused", ["link and rename", "replace", "read"])
def test_every_operation_of_a_run_is_tested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, refused: str
) -> None:
    """A folder in which files cannot be published, replaced or read is an error."""
    place = FolderPlace(tmp_path / "reports")
    if refused == "link and rename":
        monkeypatch.setattr(os, "link", refuse_with(errno.EIO))
        monkeypatch.setattr(Path, "rename", refuse_with(errno.EIO))
    elif refused == "replace":
        monkeypatch.setattr(Path, "replace", refuse_with(errno.EIO))
    else:
        monkeypatch.setattr("sso_batch.store.folder._open_regular_file", refuse_with(errno.EIO))

    with pytest.raises(OutputError, match=r"cannot write to the output folder .*error"):
        getattr(place, step)()

    assert [path.name for path in tmp_path.rglob("*")] == (["reports"] if step == "prepare" else [])


@pytest.mark.usefixtures("umask")
def test_folders_are_private(tmp_path: Path) -> None:
    """Only the owner can access created folders, whatever the umask; existing ones stay unchanged."""
    (tmp_path / "existing").mkdir(mode=0o755)
    (tmp_path / "existing").chmod(0o755)

    FolderPlace(tmp_path / "existing" / "a" / "b").prepare()

    modes = [
        stat.S_IMODE((tmp_path / path).stat().st_mode) for path in ("existing", "existing/a", "existing/a/b")
    ]
    assert modes == [0o755, 0o700, 0o700]


def test_the_folder_can_be_a_link(tmp_path: Path) -> None:
    """A configured link to a folder is followed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    place = FolderPlace(tmp_path / "link")

    place.prepare()
    write_document(place.run("nightly"), "run.json", b"{}")

    assert set(files_in(tmp_path / "real")) == {"nightly/run.json"}


# Checks that leave nothing behind


def test_check(tmp_path: Path) -> None:
    """A check does not create the folder."""
    FolderPlace(tmp_path / "a" / "b").check()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", ["", "reports"])
def test_check_with_an_unusable_folder(
    place: FolderPlace, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    """An unusable folder is detected and stays unchanged."""
    monkeypatch.setattr(os, "fsync", refuse_with(errno.ENOSPC))

    with pytest.raises(OutputError, match="No space left"):
        FolderPlace(place.directory / below).check()

    assert list(place.directory.iterdir()) == []


@pytest.mark.parametrize("below", ["", "reports"])
def test_check_with_a_file_in_the_path(tmp_path: Path, below: str) -> None:
    """A folder that cannot be created is an error."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(OutputError, match="cannot write to the output folder") as caught:
        FolderPlace(tmp_path / "file" / below).check()

    assert (
        caught.value.hint == "choose a folder that this user can write to with --output or output.directory"
    )
